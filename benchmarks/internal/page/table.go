package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/measure"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

// titles are what charts and tables are of.
var titles = map[string]string{
	"hit":                          "One value out of memory",
	"invoke-1":                     "An invocation that reads 1 entry, all fresh",
	"invoke-30":                    "An invocation that reads 30 entries, all fresh",
	"refresh-30-parameters":        "Refresh of 30 parameters, 5 ms a call",
	"refresh-20-secrets":           "Refresh of 20 secrets that have changed, 5 ms a call",
	"refresh-20-secrets-unchanged": "Refresh of 20 secrets that have not changed, 5 ms a call",
	"refresh-20-and-10":            "Refresh of 20 parameters and 10 secrets, 5 ms a call",
	"stampede":                     "1,000 readers of one due entry, 5 ms a call",
	"dead-connection":              "The first call after a pause, 5 ms a call",
	"cold-start":                   "Cold start: from exec to the first response",
}

func title(m *result.Measurement) string {
	if t := titles[m.ID]; t != "" {
		return t
	}
	return m.ID
}

// table is a measurement with all that was counted beside its times.
func table(m *result.Measurement) string {
	calls, memory := false, false
	for _, s := range m.Subjects {
		calls = calls || len(s.Calls) > 0
		memory = memory || s.Binary > 0
	}
	head := []string{"", "median", "middle half", "to the floor"}
	if calls {
		head = append(head, "calls", "new connections")
	}
	if memory {
		head = append(head, "program", "memory (RSS)")
	}
	rows := [][]string{head, slices.Repeat([]string{"--:"}, len(head))}
	rows[1][0] = "---"
	for _, s := range ranked(m) {
		row := []string{
			s.Name, Duration(s.Median()),
			Duration(result.Quantile(s.NS, 0.25)) + " to " + Duration(result.Quantile(s.NS, 0.75)),
			times(ratio(m, s)),
		}
		if calls {
			row = append(row, counts(s.Calls), counts(s.Connections))
		}
		if memory {
			row = append(row, megabytes(s.Binary), megabytes(result.Quantile(s.RSS, 0.5)))
		}
		if us(s.Name) {
			row[0], row[1] = "**"+row[0]+"**", "**"+row[1]+"**"
		}
		rows = append(rows, row)
	}
	return lines(rows)
}

func lines(rows [][]string) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
	return b.String()
}

// aims are how far above its floor a hit may be, by section 6 of the design.
var aims = map[string]float64{
	"Value, context 1 deep": 1.5,
	"Value, context 3 deep": 1.6,
	"Get":                   1.15,
	"Wrap of 1":             1.3,
	"Wrap of 30":            1.25,
}

func aimsTable(m *result.Measurement) string {
	rows := [][]string{
		{"", "median", "its floor", "median", "ratio", "aim", ""},
		{"---", "--:", "---", "--:", "--:", "--:", "---"},
	}
	for _, s := range m.Subjects {
		floor := m.Find(s.Floor)
		if floor == nil {
			continue
		}
		aim, r := aims[strings.TrimSuffix(s.Name, measure.WithEveryOption)], ratio(m, s)
		verdict := "reached"
		if r > aim {
			verdict = "**missed**"
		}
		rows = append(rows, []string{
			s.Name, Duration(s.Median()), floor.Name, Duration(floor.Median()), digits(r), fmt.Sprint(aim), verdict,
		})
	}
	return lines(rows)
}

func aboutRun(r *result.Run) string {
	var revisions, rounds []string
	for _, m := range r.Measurements {
		revisions, rounds = append(revisions, m.Revision), append(rounds, fmt.Sprint(m.Rounds))
	}
	return fmt.Sprintf("%d cores, %s, %s, Node.js %s; %s rounds; lambdacache at commit %s.",
		r.Cores, r.Platform, r.Go, r.Node, each(rounds), each(revisions))
}

// each names what is different.
func each(list []string) string {
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " and ")
}

func versions(r *result.Run) string {
	rows := [][]string{{"module", "version"}, {"---", "---"}}
	for _, module := range slices.Sorted(maps.Keys(r.Versions)) {
		rows = append(rows, []string{"`" + module + "`", r.Versions[module]})
	}
	return lines(rows)
}
