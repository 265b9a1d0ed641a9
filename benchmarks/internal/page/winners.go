package page

import (
	"fmt"
	"strings"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

// noise is how much faster a peer must be before it is said to be.
const noise = 0.95

// whys say why a peer is faster than lambdacache: in one measurement, and where it is
// nothing of the peer's own, whichever peer it is.
var whys = map[[2]string]string{
	{"hit", ""}: "It asks one clock for the age, or none; lambdacache compares three, because after a freeze any one may be wrong.",
	{"hit", "gocloud.dev runtimevar"}: "It does not look at the clock: a goroutine polls, and Latest gives what that saw last, of whatever age. " +
		"While an environment is frozen nothing polls.",

	{"invoke-1", ""}:  "It looks at less than the clocks and the due time of each entry.",
	{"invoke-30", ""}: "It looks at less than the clocks and the due time of each entry.",

	{"refresh-30-parameters", ""}:        sameCalls,
	{"refresh-20-secrets", ""}:           sameCalls,
	{"refresh-20-secrets-unchanged", ""}: sameCalls,
	{"refresh-20-and-10", ""}:            sameCalls,

	{"stampede", ""}: "One load there too, but its readers wait at a lock. Each reader of lambdacache is a waiter with a " +
		"context of its own, who goes the whole road of a load first: some microseconds of bookkeeping each.",
	{"stampede", "ttlcache"}: "One load, now and then two: a reader that comes just as the load ends begins another. Its readers wait at a " +
		"lock; each reader of lambdacache is a waiter with a context of its own, who goes the whole road of a load first.",
	{"stampede", "aws-secretsmanager-caching-go"}: "Its readers wait at one lock, one after another, for two calls; each reader of " +
		"lambdacache is a waiter with a context of its own, who goes the whole road of a load first.",

	{"dead-connection", ""}:                                 "By chance: it made a call more.",
	{"cold-start", "aws-lambda-go alone, fetching nothing"}: "It has no configuration, and no service's package to initialise.",
	{"cold-start", ""}:                                      "It links and initialises less.",
}

const sameCalls = "As many calls, by the batched code of *SDK by hand*: what differs is the work around them, tens of microseconds " +
	"in milliseconds of waiting, and the chance of the run."

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
	return whys[[2]string{m.ID, ""}]
}
