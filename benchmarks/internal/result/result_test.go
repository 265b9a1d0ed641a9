package result

import (
	"path/filepath"
	"reflect"
	"testing"
)

func TestWhatIsSavedIsLoaded(t *testing.T) {
	want := &Run{
		Cores: 2, Platform: "linux/amd64", Go: "go1", Node: "v20", Rounds: 3, Revision: "r", Versions: map[string]string{"m": "v1"},
		Measurements: []*Measurement{
			{ID: "a", Rounds: 3, Revision: "older", Subjects: []*Subject{{Name: "x", NS: []float64{1.5, 2}}, {Name: "y <&>", Floor: "x", NS: []float64{3, 4e9}, Calls: []int{1, 0}, Connections: []int{0, 2}}}},
			{ID: "b", Subjects: []*Subject{{Name: "z", NS: []float64{5}, RSS: []int64{6}, Binary: 7}}},
		},
	}
	for range 2 {
		path := filepath.Join(t.TempDir(), "new", "run.json")
		if err := want.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		want.Measurements = []*Measurement{} // a run that was interrupted before its first round
	}
}

func TestQuantile(t *testing.T) {
	list := []int{5, 1, 4, 2, 3}
	for share, want := range map[float64]int{0: 1, 0.25: 2, 0.5: 3, 0.75: 4, 1: 5} {
		if got := Quantile(list, share); got != want {
			t.Errorf("quantile %v of 1 to 5: %v, want %v", share, got, want)
		}
	}
	if got := Quantile([]float64(nil), 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
