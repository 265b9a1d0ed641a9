package ssmcache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func TestSet(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/url", "https://example.com")
	l.SSM.Put("/app/url", "https://example.org")
	l.SSM.PutList("/app/hosts", "a", "", "b")
	l.SSM.PutSecure("/app/deep/token", "t")
	l.SSM.Put("plain", "p,q")
	e := ssmcache.Parameters("config", []string{"/app/url:1", "/app/hosts", arn + "/app/deep/token", "plain"})
	want(t, "name", e.Name(), "config")
	config := get(t, e)
	want(t, "calls", len(l.asked()), 1)
	want(t, "names", strings.Join(slices.Collect(config.Names()), " "), "hosts plain token url")
	want(t, "text", config.Text("url"), "https://example.com")
	want(t, "text of a SecureString", config.Text("token"), "t")
	want(t, "text of a list", config.Text("hosts"), "a,,b")
	want(t, "list", fmt.Sprintf("%q", config.List("hosts")), `["a" "" "b"]`)
	want(t, "list of a text", fmt.Sprintf("%q", config.List("plain")), `["p,q"]`)
	want(t, "a list is one", config.IsList("hosts"), true)
	want(t, "a text is none", config.IsList("plain"), false)

	config.List("hosts")[0] = "mine"
	want(t, "list after a change of a copy", config.List("hosts")[0], "a")
	want(t, "version", e.Version(), "1,1,1,1")
}

func TestSetKnowsItsNames(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/b", secret)
	l.SSM.Put("/app/a", secret)
	config := get(t, ssmcache.Parameters("config", []string{"/app/b", "/app/a"}))
	const panics = `lambdacache: the set has no parameter "/app/a"; there are a, b`
	wantPanic(t, panics, func() { config.Text("/app/a") })
	wantPanic(t, panics, func() { config.List("/app/a") })
	wantPanic(t, panics, func() { config.IsList("/app/a") })
	var none ssmcache.Set
	want(t, "names of a zero Set", len(slices.Collect(none.Names())), 0)
}

func TestSetOfTenIsOneCall(t *testing.T) {
	l := newLab(t)
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf("/app/p%d", i))
		l.SSM.Put(names[i], "one")
	}
	e := ssmcache.Parameters("config", names, lambdacache.MaxAge(10*time.Second))
	read := reading(e)
	want(t, "value", read(t).Text("p7"), "one")
	want(t, "calls", l.Calls(""), 1)

	l.SSM.Put("/app/p7", "two")
	l.clock.Advance(10*time.Second - 1)
	want(t, "while fresh", read(t).Text("p7"), "one")
	want(t, "calls", l.Calls(""), 1)
	l.clock.Advance(1)
	want(t, "after its max age", read(t).Text("p7"), "two")
	want(t, "calls", l.Calls(""), 2)

	single := ssmcache.Parameter[string]("/app/p7")
	want(t, "shares what is held", get(t, single), "two")
	want(t, "calls once it is declared alone", l.Calls(""), 3) // a new entry needs a body
	l.clock.Advance(10 * time.Second)
	l.prefetch(e, single)
	want(t, "calls of both", l.Calls(""), 4)
}

func TestSetNamesTheCulprit(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/a", "one")
	l.SSM.Put("/app/b", "one")
	e := ssmcache.Parameters("config", []string{"/app/a", "/app/none", "/app/b"})
	f := wantOneFailure(t, fails(t, e, `lambdacache: load "none" from ssm /app/none: ParameterNotFound: `))
	want(t, "entry", f.Entry, "none")
	want(t, "ErrNotFound", errors.Is(f, lambdacache.ErrNotFound), true)
	l.SSM.Put("/app/none", "found")
	l.ResetCounts()
	want(t, "value", get(t, e).Text("none"), "found")
	want(t, "calls", strings.Join(l.asked(), "; "), "GetParameters /app/none")

	l.due() // a failed refresh leaves the set as it was
	l.SSM.Delete("/app/a")
	fails(t, e, `load "a" from ssm /app/a: `)
	l.SSM.Put("/app/a", "two")
	want(t, "value once it is back", get(t, e).Text("a"), "two")
}

// Values that were read together stay together while a parameter changes.
func TestSetIsASnapshot(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/a", "one")
	e := ssmcache.Parameters("config", []string{"/app/a"})
	h := lambdacache.Wrap(func(ctx context.Context, _ int) (string, error) {
		before := e.Value(ctx).Text("a")
		l.SSM.Put("/app/a", "two")
		if _, err := e.Refresh(ctx); err != nil {
			return "", err
		}
		return before + " " + e.Value(ctx).Text("a"), nil
	}, e)
	got, err := h(t.Context(), 0)
	if err != nil || got != "one one" {
		t.Errorf("%q, %v", got, err)
	}
	want(t, "now", get(t, e).Text("a"), "two")
}

func TestSetShowsNoValue(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/a", secret)
	l.SSM.PutList("/app/b", secret, secret)
	e := ssmcache.Parameters("config", []string{"/app/a", "/app/b"})
	set := get(t, e)
	type open struct{ Set ssmcache.Set }
	type shut struct {
		set  ssmcache.Set
		list []ssmcache.Set
		ptr  *ssmcache.Set
	}
	hiding := shut{set, []ssmcache.Set{set}, &set}

	var shown bytes.Buffer
	for _, v := range []any{set, &set, open{set}, &open{set}, hiding, &hiding, []any{set}, map[string]any{"k": set}, e, hiding.list, hiding.ptr} {
		for _, verb := range "vsqxXdTpteEfgGbcoOU" {
			fmt.Fprintf(&shown, "%"+string(verb)+" %+"+string(verb)+" %#"+string(verb)+"\n", v, v, v)
		}
		fmt.Fprintln(&shown, v)
		for _, h := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
			slog.New(h).Info("set", "v", v, slog.Any("group", []any{v}))
		}
		if b, err := json.Marshal(v); err == nil {
			shown.Write(b)
		}
	}
	for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("%d", []byte(secret))} {
		if strings.Contains(shown.String(), form) {
			t.Errorf("a value was shown as %q", form)
		}
	}
	b, err := json.Marshal(open{set})
	want(t, "JSON", fmt.Sprint(string(b), err), `{"Set":"[redacted]"}<nil>`)
	want(t, "text", fmt.Sprintf("%v|%+v|%#v|%s|%q|%x", set, set, set, set, set, set), strings.Repeat("[redacted]|", 5)+"[redacted]")
	want(t, "slog", set.LogValue().String(), "[redacted]")
}
