package ssmcache_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

func TestMain(m *testing.M) {
	testhook.Patient() // a busy machine is no service that does not answer
	leftover.Main(m)
}
