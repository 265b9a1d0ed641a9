package ssmcache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// shown is a set of no secrets as text: "db/host=a hosts=[a b]".
func shown(s ssmcache.Set) string {
	var list []string
	for name := range s.Names() {
		if s.IsList(name) {
			list = append(list, fmt.Sprintf("%s=%q", name, s.List(name)))
		} else {
			list = append(list, name+"="+s.Text(name))
		}
	}
	return strings.Join(list, " ")
}

// Names are those below the path, with and without a slash at its end; what only
// begins like the path is not below it.
func TestPath(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/own/app/url", "u")
	l.SSM.PutSecure("/own/app/db/password", "p")
	l.SSM.PutList("/own/app/hosts", "a", "", "b")
	l.SSM.Put("/own/application/key", "other")
	l.SSM.Put("/own/app", "the path's own")
	for _, path := range []string{"/own/app/", "/own/app", " /own/app\n"} {
		e := ssmcache.Path[ssmcache.Set](path)
		want(t, "values of "+path, shown(get(t, e)), `db/password=p hosts=["a" "" "b"] url=u`)
		want(t, "name", e.Name(), "app")
		want(t, "a name it has", get(t, e).Has("url"), true)
		want(t, "a name it has not", get(t, e).Has("app"), false)
	}
	want(t, "calls: each new entry needs a body", l.Calls(""), 3)

	flat := ssmcache.Path[ssmcache.Set]("/own/app", ssmcache.NotRecursive())
	want(t, "one level", shown(get(t, flat)), `hosts=["a" "" "b"] url=u`)
	want(t, "everything", shown(get(t, ssmcache.Path[ssmcache.Set]("/own/"))),
		`app=the path's own app/db/password=p app/hosts=["a" "" "b"] app/url=u application/key=other`)
	want(t, "nothing", shown(get(t, ssmcache.Path[ssmcache.Set]("/own/nothing"))), "")
}

func TestPathOfEverything(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/a/b", "1")
	l.SSM.Put("/c", "2")
	e := ssmcache.Path[ssmcache.Set]("/")
	want(t, "values", shown(get(t, e)), "a/b=1 c=2")
	want(t, "name", e.Name(), "/")
}

// Pages are read to the end, also past short and empty ones, and counted.
func TestPathReadsAllPages(t *testing.T) {
	for _, test := range []struct{ page, parameters, calls int }{
		{10, 0, 1}, {10, 10, 1}, {10, 11, 2}, {10, 25, 3}, {1, 3, 3}, {7, 25, 4}, {0, 0, 1}, {0, 25, 4},
	} {
		t.Run(fmt.Sprintf("%d of %d", test.page, test.parameters), func(t *testing.T) {
			l := newLab(t)
			_, list := l.parameters(test.parameters, l.SSM.PutSecure)
			l.SSM.PageSize(test.page)
			set := get(t, ssmcache.Path[ssmcache.Set]("/app"))
			names := slices.Collect(set.Names())
			want(t, "parameters", len(names), len(list))
			for _, name := range names {
				want(t, name, set.Text(name), "value of /app/"+name)
			}
			want(t, "calls", l.Calls("GetParametersByPath"), test.calls)
			want(t, "calls as the source counts them", l.of(lambdacache.EventLoaded)[0].Calls, test.calls)
		})
	}
}

// What is put below the path or removed appears or disappears with the next load.
func TestPathFollowsItsParameters(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/a", "1")
	l.SSM.Put("/app/b", "1")
	e := ssmcache.Path[ssmcache.Set]("/app/")
	read := reading(e)
	want(t, "first", shown(read(t)), "a=1 b=1")
	versions := []string{e.Version()}
	for _, step := range []struct {
		change func()
		values string
	}{
		{func() { l.SSM.Put("/app/c/d", "1") }, "a=1 b=1 c/d=1"},
		{func() { l.SSM.Delete("/app/a") }, "b=1 c/d=1"},
		{func() { l.SSM.Put("/app/b", "2") }, "b=2 c/d=1"},
		{func() { l.SSM.Delete("/app/c/d"); l.SSM.Put("/app/c/d", "2") }, "b=2 c/d=2"}, // its version is 1 again
		{func() { l.SSM.Delete("/app/b"); l.SSM.Delete("/app/c/d") }, ""},
	} {
		before := shown(read(t))
		step.change()
		want(t, "while fresh", shown(read(t)), before)
		l.due()
		want(t, "when due", shown(read(t)), step.values)
		if slices.Contains(versions, e.Version()) {
			t.Errorf("the version of %q was there before", step.values)
		}
		versions = append(versions, e.Version())
	}
	want(t, "unchanged", len(l.of(lambdacache.EventUnchanged)), 0)
}

