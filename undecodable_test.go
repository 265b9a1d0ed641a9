package lambdacache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// picky makes an entry that decodes nothing that begins with "bad", and whose decoder
// quotes it. It counts in decoded.
func picky(o *lc.Origin[string], key, name string, decoded *int, opts ...lc.Option) *lc.Entry[string] {
	return lc.Declare(o, key, name, func(s string) (string, error) {
		*decoded++
		if strings.HasPrefix(s, "bad") {
			return "", fmt.Errorf("cannot use %q", s)
		}
		return s, nil
	}, opts...)
}

// wantUndecodable checks a decode error: the kind is known and nothing is quoted.
func wantUndecodable(t *testing.T, err error, entry string) {
	t.Helper()
	wantError(t, err, fmt.Sprintf("load %q from scripted k: cannot decode: the decoder into string failed with a *errors.errorString", entry))
	want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
	if err != nil && strings.Contains(err.Error(), "bad") {
		t.Errorf("the error quotes the value: %v", err)
	}
}

// One of two entries of a key cannot decode its new version.
func TestOneOfTwoCannotDecode(t *testing.T) {
	guest := newTimes(t)
	events := observe(t)
	s := newScripted(1, map[string]string{"k": "v1"})
	o := lc.NewOrigin("scripted", s)
	decoded := 0
	a, b := declare(o, "k", lc.Name("a"), lc.MaxAge(20*time.Second)), picky(o, "k", "b", &decoded)
	ctx := context.Background()
	want(t, "both", must(invoke(ctx, a, b))(t), "v1 v1")

	s.set("k", "bad2")
	guest.both(30 * time.Second)
	want(t, "a alone goes on", must(invoke(ctx, a))(t), "bad2")
	want(t, "b alone keeps the old value", must(invoke(ctx, b))(t), "v1")
	want(t, "Get of b", must(b.Get(ctx))(t), "v1")
	want(t, "version of a", a.Version(), "v:bad2")
	want(t, "version of b", b.Version(), "v:v1")
	want(t, "age of a", a.Stats().Age, 0)
	want(t, "age of b", b.Stats().Age, 30*time.Second)
	want(t, "loads so far", len(s.took()), 2)
	want(t, "decodings so far", decoded, 2)
	failed := events.of(lc.EventFailed)
	want(t, "reported", len(failed), 1)
	want(t, "reported for", strings.Join(failed[0].Entries, ","), "b")

	for range 2 { // Have stands: the answer is Unchanged, and the error the same
		_, err := invoke(ctx, a, b)
		wantUndecodable(t, err, "b")
		_, err = b.Refresh(ctx)
		wantUndecodable(t, err, "b")
	}
	want(t, "asked with", s.reqs[len(s.reqs)-1].Have, "v:bad2")
	want(t, "decoded again", decoded, 2)
	want(t, "b alone still", must(invoke(ctx, b))(t), "v1")
	want(t, "age of b in spite of Unchanged", b.Stats().Age, 30*time.Second)

	guest.both(30 * time.Second)
	_, err := invoke(ctx, b)
	wantUndecodable(t, err, "b")
	_, err = b.Get(ctx)
	wantUndecodable(t, err, "b")
	want(t, "a alone", must(invoke(ctx, a))(t), "bad2")

	s.set("k", "v3")
	want(t, "mended", must(invoke(ctx, b))(t), "v3")
	want(t, "both", must(invoke(ctx, a, b))(t), "v3 v3")
}

func TestNeverDecoded(t *testing.T) {
	s := newScripted(1, map[string]string{"k": "bad1"})
	o := lc.NewOrigin("scripted", s)
	decoded := 0
	a, b := declare(o, "k", lc.Name("a")), picky(o, "k", "b", &decoded)
	_, err := b.Get(context.Background())
	wantUndecodable(t, err, "b")
	want(t, "version of b", b.Version(), "")
	want(t, "version of a, loaded by the way", a.Version(), "v:bad1")
	want(t, "a", must(a.Get(context.Background()))(t), "bad1")
	_, err = b.Get(context.Background())
	wantUndecodable(t, err, "b")
	want(t, "decodings", decoded, 1)
	want(t, "loads", len(s.took()), 2)
}

// A Refresh that has to wait for something else finds, when it gets to the key, that
// somebody has loaded it since, and in vain: the old value is not an answer.
func TestRefreshComesLateToWhatCannotBeDecoded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		slow, s := newScripted(1, map[string]string{"slow": "s"}), newScripted(1, map[string]string{"k": "v1"})
		slow.gate = make(chan struct{})
		decoded := 0
		first, e := declare(lc.NewOrigin("slow", slow), "slow"), picky(lc.NewOrigin("scripted", s), "k", "k", &decoded)
		built := 0
		d := pairOf("pair", &built, first, e)
		must(e.Get(t.Context()))(t)
		s.gate = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { must(e.Refresh(t.Context()))(t) })
		synctest.Wait()
		wg.Go(func() { // waits for slow, and then for a load of k that began too early for it
			_, err := d.Refresh(t.Context())
			want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
		})
		synctest.Wait()
		s.gate <- struct{}{}
		synctest.Wait()
		s.set("k", "bad2")
		close(s.gate)
		_, err := e.Refresh(t.Context())
		want(t, "is ErrDecode", errors.Is(err, lc.ErrDecode), true)
		close(slow.gate)
		wg.Wait()
		want(t, "held still", must(e.Get(t.Context()))(t), "v1")
	})
}

// Whatever happens, in whatever order: who reads both sees one version, and b never
// shows what it cannot decode.
func TestTwoOfOneKeyNeverMix(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		guest := newTimes(t)
		s := newScripted(1, map[string]string{"k": "1"})
		o := lc.NewOrigin("scripted", s)
		decoded := 0
		age := func() lc.Option { return lc.MaxAge(time.Duration(random.IntN(4)) * 10 * time.Second) }
		a, b := declare(o, "k", lc.Name("a"), age()), picky(o, "k", "b", &decoded, age())
		both := lc.Derive("both", func(ctx context.Context) (string, error) {
			if a.Value(ctx) != b.Value(ctx) {
				t.Errorf("built from %q and %q", a.Value(ctx), b.Value(ctx))
			}
			return a.Value(ctx), nil
		}, []lc.Cached{a, b})
		for i := range 40 {
			ctx := context.Background()
			guest.both(time.Duration(random.IntN(3)) * 5 * time.Second)
			if random.IntN(3) == 0 {
				s.set("k", fmt.Sprint([]string{"", "bad"}[random.IntN(2)], i))
			}
			s.failing(nil)
			if random.IntN(6) == 0 {
				s.failing(down)
			}
			var ofB string
			var err error
			switch random.IntN(8) {
			case 0:
				_, err = a.Refresh(ctx)
			case 1:
				ofB, err = b.Refresh(ctx)
			case 2:
				lc.Invalidate(a)
			case 3:
				ofB, err = both.Get(ctx)
			case 4:
				ofB, err = invoke(ctx, b)
			case 5:
				_, err = invoke(ctx, a)
			default:
				var got string
				if got, err = invoke(ctx, a, b); err == nil {
					ofA, second, _ := strings.Cut(got, " ")
					want(t, "b beside a", second, ofA)
					ofB = second
				}
			}
			if err != nil && !errors.Is(err, lc.ErrDecode) && !errors.Is(err, errDown) {
				t.Error(err)
			}
			if strings.HasPrefix(ofB, "bad") {
				t.Errorf("b shows %q", ofB)
			}
		}
		if t.Failed() {
			return
		}
	}
}
