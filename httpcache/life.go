package httpcache

import (
	"net/http"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// life is what an answer says of how long its document may be kept, counted from when
// its server made it.
type life struct {
	said    bool // anything at all
	limited bool // and that is for how long
	is      time.Duration
}

// soon is the age at which a document is due at the next invocation.
const soon = time.Nanosecond

// within is what is left of a life for a document that is so old already, 0 for no
// limit. The time counts from before the request was sent, so that an Age that grew on
// the way is allowed for.
func (l life) within(age time.Duration) time.Duration {
	if !l.limited {
		return 0
	}
	return max(l.is-age, soon)
}

// readLife reads Cache-Control, in want of a max-age there Expires. Where a server
// contradicts itself the shorter life counts, and what cannot be read is none.
func readLife(h http.Header) (l life) {
	d := parseCacheControl(h.Values("Cache-Control"))
	expires := h.Values("Expires")
	l.said = d.any || len(expires) > 0
	switch {
	case d.refuses:
		l.limited = true
	case d.hasMaxAge:
		l.limited, l.is = true, d.maxAge
	case len(expires) > 0:
		l.limited, l.is = true, expiresIn(h, expires)
	case d.mustRevalidate:
		l.limited = true
	}
	return l
}

// expiresIn is the shortest time from Date to an Expires, 0 if one is over or no date.
// Both are read off the server's clock; ours may differ.
func expiresIn(h http.Header, expires []string) time.Duration {
	sent, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		sent = time.Unix(0, clock.Now().Wall)
	}
	shortest := longest
	for _, e := range expires {
		at, err := http.ParseTime(e)
		if err != nil {
			return 0
		}
		shortest = min(shortest, at.Sub(sent))
	}
	return max(shortest, 0)
}

// ageOf is how old an answer was already when it was sent: caches on the way say so.
func ageOf(h http.Header) time.Duration {
	first, _, _ := strings.Cut(h.Get("Age"), ",")
	age, _ := seconds(strings.TrimSpace(first))
	return age
}

// directives are those of Cache-Control that matter to a private cache which always asks
// when a document is due.
type directives struct {
	any            bool
	refuses        bool // no-store, no-cache, or what cannot be read
	mustRevalidate bool
	hasMaxAge      bool
	maxAge         time.Duration // the shortest
}

// parseCacheControl reads every line. A name may have a value, and that may be quoted.
func parseCacheControl(lines []string) (d directives) {
	for _, line := range lines {
		rest := line
		for rest != "" {
			var name, value string
			var whole bool
			name, value, rest, whole = nextDirective(rest)
			d.any = d.any || name != ""
			switch {
			case !whole, name == "no-store", name == "no-cache":
				d.refuses = true
			case name == "must-revalidate":
				d.mustRevalidate = true
			case name == "max-age":
				age, ok := seconds(value)
				if !ok {
					d.refuses = true
					continue
				}
				if !d.hasMaxAge || age < d.maxAge {
					d.hasMaxAge, d.maxAge = true, age
				}
			}
		}
	}
	return d
}

// nextDirective reads up to the next comma that is in no quotes. whole is false for a
// quote that does not end.
func nextDirective(text string) (name, value, rest string, whole bool) {
	end, quoted := 0, false
	for ; end < len(text) && (quoted || text[end] != ','); end++ {
		switch {
		case text[end] == '"':
			quoted = !quoted
		case text[end] == '\\' && quoted && end+1 < len(text):
			end++
		}
	}
	if end < len(text) {
		rest = text[end+1:]
	}
	name, value, _ = strings.Cut(text[:end], "=")
	value = strings.TrimSpace(value)
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	return strings.ToLower(strings.TrimSpace(name)), value, rest, !quoted
}

// longest is the longest time there is, 2^31 s, as RFC 9111 has it.
const longest = (1 << 31) * time.Second

// seconds reads a whole number of seconds; one that is too large is the longest time.
func seconds(s string) (time.Duration, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n := int64(0)
	for _, digit := range s {
		if n = 10*n + int64(digit-'0'); n >= int64(longest/time.Second) {
			return longest, true
		}
	}
	return time.Duration(n) * time.Second, true
}
