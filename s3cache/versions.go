package s3cache

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"strings"
	"weak"
)

// A file is removed when nothing reaches its LocalFile any more, which the garbage
// collector finds out. Nobody counts: a streamed response or a forgotten goroutine
// would make any count wrong.

// digest is the front of the names of a key's files. The key itself may be longer
// than a name, or "../../etc/passwd".
func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// publish takes a finished file into the folder's care.
func (d *folder) publish(f *LocalFile) *LocalFile {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[f.name] = weak.Make(f)
	runtime.AddCleanup(f, d.remove, f.name)
	return f
}

func (d *folder) remove(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	_ = d.root.Remove(name) // whoever cleans /tmp may have been quicker
}

// trim makes sure that files do not pile up which nothing reaches: a function that
// allocates little may run for hours without a collection, and /tmp is small. With two
// versions of an object on disk, the one held and an older one, a third is begun only
// after a collection, and so is a file when those of keys that a family has let go are a
// quarter of all others. That is one collection, some milliseconds, in a load that waits
// for the network anyway; objects that did not change cost none.
func (d *folder) trim(digest string) {
	if d.count(digest) >= 2 || d.manyReleased() {
		d.collect()
	}
}

func (d *folder) manyReleased() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := int(d.released.Load())
	return n > 0 && n >= (len(d.files)-n)/4
}

func (d *folder) count(digest string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.files {
		if strings.HasPrefix(name, digest) {
			n++
		}
	}
	return n
}

// collect removes the files that nothing reaches, whichever object's. It does not
// wait for their cleanups: after a collection the weak pointers tell.
func (d *folder) collect() {
	d.released.Store(0)
	runtime.GC()
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, f := range d.files {
		if f.Value() == nil {
			delete(d.files, name)
			_ = d.root.Remove(name)
		}
	}
}
