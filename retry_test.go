package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

var errLogin = errors.New("password authentication failed")

func isLogin(err error) bool { return errors.Is(err, errLogin) }

// database takes one password and counts logins.
type database struct {
	mu       sync.Mutex
	password string
	refused  int
}

func (d *database) rotate(password string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.password = password
}

func (d *database) query(_ context.Context, password string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if password != d.password {
		d.refused++
		return "nothing", errLogin
	}
	return "rows with " + password, nil
}

func TestRetryAfterARotation(t *testing.T) {
	newTimes(t)
	s := newScripted(1, map[string]string{"db": "old"})
	e := declare(lc.NewOrigin("scripted", s), "db")
	db := &database{password: "old"}
	query := func() (string, error) { return lc.Retry(t.Context(), e, db.query, isLogin) }
	want(t, "first", must(query())(t), "rows with old")
	db.rotate("new")
	s.set("db", "new")
	s.took()
	want(t, "rotated", must(query())(t), "rows with new")
	want(t, "loads", len(s.took()), 1)
	want(t, "refused logins", db.refused, 1)
	want(t, "later", must(query())(t), "rows with new")
	want(t, "loads", len(s.took()), 0)
}

// If the value was renewed since fn read it, that one is tried without a load.
func TestRetryWithAValueThatIsThere(t *testing.T) {
	newTimes(t)
	s := newScripted(1, map[string]string{"db": "old"})
	e := declare(lc.NewOrigin("scripted", s), "db")
	db := &database{password: "new"}
	got, err := lc.Retry(t.Context(), e, func(ctx context.Context, password string) (string, error) {
		if password == "old" {
			s.set("db", "new")
			must(e.Refresh(ctx))(t)
			s.took()
		}
		return db.query(ctx, password)
	}, isLogin)
	want(t, "result", got, "rows with new")
	want(t, "error", err, nil)
	want(t, "loads", len(s.took()), 0)
}

// What is no authentication error, and whoever has no newer value, gets fn's own error.
func TestRetryInVain(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"db": "v"})
	e := declare(lc.NewOrigin("scripted", s), "db", lc.MaxAge(time.Hour))
	must(e.Get(t.Context()))(t)
	s.took()
	other := errors.New("syntax error")
	_, err := lc.Retry(t.Context(), e, func(context.Context, string) (int, error) { return 0, other }, isLogin)
	want(t, "error", err, other)
	want(t, "loads", len(s.took()), 0)

	runs := 0
	refused := func(context.Context, string) (int, error) { runs++; return 7, errLogin }
	var gaps []time.Duration
	since := time.Duration(0)
	for range 2400 {
		got, err := lc.Retry(t.Context(), e, refused, isLogin)
		want(t, "result", got, 7)
		want(t, "error", err, errLogin)
		if len(s.took()) > 0 {
			gaps, since = append(gaps, since), 0
		}
		guest.both(100 * time.Millisecond)
		since += 100 * time.Millisecond
	}
	want(t, "runs: the same version is not tried twice", runs, 2400)
	longest := time.Second
	for _, gap := range gaps[1:] {
		if gap < longest/2 || gap > longest+100*time.Millisecond {
			t.Errorf("forced again after %v, want %v to %v", gap, longest/2, longest)
		}
		longest = min(2*longest, 30*time.Second)
	}
	if len(gaps) < 8 {
		t.Errorf("%d loads in four minutes", len(gaps))
	}

	must(e.Refresh(t.Context()))(t)
	_, _ = lc.Retry(t.Context(), e, refused, isLogin)
	s.took()
	_, _ = lc.Retry(t.Context(), e, refused, isLogin)
	want(t, "loads in the pause", len(s.took()), 0)
	lc.Invalidate(e) // forgets the pause as well
	_, _ = lc.Retry(t.Context(), e, refused, isLogin)
	want(t, "loads: one for the value, one forced", len(s.took()), 2)

	s.failing(down) // the cause that is told is the login's
	guest.both(time.Minute)
	_, err = lc.Retry(t.Context(), e, refused, isLogin)
	want(t, "error", err, errLogin)
	want(t, "loads", len(s.took()), 1)
	guest.both(time.Hour)
	_, err = lc.Retry(t.Context(), e, refused, isLogin)
	wantError(t, err, "ServiceUnavailable") // nothing to begin with
}

// Sixteen invocations are refused at about the same time: one load for all, and every
// one of them has its rows.
func TestRetryIsShared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"db": "old"})
		s.latency = 50 * time.Millisecond
		e := declare(lc.NewOrigin("scripted", s), "db")
		db := &database{password: "old"}
		must(e.Get(t.Context()))(t)
		db.rotate("new")
		s.set("db", "new")
		s.took()
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				got, err := lc.Retry(t.Context(), e, func(ctx context.Context, password string) (string, error) {
					if password == "old" {
						<-time.After(time.Duration(i) * 5 * time.Millisecond) // before, while and after it loads
					}
					return db.query(ctx, password)
				}, isLogin)
				if err != nil || got != "rows with new" {
					t.Errorf("invocation %d: %q, %v", i, got, err)
				}
			})
		}
		all.Wait()
		want(t, "loads", len(s.took()), 1)
		want(t, "most at once", s.most, 1)
	})
}

