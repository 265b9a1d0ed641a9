//go:build linux

package lambdahost

import (
	"syscall"
	"time"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// The reasons a SHUTDOWN event gives.
const (
	spinDown = "spindown"
	timeout  = "timeout"
	failing  = "failure"
)

// What Lambda grants for a shutdown: nothing if no extension has registered.
const (
	internalGrace = 500 * time.Millisecond  // to the function, if all extensions are internal
	shutdownGrace = 2000 * time.Millisecond // to everybody, if an external one has registered
	runtimeGrace  = 600 * time.Millisecond  // to the function, of shutdownGrace
)

// shutdown ends every process of the sandbox and then the API, and returns when
// nothing of it is left.
func (s *sandbox) shutdown(reason string) {
	s.mu.Lock()
	s.ending = true
	registered := len(s.extensions) > 0
	s.mu.Unlock()
	if registered {
		s.resume() // a stopped process would not see SIGTERM
		s.askToEnd(reason)
	}
	for _, p := range s.processes() {
		p.signal(syscall.SIGKILL)
	}
	for _, p := range s.processes() {
		<-p.exited
	}
	_ = s.server.Close() // reports only what the listener says of being closed
	s.serving.Wait()
}

// askToEnd sends SIGTERM to the function and, when that has ended or had its time,
// SHUTDOWN to the extensions, and gives them the rest of the time.
func (s *sandbox) askToEnd(reason string) {
	subscribed, rest := s.externals()
	grace := internalGrace
	if len(subscribed)+len(rest) > 0 {
		grace = runtimeGrace
	}
	end := time.NewTimer(testhook.Limit(shutdownGrace))
	defer end.Stop()
	deadline := s.cfg.Now().Add(shutdownGrace)
	if p := s.runtimeProcess(); p != nil && p.alive() {
		p.terminate(time.After(testhook.Limit(grace)))
	}
	s.announceShutdown(reason, deadline)
	for _, p := range rest {
		p.kill()
	}
	awaitExits(subscribed, end.C)
}

// awaitExits waits for the processes to end and kills what is left when time is up.
func awaitExits(processes []*process, end <-chan time.Time) {
	for i, p := range processes {
		select {
		case <-p.exited:
		case <-end:
			for _, p := range processes[i:] {
				p.kill()
			}
			return
		}
	}
}

// externals returns the extension processes that subscribed to SHUTDOWN, and the rest.
func (s *sandbox) externals() (subscribed, rest []*process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wants := map[string]bool{}
	for _, x := range s.extensions {
		wants[x.name] = x.external && x.subscribed(shutdownEvent)
	}
	for _, p := range s.procs {
		switch {
		case p == s.runtime:
		case wants[p.name]:
			subscribed = append(subscribed, p)
		default:
			rest = append(rest, p)
		}
	}
	return subscribed, rest
}
