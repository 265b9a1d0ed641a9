package secretcache

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// UntilRotation makes an entry due at its secret's next rotation at the latest: at the
// NextRotationDate of DescribeSecret, by which Secrets Manager says the rotation will
// have happened. So the max age can be long, and the new credential is there with the
// first invocation after it; combine it with [lambdacache.Retry] for the time between
// the rotation and that date. It counts for all entries of the secret.
//
// The date costs one DescribeSecret, made beside the load: at the first one, at one
// after the date, after the secret has a new version, and once a day; and needs
// secretsmanager:DescribeSecret. Without that permission, for a secret that does not
// rotate, and with a [Client] that has no DescribeSecret, the max age alone counts; a
// missing permission is told once by an EventFallback. If the call fails otherwise the
// entry is due again after a minute. So it is while a rotation is late, then after as
// long again as it is late. It panics together with [VersionID].
func UntilRotation() lambdacache.Option { return rotating.With(nextRotation) }

// rotating has the function as its value, so that only functions that want it link
// DescribeSecret.
var rotating = lambdacache.NewOptionKind[describer]("secretcache.UntilRotation")

// describer gives the date of a secret's next rotation, the zero time if there is none.
type describer func(ctx context.Context, client API, id string) (time.Time, error)

// hold is what has a key's rotation watched, nil without a describer.
func (d describer) hold(o *lambdacache.Origin[*secret], key string) func() {
	if d == nil {
		return nil
	}
	return func() { rotationsOf(o).watch(key, d) }
}

func nextRotation(ctx context.Context, client API, id string) (next time.Time, err error) {
	c, ok := client.(interface {
		DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	})
	if !ok {
		return next, nil
	}
	out, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id})
	if err != nil {
		return next, err
	}
	return aws.ToTime(out.NextRotationDate), nil
}

// rotations is what a source knows of when its secrets rotate.
type rotations struct {
	mu  sync.Mutex
	of  map[string]*rotation // by key, those that somebody wants to know
	few chan struct{}        // holds one for each call under way
}

// maxDescribes is how many dates are asked for at once: a load of twenty secrets opens one
// connection, and their dates should not open twenty more.
const maxDescribes = 5

type rotation struct {
	describe describer
	learned
}

// learned is what was last told of a rotation.
type learned struct {
	asked   int64 // on the wall clock, in ns; 0: ask, at the next load
	next    int64 // likewise; 0: not known, or there is none
	version string
	moved   bool // when it was asked for last there was another date
	denied  error
	failed  bool
}

func (r *rotations) watch(key string, d describer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of, r.few = make(map[string]*rotation), make(chan struct{}, maxDescribes)
		testhook.OnReset(r.forget)
	}
	if r.of[key] == nil {
		r.of[key] = &rotation{describe: d}
	}
}

// release forgets a key that nobody reads any longer.
func (r *rotations) release(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, key)
}

func (r *rotations) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.of {
		x.learned = learned{}
	}
}

// of gives, for each request, the rotation that somebody wants to know, nil for none.
func (r *rotations) wanted(reqs []lambdacache.Request) (list []*rotation, any bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.of) == 0 {
		return nil, false
	}
	list = make([]*rotation, len(reqs))
	for i, req := range reqs {
		list[i] = r.of[req.Key]
		any = any || list[i] != nil
	}
	return list, any
}

// due reports whether it is time to ask for the date.
func (l *learned) due(now int64) bool {
	return l.asked == 0 || l.failed || now-l.asked >= int64(24*time.Hour) || now < l.asked || l.next != 0 && now >= l.next
}

// patience is how long a load waits for dates when its values are there.
const patience = 200 * time.Millisecond

// beside makes a load, and asks for the dates that it needs meanwhile. A date is worth
// less than a value: it cannot make the load fail, and not much longer.
func (r *rotations) beside(ctx context.Context, reqs []lambdacache.Request, api func() (API, error), load func() []lambdacache.Result[*secret]) []lambdacache.Result[*secret] {
	list, any := r.wanted(reqs)
	if !any {
		return load()
	}
	var all sync.WaitGroup
	asking, stop := context.WithCancel(ctx)
	defer func() { // also if the load panics
		stop()
		all.Wait()
	}()
	now := clock.Now().Wall
	asked := make([]bool, len(reqs))
	for i, x := range list {
		r.mu.Lock()
		asked[i] = x != nil && x.due(now)
		r.mu.Unlock()
		if asked[i] {
			all.Go(func() { r.ask(asking, x, parseKey(reqs[i].Key), api, now) })
		}
	}
	results := load()
	late := time.AfterFunc(testhook.Limit(patience), stop)
	all.Wait()
	late.Stop()
	for i, x := range list {
		if x != nil {
			r.limit(&results[i], x, asked[i])
		}
	}
	return results
}

// ask learns one date.
func (r *rotations) ask(ctx context.Context, x *rotation, k key, api func() (API, error), now int64) {
	r.few <- struct{}{}
	defer func() { <-r.few }()
	next, err := x.date(ctx, k, api)
	own := awsfault.CanSplit(err) // not the refusal of a role to assume
	err = awsfault.Classify(err, awsfault.Denial{Action: "secretsmanager:DescribeSecret", Resource: k.resource()})
	r.mu.Lock()
	defer r.mu.Unlock()
	before := x.next
	x.asked, x.denied, x.failed = now, nil, false
	switch {
	case own && errors.Is(err, lambdacache.ErrDenied):
		x.denied, x.next = err, 0
	case err != nil:
		x.failed = true // what was known still counts
	case next.IsZero():
		x.next = 0
	default:
		x.next = next.UnixNano()
	}
	x.moved = before != 0 && x.next != before
}

var errPanicked = errors.New("the client panicked")

// date asks for it. On this goroutine nobody else would recover from a client's panic, and
// a crash would print what it says.
func (x *rotation) date(ctx context.Context, k key, api func() (API, error)) (next time.Time, err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	client, err := api()
	if err != nil {
		return next, err
	}
	return x.describe(ctx, client, k.id)
}

// limit makes a value due at its rotation. The missing permission is in every answer: this
// one may be of a call that does not count in the end.
func (r *rotations) limit(result *lambdacache.Result[*secret], x *rotation, asked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if asked {
		result.Calls++
	}
	result.Missing = x.denied
	if result.Err != nil {
		return
	}
	if x.version != "" && x.version != result.Version && !asked {
		x.asked = 0 // it has rotated before its date, so there is another one
	}
	if asked && x.moved && x.version == result.Version {
		x.failed = true // it rotates: the new version came after this one was read, with the new date
	}
	x.version = result.Version
	if x.next != 0 {
		left := time.Duration(x.next - clock.Now().Wall)
		if left <= 0 { // it is late, and may never come
			left = max(lambdacache.DefaultMaxAge, -left)
		}
		result.Within = left
	}
	if x.failed {
		result.Within = min(cmp.Or(result.Within, lambdacache.DefaultMaxAge), lambdacache.DefaultMaxAge)
	}
}
