package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/result"
)

func some(rounds int, revision string, ids ...string) *result.Run {
	r := &result.Run{Cores: 2, Rounds: rounds, Revision: revision, Versions: map[string]string{"a": "v1", "b": "v2"}}
	for _, id := range ids {
		r.Measurements = append(r.Measurements, &result.Measurement{ID: id, Rounds: rounds, Revision: revision})
	}
	return r
}

func TestResume(t *testing.T) {
	part := filepath.Join(t.TempDir(), "part.json")
	check := func(what string, now *result.Run, fresh bool, measured int) {
		t.Helper()
		to, err := resume(now, part, fresh)
		if err != nil || len(to.Measurements) != measured || to.Rounds != now.Rounds {
			t.Errorf("%s: %v, %+v, want %d measurements", what, err, to, measured)
		}
	}
	check("nothing was interrupted", some(5, "x"), false, 0)
	if err := some(5, "x", "hit", "stampede").Save(part); err != nil {
		t.Fatal(err)
	}
	check("the same", some(5, "x"), false, 2)
	check("fresh", some(5, "x"), true, 0)
	check("more rounds", some(6, "x"), false, 0)
	check("another commit", some(5, "y"), false, 0)
	if err := os.WriteFile(part, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := resume(some(5, "x"), part, false); err == nil {
		t.Error("a broken file was taken for a run")
	}
}

func TestMergeKeepsWhatWasLeftAlone(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run.json")
	if err := merge(some(5, "x", "stampede", "hit", "gone"), out, regexp.MustCompile("")); err != nil {
		t.Fatal(err)
	}
	if err := merge(some(9, "y", "stampede"), out, regexp.MustCompile("^stampede$")); err != nil {
		t.Fatal(err)
	}
	got, err := result.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Measurements) != 2 || got.Find("hit").Revision != "x" || got.Find("stampede").Revision != "y" {
		t.Errorf("%+v", got)
	}
}
