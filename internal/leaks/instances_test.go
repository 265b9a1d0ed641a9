package leaks_test

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/httpcache"
	"github.com/lambda-cache/lambdacache/internal/fixed"
)

// exempt are the types that show what they hold, and why they may.
var exempt = map[string]string{
	"cachetest.Document":       "a value that the conformance suite itself decodes, as any user's type",
	"awsorigin.Clients":        "a variable of a source package: nothing that a user holds leads to it",
	"awsorigin.Origins":        "the same",
	"decode.Raw":               "what decoders read: nothing that a user can hold leads to one",
	"site.Site":                "a test's own server: nothing that a user holds leads to it",
	"site.Request":             "the same",
	"testlab.Lab":              "the same",
	"testlab.Answers":          "the same",
	"testlab.Whole":            "the same: an HTTP client that keeps nothing",
	"subject.Source":           "the conformance suite's own: nothing that a user holds leads to one",
	"subject.Place":            "the same",
	"tag.Source":               "a source's name and functions: it holds no value",
	"leaks.Search":             "holds the forms of the values that it looks for",
	"lambdahost.Config":        "the local Lambda's own: a function's environment and output are the test's",
	"lambdahost.Event":         "the same",
	"lambdahost.Response":      "the same",
	"lambdahost.FunctionError": "the same",
	"lambdahost.Stream":        "the same",
	"lambdahost.Host":          "the same",
	"lambdahost.Process":       "the same",
	"lambdahost.Timings":       "the same",
}

// instances are all that must not show a value, by exported type; what is not one
// type's is "also" something.
func (w *world) instances() map[string][]instance {
	all := make(map[string][]instance)
	for _, part := range []func(map[string][]instance){w.entriesAndOrigins, w.eventsAndErrors, w.optionsAndClients, w.redacted, w.flagSets, w.fakes, w.inner, w.contextsAndPanics} {
		part(all)
	}
	return all
}

func (w *world) entriesAndOrigins(all map[string][]instance) {
	entries := []instance{
		holding("of a text", w.text), holding("of a list", w.list), holding("of a struct", w.secret), holding("of bytes", w.binary),
		holding("of a map", w.object), holding("of a number", w.number), holding("of an item", w.item), holding("of a document", w.remote),
		holding("derived", w.built), holding("of a plain source", w.own),
		of("of what is redacted", w.field), of("of a set", w.set), of("of a file", w.file), of("of flags", w.flags), holding("of a configuration", w.config), of("of nothing", new(lambdacache.Entry[string])),
		of("nil", (*lambdacache.Entry[string])(nil)),
		holding("among others", w.entries()), holding[lambdacache.Cached]("as Cached", w.text),
	}
	for _, e := range w.entries()[:2] {
		entries = append(entries, holding("behind the pointer", reflect.ValueOf(e).Elem().Interface()))
	}
	all["lambdacache.Entry"] = entries
	all["lambdacache.Family"] = []instance{
		holding("of structs", w.logins), holding("of documents", w.remotes), holding("of numbers", w.numbers),
		of("of nothing", new(lambdacache.Family[string, string])), of("nil", (*lambdacache.Family[string, string])(nil)),
		holding("behind the pointer", reflect.ValueOf(w.logins).Elem().Interface()),
	}
	all["lambdacache.FamilyStats"] = []instance{of("", w.logins.Stats())}
	all["lambdacache.Located"] = []instance{of("", lambdacache.Located{Key: "/app/text", Hold: func() {}})}
	all["fixed.Key"] = []instance{holding("", fixed.Key{Family: w.logins, Key: "login"})}
	all["lambdacache.Origin"] = []instance{holding("", w.origin), holding("behind the pointer", *w.origin)}
	all["lambdacache.Request"] = []instance{of("", lambdacache.Request{Key: "/app/text", Have: w.text.Version(), MaxAge: time.Minute})}
	all["lambdacache.Stats"] = []instance{of("", w.number.Stats()), of("derived", w.built.Stats())}
	file := w.file.Value(w.contexts["of Wrap"])
	all["s3cache.LocalFile"] = []instance{of("", file), of("behind the pointer", *file)}
}

func (w *world) eventsAndErrors(all map[string][]instance) {
	kinds, told := make(map[lambdacache.EventKind]bool), make(map[string]bool)
	for _, e := range w.events {
		if !kinds[e.Kind] {
			all["lambdacache.EventKind"] = append(all["lambdacache.EventKind"], of(e.Kind.String(), e.Kind))
		}
		if kinds[e.Kind] && (e.Err == nil || told[e.Err.Error()]) {
			continue
		}
		kinds[e.Kind] = true
		if e.Err != nil {
			told[e.Err.Error()] = true
		}
		all["lambdacache.Event"] = append(all["lambdacache.Event"], of(e.Kind.String(), e))
	}
	all["lambdacache.Failure"] = []instance{of("behind the pointer", lambdacache.Failure{Entry: "e", Source: "s", Key: "k", Err: w.errs[0]})}
	for i, err := range w.errs {
		var load *lambdacache.LoadError
		if !errors.As(err, &load) {
			continue
		}
		all["lambdacache.LoadError"] = append(all["lambdacache.LoadError"], of(fmt.Sprint(i), load))
		for _, f := range load.Failures {
			all["lambdacache.Failure"] = append(all["lambdacache.Failure"], of(f.Entry, f))
			if bad, ok := errors.AsType[*lambdacache.DecodeError](f); ok {
				all["lambdacache.DecodeError"] = append(all["lambdacache.DecodeError"], of(f.Entry, bad))
			}
			if status, ok := errors.AsType[*httpcache.StatusError](f); ok {
				all["httpcache.StatusError"] = append(all["httpcache.StatusError"], of(f.Entry, status))
			}
			if denied, ok := errors.AsType[*lambdacache.DeniedError](f); ok {
				all["lambdacache.DeniedError"] = append(all["lambdacache.DeniedError"], of(f.Entry, denied))
			}
		}
	}
}
