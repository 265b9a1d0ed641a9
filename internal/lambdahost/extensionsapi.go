//go:build linux

package lambdahost

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	invokeEvent   = "INVOKE"
	shutdownEvent = "SHUTDOWN"
	maxExtensions = 10
	extensionID   = "Lambda-Extension-Identifier"
)

// extension is a registered extension: external, a process of its own, or internal,
// a part of the function's process.
type extension struct {
	id, name string
	external bool
	events   []string
	// guarded by the sandbox's mu
	waiting int      // requests for the next event that wait
	pending [][]byte // events not yet fetched
}

func (x *extension) subscribed(event string) bool { return slices.Contains(x.events, event) }

// idle tells whether the extension is done with every event so far.
func (x *extension) idle() bool { return x.waiting > 0 && len(x.pending) == 0 }

// serveRegister registers an extension: an external one by the name of its file,
// any other as an internal one, until init is done.
func (s *sandbox) serveRegister(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("Lambda-Extension-Name")
	if name == "" {
		refuse(w, http.StatusForbidden, "Extension.InvalidExtensionName", "Empty extension name")
		return
	}
	var request struct {
		Events []string `json:"events"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuse(w, http.StatusForbidden, "InvalidRequestFormat", "the body is not a register request")
		return
	}
	x, errorType, message := s.register(name, request.Events)
	if x == nil {
		refuse(w, http.StatusForbidden, errorType, message)
		return
	}
	w.Header().Set(extensionID, x.id)
	w.Header().Set("Content-Type", jsonContentType)
	_ = json.NewEncoder(w).Encode(registerReply(s.cfg, r.Header.Get("Lambda-Extension-Accept-Feature")))
}

func (s *sandbox) register(name string, events []string) (x *extension, errorType, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x = &extension{id: newUUID(), name: name, external: s.isExternal(name), events: events}
	for _, event := range events {
		if reason := s.refuseEvent(x, event); reason != "" {
			return nil, "Extension.InvalidEventType", event + ": " + reason
		}
	}
	switch {
	case slices.ContainsFunc(s.extensions, func(other *extension) bool { return other.name == name }):
		return nil, "Extension.InvalidExtensionState", "Extension with this name already registered"
	case s.sealed:
		return nil, "Extension.RegistrationClosed", "Extension registration closed already"
	case len(s.extensions) >= maxExtensions:
		return nil, "Extension.TooManyExtensions", "Extension limit (10) reached"
	}
	s.extensions = append(s.extensions, x)
	delete(s.expected, name)
	s.notify()
	return x, "", ""
}

func (s *sandbox) isExternal(name string) bool {
	return slices.ContainsFunc(s.cfg.Extensions, func(path string) bool { return filepath.Base(path) == name })
}

// refuseEvent says why the extension may not subscribe to the event; empty: it may.
func (s *sandbox) refuseEvent(x *extension, event string) string {
	switch {
	case event != invokeEvent && event != shutdownEvent:
		return "unknown event type"
	case event == invokeEvent && s.cfg.managed():
		return "not supported on Managed Instances"
	case event == shutdownEvent && !x.external:
		return "not supported for internal extensions"
	}
	return ""
}

func (s *sandbox) closeRegistration() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed = true
}

func registerReply(c *Config, features string) map[string]string {
	reply := map[string]string{
		"functionName":    c.FunctionName,
		"functionVersion": functionVersion,
		"handler":         handlerName,
	}
	if strings.Contains(features, "accountId") {
		reply["accountId"] = AccountID
	}
	return reply
}

// serveEventNext keeps an extension waiting until there is an event for it; for
// ever, if it subscribed to none.
func (s *sandbox) serveEventNext(w http.ResponseWriter, r *http.Request) {
	x := s.identify(w, r)
	if x == nil {
		return
	}
	event := s.awaitEvent(x, r.Context().Done())
	if event == nil {
		return
	}
	w.Header().Set("Content-Type", jsonContentType)
	w.Header().Set("Lambda-Extension-Event-Identifier", newUUID())
	_, _ = w.Write(event)
}

// awaitEvent returns the extension's next event, nil if the extension gives up.
func (s *sandbox) awaitEvent(x *extension, gone <-chan struct{}) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.waiting++
	s.notify()
	defer func() { x.waiting-- }()
	for len(x.pending) == 0 {
		changed := s.watch()
		s.mu.Unlock()
		select {
		case <-changed:
			s.mu.Lock()
		case <-gone:
			s.mu.Lock()
			return nil
		}
	}
	event := x.pending[0]
	x.pending = x.pending[1:]
	return event
}

// announce sends the INVOKE event to whoever subscribed to it.
func (s *sandbox) announce(inv *invocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(invokeEvent, func() any {
		return map[string]any{
			"eventType":          invokeEvent,
			"deadlineMs":         inv.deadline.UnixMilli(),
			"requestId":          inv.RequestID,
			"invokedFunctionArn": s.cfg.functionARN(),
			"tracing":            map[string]string{"type": "X-Amzn-Trace-Id", "value": inv.TraceID},
		}
	})
}

// announceShutdown sends the SHUTDOWN event to whoever subscribed to it.
func (s *sandbox) announceShutdown(reason string, deadline time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(shutdownEvent, func() any {
		return map[string]any{
			"eventType":      shutdownEvent,
			"deadlineMs":     deadline.UnixMilli(),
			"shutdownReason": reason,
		}
	})
}

// send queues an event for the extensions that subscribed to its type. mu is held.
func (s *sandbox) send(eventType string, event func() any) {
	var encoded []byte
	for _, x := range s.extensions {
		if !x.subscribed(eventType) {
			continue
		}
		if encoded == nil {
			encoded, _ = json.Marshal(event()) // strings and numbers always encode
		}
		x.pending = append(x.pending, encoded)
	}
	if encoded != nil {
		s.notify()
	}
}

// serveExtensionError takes an extension's report that it cannot go on, in its init
// or later. It costs the whole sandbox.
func (s *sandbox) serveExtensionError(w http.ResponseWriter, r *http.Request) {
	x := s.identify(w, r)
	if x == nil {
		return
	}
	errorType := r.Header.Get("Lambda-Extension-Function-Error-Type")
	if errorType == "" {
		refuse(w, http.StatusForbidden, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found")
		return
	}
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	accept(w)
	cause := "extension " + x.name + ": " + or(reportedError(payload, errorType).Message, "reported an error")
	s.fail(&failure{errorType: errorType, cause: cause})
}

// identify finds the extension that sent the request, or refuses the request.
func (s *sandbox) identify(w http.ResponseWriter, r *http.Request) *extension {
	id := r.Header.Get(extensionID)
	if id == "" {
		refuse(w, http.StatusForbidden, "Extension.MissingExtensionIdentifier", "Missing "+extensionID+" header")
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.extensions {
		if x.id == id {
			return x
		}
	}
	refuse(w, http.StatusForbidden, "Extension.UnknownExtensionIdentifier", "Unknown extension "+id)
	return nil
}
