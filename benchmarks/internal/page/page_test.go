package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/measure"
	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

const (
	docs    = "../../../docs"
	results = "../../results/peers.json"
)

func kept(t *testing.T) *result.Run {
	t.Helper()
	run, err := result.Load(results)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// docs/performance.md and its charts are what the kept results make of them, each time
// the same.
func TestThePageIsWhatWasMeasured(t *testing.T) {
	for range 3 {
		files, err := Render(kept(t), docs)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range files {
			got, err := os.ReadFile(filepath.Join(docs, path))
			if err != nil {
				t.Error(err)
			} else if !bytes.Equal(got, want) {
				t.Errorf("docs/%s is not what was measured: cd benchmarks && go run ./cmd/bench-peers -render", path)
			}
		}
		there, err := filepath.Glob(filepath.Join(docs, charts, "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(there) != len(files)-1 {
			t.Errorf("%d charts in docs/%s, want %d", len(there), charts, len(files)-1)
		}
	}
}

// What is kept is whole: all subjects of all measurements, in all rounds.
func TestWhatIsKeptIsWhole(t *testing.T) {
	run := kept(t)
	for _, m := range measure.All() {
		got := run.Find(m.ID)
		if got == nil {
			t.Errorf("%s was not measured", m.ID)
			continue
		}
		if len(got.Subjects) != len(m.Subjects) {
			t.Errorf("%s has %d subjects, want %d", m.ID, len(got.Subjects), len(m.Subjects))
		}
		for _, s := range m.Subjects {
			if found := got.Find(s.Name); found == nil || len(found.NS) == 0 || len(found.NS) != len(got.Subjects[0].NS) {
				t.Errorf("%s: %s was not measured as often as the others", m.ID, s.Name)
			}
		}
		if titles[m.ID] == "" && m.ID != "aims" {
			t.Errorf("%s has no title", m.ID)
		}
	}
	if len(run.Measurements) != len(measure.All()) {
		t.Errorf("%d measurements are kept, want %d", len(run.Measurements), len(measure.All()))
	}
}

// Whoever wins is named, with a reason.
func TestEveryWinnerHasAReason(t *testing.T) {
	for _, m := range kept(t).Measurements {
		if m.ID == "aims" {
			continue
		}
		for _, s := range m.Subjects {
			if why(m, s) == "" {
				t.Errorf("%s has no reason to win %s", s.Name, m.ID)
			}
		}
	}
}

func subject(name, floor string, ns ...float64) *result.Subject {
	return &result.Subject{Name: name, Floor: floor, NS: ns}
}

func race() *result.Measurement {
	return &result.Measurement{ID: "hit", Subjects: []*result.Subject{
		subject("floor", "floor", 50, 100, 60),
		subject("lambdacache Get", "floor", 100, 210, 120),
		subject("lambdacache Value", "floor", 10, 10, 10),
		subject("<fast> & \"new\"", "floor", 40, 50, 45),
		subject("nearly", "floor", 119, 119, 119),
		subject("slow", "floor", 1e6, 2e6, 1.5e6),
	}}
}

func TestTableAndWinners(t *testing.T) {
	m := race()
	m.Subjects[5].Calls, m.Subjects[5].Connections = []int{3, 3, 3}, []int{0, 20, 7}
	if got, want := table(m), `|  | median | middle half | to the floor | calls | new connections |
| --- | --: | --: | --: | --: | --: |
| floor | 60.0 ns | 50.0 ns to 100 ns | 1.00 × | – | – |
| **lambdacache Value** | **10.0 ns** | 10.0 ns to 10.0 ns | 0.17 × | – | – |
| <fast> & "new" | 45.0 ns | 40.0 ns to 50.0 ns | 0.75 × | – | – |
| nearly | 119 ns | 119 ns to 119 ns | 1.98 × | – | – |
| **lambdacache Get** | **120 ns** | 100 ns to 210 ns | 2.00 × | – | – |
| slow | 1.50 ms | 1.00 ms to 2.00 ms | 20,000 × | 3 | 0 to 20 |
`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got := winners(m)
	if !strings.Contains(got, `- <fast> & "new": 45.0 ns of lambdacache's 120 ns. It asks one clock`) {
		t.Errorf("the winner is not named: %s", got)
	}
	for _, name := range []string{"nearly", "slow", "floor", "Value"} {
		if strings.Contains(got, "- "+name) {
			t.Errorf("%s has not won: %s", name, got)
		}
	}
	m.Subjects = append(m.Subjects[:3], m.Subjects[4:]...)
	if got := winners(m); !strings.HasPrefix(got, "No peer was faster") {
		t.Errorf("who has won? %s", got)
	}
}

func TestAimsAreJudged(t *testing.T) {
	m := &result.Measurement{ID: "aims", Subjects: []*result.Subject{
		subject("time.Now", "", 50, 50), subject("Get", "time.Now", 55, 55),
		subject("Get"+measure.WithEveryOption, "time.Now", 60, 60),
	}}
	got := aimsTable(m)
	for _, want := range []string{
		"| Get | 55.0 ns | time.Now | 50.0 ns | 1.10 | 1.15 | reached |",
		"| Get, every option set | 60.0 ns | time.Now | 50.0 ns | 1.20 | 1.15 | **missed** |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no row %q in\n%s", want, got)
		}
	}
}

