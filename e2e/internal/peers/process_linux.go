package peers

import "syscall"

// childAttributes puts a child in a group of its own, to be ended with its
// children, and has the kernel end it should the test binary be killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
