package faults

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// column is what the entries of a cell hold when the fault comes.
type column int

const (
	nothing column = iota
	old            // a value past its max age
	allowed        // the same, and StaleIfError
)

var columns = []column{nothing, old, allowed}

// longer is how many times as long the limits of loads and attempts are where they are
// met: none is met once more because the machine stood still for a while.
const longer = 3

const due = lambdacache.DefaultMaxAge + time.Second

// cell is one source in one column under one fault, as one invocation meets it.
type cell struct {
	source  *source
	column  column
	keys    []string
	entries []entry
	clients *clients
	invoke  func(context.Context, struct{}) (string, error)

	mu     sync.Mutex
	events []lambdacache.Event

	got, err string // the value's version, or the class of the error
	sent     string // what the clients sent
	told     string // the kinds of events
}

func newCells(t *testing.T, w *world, f fault) (cells []*cell) {
	t.Helper()
	cachetest.Reset(t)
	for i := range sources {
		for _, column := range columns {
			c := &cell{source: &sources[i], column: column, clients: newClients(t, w.proxy.Address)}
			c.clients.site = w.documents
			var opts []lambdacache.Option
			switch isS3 := strings.HasPrefix(c.source.name, "s3cache"); {
			case !f.timed:
				opts = append(opts, lambdacache.LoadTimeout(time.Minute))
			case !isS3: // not 3 s, or it is chance whether a third attempt begins
				opts = append(opts, lambdacache.LoadTimeout(longer*2500*time.Millisecond))
			}
			if column == allowed {
				opts = append(opts, lambdacache.StaleIfError(time.Hour))
			}
			var list []lambdacache.Cached
			for n := range c.source.keys {
				key := strings.NewReplacer(" ", "-", ":", "").Replace(fmt.Sprintf("%s/%d-%d-%d", f.name, i, column, n))
				e := c.source.declare(t, c.clients, key, opts...)
				c.keys, c.entries, list = append(c.keys, key), append(c.entries, e), append(list, e.Cached)
			}
			c.invoke = lambdacache.Wrap(c.handle, list...)
			cells = append(cells, c)
		}
	}
	return cells
}

// handle gives the version that all values are of, "v1" or "v2".
func (c *cell) handle(ctx context.Context, _ struct{}) (string, error) {
	got := ""
	for _, e := range c.entries {
		version, rest, _ := strings.Cut(e.read(ctx), " ")
		if len(rest) != valueSize || got != "" && got != version {
			return "mixed or cut", nil
		}
		got = version
	}
	return got, nil
}

func (c *cell) put(at *services, version string) {
	for _, key := range c.keys {
		c.source.put(at, key, version+" "+strings.Repeat("x", valueSize))
	}
}

// run invokes a cell and says what came of it.
func (c *cell) run(t *testing.T) (got string, err error) {
	t.Helper()
	c.clients.reset()
	c.mu.Lock()
	c.events = nil
	c.mu.Unlock()
	return c.invoke(t.Context(), struct{}{})
}

// play lets every cell meet a fault and recover.
func (w *world) play(t *testing.T, f fault) {
	lambdacache.Observe(func(e lambdacache.Event) { w.observe(t, f, e) })
	defer lambdacache.Observe(nil)
	for _, c := range w.cells {
		c.put(w.services, "v1")
		if c.column != nothing {
			c.expect(t, f, "before", "v1")
		}
	}
	w.clock.Advance(due)
	for _, c := range w.cells {
		c.put(w.services, "v2")
	}
	f.begin(t, w)
	w.each(f.alone, func(c *cell) { c.meet(t, f) })
	w.heal(t)
	if f.name == "404" {
		for _, c := range w.cells {
			c.put(w.services, "v2")
		}
	}
	w.clock.Advance(due) // longer than any pause
	for _, c := range w.cells {
		c.expect(t, f, "afterwards", "v2")
	}
}

func (w *world) each(alone bool, do func(*cell)) {
	var all sync.WaitGroup
	for _, c := range w.cells {
		if alone {
			do(c)
			continue
		}
		all.Go(func() { do(c) })
	}
	all.Wait()
}

func (c *cell) expect(t *testing.T, f fault, when, version string) {
	t.Helper()
	if got, err := c.run(t); err != nil || got != version {
		t.Errorf("%s, %s, column %d: %s it gives %q, %v", f.name, c.source.name, c.column, when, got, err)
	}
}

// observe gives an event to the cell it is about; one about no key to the cell that
// runs, if they run alone.
func (w *world) observe(t *testing.T, f fault, e lambdacache.Event) {
	for _, c := range w.cells {
		about := slices.ContainsFunc(c.keys, func(key string) bool {
			return strings.HasSuffix(strings.TrimSuffix(e.Key, "/"), "/"+key) || strings.HasSuffix(e.Key, "="+key) || e.Key == key
		})
		if e.Key == "" && f.alone {
			about = c.clients.String() != "" && c.got == "" && c.err == ""
		}
		if about {
			if e.Source == "http" && e.Calls > 0 {
				c.clients.asked(e.Calls)
			}
			c.mu.Lock()
			c.events = append(c.events, e)
			c.mu.Unlock()
			return
		}
	}
	t.Errorf("%s: an event about none of the entries: %v of %q", f.name, e.Kind, e.Key)
}

// meet is the invocation that the page is about.
func (c *cell) meet(t *testing.T, f fault) {
	got, err := c.run(t)
	c.await(t)
	c.mu.Lock()
	c.sent, c.told = c.clients.String(), kinds(c.events)
	c.mu.Unlock()
	c.got, c.err = got, class(err)
	held := time.Duration(0)
	if c.column != nothing {
		held = due
	}
	for _, e := range c.entries {
		if age := e.stats().Age; err != nil && age != held {
			t.Errorf("%s, %s, column %d: what is held is %v old, want %v", f.name, c.source.name, c.column, age, held)
		}
	}
	if c.got != "v1" {
		return
	}
	// The source is not asked again before the pause is over.
	if got, err := c.run(t); err != nil || got != "v1" || c.clients.String() != "" {
		t.Errorf("%s, %s: the next invocation gets %q, %v, and sends %q", f.name, c.source.name, got, err, c.clients)
	}
}

// await waits for the events of the loads: who waits for one as long as it may take
// can be back before it has ended.
func (c *cell) await(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !c.ended() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Errorf("%s, column %d: no event tells of the end of a load", c.source.name, c.column)
			return
		}
	}
}

// ended reports whether a load has ended for every key.
func (c *cell) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	ends := 0
	for _, e := range c.events {
		switch e.Kind {
		case lambdacache.EventLoaded, lambdacache.EventUnchanged, lambdacache.EventFailed:
			ends++
		}
	}
	return ends >= len(c.keys)
}
