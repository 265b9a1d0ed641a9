package s3cache

import (
	"context"
	"runtime"
	"sync"
)

// crew are goroutines of one load. The first that fails stops the others; what a
// goroutine does that its load's would not survive, a panic or runtime.Goexit, that of
// the load does in its place.
type crew struct {
	stop context.CancelFunc // ends what the others do

	all  sync.WaitGroup
	once sync.Once
	err  error
	end  func() // does again what ended a goroutine, nil if each returned
}

// run has f run beside the others.
func (c *crew) run(f func() error) {
	c.all.Go(func() {
		var err error
		end := runtime.Goexit
		defer func() {
			if p := recover(); p != nil {
				end = func() { panic(p) }
			}
			if err != nil || end != nil {
				c.once.Do(func() { c.err, c.end = err, end })
				c.stop()
			}
		}()
		err = f()
		end = nil
	})
}

// wait returns when all have ended, with why the first one failed.
func (c *crew) wait() error {
	c.all.Wait()
	if c.end != nil {
		c.end()
	}
	return c.err
}
