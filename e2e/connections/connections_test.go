package connections

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/link"
)

const (
	frozen = time.Minute     // as long as no invocation came
	young  = 5 * time.Second // below the 10 s of awsconfig
	limit  = 5 * time.Second // of a load, for those that would wait without end
)

// cases are the rows of the table.
var cases = []struct {
	what   string
	way    link.Way
	age    time.Duration
	rounds int // few where each costs a second

	attempts int // that the SDK makes for a load under our configuration
}{
	{"packets vanish", link.Vanish, frozen, 20, 1},
	{"swallowed: acknowledged, never answered", link.Swallow, frozen, 20, 1},
	{"reset when it is used", link.Reset, frozen, 20, 1},
	{"closed when it is used", link.Close, frozen, 20, 1},
	{"closed while it was idle", link.Goodbye, frozen, 20, 1},
	{"packets vanish", link.Vanish, young, 3, 1},
	{"swallowed: acknowledged, never answered", link.Swallow, young, 3, 2},
	{"reset when it is used", link.Reset, young, 20, 1},
	{"closed when it is used", link.Close, young, 20, 1},
	{"closed while it was idle", link.Goodbye, young, 20, 1},
}

// subject is an SSM client behind a link, and an entry that loads with it.
type subject struct {
	*ssm.Client
	link     *link.Link
	entry    *lambdacache.Entry[string]
	attempts int // of the last call that was answered
}

func (s *subject) GetParameters(ctx context.Context, in *ssm.GetParametersInput, opts ...func(*ssm.Options)) (*ssm.GetParametersOutput, error) {
	out, err := s.Client.GetParameters(ctx, in, opts...)
	if err == nil {
		attempts, _ := retry.GetAttemptResults(out.ResultMetadata)
		s.attempts = len(attempts.Results)
	}
	return out, err
}

func newSubject(t *testing.T, aws *cachetest.AWS, cfg aws.Config) *subject {
	l := link.New(t, strings.TrimPrefix(aws.URL(), "https://"))
	endpoint := "https://" + l.Address
	s := &subject{link: l, Client: ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.BaseEndpoint = &endpoint })}
	s.entry = ssmcache.Parameter[string]("/app/key", ssmcache.Client(s), lambdacache.LoadTimeout(testhook.Limit(limit)))
	return s
}

// load loads the entry and gives the time it took.
func (s *subject) load(t *testing.T) (took time.Duration, err error) {
	t.Helper()
	start := time.Now()
	v, err := s.entry.Refresh(t.Context())
	took = time.Since(start)
	if err == nil && v != "value" {
		t.Errorf("got %q", v)
	}
	return took, err
}

// outcome is what one load after the loss of its connection was like.
type outcome struct {
	fresh, took time.Duration // a load with a new connection beforehand, and the one afterwards
	err         error
	attempts    int
	connections int // made for it
	written     int // bytes sent on the connection that was lost
}

// warm loads until there is a connection that was kept for a second load. The SDK's
// default sometimes loses one to the speed of the answer.
func (s *subject) warm(t *testing.T) (fresh time.Duration) {
	t.Helper()
	for range 10 {
		before := s.link.Connections()
		took, err := s.load(t)
		if err != nil {
			t.Fatal(err)
		}
		if s.link.Connections() == before {
			return fresh
		}
		fresh = took
	}
	t.Fatal("no connection is kept")
	return 0
}

// afterwards loses the connection and loads again.
func (s *subject) afterwards(t *testing.T, way link.Way) (o outcome) {
	t.Helper()
	before := s.link.Connections()
	s.link.Lose(t, way)
	o.took, o.err = s.load(t)
	o.attempts, o.connections, o.written = s.attempts, s.link.Connections()-before, s.link.Written()
	return o
}

func TestConnectionsThatDied(t *testing.T) {
	aws := cachetest.NewAWS(t, cachetest.TLS())
	aws.SSM.Put("/app/key", "value")
	cachetest.Reset(t)
	clock := cachetest.NewClock(t)
	var rows []row
	for _, c := range cases {
		var outcomes []outcome
		for range c.rounds {
			o := ours(t, aws, clock, c.way, c.age, c.attempts == 1)
			if o.err != nil || o.attempts != c.attempts || o.connections != 1 {
				t.Errorf("%s after %v: %d attempts, want %d; %d new connections, want 1; error %v", c.what, c.age, o.attempts, c.attempts, o.connections, o.err)
			}
			if c.age == frozen && o.written != 0 {
				t.Errorf("%s after %v: %d bytes were sent on the old connection", c.what, c.age, o.written)
			}
			outcomes = append(outcomes, o)
		}
		rows = append(rows, row{what: c.what, age: c.age, attempts: c.attempts, ours: extraOf(outcomes)})
	}
	theirs := defaults(t, aws)
	for i, c := range cases {
		rows[i].theirs = theirs[c.way]
	}
	page(t, rows)
}

// ours measures our configuration once. Where no attempt should meet its limit none does
// because the machine stands still.
func ours(t *testing.T, aws *cachetest.AWS, clock *cachetest.Clock, way link.Way, age time.Duration, patient bool) outcome {
	t.Helper()
	if patient {
		defer testhook.Patient()()
	}
	cachetest.Reset(t) // a new pool
	cfg, err := awsconfig.Default("e2e")
	if err != nil {
		t.Fatal(err)
	}
	s := newSubject(t, aws, cfg)
	fresh := s.warm(t)
	clock.Freeze(age)
	o := s.afterwards(t, way)
	o.fresh = fresh
	return o
}

// defaults measures the SDK's own configuration. It knows nothing of our clock, so
// that the age does not matter. Loads run one at a time but for those that wait.
func defaults(t *testing.T, aws *cachetest.AWS) map[link.Way]extra {
	t.Helper()
	figures := make(map[link.Way]extra)
	for _, way := range []link.Way{link.Vanish, link.Swallow, link.Reset, link.Close, link.Goodbye} {
		outcomes := make([]outcome, 20)
		var wg sync.WaitGroup
		for i := range outcomes {
			cfg, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s := newSubject(t, aws, cfg)
			fresh := s.warm(t)
			measure := func() {
				outcomes[i] = s.afterwards(t, way)
				outcomes[i].fresh = fresh
			}
			if way == link.Goodbye {
				measure()
				continue
			}
			wg.Go(func() {
				measure()
			})
		}
		wg.Wait()
		// A connection that the SDK had lost by itself, on which it only said goodbye, is
		// no case.
		const request = 100
		outcomes = slices.DeleteFunc(outcomes, func(o outcome) bool { return way != link.Goodbye && o.written < request && o.err == nil })
		if len(outcomes) == 0 {
			t.Fatal("the SDK's default never used a dead connection: nothing is compared")
		}
		figures[way] = extraOf(outcomes)
	}
	return figures
}

// extra is how much longer than with a new connection loads took.
type extra struct {
	median, worst time.Duration
	never         bool // none was answered within the limit
}

func extraOf(list []outcome) extra {
	var fresh, took []time.Duration
	failed := 0
	for _, o := range list {
		fresh, took = append(fresh, o.fresh), append(took, o.took)
		if o.err != nil {
			failed++
		}
	}
	slices.Sort(fresh)
	slices.Sort(took)
	base := fresh[len(fresh)/2]
	return extra{median: took[len(took)/2] - base, worst: took[len(took)-1] - base, never: failed == len(list)}
}
