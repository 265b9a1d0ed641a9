package peer

import (
	"context"
	"sync/atomic"
	"time"
)

// floor is the least code for the same, by hand: what a ratio is taken to.
var floor = Peer{ID: "floor", Name: "floor", Setups: map[string]Setup{
	// Whoever honours a max age reads the clock, and whoever may be read by many
	// reads an atomic pointer.
	Hit: func(context.Context) (Op, error) {
		value := new("")
		var p atomic.Pointer[string]
		limit := time.Now().Add(ttl)
		loop := repeat(func(n int) (v string) {
			for range n {
				if time.Now().Before(limit) {
					v = *p.Load()
				}
			}
			return v
		})
		return func(ctx context.Context, r Request) (time.Duration, error) {
			*value = r.Want
			p.Store(value)
			return loop(ctx, r)
		}, nil
	},
	// An invocation reads the clock and makes a context.
	Invoke1: invokeFloor,
	Value1:  valueFloor(1),
	Value3:  valueFloor(3),
}}

type deep struct{}

func deeper(ctx context.Context, n int) context.Context {
	for range n {
		ctx = context.WithValue(ctx, deep{}, n)
	}
	return ctx
}

// lambdaContext is a context as aws-lambda-go makes it for an invocation. It ends with
// ctx, that is with the process.
func lambdaContext(ctx context.Context) context.Context {
	ctx, cancel := context.WithDeadline(ctx, time.Now().Add(24*time.Hour))
	context.AfterFunc(ctx, cancel)
	return deeper(ctx, 2)
}

func invokeFloor(ctx context.Context) (Op, error) {
	ctx = lambdaContext(ctx)
	key := new(int)
	return func(_ context.Context, r Request) (time.Duration, error) {
		h := func(ctx context.Context, _ int) string { v, _ := ctx.Value(key).(string); return v }
		return repeat(func(n int) (v string) {
			for range n {
				if !time.Now().IsZero() {
					v = h(context.WithValue(ctx, key, r.Want), 0)
				}
			}
			return v
		})(ctx, r)
	}, nil
}

func valueFloor(depth int) Setup {
	return func(ctx context.Context) (Op, error) {
		key := new(int)
		return func(_ context.Context, r Request) (time.Duration, error) {
			plain := deeper(context.WithValue(ctx, key, r.Want), depth-1)
			return repeat(func(n int) (v string) {
				for range n {
					v = plain.Value(key).(string)
				}
				return v
			})(ctx, r)
		}, nil
	}
}
