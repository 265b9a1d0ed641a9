//go:build unix && !linux

package peers

import "syscall"

// childAttributes puts a child in a group of its own, to be ended with its
// children. Only Linux ends it by itself should the test binary be killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
