package httpclient

import (
	"syscall"
	"time"
)

// unanswered is how long what was sent again may stay without the other machine's
// acknowledgement before the connection counts as dead. Packets that vanish are then
// noticed within 0.8 s, half the time of an attempt: Linux sends them again after
// 0.2 s and after 0.4 s. A service that is only slow acknowledges all the same.
const unanswered = 300 * time.Millisecond

// limitUnanswered is the dialer's Control. The limit makes no connection fail that
// the kernel does not want to have.
func limitUnanswered(_, _ string, c syscall.RawConn) error {
	const tcpUserTimeout = 0x12 // package syscall lacks it on amd64
	_ = c.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unanswered.Milliseconds()))
	})
	return nil
}
