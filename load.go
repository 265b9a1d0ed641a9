package lambdacache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// load is one load of one key. Loads that share a batched call share its flight.
type load struct {
	slot   *slot
	nth    uint64 // of the slot's loads, from 1
	call   *flight.Call
	maxAge time.Duration // of the strictest of the entries, 0 if no copy will do

	// Of its beginning; while it waits for a place the origin's mutex guards them.
	number uint64 // in the order of the loads of the process, 0 as long as it waits
	start  clock.Reading
	base   *version // what was held
	have   string
	epoch  int

	calls int // made for this key; those of a batch count for its first key

	done chan struct{} // closed when the fields below are set
	v    *version
	err  error
	errs []error // by part: the version could not be decoded for that entry

	tooLate error // for somebody who has left; guarded by the origin's mutex
}

// The pause before keys that a call left over are asked for again doubles from the
// first to the last, and each is drawn from zero up: environments that were started
// together must not come back together.
const (
	firstPause = 25 * time.Millisecond
	lastPause  = 400 * time.Millisecond
)

var (
	errNoAnswer = errors.New("the source's goroutine ended without an answer (runtime.Goexit or t.FailNow in it?)")
	errNoHave   = errors.New("the source answered Unchanged to a request that held no version")
)

// run loads a chunk of an origin's keys: in one call if it can, alone where it must.
// Every load is finished when it returns.
func (o *origin) run(ctx context.Context, loads []*load) {
	defer func() {
		for _, l := range loads {
			if l.v == nil && l.err == nil {
				defer o.finish(l, answer{Result: Result[struct{}]{Err: errNoAnswer}}) // each, whatever an observer does
			}
		}
	}()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		loads = o.round(ctx, loads)
		if len(loads) == 0 {
			return
		}
		select {
		case <-time.After(rand.N(pause)):
		case <-ctx.Done():
		}
	}
}

// round asks for the loads once, and gives those that the source left over.
func (o *origin) round(ctx context.Context, loads []*load) (left []*load) {
	answers := o.refusal(len(loads))
	if answers == nil {
		answers = o.call(ctx, o.operation(len(loads)), loads)
	}
	var suspects []alone
	for i, a := range answers {
		l := loads[i]
		switch {
		case isLeftOver(a.Err) && ctx.Err() == nil:
			left = append(left, l)
		case splittable(a.Err) && ctx.Err() == nil && (len(loads) > 1 || o.unproven(l)):
			suspects = append(suspects, alone{l, a})
		default:
			o.finish(l, a)
		}
	}
	if len(suspects) > 0 {
		o.isolate(ctx, suspects, len(loads) > 1)
	}
	return left
}

// refusal is the answer to n loads that have waited for a batched call which is known by
// now not to be permitted, nil if it is worth a try.
func (o *origin) refusal(n int) []answer {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fallback == nil || n == 1 {
		return nil
	}
	return sameError(n, BatchDenied(o.fallback))
}

// asker is one of a source's operations.
type asker func(ctx context.Context, reqs []Request) []answer

// operation is the one for n keys at once.
func (o *origin) operation(n int) asker {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fallback != nil && n == 1 {
		return o.single()
	}
	return o.ask
}

// single is the operation for one key, the batched one if there is no other.
func (o *origin) single() asker {
	if o.askOne == nil {
		return o.ask
	}
	return func(ctx context.Context, reqs []Request) []answer { return o.askOne(ctx, reqs[0]) }
}

// unproven reports whether a key that was refused alone may yet be had with the
// operation for single keys: the batched one has never worked, and the key was not
// tried before.
func (o *origin) unproven(l *load) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.askOne != nil && !o.proven && o.fallback == nil && !l.slot.alone
}

// isolate asks for each key alone, at once, after a call for several keys together
// failed for a reason that may be one key's. Keys that succeed are not kept waiting
// for those that do not. Who fails alone is a culprit, unless nobody may use the
// batched operation: then the one for single keys takes its place. Who was throttled,
// or ran out of time, is no culprit either.
func (o *origin) isolate(ctx context.Context, suspects []alone, together bool) {
	why := suspects[0].answer.Err
	culprits := suspects
	if isBatchDenied(why) {
		o.fallBack(why)
		culprits = o.eachAlone(ctx, o.single(), suspects, func() {})
	} else {
		if together {
			culprits = o.eachAlone(ctx, o.ask, suspects, func() {})
		}
		if o.askOne != nil && len(culprits) == len(suspects) && allDenied(culprits) {
			// Where that does not help either, the first refusal is the one to tell.
			if left := o.eachAlone(ctx, o.single(), suspects, func() { o.fallBack(why) }); len(left) < len(culprits) {
				culprits = left
			}
		}
	}
	for _, c := range culprits {
		if err := c.answer.Err; !errors.Is(err, ErrThrottled) && !errors.Is(err, context.Cause(ctx)) {
			o.setAlone(c.load, err)
		}
		o.finish(c.load, c.answer)
	}
}

func allDenied(list []alone) bool {
	return !slices.ContainsFunc(list, func(a alone) bool { return !errors.Is(a.answer.Err, ErrDenied) })
}

// alone is a load with the answer to a call, in the end one for its key only.
type alone struct {
	load   *load
	answer answer
}

// eachAlone asks for every load in a call of its own, side by side, finishes those
// that succeed and gives the others. It calls passed before it finishes the first.
func (o *origin) eachAlone(ctx context.Context, op asker, suspects []alone, passed func()) (failed []alone) {
	answered := make(chan alone)
	for _, s := range suspects {
		go func() {
			a := alone{s.load, answer{Result: Result[struct{}]{Err: errNoAnswer}}}
			defer func() { answered <- a }()
			a.answer = o.call(ctx, op, []*load{s.load})[0]
		}()
	}
	running := len(suspects)
	defer func() { // a decoder or an observer has ended the goroutine: the calls end first
		for range running {
			<-answered
		}
	}()
	for running > 0 {
		a := <-answered
		running--
		if a.answer.Err != nil {
			failed = append(failed, a)
			continue
		}
		passed()
		passed = func() {}
		o.finish(a.load, a.answer)
	}
	return failed
}

// call makes one call to the source and survives whatever it does. The text of a
// panic is not passed on unless it is the runtime's: it may hold a value.
func (o *origin) call(ctx context.Context, op asker, loads []*load) (answers []answer) {
	loads[0].calls++
	reqs := make([]Request, len(loads))
	for i, l := range loads {
		reqs[i] = Request{Key: l.slot.key, Have: l.have, MaxAge: l.maxAge}
	}
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		err := fmt.Errorf("the source panicked with a %T", r)
		switch r := r.(type) {
		case runtime.Error:
			err = errors.New("the source panicked: " + withoutNumbers(r.Error()))
		case misuse:
			err = r
		}
		answers = sameError(len(reqs), err)
	}()
	answers = op(ctx, reqs)
	if len(answers) != len(reqs) {
		return sameError(len(reqs), fmt.Errorf("the source gave %d answers to %d requests", len(answers), len(reqs)))
	}
	cause := context.Cause(ctx)
	for i := range answers {
		loads[i].calls += answers[i].Calls
		if answers[i].Err != nil && cause != nil {
			answers[i].Err = fmt.Errorf("%w: %w", cause, answers[i].Err)
		}
	}
	return answers
}

// withoutNumbers hides the numbers of an index out of range: they may be a value.
func withoutNumbers(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '?'
		}
		return r
	}, text)
}

func sameError(n int, err error) []answer {
	answers := make([]answer, n)
	for i := range answers {
		answers[i].Err = err
	}
	return answers
}
