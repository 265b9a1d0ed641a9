//go:build linux

package lambdahost

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

const (
	functionVersion = "$LATEST"
	handlerName     = "bootstrap"
	jsonContentType = "application/json"
	// exitPatience is how much sooner a process's connections may end than itself.
	exitPatience = time.Second
)

// routes is the Runtime API (2018-06-01), the Extensions API (2020-01-01) and as
// much of the Telemetry and Logs APIs as says that they are not there.
func (s *sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", s.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", s.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", s.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", s.serveInitError)

	mux.HandleFunc("POST /2020-01-01/extension/register", s.serveRegister)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", s.serveEventNext)
	mux.HandleFunc("POST /2020-01-01/extension/init/error", s.serveExtensionError)
	mux.HandleFunc("POST /2020-01-01/extension/exit/error", s.serveExtensionError)

	mux.HandleFunc("PUT /2022-07-01/telemetry", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusAccepted, "Telemetry.NotSupported", "Telemetry API is not supported")
	})
	mux.HandleFunc("PUT /2020-08-15/logs", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusAccepted, "Logs.NotSupported", "Logs API is not supported")
	})
	return mux
}

// serveNext keeps the runtime waiting until there is an event for it.
func (s *sandbox) serveNext(w http.ResponseWriter, r *http.Request) {
	s.nextAsked()
	events := make(chan *invocation, 1)
	select {
	case s.workers <- events: // somebody has an event and will send it now
		inv := <-events
		inv.handOver(s.nextServed(inv), s.initDuration)
		s.writeEvent(w, inv)
	case <-r.Context().Done():
		s.nextGivenUp()
	}
}

func (s *sandbox) nextAsked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting++
	s.notify()
}

func (s *sandbox) nextGivenUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
	s.notify()
}

// nextServed notes that the invocation runs and reports whether it is the first.
func (s *sandbox) nextServed(inv *invocation) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
	s.running[inv.RequestID] = inv
	first, s.invoked = !s.invoked, true
	return first
}

func (s *sandbox) writeEvent(w http.ResponseWriter, inv *invocation) {
	h := w.Header()
	h.Set("Content-Type", jsonContentType)
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", s.cfg.functionARN())
	h.Set("Lambda-Runtime-Trace-Id", inv.TraceID)
	setUnlessEmpty(h, "Lambda-Runtime-Client-Context", inv.ClientContext)
	setUnlessEmpty(h, "Lambda-Runtime-Cognito-Identity", inv.CognitoIdentity)
	setUnlessEmpty(h, "Lambda-Runtime-Aws-Tenant-Id", inv.TenantID)
	h.Set("Content-Length", strconv.Itoa(len(inv.Payload)))
	_, _ = w.Write(inv.Payload) // a reader that is gone shows as its process's end
}

// serveResponse takes a response, as one body or in chunks with trailers.
func (s *sandbox) serveResponse(w http.ResponseWriter, r *http.Request) {
	inv := s.lookUp(w, r)
	if inv == nil {
		return
	}
	mode := r.Header.Get("Lambda-Runtime-Function-Response-Mode")
	if mode != "" && mode != "streaming" {
		refuse(w, http.StatusBadRequest, "InvalidFunctionResponseMode", "Invalid function response mode")
		return
	}
	if !inv.respond(r.Header.Get("Content-Type"), mode == "streaming") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	if err := copyBody(inv, r.Body); err != nil {
		s.breakOff(inv)
		refuse(w, http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated")
		return
	}
	s.forget(inv)
	inv.complete(trailerError(r.Trailer))
	accept(w)
}

// copyBody moves the body to the invocation as it arrives.
func copyBody(inv *invocation, body io.Reader) error {
	chunk := make([]byte, 4096)
	for {
		n, err := body.Read(chunk)
		inv.write(chunk[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == len(chunk) && n < 64<<10 {
			chunk = make([]byte, 4*n)
		}
	}
}

// breakOff fails an invocation whose response broke off. If that is because the
// process is about to end, its end is the better explanation.
func (s *sandbox) breakOff(inv *invocation) {
	timer := time.NewTimer(testhook.Limit(exitPatience))
	defer timer.Stop()
	select {
	case <-s.failed:
	case <-inv.answered:
	case <-timer.C:
		s.forget(inv)
		inv.fail((&failure{errorType: ErrorTypeTruncated, cause: "the response broke off"}).forRequest(inv.RequestID))
	}
}

// serveError takes an error in place of a response. It is also accepted after a
// response has begun.
func (s *sandbox) serveError(w http.ResponseWriter, r *http.Request) {
	inv := s.lookUp(w, r)
	if inv == nil {
		return
	}
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	s.forget(inv)
	inv.report(reportedError(payload, r.Header.Get(trailerErrorType)))
	accept(w)
}

// serveInitError takes the function's report that its init failed.
func (s *sandbox) serveInitError(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	reported := reportedError(payload, r.Header.Get(trailerErrorType))
	accept(w)
	s.fail(&failure{errorType: reported.Type, cause: reported.Message, reported: reported})
}

// lookUp finds the invocation of the request's path, or refuses the request.
func (s *sandbox) lookUp(w http.ResponseWriter, r *http.Request) *invocation {
	id := r.PathValue("id")
	s.mu.Lock()
	inv, late := s.running[id], s.late[id]
	delete(s.late, id)
	s.mu.Unlock()
	switch {
	case late:
		refuse(w, http.StatusGone, "InvokeTimeout", "Invoke timeout")
	case inv == nil:
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	}
	return inv
}

// forget takes an answered invocation out of the running ones.
func (s *sandbox) forget(inv *invocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, inv.RequestID)
}

// expire takes a timed-out invocation out of the running ones. Its answer, should
// it come, is told that it is late.
func (s *sandbox) expire(inv *invocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[inv.RequestID] != nil {
		delete(s.running, inv.RequestID)
		s.late[inv.RequestID] = true
	}
}

func setUnlessEmpty(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

// accept is the API's answer to whatever it takes.
func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", jsonContentType)
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

// refuse is the API's answer to what it does not take.
func refuse(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", jsonContentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(errorObject{errorType, message})
}
