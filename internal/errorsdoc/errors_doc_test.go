package errorsdoc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/s3cache"
)

// Every section of the page is a case of one of these lists, and every case is a
// section.
func TestErrors(t *testing.T) {
	p := readPage(t)
	for _, c := range loads() {
		s := p.section(t, c.heading)
		t.Run(c.heading, func(t *testing.T) { c.run(t, s) })
	}
	for _, c := range starts() {
		s := p.section(t, c.heading)
		t.Run(c.heading, func(t *testing.T) { c.run(t, s) })
	}
	for _, c := range mistakes() {
		s := p.section(t, c.heading)
		t.Run(c.heading, func(t *testing.T) { c.run(t, s) })
	}
	for _, c := range harmless() {
		s := p.section(t, c.heading)
		t.Run(c.heading, func(t *testing.T) { c.run(t, s) })
	}
	p.allSeen(t)
}

// loading is an error of a load that follows a good one.
type loading struct {
	heading string
	declare func() probe
	good    func(*cachetest.AWS)                               // arranges that the entry loads
	bad     func(*cachetest.AWS)                               // and this that it does not any more
	setup   func(*testing.T)                                   // before the process starts; may be nil
	ask     func(context.Context, *cachetest.AWS, probe) error // nil: Get
	code    string                                             // AWS's error code that errors.As finds, "" for none
	values  []string                                           // which must not show
	pause   time.Duration                                      // before which the source may not be asked again
}

func (c loading) run(t *testing.T, s *section) {
	if c.setup != nil {
		c.setup(t)
	}
	aws, clock, events := start(t)
	c.good(aws)
	p := c.declare()
	if err := p.get(t.Context()); err != nil {
		t.Fatalf("before anything is wrong: %v", err)
	}
	before, version := p.held(t), p.version()
	clock.Advance(old)
	c.bad(aws)
	err := c.fail(t, aws, p)
	s.matches(t, err.Error())
	s.kind(t, err)
	checkType(t, err)
	checkCode(t, err, c.code)

	calls := aws.Calls("")
	if now := p.held(t); now != before || p.age() != old || p.version() != version || aws.Calls("") != calls {
		t.Errorf("the old value is not kept as it was: %d more calls, age %v, version %q, was %q",
			aws.Calls("")-calls, p.age(), p.version(), version)
	}
	checkSilent(t, append(c.values, before), append(events(), err))
	if n := filesOnDisk(t); n != p.files {
		t.Errorf("%d files are on disk, want %d", n, p.files)
	}

	aws.Heal()
	for _, action := range denials {
		aws.Allow(action, "")
	}
	c.good(aws)
	clock.Advance(c.pause)
	if err := p.get(t.Context()); err != nil {
		t.Errorf("the next load, after what was wrong was put right: %v", err)
	}
}

func (c loading) fail(t *testing.T, aws *cachetest.AWS, p probe) error {
	t.Helper()
	ask := c.ask
	if ask == nil {
		ask = func(ctx context.Context, _ *cachetest.AWS, p probe) error { return p.get(ctx) }
	}
	err := ask(t.Context(), aws, p)
	if err == nil {
		t.Fatal("no error")
	}
	return err
}

// old is how old the value is when the load fails: past its max age.
const old = 61 * time.Second

// denials are the actions that cases deny.
var denials = []string{
	"ssm:GetParameters", "ssm:GetParametersByPath", "secretsmanager:GetSecretValue", "s3:GetObject", "s3:ListBucket", "kms:Decrypt",
	"appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration", "dynamodb:GetItem",
}

// probe is an entry without its type, with the default max age, and another of the
// same key that is content with what is held.
type probe struct {
	entry   lambdacache.Cached
	get     func(context.Context) error
	held    func(*testing.T) string
	age     func() time.Duration
	version func() string
	files   int // that it keeps on disk
}

// probing declares the two.
func probing[T any](declare func(...lambdacache.Option) *lambdacache.Entry[T], opts ...lambdacache.Option) probe {
	strict := declare(opts...)
	patient := declare(append(opts, lambdacache.MaxAge(24*time.Hour))...)
	files := 0
	if _, ok := any(strict).(*lambdacache.Entry[*s3cache.LocalFile]); ok {
		files = 1
	}
	return probe{
		files: files,
		entry: strict,
		get:   func(ctx context.Context) error { _, err := strict.Get(ctx); return err },
		held: func(t *testing.T) string {
			t.Helper()
			v, err := patient.Get(t.Context())
			if err != nil {
				t.Fatalf("nothing is held: %v", err)
			}
			return render(t, v)
		},
		age:     func() time.Duration { return strict.Stats().Age },
		version: strict.Version,
	}
}

// start gives an empty AWS, a process that has loaded nothing, the time by which
// entries age, and the errors of all events.
func start(t *testing.T) (aws *cachetest.AWS, clock *cachetest.Clock, events func() []error) {
	t.Helper()
	aws = cachetest.NewAWS(t)
	t.Setenv("TMPDIR", t.TempDir())
	cachetest.Reset(t)
	var mu sync.Mutex
	var seen []error
	lambdacache.Observe(func(e lambdacache.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Err != nil {
			seen = append(seen, e.Err)
		}
	})
	return aws, cachetest.NewClock(t), func() []error {
		mu.Lock()
		defer mu.Unlock()
		return append([]error(nil), seen...)
	}
}

// filesOnDisk counts what is anywhere in the folder for files.
func filesOnDisk(t *testing.T) (n int) {
	t.Helper()
	err := filepath.WalkDir(os.TempDir(), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkType holds for everything that could not be loaded.
func checkType(t *testing.T, err error) {
	t.Helper()
	if _, ok := err.(*lambdacache.LoadError); !ok { // Lambda looks at the outermost type
		t.Errorf("the error is a %T", err)
	}
}

func checkCode(t *testing.T, err error, code string) {
	t.Helper()
	got := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		got = api.ErrorCode()
	}
	if got != code {
		t.Errorf("errors.As finds AWS's code %q, want %q", got, code)
	}
}

// checkSilent looks for the values in everything that errors can be made to say.
func checkSilent(t *testing.T, values []string, errs []error) {
	t.Helper()
	for _, err := range errs {
		for e := range chain(err) {
			for _, v := range values {
				if tells(e, v) {
					t.Errorf("a %T tells a part of the value", e)
				}
			}
		}
	}
}

// tells reports whether an error, printed in whatever way, has four bytes of a value
// in a row.
func tells(err error, value string) bool {
	const piece = 4
	text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err)
	for i := range len(value) - piece + 1 {
		if strings.Contains(text, value[i:i+piece]) {
			return true
		}
	}
	return false
}

func TestTells(t *testing.T) {
	for _, err := range []error{
		errors.New("cannot read " + goodValue[3:7]),
		&lambdacache.Failure{Key: "k", Err: errors.New(goodValue)},
	} {
		if !tells(err, goodValue) {
			t.Errorf("a %T does not tell", err)
		}
	}
	if tells(errors.New("cannot read it"), goodValue) {
		t.Error("an error tells what is not in it")
	}
}
