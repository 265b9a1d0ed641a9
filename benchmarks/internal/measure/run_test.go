package measure

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

// script is a subject that says who had a turn.
type script struct {
	name  string
	turns *[]string
	fails func(turns int) bool
	calls int
}

func (s script) sample(context.Context, *Measurement) (sample, error) {
	*s.turns = append(*s.turns, s.name)
	if s.fails != nil && s.fails(len(*s.turns)) {
		return sample{}, errors.New("broken")
	}
	return sample{ns: float64(len(*s.turns)), calls: s.calls}, nil
}

func (s script) close() error { return nil }

func scripted(turns *[]string, fails func(int) bool, calls int) *Measurement {
	return &Measurement{
		ID: "m", Samples: 2, N: 1, Subjects: []Subject{{Name: "a", Floor: "a"}, {Name: "b", Floor: "a"}, {Name: "c"}},
		open: func(_ *Lab, s Subject) (sampler, error) { return script{s.Name, turns, fails, calls}, nil },
	}
}

func newLab(t *testing.T) *Lab {
	t.Helper()
	lab, err := New("", t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lab.Close)
	return lab
}

func saved() error { return nil }

func TestSubjectsTakeTurns(t *testing.T) {
	var turns []string
	got := new(result.Measurement)
	if err := newLab(t).Run(t.Context(), scripted(&turns, nil, 0), 2, got, saved); err != nil {
		t.Fatal(err)
	}
	// Two turns that do not count, then who goes first changes.
	if order := strings.Join(turns, ""); order != "abcabc"+"abcbca"+"cababc" {
		t.Errorf("turns %s", order)
	}
	if want := []float64{7, 12, 14, 16}; !reflect.DeepEqual(got.Find("a").NS, want) {
		t.Errorf("a has %v, want %v", got.Find("a").NS, want)
	}
	if got.Find("b").Floor != "a" {
		t.Error("b has lost its floor")
	}
}

func TestInterruptedRunIsContinued(t *testing.T) {
	lab, got := newLab(t), new(result.Measurement)
	var turns []string
	rounds := 0
	save := func() error { rounds++; return nil }
	err := lab.Run(t.Context(), scripted(&turns, func(n int) bool { return n == 15 }, 0), 3, got, save)
	if err == nil || rounds != 1 {
		t.Fatalf("%v after %d rounds, want a failure in the second", err, rounds)
	}
	for _, s := range got.Subjects {
		if len(s.NS) != 2 {
			t.Errorf("%s has %d samples of one whole round, want 2", s.Name, len(s.NS))
		}
	}
	for _, wanted := range []int{3, 3} { // the second time nothing is left to do
		if err := lab.Run(t.Context(), scripted(&turns, nil, 0), wanted, got, save); err != nil {
			t.Fatal(err)
		}
		if rounds != 3 || len(got.Find("c").NS) != 6 {
			t.Errorf("%d rounds, %d samples, want 3 and 6", rounds, len(got.Find("c").NS))
		}
	}
}

func TestHitThatCallsFails(t *testing.T) {
	var turns []string
	m := scripted(&turns, nil, 1)
	m.NoCalls = true
	if err := newLab(t).Run(t.Context(), m, 1, new(result.Measurement), saved); err == nil {
		t.Error("a hit that makes a call was taken for one")
	}
}

func TestEndedContextEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var turns []string
	if err := newLab(t).Run(ctx, scripted(&turns, nil, 0), 1, new(result.Measurement), saved); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSignificant(t *testing.T) {
	for v, want := range map[float64]float64{0: 0, 1.23456: 1.235, 53.2149: 53.21, 999.96: 1000, 1234567: 1235000, 7.6e9: 7.6e9} {
		if got := significant(v); got != want {
			t.Errorf("significant(%v) = %v, want %v", v, got, want)
		}
	}
}
