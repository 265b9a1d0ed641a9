package lambdacache

import (
	"strconv"
	"strings"
)

// Failure is why one entry has no value that may be used. It never holds a value.
type Failure struct {
	Entry  string // the entry's name
	Source string // "ssm", "secretsmanager", "s3", "func", …
	Key    string // the full key
	Err    error  // the cause; errors.As finds the service's own error in it
}

func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString("load ")
	b.WriteString(strconv.Quote(f.Entry))
	b.WriteString(" from ")
	b.WriteString(f.Source)
	if f.Key != f.Entry {
		b.WriteString(" ")
		b.WriteString(f.Key)
	}
	b.WriteString(": ")
	b.WriteString(f.Err.Error())
	return b.String()
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
	var b strings.Builder
	b.WriteString("lambdacache: ")
	b.WriteString(strconv.Itoa(len(e.Failures)))
	b.WriteString(" entries could not be loaded:")
	for _, f := range e.Failures {
		b.WriteString("\n\t")
		b.WriteString(f.Error())
	}
	return b.String()
}

// Unwrap gives the failures.
func (e *LoadError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f
	}
	return errs
}
