package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// Paths against a server that others wrote: pages, types, levels and what comes and
// goes; and the same against our fake, so that it does what the other does.
func TestPaths(t *testing.T) {
	t.Run("moto", func(t *testing.T) {
		moto := peers.Moto(t)
		useServer(t, moto.Endpoint, "any", "any")
		paths(t, subject.Config(moto.Endpoint, "any", "any"))
	})
	t.Run("fake", func(t *testing.T) {
		fake := cachetest.NewAWS(t)
		paths(t, subject.Config(fake.URL(), "any", "any"))
	})
}

type store struct {
	*testing.T
	client *ssm.Client
}

func (s store) put(name, value string, kind ssmtypes.ParameterType) {
	s.Helper()
	_, err := s.client.PutParameter(context.Background(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: kind, Overwrite: aws.Bool(true)})
	if err != nil {
		s.Fatal(err)
	}
}

func (s store) remove(name string) {
	s.Helper()
	if _, err := s.client.DeleteParameter(context.Background(), &ssm.DeleteParameterInput{Name: &name}); err != nil {
		s.Fatal(err)
	}
}

func paths(t *testing.T, cfg aws.Config) {
	cachetest.Reset(t)
	clock := cachetest.NewClock(t)
	var calls atomic.Int64
	lambdacache.Observe(func(e lambdacache.Event) { calls.Add(int64(e.Calls)) })
	s := store{t, ssm.NewFromConfig(cfg)}
	const text, list, secure = ssmtypes.ParameterTypeString, ssmtypes.ParameterTypeStringList, ssmtypes.ParameterTypeSecureString
	for i := range 24 {
		s.put(fmt.Sprintf("/paths/app/many/p%02d", i), fmt.Sprint("v", i), secure)
	}
	s.put("/paths/app/hosts", "a,b", list)
	s.put("/paths/app/limit", "5", text)
	s.put("/paths/application", "beside it", text)
	t.Cleanup(func() {
		for i := range 24 {
			s.remove(fmt.Sprintf("/paths/app/many/p%02d", i))
		}
		s.remove("/paths/application")
	})

	type config struct {
		Hosts []string          `ssm:"hosts"`
		Limit int               `ssm:"limit,optional"`
		Many  map[string]string `ssm:"many/"`
	}
	app := ssmcache.Path[config]("/paths/app")
	all := ssmcache.Path[ssmcache.Set]("/paths/app/")
	flat := ssmcache.Path[ssmcache.Set]("/paths/app/", ssmcache.NotRecursive())
	read := func() (config, ssmcache.Set, []string) {
		t.Helper()
		calls.Store(0)
		if err := lambdacache.Prefetch(t.Context(), app, all, flat); err != nil {
			t.Fatal(err)
		}
		c, _ := app.Get(t.Context())
		a, _ := all.Get(t.Context())
		f, _ := flat.Get(t.Context())
		return c, a, slices.Collect(f.Names())
	}
	c, a, f := read()
	if got := fmt.Sprint(c.Hosts, c.Limit, len(c.Many), c.Many["p00"], c.Many["p23"], f, a.IsList("hosts"), a.Text("many/p07")); got != "[a b] 5 24v0v23[hosts limit] truev7" {
		t.Errorf("it reads %s", got)
	}
	if n := len(slices.Collect(a.Names())); n != 26 || calls.Load() != 4 {
		t.Errorf("%d parameters in %d calls, want 26 in 3 and one for the level", n, calls.Load())
	}

	version := all.Version()
	clock.Advance(lambdacache.DefaultMaxAge)
	read()
	if all.Version() != version || all.Stats().Unchanged != 1 {
		t.Errorf("what is the same has another version: %+v", all.Stats())
	}
	s.remove("/paths/app/limit")
	s.remove("/paths/app/hosts")
	s.put("/paths/app/hosts", "c", list) // its version is 1 again
	s.put("/paths/app/new", "n", text)
	clock.Advance(lambdacache.DefaultMaxAge)
	c, a, f = read()
	if got := fmt.Sprint(c.Hosts, c.Limit, f, a.Has("limit"), a.Text("new")); got != "[c] 0 [hosts new] falsen" {
		t.Errorf("after changes it reads %s", got)
	}
	s.remove("/paths/app/hosts")
	s.remove("/paths/app/new")
	clock.Advance(lambdacache.DefaultMaxAge)
	if err := lambdacache.Prefetch(t.Context(), all, flat); err != nil || flat.Version() == "" {
		t.Errorf("a path with nothing directly below it: %v", err)
	}
	if _, err := app.Get(t.Context()); err == nil {
		t.Error("a field's parameter is missing, and there is no error")
	}
}

// The versions with a label, on a server that others wrote.
func TestLabelledPaths(t *testing.T) {
	moto := peers.Moto(t)
	useServer(t, moto.Endpoint, "any", "any")
	cachetest.Reset(t)
	s := store{t, ssm.NewFromConfig(subject.Config(moto.Endpoint, "any", "any"))}
	for _, name := range []string{"/labels/a", "/labels/b"} {
		s.put(name, "v1", ssmtypes.ParameterTypeString)
		defer s.remove(name)
	}
	if _, err := s.client.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: aws.String("/labels/a"), Labels: []string{"prod"}}); err != nil {
		t.Fatal(err)
	}
	got, err := ssmcache.Path[map[string]string]("/labels/", ssmcache.Label("prod")).Get(t.Context())
	if err != nil || fmt.Sprint(got) != "map[a:v1]" {
		t.Errorf("it reads %v, %v", got, err)
	}
}