// A set that is the same is not decoded anew; a change outside it is no change.
func TestPathThatIsUnchanged(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/still/a", "1")
	e := ssmcache.Path[map[string]string]("/still/")
	get(t, e)["mark"] = "of the same map"
	version := e.Version()
	l.SSM.Put("/other", "1")
	l.due()
	want(t, "the map", get(t, e)["mark"], "of the same map")
	want(t, "version", e.Version(), version)
	want(t, "calls", l.Calls(""), 2)
	want(t, "unchanged", len(l.of(lambdacache.EventUnchanged)), 1)
}

func TestPathWithALabel(t *testing.T) {
	l := newLab(t)
	for i := range 25 { // of which some pages have none
		name := fmt.Sprintf("/app/p%02d", i)
		l.SSM.Put(name, "old")
		l.SSM.Put(name, "new")
		if i%12 == 0 {
			l.SSM.Label(name, 1, "prod")
		}
	}
	l.SSM.Label("/app/p13", 2, "test")
	prod := ssmcache.Path[ssmcache.Set]("/app/", ssmcache.Label("prod"))
	all := ssmcache.Path[ssmcache.Set]("/app/")
	none := ssmcache.Path[ssmcache.Set]("/app/", ssmcache.Label("none"))
	l.prefetch(prod, all, none)
	want(t, "labelled", shown(get(t, prod)), "p00=old p12=old p24=old")
	want(t, "newest", get(t, all).Text("p12"), "new")
	want(t, "labelled by nobody", shown(get(t, none)), "")

	l.SSM.Label("/app/p12", 2, "prod")
	l.due()
	want(t, "when the label has moved", shown(get(t, prod)), "p00=old p12=new p24=old")
}

// Entries of one path share a load if nothing but their types differs.
func TestIdentityOfPaths(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/same/a", "1")
	type config struct {
		A int `ssm:"a"`
	}
	set, fields, texts := ssmcache.Path[ssmcache.Set]("/same"), ssmcache.Path[config]("/same/"), ssmcache.Path[map[string]string]("/same/")
	l.prefetch(set, fields, texts, ssmcache.Parameter[string]("/same/a"))
	want(t, "calls", strings.Join(slices.Sorted(slices.Values(l.asked())), "; "), "GetParameters /same/a; GetParametersByPath /same")
	want(t, "values", fmt.Sprint(shown(get(t, set)), get(t, fields), get(t, texts)), "a=1{1} map[a:1]")

	l.ResetCounts()
	l.prefetch(
		ssmcache.Path[ssmcache.Set]("/same/", ssmcache.NotRecursive()), ssmcache.Path[ssmcache.Set]("/same/", ssmcache.Label("x")),
		ssmcache.Path[ssmcache.Set]("/same/", ssmcache.Label("x"), ssmcache.NotRecursive()), ssmcache.Path[ssmcache.Set]("/same/a/"),
	)
	want(t, "calls of other keys", l.Calls("GetParametersByPath"), 4)
}

// A parameter that moves to the next page while the pages are read is there twice, and
// counts once; of two versions the newer one counts.
func TestPathThatChangesBetweenPages(t *testing.T) {
	l := newLab(t)
	l.parameters(15, l.SSM.Put)
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Operation: "GetParametersByPath", After: 1, Times: 1, Do: gate.Hold()})
	e := ssmcache.Path[ssmcache.Set]("/app/")
	result := make(chan ssmcache.Set)
	go func() {
		set, err := e.Get(t.Context())
		if err != nil {
			t.Error(err)
		}
		result <- set
	}()
	gate.Wait(1)
	l.SSM.Put("/app/first", "new")
	l.SSM.Put("/app/p09", "newer")
	gate.Release()
	set := <-result
	want(t, "parameters", len(slices.Collect(set.Names())), 15)
	want(t, "the one that was there twice", set.Text("p09"), "newer")
	l.due()
	want(t, "the new one, with the next load", get(t, e).Text("first"), "new")
}

func TestPathIsASnapshot(t *testing.T) {
	l := newLab(t)
	l.SSM.Put("/app/a", "1")
	e := ssmcache.Path[ssmcache.Set]("/app/")
	h := lambdacache.Wrap(func(ctx context.Context, _ int) (string, error) {
		before := shown(e.Value(ctx))
		l.SSM.Put("/app/b", "1")
		now, err := e.Refresh(ctx)
		return before + "; " + shown(now) + "; " + shown(e.Value(ctx)), err
	}, e)
	got, err := h(t.Context(), 0)
	want(t, "before, now, before", got, "a=1; a=1 b=1; a=1")
	want(t, "no error", errors.Is(err, nil), true)
}
