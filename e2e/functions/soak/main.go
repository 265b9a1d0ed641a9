// Soak is a function whose entries are due all the time.
package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/environment"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

var (
	always = lambdacache.MaxAge(0)
	brief  = lambdacache.MaxAge(10 * time.Millisecond)

	entries = map[string]*lambdacache.Entry[string]{
		"now":    ssmcache.Parameter[string]("/soak/now", always),
		"brief":  ssmcache.Parameter[string]("/soak/brief", brief),
		"left":   secretcache.Field[string]("soak/pair", "left", brief),
		"right":  secretcache.Field[string]("soak/pair", "right", brief),
		"single": secretcache.Secret[string]("soak/single", brief),
		"object": s3cache.Object[string]("s3://soak/object", brief),
	}
	model = s3cache.File("s3://soak/file", brief)
	made  = lambdacache.New("made", makeTwins, always)
)

// twins are made anew by each load: two readers of one version see the same ones.
type twins struct{ a, b int64 }

var serial, making, overlaps atomic.Int64

func makeTwins(context.Context) (*twins, error) {
	if making.Add(1) != 1 {
		overlaps.Add(1) // two loads of one key
	}
	defer making.Add(-1)
	a := serial.Add(1)
	return &twins{a, a}, nil
}

type event struct {
	ID      int
	Few     bool // have a Wrap of fewer entries
	Get     bool // read "now" with Get as well
	Refresh bool // and "left" with Refresh
	Report  bool // what runs when nothing else does
}

// response gives the generations of the values, never the values.
type response struct {
	ID          int
	RequestID   string
	PID         int
	Generations map[string]int // by the entry's name, as Value reads them
	Again       map[string]int // the same at the end of the handler
	Got         int            // by Get; 0 if not asked for
	Refreshed   int            // by Refresh
	Mixed       bool           // the twins differ, or changed during the invocation
	Overlaps    int64          // loads of the twins that met another
	Left        int            // flights when Wrap has returned, where environments freeze
	Idle        guest.Running
}

func handler(ctx context.Context, e event) (r response, err error) {
	lc, _ := lambdacontext.FromContext(ctx)
	r = response{ID: e.ID, RequestID: lc.AwsRequestID, PID: os.Getpid()}
	before := made.Value(ctx)
	names := all
	if e.Few {
		names = few
	}
	if r.Generations, err = read(ctx, names); err != nil {
		return r, err
	}
	if e.Get {
		value, err := entries["now"].Get(ctx)
		if err != nil {
			return r, err
		}
		r.Got = guest.Generation(value)
	}
	if e.Refresh {
		value, err := entries["left"].Refresh(ctx)
		if err != nil {
			return r, err
		}
		r.Refreshed = guest.Generation(value)
	}
	r.Again, err = read(ctx, names)
	r.Mixed = before != made.Value(ctx) || before.a != before.b
	r.Overlaps = overlaps.Load()
	return r, err
}

// The names of what is read in a Wrap of all entries, and of fewer.
var (
	all = []string{"now", "brief", "left", "right", "single", "object", "file"}
	few = []string{"left", "right"}
)

func read(ctx context.Context, names []string) (map[string]int, error) {
	generations := make(map[string]int)
	for _, name := range names {
		if name == "file" {
			value, err := readFile(ctx)
			if err != nil {
				return nil, err
			}
			generations[name] = guest.Generation(value)
			continue
		}
		generations[name] = guest.Generation(entries[name].Value(ctx))
	}
	return generations, nil
}

func readFile(ctx context.Context) (value string, err error) {
	file, err := model.Value(ctx).Open() // which works whatever became of the version
	if err != nil {
		return "", err
	}
	defer file.Close()
	if _, err := fmt.Fscan(file, &value); err != nil {
		return "", fmt.Errorf("read the file: %T", err)
	}
	return value, nil
}

// wrap makes a handler that has the entries of those names, and the twins.
func wrap(names []string) func(context.Context, event) (response, error) {
	list := []lambdacache.Cached{made}
	for _, name := range names {
		if name == "file" {
			list = append(list, model)
		} else {
			list = append(list, entries[name])
		}
	}
	return lambdacache.Wrap(handler, list...)
}

func main() {
	guest.LogEvents()
	withAll, withFew := wrap(all), wrap(few)
	lambda.Start(func(ctx context.Context, e event) (response, error) {
		if e.Report {
			return response{Overlaps: overlaps.Load(), Idle: guest.Idle(ctx)}, nil
		}
		wrapped := withAll
		if e.Few {
			wrapped = withFew
		}
		r, err := wrapped(ctx, e)
		if environment.Freezes() {
			r.Left = guest.Flights()
		}
		return r, err
	})
}
