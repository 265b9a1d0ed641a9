package httpcache

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzCacheControl holds that any Cache-Control is read to a life that no further line
// can lengthen, in whatever order and case, and as a plain reader of lists would where
// there are no quotes.
func FuzzCacheControl(f *testing.F) {
	for _, line := range []string{
		"", "max-age=60", "no-store", "public, max-age=60, s-maxage=5", `max-age="60"`, `a="b, no-store\"", max-age=1`, `x="`, `\"`, "max-age=-1",
		"max-age=99999999999999999999", "max-age", "=", ",", "max-age=1,max-age=2", "MAX-AGE=1;no-store", "no-cache=\"set-cookie\"", "must-revalidate", "max-age = 5 ",
		"max-age=2147483648", "max-age=0x10", "max-age=１", "immutable,\tmax-age=7",
	} {
		f.Add(line, "max-age=30", uint16(3))
		f.Add("must-revalidate", line, uint16(100))
	}
	f.Fuzz(func(t *testing.T, a, b string, age uint16) {
		read := func(lines ...string) time.Duration {
			return readLife(http.Header{"Cache-Control": lines}).within(time.Duration(age) * time.Second)
		}
		// unlimited stands for no limit, so that lives can be compared.
		const unlimited = time.Duration(1<<63 - 1)
		limit := func(lines ...string) time.Duration {
			if l := read(lines...); l != 0 {
				return l
			}
			return unlimited
		}
		one, both := limit(a), limit(a, b)
		switch {
		case one < soon || both < soon:
			t.Errorf("%q: a life of %v, with %q %v", a, one, b, both)
		case limit(b, a) != both:
			t.Errorf("%q and %q: %v, the other way round %v", a, b, both, limit(b, a))
		case limit(strings.ToUpper(a)) != one && a == strings.ToLower(a):
			t.Errorf("%q: %v, in capitals %v", a, one, limit(strings.ToUpper(a)))
		case limit(a, "no-store") != soon, limit("no-store", a) != soon:
			t.Errorf("%q: no-store counts for nothing", a)
		case both > one && !parseCacheControl([]string{a}).mustRevalidate: // which a max-age explains
			t.Errorf("%q: %v, and %q makes it %v", a, one, b, both)
		case one != unlimited && one > longest:
			t.Errorf("%q: %v is longer than there is", a, one)
		}
		if strings.ContainsAny(a, `"\`) {
			return
		}
		plain := directives{}
		for part := range strings.SplitSeq(a, ",") {
			name, value, _ := strings.Cut(part, "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "no-store", "no-cache":
				plain.refuses = true
			case "max-age":
				n, ok := seconds(strings.TrimSpace(value))
				plain.refuses = plain.refuses || !ok
				if ok && (!plain.hasMaxAge || n < plain.maxAge) {
					plain.hasMaxAge, plain.maxAge = true, n
				}
			case "must-revalidate":
				plain.mustRevalidate = true
			}
		}
		got := parseCacheControl([]string{a})
		plain.any = got.any
		if got != plain {
			t.Errorf("%q is %+v, and by a plain reader %+v", a, got, plain)
		}
	})
}

// FuzzURL holds that a URL is refused, or read the same when it is read again, out of
// the key of its entry, which shows no value of its query.
func FuzzURL(f *testing.F) {
	for _, url := range []string{
		"https://h/d", "https://h", "https://h/a%2Fb?x=y&z", "http://localhost/?a=b=c", "https://u:p@h/", "https://h/#f", "https://h:x/", "HTTPS://H/%41", "https://h/d?", "https://h/?%zz",
		"https://h/a b?c d", "https://[::1]:80/x", "https://h//a//", "https://h/..", "http://h/", "", "https:///d", "https://h/d?a=b?c=d", "https://é/é", "https://h/;a?b;c",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		at, err := parse(raw)
		if err != nil {
			return
		}
		u, err := urlOf(at.key(), at.query)
		if err != nil {
			t.Fatalf("%q: its key %q cannot be read", raw, at.key())
		}
		again, err := parse(u.String())
		if err != nil || again != at {
			t.Errorf("%q is %+v, and read again %+v, %v", raw, at, again, err)
		}
		if at.name() == "" || strings.Contains(at.name(), "/") || strings.ContainsAny(at.base, "?#@ ") && !strings.Contains(raw, "/") {
			t.Errorf("%q has the name %q", raw, at.name())
		}
		_, query, _ := strings.Cut(at.key(), "?")
		for part := range strings.SplitSeq(query, "&") {
			if _, value, named := strings.Cut(part, "="); named && value != "…" || !named && part != "" && part != "…" {
				t.Errorf("%q: its key shows %q", raw, at.key())
			}
		}
		if u.User != nil || u.Fragment != "" || u.Scheme != "https" && !isLoopback(u.Hostname()) {
			t.Errorf("%q is sent to %s", raw, u)
		}
	})
}
