package ssmcache_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func tenant(name string) string { return "/tenants/" + name }

func TestFamily(t *testing.T) {
	l := newLab(t)
	var names []string
	for i := range 25 {
		names = append(names, fmt.Sprintf("t%02d", i))
		l.SSM.PutSecure(tenant(names[i]), fmt.Sprint(i))
	}
	limits := ssmcache.Family[int](tenant, lambdacache.MaxEntries(20), lambdacache.Name("limits"))
	if err := limits.Prefetch(t.Context(), names...); err != nil {
		t.Fatal(err)
	}
	want(t, "calls", l.Calls("GetParameters"), 3)
	for i, name := range names {
		if n, err := limits.Get(t.Context(), name); err != nil || n != i {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	want(t, "held", limits.Stats().Entries, 20)
	for _, bad := range []string{"", "a b", "a:1:2"} {
		_, err := limits.Get(t.Context(), bad)
		wantError(t, err, `load "limits" from ssm `+bad+": ")
	}
	l.SSM.Put(tenant("bad"), secret)
	_, err := limits.Get(t.Context(), "bad")
	wantError(t, err, `load "limits" from ssm /tenants/bad: cannot decode`)
}

func TestPathFamily(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/tenants/acme/plan", "gold")
	l.SSM.Put("/tenants/acme/db/host", "h")
	type settings struct {
		Plan string       `ssm:"plan"`
		DB   ssmcache.Set `ssm:"db/"`
	}
	tenants := ssmcache.PathFamily[settings](tenant)
	s, err := tenants.Get(t.Context(), "acme")
	if err != nil || s.Plan != "gold" || !s.DB.Has("host") {
		t.Errorf("%v, %v", s.Plan, err)
	}
	_, err = tenants.Get(t.Context(), "a:b")
	wantError(t, err, "a path has no :version or :label")
	flat := ssmcache.PathFamily[map[string]string](tenant, ssmcache.NotRecursive())
	m, err := flat.Get(t.Context(), "acme/")
	want(t, "one level", fmt.Sprint(m, err), "map[plan:gold] <nil>")
}

func TestWrongFamilies(t *testing.T) {
	wantPanic(t, "lambdacache: ssmcache.Family: the function for the names is nil", func() { ssmcache.Family[int, string](nil) })
	wantPanic(t, "lambdacache: ssmcache.PathFamily: the function for the names is nil", func() { ssmcache.PathFamily[map[string]int, string](nil) })
	for name, f := range map[string]func(){
		"Family: ":     func() { ssmcache.Family[chan int](strings.ToLower) },
		"PathFamily: ": func() { ssmcache.PathFamily[int](strings.ToLower) },
		"a family of entries from ssm: secretcache.Stage is not an option of this source": func() {
			ssmcache.Family[int](strings.ToLower, secretcache.Stage("x"))
		},
	} {
		func() {
			defer func() {
				if r := fmt.Sprint(recover()); !strings.Contains(r, name) {
					t.Errorf("%s: %s", name, r)
				}
			}()
			f()
		}()
	}
}
