package cachetest

import (
	"encoding/json"
	"net/http"
	"time"
)

// jsonInput is the input of an operation of the JSON protocol.
type jsonInput interface {
	keys() []string // what it asks for, as asked
}

// jsonOperation reads the body of a request.
type jsonOperation func(body []byte) (keys []string, do func() (any, *apiError), err error)

// jsonOp makes an operation of what does it.
func jsonOp[In jsonInput](do func(In) (any, *apiError)) jsonOperation {
	return func(body []byte) ([]string, func() (any, *apiError), error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, nil, err
		}
		return in.keys(), func() (any, *apiError) { return do(in) }, nil
	}
}

// readJSON reads a request of the JSON protocol. The names and resources of its
// keys are the service's to add.
func readJSON(service, operation string, operations map[string]jsonOperation, body []byte) *call {
	op, ok := operations[operation]
	if !ok {
		return unknownJSON(service, operation)
	}
	c := &call{
		service:   service,
		operation: operation,
		action:    service + ":" + operation,
		refuse:    refuseJSON(service),
	}
	keys, do, err := op(body)
	if err != nil { // not quoted: the body may hold a secret
		return c.failing(badRequest("SerializationException", "the body is not the JSON of "+operation))
	}
	c.keys = keys
	c.answer = func(w http.ResponseWriter) *apiError {
		out, err := do()
		if err == nil {
			writeJSON(w, service, out)
		}
		return err
	}
	return c
}

// failing makes err the answer of c.
func (c *call) failing(err *apiError) *call {
	c.answer = func(http.ResponseWriter) *apiError { return err }
	return c
}

func unknownJSON(service, operation string) *call {
	c := &call{service: service, operation: operation, refuse: refuseJSON(service)}
	return c.failing(unknownOperation(operation))
}

func unknownOperation(name string) *apiError {
	return badRequest("UnknownOperationException", "the fake AWS of cachetest has no operation "+name)
}

// badRequest is what most refusals of the JSON protocol are: the code tells them
// apart, not the status.
func badRequest(code, message string) *apiError {
	return &apiError{status: 400, code: code, message: message}
}

func invalid(message string) *apiError { return badRequest("ValidationException", message) }

// epoch is a time as the JSON protocol writes it: seconds, with milliseconds.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Time(e).UnixMilli()) / 1000)
}

// maybeEpoch leaves a zero time out.
func maybeEpoch(t time.Time) *epoch {
	if t.IsZero() {
		return nil
	}
	return new(epoch(t))
}
