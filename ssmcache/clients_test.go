package ssmcache_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

func clientOf(fake *cachetest.AWS) *ssm.Client {
	return ssm.NewFromConfig(subject.Config(fake.URL(), "AKIDOFITSOWN", "any"))
}

// The same name with two clients are two parameters, perhaps of two accounts.
func TestTwoClientsNeverMix(t *testing.T) {
	l := newLab(t)
	other := cachetest.NewAWS(t, cachetest.NoEnv())
	l.SSM.Put("/app/key", "of one")
	other.SSM.Put("/app/key", "of the other")
	mine := clientOf(other)
	byDefault := ssmcache.Parameter[string]("/app/key")
	byMine := ssmcache.Parameter[string]("/app/key", ssmcache.Client(mine))
	byMineToo := ssmcache.Parameter[string]("/app/key", ssmcache.Client(mine), lambdacache.Name("too"))
	byAnother := ssmcache.Parameter[string]("/app/key", ssmcache.Client(clientOf(l.AWS)))
	for round := range 3 {
		l.prefetch(byMineToo, byDefault, byAnother, byMine)
		want(t, "default client", get(t, byDefault), "of one")
		want(t, "a client", get(t, byMine), "of the other")
		want(t, "the same client", get(t, byMineToo), "of the other")
		want(t, "another client", get(t, byAnother), "of one")
		want(t, "calls of two clients", l.Calls(""), 2*(round+1))
		want(t, "calls of one client", other.Calls(""), round+1)
		l.due()
	}
	want(t, "credentials", other.Requests()[0].AccessKey, "AKIDOFITSOWN")

	other.SSM.Put("/app/key", "changed")
	if _, err := byMine.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "the same client", get(t, byMineToo), "changed")
	want(t, "default client", get(t, byDefault), "of one")
}

func TestEntriesOfOneClientShareCalls(t *testing.T) {
	l := newLab(t)
	mine := clientOf(l.AWS)
	_, list := l.parameters(10, l.SSM.Put, ssmcache.Client(mine))
	l.SSM.Put("/app/a", "x")
	set := ssmcache.Parameters("config", []string{"/app/p03", "/app/p07"}, ssmcache.Client(mine))
	l.prefetch(append(list, set)...)
	want(t, "calls", l.Calls(""), 1)
}

// script is a hand-written client. It leaves out what imitations of the service leave
// out: selectors, and the order.
type script struct {
	mu     sync.Mutex
	calls  []string
	answer func(names []string) (*ssm.GetParametersOutput, error)
}

func (s *script) GetParameters(_ context.Context, in *ssm.GetParametersInput, _ ...func(*ssm.Options)) (*ssm.GetParametersOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, strings.Join(in.Names, ","))
	if !aws.ToBool(in.WithDecryption) {
		return nil, errors.New("WithDecryption is not set")
	}
	return s.answer(in.Names)
}

func (s *script) GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return nil, errors.New("not in this script")
}

func (s *script) took() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := strings.Join(s.calls, "; ")
	s.calls = nil
	return calls
}

func found(name, value string, version int64) types.Parameter {
	return types.Parameter{Name: &name, Value: &value, Version: version, Type: types.ParameterTypeString}
}

func TestClientWrittenByHand(t *testing.T) {
	cachetest.Reset(t)
	s := &script{answer: func(names []string) (*ssm.GetParametersOutput, error) {
		return &ssm.GetParametersOutput{Parameters: []types.Parameter{found("/app/b", "b", 1), found("/app/a", "a", 1)}}, nil
	}}
	a := ssmcache.Parameter[string]("/app/a", ssmcache.Client(s))
	b := ssmcache.Parameter[string]("/app/b", ssmcache.Client(s))
	if err := lambdacache.Prefetch(t.Context(), a, b); err != nil {
		t.Fatal(err)
	}
	want(t, "a", get(t, a), "a")
	want(t, "b", get(t, b), "b")
	want(t, "calls", s.took(), "/app/a,/app/b")

	s.answer = func([]string) (*ssm.GetParametersOutput, error) { return nil, errors.New("the line is dead") }
	_, err := a.Refresh(t.Context())
	wantError(t, err)
	want(t, "error", err.Error(), `lambdacache: load "a" from ssm /app/a: the line is dead`)
}

