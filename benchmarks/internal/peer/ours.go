package peer

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// everyOption sets all there is to set: a new option that a hit could feel is one line
// here.
func everyOption(d time.Duration) []lambdacache.Option {
	return []lambdacache.Option{
		lambdacache.MaxAge(d),
		lambdacache.LoadTimeout(2 * time.Second),
		lambdacache.StaleIfError(d),
		lambdacache.RefreshAhead(0.8),
		lambdacache.Jitter(0.25),
	}
}

func onlyMaxAge(d time.Duration) []lambdacache.Option {
	return []lambdacache.Option{lambdacache.MaxAge(d)}
}

// ours is lambdacache in a function: the environment is Lambda's, and one Wrap is all
// there is.
var ours = Peer{ID: "ours", Name: "lambdacache", Setups: oursSetups()}

func oursSetups() map[string]Setup {
	setups := map[string]Setup{
		Stampede: func(ctx context.Context) (Op, error) {
			e := entries(parameters[:1], onlyMaxAge(ttl))[0]
			return stampede(func() { lambdacache.Invalidate(e) }, e.Get), nil
		},
		RefreshParameter: afterAPause,
	}
	for suffix, options := range map[string]func(time.Duration) []lambdacache.Option{"": onlyMaxAge, Optioned: everyOption} {
		setups[Hit+suffix] = func(ctx context.Context) (Op, error) { return getting(ctx, options) }
		setups[Value1+suffix] = func(ctx context.Context) (Op, error) { return valuing(ctx, 1, options) }
		setups[Value3+suffix] = func(ctx context.Context) (Op, error) { return valuing(ctx, 3, options) }
		setups[Wrap1+suffix] = func(ctx context.Context) (Op, error) { return wrapping(ctx, 1, false, options) }
		setups[Wrap30+suffix] = func(ctx context.Context) (Op, error) { return wrapping(ctx, 30, false, options) }
	}
	setups[HitWithValue] = setups[Value1]
	setups[Invoke1] = func(ctx context.Context) (Op, error) { return wrapping(ctx, 1, true, onlyMaxAge) }
	setups[Invoke30] = func(ctx context.Context) (Op, error) { return wrapping(ctx, 30, true, onlyMaxAge) }
	for _, measure := range []string{Refresh30, Refresh20, RefreshMix} {
		setups[measure] = func(ctx context.Context) (Op, error) { return refreshingOurs(ctx, refreshes[measure]) }
	}
	return setups
}

func entries(keys []string, options []lambdacache.Option) (list []*lambdacache.Entry[string]) {
	for _, k := range keys {
		if isSecret(k) {
			list = append(list, secretcache.Secret[string](k, options...))
		} else {
			list = append(list, ssmcache.Parameter[string](k, options...))
		}
	}
	return list
}

func cached(list []*lambdacache.Entry[string]) (out []lambdacache.Cached) {
	for _, e := range list {
		out = append(out, e)
	}
	return out
}

// inLambda is for as long as the process: a benchmark ends it.
func inLambda() { environment.Replace(environment.Function) }

func getting(ctx context.Context, options func(time.Duration) []lambdacache.Option) (Op, error) {
	e := entries(parameters[:1], options(ttl))[0]
	if _, err := e.Get(ctx); err != nil {
		return nil, err
	}
	return repeat(func(n int) (v string) {
		for range n {
			v, _ = e.Get(ctx)
		}
		return v
	}), nil
}

func valuing(ctx context.Context, depth int, options func(time.Duration) []lambdacache.Option) (Op, error) {
	inLambda()
	list := entries(parameters[:2], options(ttl))
	if err := lambdacache.Prefetch(ctx, cached(list)...); err != nil {
		return nil, err
	}
	h := lambdacache.Wrap(func(ctx context.Context, r Request) (time.Duration, error) {
		ctx = deeper(ctx, depth-1)
		e := list[1]
		return repeat(func(n int) (v string) {
			for range n {
				v = e.Value(ctx)
			}
			return v
		})(ctx, r)
	}, cached(list)...)
	ctx = lambdaContext(ctx)
	return func(_ context.Context, r Request) (time.Duration, error) { return h(ctx, r) }, nil
}

// wrapping is a fresh invocation with so many entries, all of which it reads or none.
func wrapping(ctx context.Context, n int, reads bool, options func(time.Duration) []lambdacache.Option) (Op, error) {
	inLambda()
	list := entries(parameters[:n], options(ttl))
	handler := func(context.Context, int) (string, error) { return "", nil }
	if reads {
		handler = func(ctx context.Context, _ int) (v string, _ error) {
			for _, e := range list {
				v = e.Value(ctx)
			}
			return v, nil
		}
	}
	h := lambdacache.Wrap(handler, cached(list)...)
	ctx = lambdaContext(ctx)
	if _, err := h(ctx, 0); err != nil {
		return nil, err
	}
	return func(_ context.Context, r Request) (time.Duration, error) {
		if !reads {
			r.Want = ""
		}
		var failed error
		took, err := repeat(func(n int) (v string) {
			for range n {
				if v, failed = h(ctx, 0); failed != nil {
					return ""
				}
			}
			return v
		})(ctx, r)
		if failed != nil {
			return 0, failed
		}
		return took, err
	}, nil
}

// refreshingOurs is an invocation that finds everything due.
func refreshingOurs(ctx context.Context, keys []string) (Op, error) {
	inLambda()
	list := entries(keys, onlyMaxAge(0))
	h := lambdacache.Wrap(func(ctx context.Context, _ int) (map[string]string, error) {
		out := make(map[string]string, len(keys))
		for i, e := range list {
			out[keys[i]] = e.Value(ctx)
		}
		return out, nil
	}, cached(list)...)
	ctx = lambdaContext(ctx)
	return refreshing(keys, nil, func(context.Context) (map[string]string, error) { return h(ctx, 0) }), nil
}

// afterAPause loads one parameter after the age clock, which is the benchmark's own,
// has advanced.
func afterAPause(context.Context) (Op, error) {
	var passed atomic.Int64
	start := time.Now()
	clock.Replace(func() (mono, wall int64) {
		return int64(time.Since(start)) + passed.Load(), time.Now().UnixNano() + passed.Load()
	})
	keys := refreshes[RefreshParameter]
	e := entries(keys, onlyMaxAge(ttl))[0]
	load := refreshing(keys, nil, func(ctx context.Context) (map[string]string, error) {
		v, err := e.Refresh(ctx)
		return map[string]string{keys[0]: v}, err
	})
	return func(ctx context.Context, r Request) (time.Duration, error) {
		passed.Add(int64(r.Advance))
		took, err := load(ctx, r)
		if err != nil {
			return 0, fmt.Errorf("after %v: %w", r.Advance, err)
		}
		return took, nil
	}, nil
}
