package dynamocache

import (
	"errors"
	"slices"
	"sync"

	"github.com/lambda-cache/lambdacache"
)

// refusals are what is known of tables whose items were denied in a batch. Policies
// differ by table, and one refusal of a batch does not say whose it is.
type refusals struct {
	mu     sync.Mutex
	doubts map[string]bool  // a batch with items of the table was denied
	singly map[string]error // and that is the operation's: its items can be had one by one only
}

// batch notes the failure of a batch, and marks it if the operation itself is not
// permitted on any of its tables.
func (r *refusals) batch(keys []key, err error) error {
	if !errors.Is(err, lambdacache.ErrDenied) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	all := true
	for _, k := range keys {
		if r.singly[k.Table] != nil {
			continue
		}
		all = false
		if r.doubts == nil {
			r.doubts = make(map[string]bool)
		}
		r.doubts[k.Table] = true
	}
	if all {
		return lambdacache.BatchDenied(err)
	}
	return err
}

// answered notes that the tables of keys can be read in a batch.
func (r *refusals) answered(keys []key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		delete(r.doubts, k.Table)
		delete(r.singly, k.Table)
	}
}

// doubtful reports whether it is unknown if the table can be read in a batch.
func (r *refusals) doubtful(k key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.doubts[k.Table]
}

// single notes that a table's items can be had, but not in a batch.
func (r *refusals) single(k key, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.doubts, k.Table)
	if r.singly == nil {
		r.singly = make(map[string]error)
	}
	r.singly[k.Table] = why
}

// leaveOut gives the keys to put into a batch: not those whose table is known to refuse
// it, unless that would leave none: asking again tells the core so, or that it is
// permitted by now.
func (r *refusals) leaveOut(keys []key, out func(i int, why error)) []key {
	r.mu.Lock()
	defer r.mu.Unlock()
	refuses := func(k key) bool { return r.singly[k.Table] != nil }
	if !slices.ContainsFunc(keys, func(k key) bool { return !refuses(k) }) {
		return keys
	}
	var batched []key
	for i, k := range keys {
		if refuses(k) {
			out(i, r.singly[k.Table])
		} else {
			batched = append(batched, k)
		}
	}
	return batched
}

func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doubts, r.singly = nil, nil
}
