package connections

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the figures of this run into docs/connections.md")

const (
	file  = "../../docs/connections.md"
	begin = "<!-- figures: written by the test -->\n"
	end   = "<!-- end of figures -->\n"
)

// row is one line of the page's table.
type row struct {
	what         string
	age          time.Duration
	attempts     int
	ours, theirs extra
}

// counted is the part of a row that is the same on every machine.
func (r row) counted() string {
	return fmt.Sprintf("| %s | %v | %d | 1 |", r.what, r.age, r.attempts)
}

func (r row) String() string {
	return r.counted() + " " + r.ours.String() + " | " + r.theirs.String() + " |"
}

func (e extra) String() string {
	if e.never {
		return fmt.Sprintf("no answer in %v", limit)
	}
	return fmt.Sprintf("%.1f / %.1f ms", ms(e.median), ms(e.worst))
}

func ms(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}

// page compares what was counted with docs/connections.md, or writes the table there.
func page(t *testing.T, rows []row) {
	t.Helper()
	table := "| the connection is | idle for | attempts | new connections | extra wait, median / worst | the SDK's default |\n" +
		"|---|---|---|---|---|---|\n"
	for _, r := range rows {
		table += r.String() + "\n"
	}
	t.Logf("\n%s", table)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	old, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s does not have the lines %q and %q", file, begin, end)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+table+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	lines := strings.Split(strings.TrimSpace(old), "\n")[2:]
	if len(lines) != len(rows) {
		t.Fatalf("%s has %d rows, this run %d: run the test with -update", file, len(lines), len(rows))
	}
	for i, r := range rows {
		if !strings.HasPrefix(lines[i], r.counted()) {
			t.Errorf("%s says\n%s\nand this run\n%s", file, lines[i], r)
		}
	}
}
