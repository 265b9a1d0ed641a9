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
	mu      sync.Mutex
	doubts  map[string]bool     // a batch with items of the table was denied
	singly  map[string]*refusal // and that is the operation's: its items can be had one by one only
	batched map[string]bool     // the table's items can be had in a batch
}

// refusal is that of the batched operation on a table.
type refusal struct {
	why     error
	settled bool // it was tried again in vain
}

// batch notes the failure of a batch, and marks it if the operation itself is not
// permitted on any table, as far as that is known.
func (r *refusals) batch(keys []key, err error) error {
	if !errors.Is(err, lambdacache.ErrDenied) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	all := true
	for _, k := range keys {
		if known := r.singly[k.Table]; known != nil {
			known.settled = true
			continue
		}
		all = false
		if r.doubts == nil {
			r.doubts = make(map[string]bool)
		}
		r.doubts[k.Table] = true
	}
	if all && len(r.batched) == 0 {
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
		if r.batched == nil {
			r.batched = make(map[string]bool)
		}
		r.batched[k.Table] = true
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
	delete(r.batched, k.Table)
	if r.singly == nil {
		r.singly = make(map[string]*refusal)
	}
	r.singly[k.Table] = &refusal{why: why}
}

// leaveOut gives the keys to put into a batch: not those whose table is known to refuse
// it. If that leaves none they are asked for once more: the core is told that no batch is
// permitted, or it is by now.
func (r *refusals) leaveOut(keys []key, out func(i int, why error)) (batched []key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	again := len(r.batched) == 0 || slices.ContainsFunc(keys, func(k key) bool { return r.singly[k.Table] == nil || !r.singly[k.Table].settled })
	for _, k := range keys {
		if r.singly[k.Table] == nil {
			batched = append(batched, k)
		}
	}
	if len(batched) == 0 && again {
		return keys
	}
	for i, k := range keys {
		if refused := r.singly[k.Table]; refused != nil {
			out(i, refused.why)
		}
	}
	return batched
}

func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doubts, r.singly, r.batched = nil, nil, nil
}
