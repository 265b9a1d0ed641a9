package page

import (
	"fmt"
	"strings"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

// noise is how much faster a peer must be before it is said to be.
const noise = 0.95

// Whys say why a peer is faster than lambdacache: in a measurement, or, without one, in
// all.
var whys = map[[2]string]string{}

// winners says which peers were faster than lambdacache, and why. Where lambdacache has
// several subjects it is the slowest of them, so that nothing is kept quiet.
func winners(m *result.Measurement) string {
	var ours *result.Subject
	for _, s := range m.Subjects {
		if us(s.Name) && (ours == nil || s.Median() > ours.Median()) {
			ours = s
		}
	}
	if ours == nil {
		return ""
	}
	var b strings.Builder
	for _, s := range ranked(m) {
		if s.Name == s.Floor || us(s.Name) || s.Median() >= noise*ours.Median() {
			continue
		}
		fmt.Fprintf(&b, "- %s: %s of lambdacache's %s. %s\n", s.Name, Duration(s.Median()), Duration(ours.Median()), why(m, s))
	}
	if b.Len() == 0 {
		return "No peer was faster here than lambdacache by more than a twentieth.\n"
	}
	return "Faster here than lambdacache by more than a twentieth:\n\n" + b.String()
}

func why(m *result.Measurement, s *result.Subject) string {
	if w := whys[[2]string{m.ID, s.Name}]; w != "" {
		return w
	}
	return whys[[2]string{"", s.Name}]
}
