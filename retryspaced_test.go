package lambdacache_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

// The pauses after loads in vain count for each key: what is built from several is not
// kept from a new credential by them.
func TestRetryOfManyKeysDoesNotStarve(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(10, map[string]string{"user": "u", "password": "old"})
	o := lc.NewOrigin("scripted", s)
	user, password := declare(o, "user", lc.MaxAge(time.Hour)), declare(o, "password", lc.MaxAge(time.Hour))
	dsn := lc.Derive("dsn", func(ctx context.Context) (string, error) { return user.Value(ctx) + ":" + password.Value(ctx), nil }, []lc.Cached{user, password})
	db := &database{password: "u:new"}
	for range 3 * time.Minute / (100 * time.Millisecond) { // the secret lags behind the database
		_, _ = lc.Retry(t.Context(), dsn, db.query, isLogin)
		_, _ = lc.Retry(t.Context(), user, func(context.Context, string) (int, error) { return 0, errLogin }, isLogin) // another one uses up the pauses of one key
		guest.both(100 * time.Millisecond)
	}
	s.set("password", "new")
	for begun := range 31 {
		if got, err := lc.Retry(t.Context(), dsn, db.query, isLogin); err == nil {
			want(t, "rows", got, "rows with u:new")
			return
		} else if begun == 30 {
			t.Fatal("half a minute after the rotation:", err)
		}
		guest.both(time.Second)
	}
}

// A source that knows no versions is not asked by every refused login either; a login
// that is accepted ends the pauses.
func TestRetryOfAFunctionIsSpaced(t *testing.T) {
	guest := newTimes(t)
	var loads, taken atomic.Int64
	e := lc.New("token", func(context.Context) (string, error) { return fmt.Sprint(loads.Add(1)), nil })
	login := func(_ context.Context, token string) (int, error) {
		if token == fmt.Sprint(taken.Load()) {
			return 0, nil
		}
		return 0, errLogin
	}
	must(e.Get(t.Context()))(t)
	loads.Store(1)
	for range 100 {
		_, err := lc.Retry(t.Context(), e, login, isLogin)
		want(t, "error", err, errLogin)
	}
	want(t, "loads while every token is refused", loads.Load(), 2)
	for range 3 {
		guest.both(2 * time.Second)
		taken.Store(loads.Load() + 1)
		for range 2 {
			must(lc.Retry(t.Context(), e, login, isLogin))(t)
		}
	}
	want(t, "loads: the next rotation waits for no pause", loads.Load(), 5)
}

// Everybody who is refused at the same moment gets the new value of the one load.
func TestRetryIsSharedAtOneMoment(t *testing.T) {
	newTimes(t)
	for range 200 {
		s := newScripted(1, map[string]string{"db": "old"})
		e := declare(lc.NewOrigin("scripted", s), "db")
		must(e.Get(t.Context()))(t)
		db := &database{password: "new"}
		s.set("db", "new")
		s.took()
		var all, start sync.WaitGroup
		start.Add(8)
		for range 8 {
			all.Go(func() {
				got, err := lc.Retry(t.Context(), e, func(ctx context.Context, password string) (string, error) {
					if password == "old" {
						start.Done()
						start.Wait()
					}
					return db.query(ctx, password)
				}, isLogin)
				if err != nil || got != "rows with new" {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		all.Wait()
		want(t, "loads", len(s.took()), 1)
	}
}

// What a test has fixed is nobody's to renew, also where others load the key.
func TestRetryOfWhatIsFixedInPart(t *testing.T) {
	newTimes(t)
	s := newScripted(10, map[string]string{"user": "u", "password": "p"})
	s.gate, s.asked = make(chan struct{}), make(chan string, 1)
	o := lc.NewOrigin("scripted", s)
	user, password := declare(o, "user", lc.LoadTimeout(time.Hour)), declare(o, "password")
	dsn := lc.Derive("dsn", func(ctx context.Context) (string, error) { return user.Value(ctx) + ":" + password.Value(ctx), nil }, []lc.Cached{user, password})
	ctx := cachetest.Context(t, cachetest.Fixed(user, "f"), cachetest.Fixed(password, "g"))
	leaving, leave := context.WithCancel(t.Context())
	var loading sync.WaitGroup
	loading.Go(func() { _ = lc.Prefetch(leaving, user, password) })
	<-s.asked
	runs := 0
	_, err := lc.Retry(ctx, dsn, func(context.Context, string) (int, error) { runs++; return 0, errLogin }, isLogin)
	want(t, "error", err, errLogin)
	want(t, "runs", runs, 1)
	leave()
	loading.Wait()
	testlab.Landed() // or the next test's observer is told of it
}

// A new version that came by itself ends the pause as well.
func TestRetryPauseEndsWithANewVersion(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"db": "1"})
	e := declare(lc.NewOrigin("scripted", s), "db", lc.MaxAge(time.Hour))
	refused := func(context.Context, string) (int, error) { return 0, errLogin }
	for range 8 { // to pauses of 15 to 30 s
		guest.both(30 * time.Second)
		_, _ = lc.Retry(t.Context(), e, refused, isLogin)
	}
	s.set("db", "2")
	guest.both(time.Hour)
	must(e.Get(t.Context()))(t)
	s.took()
	for range 2 {
		_, _ = lc.Retry(t.Context(), e, refused, isLogin)
		guest.both(time.Second)
	}
	want(t, "loads a second apart", len(s.took()), 2)
}

// The pause holds as well when the source is down and a value that is due stands in: who
// is refused would else ask a broken source each time.
func TestRetryPauseOfAStaleValue(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"db": "1"})
	e := declare(lc.NewOrigin("scripted", s), "db", lc.MaxAge(10*time.Second), lc.StaleIfError(time.Hour))
	refused := func(context.Context, string) (int, error) { return 0, errLogin }
	for range 8 { // to pauses of 15 to 30 s
		guest.both(30 * time.Second)
		_, _ = lc.Retry(t.Context(), e, refused, isLogin)
	}
	guest.both(10 * time.Second)
	s.took()
	s.failing(down)
	_, err := lc.Retry(t.Context(), e, refused, isLogin)
	want(t, "error", err, errLogin)
	want(t, "loads: that of what is due", len(s.took()), 1)
	_, err = lc.Retry(t.Context(), e, refused, isLogin)
	want(t, "error", err, errLogin)
	want(t, "loads in the pause", len(s.took()), 0)
}

// A new value that fn fails with for another reason was not in vain: it is no old credential.
func TestRetryPauseEndsWithAnotherError(t *testing.T) {
	newTimes(t)
	var loads atomic.Int64
	e := lc.New("token", func(context.Context) (string, error) { return fmt.Sprint(loads.Add(1)), nil })
	must(e.Get(t.Context()))(t)
	for range 3 {
		held := fmt.Sprint(loads.Load())
		_, err := lc.Retry(t.Context(), e, func(_ context.Context, token string) (int, error) {
			if token == held {
				return 0, errLogin
			}
			return 0, errDown
		}, isLogin)
		want(t, "error", err, errDown)
	}
	want(t, "loads", loads.Load(), 4)
}
