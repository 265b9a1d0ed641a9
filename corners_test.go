package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	lc "github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/internal/flight"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestNamed(t *testing.T) {
	s := newScripted(10, map[string]string{"/a/x": "a", "/b/x": "b", "/c/x": "c"})
	o := lc.NewOrigin("scripted", s)
	a, b, c := declare(o, "/a/x"), declare(o, "/b/x"), declare(o, "/c/x", lc.Name("x"))
	inWrap(t, func(ctx context.Context) { want(t, "named", lc.Value[string](ctx, "x"), "c") }, a, b, c)
}

func TestNilInterface(t *testing.T) {
	v, err := lc.New("client", func(context.Context) (error, error) { return nil, nil }).Get(context.Background())
	want(t, "error", fmt.Sprint(err), "<nil>")
	want(t, "value", v, nil)
}

func TestTakeNil(t *testing.T) {
	k := lc.NewOptionKind[error]("x.Client")
	v, given, _ := k.Take([]lc.Option{k.With(nil)})
	want(t, "given", given, true)
	want(t, "value", v, nil)
}

func TestBothUndecodable(t *testing.T) {
	newTimes(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	o := lc.NewOrigin("scripted", s)
	n := 0
	a, b := picky(o, "k", "a", &n), picky(o, "k", "b", &n)
	must(invoke(context.Background(), a, b))(t)
	s.set("k", "bad2")
	_, err := a.Refresh(context.Background())
	want(t, "fails", errors.Is(err, lc.ErrDecode), true)
	want(t, "alone", must(invoke(context.Background(), a))(t), "v1")
	want(t, "both", must(invoke(context.Background(), a, b))(t), "v1 v1")
}

// a panic in begin leaves the invocation counted
func TestPanicInBegin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		k, stranger := constant("k"), constant("stranger")
		d := lc.Derive("d", func(ctx context.Context) (string, error) { return stranger.Value(ctx), nil }, []lc.Cached{k})
		_, err := reading(d)(context.Background())
		wantError(t, err, "stranger")
		wantPanic(t, "no clock", func() { _, _ = reading(constant("due"))(panicking{context.Background()}) })
		leavesNothing(t)
	})
}

// leavesNothing: a load that outlives its handler is ended by the end of the invocation
func leavesNothing(t *testing.T) {
	t.Helper()
	s := newScripted(1, map[string]string{"k": "v"})
	s.gate = make(chan struct{})
	slow := declare(lc.NewOrigin("scripted", s), "k")
	h := lc.Wrap(func(context.Context, int) (int, error) {
		go func() { _, _ = slow.Get(context.Background()) }()
		synctest.Wait()
		return 0, nil
	})
	must(h(t.Context(), 0))(t)
	want(t, "running when Wrap has returned", flight.Running(), 0)
	close(s.gate)
}

// a streamed response reads after Wrap has returned
func TestGetAfterWrap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		e := constant("e")
		h := lc.Wrap(func(ctx context.Context, _ int) (func(), error) {
			return func() { must(e.Get(ctx))(t) }, nil
		})
		must(h(t.Context(), 0))(t)   // finds nothing: counted
		must(h(t.Context(), 0))(t)() // finds everything fresh: not counted before its stream reads
		leavesNothing(t)
	})
}

func TestAge(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	s.tweak = func(r *lc.Result[string]) { r.Age = 1<<63 - 1 }
	e := declare(lc.NewOrigin("scripted", s), "k")
	must(e.Get(context.Background()))(t)
	guest.both(time.Second)
	want(t, "age", e.Stats().Age, 1<<63-1)
}

func TestRedactedList(t *testing.T) {
	v, err := decode.As[lc.Redacted[[]string]](decode.List("a,b"))
	want(t, "error", fmt.Sprint(err), "<nil>")
	want(t, "value", strings.Join(v.Reveal(), "|"), "a|b")
}

