package testlab

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWatch(t *testing.T) {
	for _, c := range []struct {
		name  string
		looks []time.Duration // after one another
		want  bool
	}{
		{"busy", []time.Duration{stillness / 50, stillness - 1, stillness - 1, stillness / 50}, false},
		{"still", []time.Duration{stillness / 50, stillness, stillness / 50}, true},
	} {
		w := watch{last: time.Now()}
		for now := w.last; len(c.looks) > 0; c.looks = c.looks[1:] {
			now = now.Add(c.looks[0])
			w.look(now)
		}
		if w.stoodStill != c.want {
			t.Errorf("%s: %v", c.name, w.stoodStill)
		}
	}
}

// What takes long is not done again.
func TestUndisturbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		Undisturbed(func() {
			calls++
			<-time.After(time.Minute)
		})
		if calls != 1 {
			t.Errorf("%d calls, want 1", calls)
		}
	})
}
