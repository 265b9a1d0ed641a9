//go:build linux

package lambdahost

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Error types that Lambda itself gives to a failed invocation.
const (
	ErrorTypeExit       = "Runtime.ExitError"         // the function's process ended
	ErrorTypeTimeout    = "Sandbox.Timedout"          // the function's timeout, or init's limit, was over
	ErrorTypeTruncated  = "Runtime.TruncatedResponse" // the response broke off, the process lived on
	ErrorTypeEntrypoint = "Runtime.InvalidEntrypoint" // the bootstrap could not be started
	ErrorTypeLaunch     = "Extension.LaunchError"     // an extension could not be started
	ErrorTypeCrash      = "Extension.Crash"           // an extension's process ended
	errorTypeUnknown    = "Runtime.Unknown"           // an error report without a type
	trailerErrorType    = "Lambda-Runtime-Function-Error-Type"
	trailerErrorBody    = "Lambda-Runtime-Function-Error-Body"
)

// Response is the outcome of one invocation.
type Response struct {
	RequestID string
	// Payload is the response's body, as far as it came. Where the function failed
	// before it answered, it is the JSON object that describes the error, which is
	// what Lambda's Invoke returns.
	Payload     []byte
	ContentType string
	// Streaming tells that the function declared the response mode "streaming".
	// aws-lambda-go never does, also when it streams.
	Streaming bool
	// Error is nil if the function succeeded.
	Error *FunctionError
	Timings
}

// Timings says how long an invocation took. The three durations count from the
// moment the event was handed over to the function; 0 means that it did not happen.
type Timings struct {
	ColdStart    bool          // the invocation was the first of its process
	InitDuration time.Duration // of the process's init, on a cold start only
	FirstByte    time.Duration // to the response's first byte, or its end if it is empty
	LastByte     time.Duration // to the response's end
	Done         time.Duration // to the end of the invocation: all is idle and frozen, or was reset
}

// FunctionError is an invocation's or an init's failure. It is the function's own
// error or, if Type is one of the ErrorType constants, what Lambda reports about it.
type FunctionError struct {
	Type    string // errorType
	Message string // errorMessage
	Payload []byte // the JSON object as reported, with a stack trace where there is one
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// errorObject is the error as Lambda's protocols carry it.
type errorObject struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func newFunctionError(errorType, message string) *FunctionError {
	payload, _ := json.Marshal(errorObject{errorType, message}) // two strings always encode
	return &FunctionError{Type: errorType, Message: message, Payload: payload}
}

// reportedError reads an error report: a JSON object and, in case that says
// nothing, the type from a header.
func reportedError(payload []byte, headerType string) *FunctionError {
	var object errorObject
	_ = json.Unmarshal(payload, &object) // a report in another form keeps its payload
	return &FunctionError{
		Type:    or(object.Type, or(headerType, errorTypeUnknown)),
		Message: object.Message,
		Payload: payload,
	}
}

// trailerError reads the error a function reports after it began to respond.
func trailerError(trailer http.Header) *FunctionError {
	errorType := trailer.Get(trailerErrorType)
	if errorType == "" {
		return nil
	}
	payload, err := base64.StdEncoding.DecodeString(trailer.Get(trailerErrorBody))
	if err != nil || len(payload) == 0 {
		return newFunctionError(errorType, "")
	}
	return reportedError(payload, errorType)
}

// failure is why a sandbox is of no use any more. It becomes the error of each
// invocation that was running.
type failure struct {
	errorType string
	cause     string
	reported  *FunctionError // by the function itself, nil where Lambda noticed
}

func (f *failure) forRequest(id string) *FunctionError {
	switch {
	case f.reported != nil:
		return f.reported
	case id == "":
		return newFunctionError(f.errorType, "Error: "+f.cause)
	default:
		return newFunctionError(f.errorType, "RequestId: "+id+" Error: "+f.cause)
	}
}

func (f *failure) Error() string { return f.errorType + ": " + f.cause }

func timedOut(limit time.Duration) *failure {
	return &failure{errorType: ErrorTypeTimeout, cause: fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())}
}

func initTimedOut(limit time.Duration) *failure {
	return &failure{errorType: ErrorTypeTimeout, cause: fmt.Sprintf("Init timed out after %.2f seconds", limit.Seconds())}
}
