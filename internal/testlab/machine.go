package testlab

import "time"

// Undisturbed calls f, and again, five times at most, if the machine stood still
// meanwhile for as long as a limit of the library's own: for what runs in a process that
// nobody can make patient. What f finds then tells of the machine.
func Undisturbed(f func()) {
	for range 5 {
		if !watched(f) {
			return
		}
	}
}

// watched calls f and reports whether the machine stood still meanwhile.
func watched(f func()) (stoodStill bool) {
	over, ended := make(chan struct{}), make(chan watch)
	go func() {
		w := watch{last: time.Now()}
		tick := time.NewTicker(stillness / 50)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				w.look(now)
			case <-over:
				w.look(time.Now())
				ended <- w
				return
			}
		}
	}()
	defer func() { // f may end the test
		close(over)
		stoodStill = (<-ended).stoodStill
	}()
	f()
	return
}

// stillness is less than the shortest limit, a second for a connection.
const stillness = 800 * time.Millisecond

// watch is looked at again and again; if that was long ago nothing ran.
type watch struct {
	last       time.Time
	stoodStill bool
}

func (w *watch) look(now time.Time) {
	w.stoodStill = w.stoodStill || now.Sub(w.last) >= stillness
	w.last = now
}
