package faults

import (
	"os"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

func TestMain(m *testing.M) {
	testhook.Patient() // a busy machine is no service that does not answer
	os.Exit(m.Run())
}
