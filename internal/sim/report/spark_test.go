package report

import (
	"testing"

	"fairlead/internal/sim"
)

// A has everything for a quarter of the time and then half, B nothing until then, and the last tenth of
// the time is C's, who has a little.
func TestSparks(t *testing.T) {
	share := func(name string, values ...float64) sim.FrameworkSamples {
		return sim.FrameworkSamples{Name: name, Role: "*", Share: values}
	}
	r := &sim.Result{Samples: &sim.Samples{AtS: []float64{0, 60, 216}, EndS: 240, Frameworks: []sim.FrameworkSamples{
		share("A", 0.8, 0.4, 0), share("B", 0, 0.4, 0), share("C", 0, 0, 0.01),
	}}}
	got := Sparks(r)
	for name, want := range map[string]string{
		"A": "██████▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▃··",
		"B": "······▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▃··",
		"C": "·····················▁▁▁",
	} {
		if line := got[[2]string{name, "*"}]; line != want {
			t.Errorf("%s: got %s, want %s", name, line, want)
		}
	}
	if len(Sparks(&sim.Result{})) > 0 {
		t.Error("a line without samples")
	}
}
