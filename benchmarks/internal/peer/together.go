package peer

import (
	"context"
	"sync"
	"time"
)

// together runs f(0) to f(n-1), a goroutine each, all let go at once.
func together(ctx context.Context, n int, f func(i int) error) (time.Duration, error) {
	errs := make([]error, n)
	gate := make(chan struct{})
	var ready, done sync.WaitGroup
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-gate
			errs[i] = f(i)
		})
	}
	ready.Wait()
	start := time.Now()
	close(gate)
	done.Wait()
	took := time.Since(start)
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return took, ctx.Err()
}

// sideBySide gets each key in a goroutine of its own.
func sideBySide(ctx context.Context, keys []string, get func(ctx context.Context, key string) (string, error)) (map[string]string, error) {
	var wg sync.WaitGroup
	errs := make([]error, len(keys))
	values := make([]string, len(keys))
	for i, k := range keys {
		wg.Go(func() { values[i], errs[i] = get(ctx, k) })
	}
	wg.Wait()
	out := make(map[string]string, len(keys))
	for i, k := range keys {
		if errs[i] != nil {
			return nil, errs[i]
		}
		out[k] = values[i]
	}
	return out, nil
}
