package lambdacache

import (
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"
)

// EventKind says what happened.
type EventKind int

const (
	// EventLoaded: a key was loaded and its entries have a new version.
	EventLoaded EventKind = iota + 1
	// EventUnchanged: the source said that the held version still stands.
	EventUnchanged
	// EventFailed: a load failed, or its value could not be decoded for an entry; the
	// old value and its age are what they were.
	EventFailed
	// EventIsolated: a batched call failed because of this key; it is asked for alone
	// from now on, until it succeeds.
	EventIsolated
	// EventFallback: a call is not permitted that can be done without: the batched one,
	// so that keys are asked for one by one from now on, or one that would have told
	// when a value changes (secretcache.UntilRotation). Err is a [*DeniedError] with the
	// action to grant. It is reported once for an origin and action.
	EventFallback
	// EventStale: an old value is served past its max age, which [StaleIfError] allows,
	// because a load failed, its value could not be decoded, or there was no time for
	// one; Err says which. It is reported once for each such load and entry, on the
	// goroutine that was given the old value: after the EventFailed of the load, unless
	// it was not waited for any longer.
	EventStale
)

// MarshalText gives what String gives.
func (k EventKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

func (k EventKind) String() string {
	switch k {
	case EventLoaded:
		return "loaded"
	case EventUnchanged:
		return "unchanged"
	case EventFailed:
		return "failed"
	case EventIsolated:
		return "isolated"
	case EventFallback:
		return "fallback"
	case EventStale:
		return "stale"
	}
	return "unknown"
}

// Event tells what a load did. It never holds a value.
type Event struct {
	Kind     EventKind
	Source   string        // the origin's name: "ssm"
	Key      string        // the full key; "" for EventFallback, which is about all keys
	Entries  []string      // the names of the entries concerned
	Duration time.Duration // how long the load took, by the monotonic clock; 0 if Isolated, Fallback or Stale
	Calls    int           // calls made, to be added up: keys that shared a call count it once; 0 likewise
	Age      time.Duration // how old the value is that is held now; 0 if none is
	Err      error         // the cause; nil for EventLoaded and EventUnchanged
}

// LogValue makes an event a group of what is to be told of it, the cause as its text.
func (e Event) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("kind", e.Kind.String()), slog.String("source", e.Source)}
	if e.Key != "" {
		attrs = append(attrs, slog.String("key", e.Key), slog.Any("entries", e.Entries))
	}
	if e.Calls > 0 {
		attrs = append(attrs, slog.Duration("duration", e.Duration), slog.Int("calls", e.Calls))
	}
	if e.Age > 0 {
		attrs = append(attrs, slog.Duration("age", e.Age))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// MarshalJSON gives the cause as its text; encoding/json would make nothing of it.
func (e Event) MarshalJSON() ([]byte, error) {
	type fields Event
	text := ""
	if e.Err != nil {
		text = e.Err.Error()
	}
	return json.Marshal(struct {
		fields
		Err string `json:",omitempty"`
	}{fields(e), text})
}

var observer atomic.Pointer[func(Event)]

// Observe makes f receive every event of the process, in place of an earlier f; nil
// stops them. f is called on the goroutines that load, before those who wait for
// the load go on: it must be quick and safe for concurrent use, and must neither read
// entries nor panic. Nothing is reported on a hit.
func Observe(f func(Event)) {
	if f == nil {
		observer.Store(nil)
		return
	}
	observer.Store(&f)
}

// Stats counts what happened to one entry since the process started.
type Stats struct {
	Loads     uint64        // loads that brought a new version
	Unchanged uint64        // loads that found the held version still standing
	Failures  uint64        // loads that failed or could not be decoded
	Stale     uint64        // those of them, and of those not begun for want of time, that an old value made up for
	Age       time.Duration // how old the held value is; 0 if none is
}

type stats struct{ loads, unchanged, failures, stale atomic.Uint64 }
