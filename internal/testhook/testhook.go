// Package testhook lets cachetest put packages it must not import back to the
// state of a fresh process.
package testhook

import "sync"

var (
	mu     sync.Mutex
	resets []func()
)

// OnReset registers f to run at every cachetest.Reset. Call it from an init
// function or a package variable; f must be safe at any time.
func OnReset(f func()) {
	mu.Lock()
	resets = append(resets, f)
	mu.Unlock()
}

// Reset runs every registered function, in the order of registration.
func Reset() {
	mu.Lock()
	fs := resets
	mu.Unlock()
	for _, f := range fs {
		f()
	}
}