func TestNestedTwoVersions(t *testing.T) {
	newTimes(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	o := lc.NewOrigin("scripted", s)
	user, password := declare(o, "k", lc.Name("user")), declare(o, "k", lc.Name("password"))
	in := lc.Wrap(func(ctx context.Context, _ int) (string, error) { return user.Value(ctx) + password.Value(ctx), nil }, password)
	out := lc.Wrap(func(ctx context.Context, _ int) (string, error) {
		s.set("k", "v2")
		must(user.Refresh(ctx))(t)
		return in(ctx, 0)
	}, user)
	want(t, "versions", must(out(context.Background(), 0))(t), "v1v1")
}

func TestMisuseText(t *testing.T) {
	k := constant("k")
	_, err := lc.New("f", func(ctx context.Context) (string, error) { return k.Value(ctx), nil }).Get(context.Background())
	wantError(t, err, `the value of "k" was read outside a Wrap`)
}

func TestLoadedEvent(t *testing.T) {
	events := observe(t)
	n := 0
	e := picky(lc.NewOrigin("scripted", newScripted(1, map[string]string{"k": "bad"})), "k", "b", &n)
	_, _ = e.Get(context.Background())
	want(t, "loaded", events.count(lc.EventLoaded), 0)
}

func TestForever(t *testing.T) {
	guest := newTimes(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	s.tweak = func(r *lc.Result[string]) { r.NotBefore = time.Second }
	e := declare(lc.NewOrigin("scripted", s), "k", lc.MaxAge(lc.Forever))
	must(e.Get(context.Background()))(t)
	guest.pass(time.Second, -time.Hour)
	must(e.Get(context.Background()))(t)
	want(t, "loads", len(s.took()), 1)
}

type level int

func (*level) UnmarshalText([]byte) error { return lc.Undecodable("not one of low, high") }

type shy struct{}

func (*shy) UnmarshalText([]byte) error { return errors.New("it quotes the value") }

func TestUndecodableOfAnotherMethod(t *testing.T) {
	s := newScripted(1, map[string]string{"k": "v1"})
	e := lc.Declare(lc.NewOrigin("scripted", s), "k", "", func(s string) (shy, error) { return decode.As[shy](decode.Text(s)) })
	_, err := e.Get(context.Background())
	wantError(t, err, "cannot decode: not a valid lambdacache_test.shy: its decoder failed with a *errors.errorString")
}

func TestUndecodableOfAMethod(t *testing.T) {
	s := newScripted(1, map[string]string{"k": "v1"})
	e := lc.Declare(lc.NewOrigin("scripted", s), "k", "", func(s string) (level, error) { return decode.As[level](decode.Text(s)) })
	_, err := e.Get(context.Background())
	wantError(t, err, "not one of low, high")
}

func TestBothTypes(t *testing.T) {
	inWrap(t, func(ctx context.Context) {
		wantPanic(t, "not string", func() { lc.Value[string](ctx, "number") })
	}, number("number", 7))
}

// the invocation's own context has ended: the loads are cancelled but not waited for
func TestEndOfADoneInvocation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		n := 0
		for range 20 {
			release := make(chan struct{})
			slow := lc.New("slow", func(ctx context.Context) (int, error) {
				<-ctx.Done()
				<-time.After(time.Millisecond)
				return 0, ctx.Err()
			})
			ctx, cancel := context.WithCancel(t.Context())
			h := lc.Wrap(func(context.Context, int) (int, error) {
				go func() { _, _ = slow.Get(context.Background()) }()
				synctest.Wait()
				cancel()
				return 0, nil
			})
			_, _ = h(ctx, 0)
			n += flight.Running()
			close(release)
			<-time.After(time.Second)
		}
		want(t, "running when Wrap has returned", n, 0)
	})
}

// a load that does not heed its cancellation costs no more than half of what is left
func TestEndWithLittleTimeLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		defer environment.Replace(environment.Function)()
		release := make(chan struct{})
		deaf := lc.New("deaf", func(context.Context) (int, error) { <-release; return 0, nil })
		h := lc.Wrap(func(context.Context, int) (int, error) {
			go func() { _, _ = deaf.Get(context.Background()) }()
			synctest.Wait()
			return 0, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		want(t, "the end takes", took(func() { must(h(ctx, 0))(t) }), 50*time.Millisecond)
		close(release)
	})
}

// a tenth of a short time is kept to tell which entry could not be loaded
func TestReserveOfAShortInvocation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScripted(1, map[string]string{"k": "v"})
		s.gate = make(chan struct{})
		read := reading(declare(lc.NewOrigin("scripted", s), "k"))
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		want(t, "time", took(func() {
			_, err := read(ctx)
			wantError(t, err, "the invocation's time is up")
		}), 180*time.Millisecond)
	})
}

// panicking is a context that cannot be waited with.
type panicking struct{ context.Context }

func (panicking) Done() <-chan struct{} { panic("no clock") }

// Whatever keeps the context of a load, such as a connection that is used again, does not
// keep the value from going when there is a newer one.
func TestAContextThatIsKept(t *testing.T) {
	var kept []context.Context
	e := lc.New("big", func(ctx context.Context) (*[1 << 10]byte, error) {
		kept = append(kept, ctx)
		return new([1 << 10]byte), nil
	})
	first := weak.Make(must(e.Get(t.Context()))(t))
	must(e.Refresh(t.Context()))(t)
	testlab.Landed()
	for range 100 {
		if runtime.GC(); first.Value() == nil {
			break
		}
	}
	want(t, "the first value is gone", first.Value() == nil, true)
	want(t, "contexts", len(kept), 2)
}
