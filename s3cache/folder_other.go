//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package s3cache

import (
	"errors"
	"io/fs"
	"os"
)

// These systems have no locks of the kind needed, or no users: what other processes
// have left behind stays, and the folder is as private as the system makes it.

const readOnly = os.O_RDONLY

func isOurs(fs.FileInfo) bool { return true }

func isPrivate(fs.FileInfo) bool { return true }

func tryLock(*os.File) error { return errors.ErrUnsupported }

func isLocked(error) bool { return false }

func isFull(error) bool { return false }
