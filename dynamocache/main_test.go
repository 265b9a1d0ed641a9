package dynamocache_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache/internal/leftover"
)

func TestMain(m *testing.M) { leftover.Main(m) }
