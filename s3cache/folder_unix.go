//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package s3cache

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// readOnly does not wait for the other end of a named pipe; to files it is the same as
// os.O_RDONLY.
const readOnly = os.O_RDONLY | syscall.O_NONBLOCK

func isOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

func isPrivate(info fs.FileInfo) bool { return info.Mode().Perm() == 0o700 }

// tryLock locks a folder as long as dir is open and the process lives; the kernel
// unlocks it however the process ends.
func tryLock(dir *os.File) error {
	conn, err := dir.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	err = conn.Control(func(fd uintptr) { locked = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB) })
	return errors.Join(err, locked)
}

// isLocked reports whether tryLock failed because another has the lock.
func isLocked(err error) bool { return errors.Is(err, syscall.EWOULDBLOCK) }

// isFull reports whether a disk, or the user's share of it, is full.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