func TestImitationThatLeavesSelectorsOut(t *testing.T) {
	cachetest.Reset(t)
	s := &script{answer: func(names []string) (*ssm.GetParametersOutput, error) {
		out := new(ssm.GetParametersOutput)
		for _, name := range names {
			switch name {
			case "/app/a:3":
				out.Parameters = append(out.Parameters, found("/app/a", "three", 3))
			case "/app/a:5":
				out.Parameters = append(out.Parameters, found("/app/a", "five", 5))
			case "/app/b:prod":
				out.Parameters = append(out.Parameters, found("/app/b", "labelled", 7))
			}
		}
		return out, nil
	}}
	with := ssmcache.Client(s)
	three, five := ssmcache.Parameter[string]("/app/a:3", with), ssmcache.Parameter[string]("/app/a:5", with)
	labelled := ssmcache.Parameter[string]("/app/b:prod", with)
	if err := lambdacache.Prefetch(t.Context(), five, labelled, three); err != nil {
		t.Fatal(err)
	}
	want(t, "three", get(t, three), "three")
	want(t, "five", get(t, five), "five")
	want(t, "labelled", get(t, labelled), "labelled")
	want(t, "calls", s.took(), "/app/a:5,/app/b:prod,/app/a:3")
}

// A parameter has its number as a version where what stands behind it tells none.
func TestSourceResultThatTellsNoVersion(t *testing.T) {
	cachetest.Reset(t)
	s := &script{}
	e := ssmcache.Parameter[string]("/app/a", lambdacache.MaxAge(0), ssmcache.Client(s))
	for result, version := range map[string]string{`{"versionId":"v-1"}`: "v-1", `{"versionId":""}`: "7", `{}`: "7", "no JSON": "7"} {
		s.answer = func([]string) (*ssm.GetParametersOutput, error) {
			p := found("/app/a", "a", 7)
			p.SourceResult = &result
			return &ssm.GetParametersOutput{Parameters: []types.Parameter{p}}, nil
		}
		get(t, e)
		want(t, result, e.Version(), version)
	}
}

// What such an imitation gives once for two labels of one parameter may be either's.
func TestImitationThatLeavesALabelOut(t *testing.T) {
	cachetest.Reset(t)
	s := &script{answer: func(names []string) (*ssm.GetParametersOutput, error) {
		return &ssm.GetParametersOutput{Parameters: []types.Parameter{found("/app/a", "value of "+names[0], 7)}}, nil
	}}
	blue, green := ssmcache.Parameter[string]("/app/a:blue", ssmcache.Client(s)), ssmcache.Parameter[string]("/app/a:green", ssmcache.Client(s))
	if err := lambdacache.Prefetch(t.Context(), blue, green); err != nil {
		t.Fatal(err)
	}
	want(t, "blue", get(t, blue), "value of /app/a:blue")
	want(t, "green", get(t, green), "value of /app/a:green")
	want(t, "calls", len(strings.Split(s.took(), "; ")), 3)
}

// An answer that mentions a parameter neither among the found nor among the missing
// is no answer: each is asked for alone.
func TestAnswerThatMentionsNothing(t *testing.T) {
	cachetest.Reset(t)
	s := &script{answer: func(names []string) (*ssm.GetParametersOutput, error) {
		if len(names) == 1 && names[0] == "/app/a" {
			return &ssm.GetParametersOutput{Parameters: []types.Parameter{found("/app/a", "a", 1)}}, nil
		}
		return new(ssm.GetParametersOutput), nil
	}}
	a := ssmcache.Parameter[string]("/app/a", ssmcache.Client(s))
	b := ssmcache.Parameter[string]("/app/b", ssmcache.Client(s))
	err := lambdacache.Prefetch(t.Context(), a, b)
	want(t, "key", wantOneFailure(t, err).Key, "/app/b")
	wantError(t, err, "the answer to GetParameters does not mention the parameter")
	want(t, "a", get(t, a), "a")
	want(t, "calls", len(strings.Split(s.took(), "; ")), 3)
}

// loose is a client that cannot be told from others.
type loose struct {
	*script
	_ func()
}

func TestClientPanics(t *testing.T) {
	const none = "lambdacache: ssmcache.Client was given nil: give it a client, or leave the option out for the default one"
	wantPanic(t, none, func() { ssmcache.Client(nil) })
	wantPanic(t, none, func() { ssmcache.Client((*ssm.Client)(nil)) })
	wantPanic(t, "lambdacache: ssmcache.Client was given a client that cannot be compared with others: give it a pointer",
		func() { ssmcache.Client(loose{}) })
}
