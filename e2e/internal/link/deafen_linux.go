package link

import (
	"net"
	"syscall"
	"testing"
)

// deafen makes the kernel drop every packet that comes for a connection.
func deafen(t testing.TB, c *net.TCPConn) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	drop := []syscall.SockFilter{{Code: syscall.BPF_RET | syscall.BPF_K, K: 0}}
	//lint:ignore SA1019 the module that replaces it would be one more for one call
	if cerr := raw.Control(func(fd uintptr) { err = syscall.AttachLsf(int(fd), drop) }); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
}