func TestChartIsXML(t *testing.T) {
	m := race()
	got := chart(m)
	if !bytes.Equal(got, chart(m)) {
		t.Error("not the same each time")
	}
	dots := 0
	for d := xml.NewDecoder(bytes.NewReader(got)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
			dots++
		}
	}
	if dots != len(m.Subjects) {
		t.Errorf("%d dots for %d subjects", dots, len(m.Subjects))
	}
	for _, want := range []string{">10 ns</text>", ">2 ms</text>", "prefers-color-scheme: dark", "&lt;fast&gt; &amp;"} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("the chart has no %q", want)
		}
	}
}

func TestFill(t *testing.T) {
	parts := map[string]string{"a": "new a\n", "b": "new b"}
	page := "x <!-- measured: a -->old<!-- end --> y <!-- measured: b --><!-- end --> z"
	want := "x <!-- measured: a -->\nnew a\n<!-- end --> y <!-- measured: b -->\nnew b\n<!-- end --> z"
	for range 2 { // filled again it is the same
		got, err := fill([]byte(page), parts)
		if err != nil || string(got) != want {
			t.Fatalf("%v: %s", err, got)
		}
		page = want
	}
	for page, problem := range map[string]string{
		"<!-- measured: a --><!-- end -->":        "no place for \"b\"",
		want + "<!-- measured: c --><!-- end -->": "nothing was measured as \"c\"",
		want + "<!-- measured: a --><!-- end -->": "\"a\" has two places",
		want + "<!-- measured: a":                 "has no end",
		"<!-- measured: a -->":                    "has no end",
	} {
		if _, err := fill([]byte(page), parts); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v, want %s", page, err, problem)
		}
	}
}

func TestDuration(t *testing.T) {
	for ns, want := range map[float64]string{
		3.304: "3.30 ns", 52.8: "52.8 ns", 999.4: "999 ns", 999.9: "1.00 µs", 17300: "17.3 µs", 5.5e6: "5.50 ms", 1.435e9: "1.44 s", 1.2e12: "1,200 s",
	} {
		if got := Duration(ns); got != want {
			t.Errorf("%v ns are %q, want %q", ns, got, want)
		}
	}
}

func TestAboutRunNamesWhatIsOfAnotherRun(t *testing.T) {
	run := &result.Run{Cores: 2, Platform: "linux/amd64", Go: "go1", Node: "v20", Measurements: []*result.Measurement{
		{ID: "a", Rounds: 20, Revision: "new"}, {ID: "b", Rounds: 8, Revision: "older"}, {ID: "c", Rounds: 20, Revision: "new"},
	}}
	if got, want := aboutRun(run), "2 cores, linux/amd64, go1, Node.js v20; 20 and 8 rounds; lambdacache at commit new and older."; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
