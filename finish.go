package lambdacache

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/flight"
)

// finish ends a load with the source's answer: it makes a version of it, holds and
// reports it, and lets those who wait go on. Nothing held changes before the whole
// version exists.
func (o *origin) finish(l *load, a answer) {
	if a.Missing != nil {
		o.tellMissing(a.Missing)
	}
	o.mu.Lock()
	fed := slices.Clone(l.slot.fed)
	o.mu.Unlock()

	switch {
	case a.Err != nil:
		l.err = a.Err
	case a.Unchanged && l.have == "":
		l.err = errNoHave
	case a.Unchanged:
		l.v, l.errs = l.renewed(a, fed)
	default:
		l.v, l.errs = l.decoded(a, fed)
	}

	o.mu.Lock()
	s := l.slot
	s.loading = nil
	if s.epoch == l.epoch { // else it was forgotten with what was held
		s.miss = missed(l)
	}
	switch why := l.failure(); {
	case why == nil:
		s.recovered()
	case l.tooLate != nil && l.err != nil:
		s.failed(l, l.tooLate, false)
	case !errors.Is(why, flight.ErrAbandoned) && !errors.Is(why, flight.ErrGrounded): // that is not the source's failure
		s.failed(l, why, l.err == nil)
	}
	if l.v != nil {
		if l.v.id != "" && (l.base == nil || l.v.id != l.base.id) {
			s.forced = backoff{} // what Retry looked for in vain may have come
		}
		s.alone = false
		o.proven = o.proven || o.fallback == nil
		if s.epoch == l.epoch { // not invalidated meanwhile: who asked before may still have it
			s.hold(l.v)
		}
	}
	l.base = nil // or who still knows the load would keep what is held no longer
	o.release(s)
	o.mu.Unlock()

	defer close(l.done) // even if the observer ends the goroutine
	l.report(a.Unchanged, fed)
}

// failure is why the load was of no use to at least one entry, nil if it was.
func (l *load) failure() error {
	if l.err != nil {
		return l.err
	}
	return errors.Join(l.errs...)
}

// decoded makes a version of a new value. An entry that cannot decode it keeps its
// part of the version before.
func (l *load) decoded(a answer, fed []*core) (*version, []error) {
	v := newVersion(len(fed))
	v.id, v.load, v.copied = a.Version, l.number, l.copied(a)
	errs := make([]error, len(fed))
	for i, c := range fed {
		value, err := c.decode(a.value)
		if err != nil {
			v.parts[i], errs[i] = *l.base.part(i), err
			v.parts[i].err = err
			continue
		}
		v.parts[i] = part{value: value, id: a.Version, load: l.number, lifetime: c.lifetime(l.start, a.Result)}
	}
	return v, errs
}

// renewed makes the version of before as young as this load. What could not be
// decoded then cannot be decoded now.
func (l *load) renewed(a answer, fed []*core) (*version, []error) {
	v := newVersion(len(l.base.parts))
	v.id, v.load, v.copied = l.base.id, l.number, l.copied(a)
	copy(v.parts, l.base.parts)
	errs := make([]error, len(v.parts))
	for i := range v.parts {
		if p := &v.parts[i]; p.err != nil {
			errs[i] = p.err
		} else {
			p.load, p.lifetime = l.number, fed[i].lifetime(l.start, a.Result)
		}
	}
	return v, errs
}

// copied reports whether an answer is a copy; a request that accepts none gets none.
func (l *load) copied(a answer) bool { return a.Age > 0 && l.maxAge > 0 }

// setAlone remembers that a batch failed because of the load's key, and reports it
// the first time.
func (o *origin) setAlone(l *load, err error) {
	o.mu.Lock()
	known := l.slot.alone
	l.slot.alone = true
	names := names(l.slot.fed)
	o.mu.Unlock()
	if f := observer.Load(); f != nil && !known {
		(*f)(Event{Kind: EventIsolated, Source: o.name, Key: l.slot.key, Entries: names, Err: err})
	}
}

// fallBack remembers that the batched call is not permitted.
func (o *origin) fallBack(err error) {
	o.mu.Lock()
	o.fallback = cmp.Or(o.fallback, err)
	o.mu.Unlock()
	o.tellMissing(err)
}

// tellMissing reports that a permission is missing that can be done without, once.
func (o *origin) tellMissing(err error) {
	var denied *DeniedError
	action := "" // of a source's own
	if errors.As(err, &denied) {
		action = denied.Action
	}
	o.mu.Lock()
	known := o.missing[action]
	if o.missing == nil {
		o.missing = make(map[string]bool)
	}
	o.missing[action] = true
	o.mu.Unlock()
	if f := observer.Load(); f != nil && !known {
		(*f)(Event{Kind: EventFallback, Source: o.name, Err: err})
	}
}

// report counts the load for its entries and tells the observer: one event for all
// that went well, and one for each entry whose value could not be decoded.
func (l *load) report(unchanged bool, fed []*core) {
	var well, ill []*core
	for i, c := range fed {
		switch {
		case l.err != nil:
			c.stats.failures.Add(1)
		case i >= len(l.errs): // declared since a version that still stands
		case l.errs[i] != nil:
			c.stats.failures.Add(1)
			ill = append(ill, c)
		case unchanged:
			c.stats.unchanged.Add(1)
			well = append(well, c)
		default:
			c.stats.loads.Add(1)
			well = append(well, c)
		}
	}
	f := observer.Load()
	if f == nil {
		return
	}
	now := clock.Now()
	e := Event{
		Source: l.slot.origin.name, Key: l.slot.key, Calls: l.calls,
		Duration: time.Duration(now.Mono - l.start.Mono),
	}
	tell := func(kind EventKind, of []*core, err error) {
		e.Kind, e.Entries, e.Age, e.Err = kind, names(of), oldest(of, now), err
		(*f)(e)
		e.Calls = 0 // they are told once
	}
	switch {
	case l.err != nil:
		tell(EventFailed, fed, l.err)
	case unchanged && len(well) > 0:
		tell(EventUnchanged, well, nil)
	case len(well) > 0:
		tell(EventLoaded, well, nil)
	}
	for _, c := range ill {
		tell(EventFailed, []*core{c}, l.errs[c.part])
	}
}

func names(entries []*core) []string {
	list := make([]string, len(entries))
	for i, c := range entries {
		list[i] = c.name
	}
	return list
}

func oldest(entries []*core, now clock.Reading) (age time.Duration) {
	for _, c := range entries {
		age = max(age, c.age(now))
	}
	return age
}
