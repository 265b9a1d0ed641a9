package assumerole_test

import (
	"slices"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

// Every source of AWS is in another Region and as another account's role what it is at
// home, where its own tests are, and has the keys of each place for itself.
func TestConformanceElsewhere(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1") // no pauses: they are held where the retries are
	places := []subject.Place{{}, {Account: account}, {Region: ireland}, {Account: account, Region: ireland}}
	for i, name := range map[int]string{2: "in another Region", 3: "in another Region of another account"} {
		for _, source := range subject.Sources {
			t.Run(source.Name+" "+name, func(t *testing.T) {
				t.Setenv("TMPDIR", t.TempDir())
				others := slices.Delete(slices.Clone(places), i, i+1)
				cachetest.Conformance(t, source.In(t, cachetest.NewAWS(t), places[i], others...))
			})
		}
	}
}
