package lambdacache

import (
	"strconv"
	"strings"
	"unicode"
)

// Failure is why one entry has no value that may be used. It never holds a value.
type Failure struct {
	Entry  string // the entry's name
	Source string // "ssm", "secretsmanager", "s3", "func", …
	Key    string // the full key
	Err    error  // the cause; errors.As finds the service's own error in it
}

func (f *Failure) Error() string {
	key := ""
	if f.Key != f.Entry {
		key = " " + f.Key
		if strings.ContainsFunc(f.Key, func(r rune) bool { return !unicode.IsPrint(r) }) {
			key = " " + strconv.Quote(f.Key) // or a line break could pass for another failure
		}
	}
	return "load " + strconv.Quote(f.Entry) + " from " + f.Source + key + ": " + f.Err.Error()
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// LoadError is the error of everything here that loads: Get, Refresh, Prefetch,
// and the function that Wrap returns when it could not run the handler. Lambda
// reports its name, LoadError, as the errorType of the invocation. errors.Is and
// errors.As look into every failure; a caller that stopped waiting finds its own
// context's error there.
type LoadError struct {
	Failures []*Failure // one for each entry without a value, in the order of the entries; never empty
}

func (e *LoadError) Error() string {
	if len(e.Failures) == 1 {
		return "lambdacache: " + e.Failures[0].Error()
	}
	text := "lambdacache: " + strconv.Itoa(len(e.Failures)) + " entries could not be loaded:"
	for _, f := range e.Failures {
		text += "\n\t" + f.Error()
	}
	return text
}

// Unwrap gives the failures.
func (e *LoadError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f
	}
	return errs
}
