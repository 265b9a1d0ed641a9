package lambdacache

import "github.com/lambda-cache/lambdacache/internal/clock"

// want is one key that an ask needs.
type want struct {
	slot    *slot
	entries []*core // that the ask reads from it

	load   *load     // the one waited for …
	joined bool      // … for its result, or else only for its end
	v      *version  // what to read from
	stale  bool      // v is due, and as good as it gets …
	until  clock.Due // … until the source may be asked again
	why    error     // it is not newer
	untold []*core   // the entries that it is to be told of
	err    error     // why there is none
}

// satisfied reports whether a version will do: young enough for every entry, and the
// same version for all of them.
func (w *want) satisfied(v *version, a ask) bool {
	if v == nil {
		return false
	}
	for _, c := range w.entries {
		p := v.part(c.part)
		switch {
		case p.load != v.part(w.entries[0].part).load: // one of them could not decode this version
			return false
		case a.anew && (v.copied || p.err != nil || p.value == nil || v.load <= a.after):
			return false
		case !a.anew && p.load <= a.after && !p.fresh(a.now):
			return false
		}
	}
	return true
}

// accepts reports whether a load in flight started late enough to be shared, and has
// not been disowned.
func (w *want) accepts(l *load, a ask) bool {
	switch {
	case !l.begun():
		return true
	case l.epoch != w.slot.epoch:
		return false
	case l.number > a.after:
		return true
	case a.anew:
		return false
	}
	for _, c := range w.entries {
		if !a.now.Accepts(l.start, c.maxAge) {
			return false
		}
	}
	return true
}

// settle takes the result of the load waited for. It reports false if the load knew
// nothing of an entry that was declared while it ran, and if it brought a copy that was
// young enough only for who started it.
func (w *want) settle(a ask) bool {
	if w.load.err != nil {
		w.goOn(a, w.load.err)
		return true
	}
	v := w.load.v
	for _, c := range w.entries {
		p := v.part(c.part)
		if c.part >= len(v.parts) || v.copied && (a.anew || v.load <= a.after && p.err == nil && !p.fresh(a.now)) {
			return false
		}
	}
	w.v = v
	for _, c := range w.entries {
		if err := v.part(c.part).err; err != nil && w.usable(v, a) {
			w.makeDo(a, v, w.load.nth, err)
			break
		}
	}
	return true
}

// lasts is until when the version may be read without asking again, and from when on
// it may be loaded anew beside a handler.
func (w *want) lasts() (due, ahead clock.Due) {
	due, ahead = clock.Never(), clock.Never()
	for _, c := range w.entries {
		p := w.v.part(c.part)
		if w.stale {
			due = due.Earliest(p.limit)
		} else {
			due, ahead = due.Earliest(p.due), ahead.Earliest(p.ahead)
		}
	}
	if w.stale {
		due = due.Earliest(w.until)
	}
	return due, ahead
}
