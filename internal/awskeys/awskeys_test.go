package awskeys

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/leftover"
)

func TestMain(m *testing.M) { leftover.Main(m) }

// endpoint gives credentials for an hour, until it falls silent.
type endpoint struct {
	asked  int
	silent bool
}

func (e *endpoint) ask(ctx context.Context, _ bool) (*Grant, error) {
	e.asked++
	if e.silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	now := clock.Now()
	return NewGrant(aws.Credentials{AccessKeyID: "K", CanExpire: true, Expires: time.Unix(0, now.Wall).Add(time.Hour)}, now), nil
}

// silence is a cache that holds something, of an endpoint that has fallen silent since.
func silence(t *testing.T) (*Cache, *endpoint) {
	t.Cleanup(clock.Replace(func() (int64, int64) { n := time.Now().UnixNano(); return n, n }))
	e := new(endpoint)
	c := New(e.ask)
	if _, err := c.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.silent = true
	return c, e
}

// leaves is a caller who does not wait for long, and has no deadline of his own that
// could tell: a load whose last waiter leaves.
func leaves(t *testing.T, c *Cache, after time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(after, cancel).Stop()
	_, _ = c.Retrieve(ctx)
}

// What cannot be renewed is good to its end, however little time each caller has.
func TestCallersWithLittleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := silence(t)
		<-time.After(time.Hour - ExpiryWindow + time.Second)
		leaves(t, c, time.Millisecond)
		if _, err := c.Retrieve(t.Context()); err != nil || e.asked != 2 {
			t.Errorf("after a caller left: %v, asked %d times", err, e.asked)
		}
		<-time.After(RenewalPause + time.Second)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Retrieve(ctx); err != nil || e.asked != 3 || time.Since(start) != time.Second/2 {
			t.Errorf("with a second: %v, asked %d times, took %v", err, e.asked, time.Since(start))
		}
	})
}

// Credentials in doubt are asked for by the next caller when one leaves at once; but they
// go on when nothing is to be had in a fair time.
func TestCallersLeaveInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := silence(t)
		<-time.After(2 * RenewalPause)
		if !c.doubt(c.held, RenewalPause) {
			t.Fatal("no doubt")
		}
		leaves(t, c, fairTime-1)
		leaves(t, c, fairTime)
		if e.asked != 3 {
			t.Errorf("asked %d times", e.asked)
		}
		if _, err := c.Retrieve(t.Context()); err != nil || e.asked != 3 {
			t.Errorf("%v, asked %d times", err, e.asked)
		}
		if c.doubt(c.held, RenewalPause) {
			t.Error("doubted again at once")
		}
	})
}

// Who was refused with credentials that were renewed meanwhile tries again with the new
// ones, and those are in no doubt.
func TestDoubtAboutWhatIsRenewed(t *testing.T) {
	e := new(endpoint)
	c := New(e.ask)
	old, err := c.retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Forget()
	if _, err := c.retrieve(t.Context()); err != nil || c.held == old {
		t.Fatal("not renewed", err)
	}
	for name, again := range map[string]bool{
		"rejected": c.doubt(old, RenewalPause), "denied": c.doubt(old, deniedAge), "expired": c.expired(old),
	} {
		if !again {
			t.Errorf("%s: no other try with the new ones", name)
		}
	}
	if _, err := c.retrieve(t.Context()); err != nil || e.asked != 2 {
		t.Errorf("%v, asked %d times", err, e.asked)
	}
}