// A load that began before the refusal may have missed the rotation: then another one
// is made.
func TestRetryDoesNotTrustALoadThatBeganBefore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"db": "old"})
		e := declare(lc.NewOrigin("scripted", s), "db")
		must(e.Get(t.Context()))(t)
		answered := make(chan struct{})
		s.tweak = func(*lc.Result[string]) { // the answer is made, and on its way
			s.tweak = nil
			close(answered)
			s.mu.Unlock()
			<-time.After(100 * time.Millisecond)
			s.mu.Lock()
		}
		go func() { _, _ = e.Refresh(t.Context()) }()
		<-answered
		db := &database{password: "new"}
		s.set("db", "new")
		want(t, "rows", must(lc.Retry(t.Context(), e, db.query, isLogin))(t), "rows with new")
		want(t, "loads", len(s.took()), 3)
		want(t, "most at once", s.most, 1)
	})
}

// A source that sends the held version once more, because it does not look at Have, brings
// nothing new either.
func TestRetryOfASourceThatSendsTheSameAgain(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"user": "u", "password": "p"})
	s.tweak = func(r *lc.Result[string]) { r.Unchanged = false }
	o := lc.NewOrigin("scripted", s)
	user, password := declare(o, "user"), declare(o, "password")
	dsn := lc.Derive("dsn", func(ctx context.Context) (string, error) { return user.Value(ctx) + ":" + password.Value(ctx), nil }, []lc.Cached{user, password})
	must(dsn.Get(t.Context()))(t)
	for _, e := range []*lc.Entry[string]{password, dsn} {
		guest.both(time.Second)
		s.took()
		runs := 0
		_, err := lc.Retry(t.Context(), e, func(context.Context, string) (int, error) { runs++; return 0, errLogin }, isLogin)
		want(t, "error", err, errLogin)
		want(t, "loads", len(s.took()), 1)
		want(t, "runs with one version", runs, 1)
	}
	guest.both(2 * time.Second)
	s.set("password", "new") // of two one has changed
	db := &database{password: "u:new"}
	want(t, "rows", must(lc.Retry(t.Context(), dsn, db.query, isLogin))(t), "rows with u:new")
}

// What was forgotten while fn ran, and cannot be had again, changes nothing of fn's error.
func TestRetryWhenTheValueIsGone(t *testing.T) {
	newTimes(t)
	s := newScripted(1, map[string]string{"db": "v"})
	e := declare(lc.NewOrigin("scripted", s), "db")
	got, err := lc.Retry(t.Context(), e, func(context.Context, string) (int, error) {
		lc.Invalidate(e)
		s.failing(down)
		return 7, errLogin
	}, isLogin)
	want(t, "result", got, 7)
	want(t, "error", err, errLogin)
	want(t, "loads: one of them failed", len(s.took()), 2)
}

// A source without versions tells nothing of sameness: fn is tried once more.
func TestRetryOfAFunction(t *testing.T) {
	newTimes(t)
	var loads atomic.Int64
	e := lc.New("token", func(context.Context) (string, error) { return fmt.Sprint("token ", loads.Add(1)), nil })
	var got []string
	_, err := lc.Retry(t.Context(), e, func(_ context.Context, v string) (int, error) { got = append(got, v); return 0, errLogin }, isLogin)
	want(t, "error", err, errLogin)
	want(t, "tried", fmt.Sprint(got), "[token 1 token 2]")
}

// What is built from a secret is renewed with it, and a fixed value never.
func TestRetryOfDerivedAndFixed(t *testing.T) {
	newTimes(t)
	s := newScripted(10, map[string]string{"user": "u", "password": "old"})
	o := lc.NewOrigin("scripted", s)
	user, password := declare(o, "user"), declare(o, "password")
	e := lc.Derive("dsn", func(ctx context.Context) (string, error) { return user.Value(ctx) + ":" + password.Value(ctx), nil }, []lc.Cached{user, password})
	db := &database{password: "u:new"}
	must(e.Get(t.Context()))(t)
	s.set("password", "new")
	s.took()
	want(t, "rows", must(lc.Retry(t.Context(), e, db.query, isLogin))(t), "rows with u:new")
	want(t, "loads", sorted(s.took()), "user+password")
	db.rotate("another")
	_, err := lc.Retry(t.Context(), e, db.query, isLogin)
	want(t, "error", err, errLogin)
	want(t, "logins refused", db.refused, 2)

	runs := 0
	ctx := cachetest.Context(t, cachetest.Fixed(e, "fixed"))
	s.took()
	_, err = lc.Retry(ctx, e, func(context.Context, string) (int, error) { runs++; return 0, errLogin }, isLogin)
	want(t, "error", err, errLogin)
	want(t, "runs", runs, 1)
	want(t, "loads", len(s.took()), 0)
}

func TestRetryRefuses(t *testing.T) {
	e := lc.New("f", func(context.Context) (int, error) { return 0, nil })
	fn := func(context.Context, int) (int, error) { return 0, nil }
	wantPanic(t, "lambdacache: Retry", func() { _, _ = lc.Retry(t.Context(), e, fn, nil) })
	wantPanic(t, "lambdacache: Retry", func() { _, _ = lc.Retry[int, int](t.Context(), e, nil, isLogin) })
}
