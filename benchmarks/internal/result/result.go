// Package result is what a run of the comparison measured, as it is kept: raw, so that
// the page can be made from it again.
package result

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Run is one run on one machine.
type Run struct {
	Cores        int               `json:"cores"`
	Platform     string            `json:"platform"` // linux/amd64
	Go           string            `json:"go"`
	Node         string            `json:"node"`
	Rounds       int               `json:"rounds"`
	Revision     string            `json:"revision"` // the commit, and whether something was changed on top of it
	Versions     map[string]string `json:"versions"` // of the peers' modules
	Measurements []*Measurement    `json:"measurements"`
}

// Measurement is a set of subjects that were measured in turn.
type Measurement struct {
	ID       string     `json:"id"`
	Rounds   int        `json:"rounds"`   // may be another run's, which this one
	Revision string     `json:"revision"` // was told to leave as they were
	Subjects []*Subject `json:"subjects"`
}

// Subject is one thing measured: sample i of each subject of a measurement was taken
// in the same round.
type Subject struct {
	Name        string    `json:"name"`
	Floor       string    `json:"floor,omitempty"` // the subject whose median is 1
	NS          []float64 `json:"ns"`              // nanoseconds an operation
	Calls       []int     `json:"calls,omitempty"` // to AWS, a sample
	Connections []int     `json:"connections,omitempty"`
	RSS         []int64   `json:"rss,omitempty"`    // bytes, the most there was
	Binary      int64     `json:"binary,omitempty"` // bytes
}

// Find is the measurement with an id, nil if there is none.
func (r *Run) Find(id string) *Measurement {
	for _, m := range r.Measurements {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// Find is the subject with a name, nil if there is none.
func (m *Measurement) Find(name string) *Subject {
	for _, s := range m.Subjects {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Median is the median of the times in nanoseconds.
func (s *Subject) Median() float64 { return Quantile(s.NS, 0.5) }

// Quantile is the value below which a share of the samples lies; 0 without samples.
func Quantile[T cmp.Ordered](samples []T, share float64) (q T) {
	if len(samples) == 0 {
		return q
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// Load reads a run.
func Load(path string) (*Run, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Run)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Save writes the run, a subject a line, so that git shows what changed.
func (r *Run) Save(path string) error {
	text, err := r.encode()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	// Whole or not at all: an interrupted run is continued from this file.
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (r *Run) encode() ([]byte, error) {
	head := *r
	head.Measurements = []*Measurement{}
	text, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return nil, err
	}
	text = append(text[:len(text)-len("]\n}")], '\n')
	for i, m := range r.Measurements {
		text = fmt.Appendf(text, "    {\"id\": %q, \"rounds\": %d, \"revision\": %q, \"subjects\": [\n", m.ID, m.Rounds, m.Revision)
		for j, s := range m.Subjects {
			line, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			text = append(append(append(text, "      "...), line...), comma(j, len(m.Subjects))...)
		}
		text = append(append(text, "    ]}"...), comma(i, len(r.Measurements))...)
	}
	return append(text, "  ]\n}\n"...), nil
}

func comma(i, n int) string {
	if i < n-1 {
		return ",\n"
	}
	return "\n"
}
