// Bench-peers compares lambdacache with other ways to the same end and keeps what it
// measured. An interrupted run is continued by the next. See docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/measure"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/page"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/peer"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

func main() {
	peer.Child()
	rounds := flag.Int("rounds", 20, "rounds of each measurement")
	only := flag.String("only", "", "only measurements that match this `regexp`; the others stay as they were")
	fresh := flag.Bool("fresh", false, "forget an interrupted run")
	render := flag.Bool("render", false, "measure nothing, make the page from what was kept")
	node := flag.String("node", "../.tools/peers", "where the libraries for Node.js are installed")
	out := flag.String("out", "results/peers.json", "what was measured")
	part := flag.String("part", "../.build/bench-peers.json", "an interrupted run")
	docs := flag.String("docs", "../docs", "the folder of performance.md")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if !*render {
		err = run(ctx, *rounds, *only, *fresh, *node, *out, *part)
	}
	if err == nil {
		err = page.Update(*out, *docs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, only string, fresh bool, node, out, part string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	now, err := here(rounds, node)
	if err != nil {
		return err
	}
	to, err := resume(now, part, fresh)
	if err != nil {
		return err
	}
	lab, err := measure.New(node, logf)
	if err != nil {
		return err
	}
	defer lab.Close()
	save := func() error { return to.Save(part) }
	for _, m := range measure.All() {
		if !wanted.MatchString(m.ID) {
			continue
		}
		into := to.Find(m.ID)
		if into == nil {
			into = &result.Measurement{ID: m.ID, Rounds: rounds, Revision: now.Revision}
			to.Measurements = append(to.Measurements, into)
		}
		start := time.Now()
		if err := lab.Run(ctx, m, rounds, into, save); err != nil {
			return err
		}
		logf("%s: %v\n", m.ID, time.Since(start).Round(time.Second))
		for _, s := range into.Subjects {
			logf("    %-55s %s\n", s.Name, page.Duration(s.Median()))
		}
	}
	if err := merge(to, out, wanted); err != nil {
		return err
	}
	return os.Remove(part)
}

// merge keeps of an older run what this one was told to leave alone.
func merge(to *result.Run, out string, wanted *regexp.Regexp) error {
	old, err := result.Load(out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var all []*result.Measurement
	for _, m := range measure.All() {
		from := to
		if !wanted.MatchString(m.ID) {
			from = old
		}
		if from == nil {
			continue
		}
		if r := from.Find(m.ID); r != nil {
			all = append(all, r)
		}
	}
	to.Measurements = all
	return to.Save(out)
}

// resume continues an interrupted run of the same things, or begins a new one.
func resume(now *result.Run, part string, fresh bool) (*result.Run, error) {
	old, err := result.Load(part)
	switch {
	case fresh || errors.Is(err, fs.ErrNotExist):
		return now, nil
	case err != nil:
		return nil, fmt.Errorf("%w; with -fresh it is forgotten", err)
	}
	list := old.Measurements
	old.Measurements = nil
	if a, b := fmt.Sprint(*old), fmt.Sprint(*now); a != b {
		logf("begins anew: the interrupted run is of something else\n    %s\n    %s\n", a, b)
		return now, nil
	}
	logf("continues the interrupted run\n")
	now.Measurements = list
	return now, nil
}

// here is what this run is of.
func here(rounds int, node string) (*result.Run, error) {
	r := &result.Run{
		Cores: runtime.NumCPU(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Rounds: rounds,
		Versions: make(map[string]string),
	}
	version, err := exec.Command("node", "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("the libraries for Node.js need it on the PATH: %w", err)
	}
	r.Node = strings.TrimSpace(string(version))
	if r.Versions, err = versions(node); err != nil {
		return nil, err
	}
	r.Revision = revision()
	return r, nil
}

func revision() string {
	head, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	if exec.Command("git", "diff", "--quiet", "HEAD", "--", "..", ":!../docs", ":!results").Run() != nil {
		return strings.TrimSpace(string(head)) + " with changes"
	}
	return strings.TrimSpace(string(head))
}

func logf(format string, args ...any) { _, _ = io.WriteString(os.Stderr, fmt.Sprintf(format, args...)) }
