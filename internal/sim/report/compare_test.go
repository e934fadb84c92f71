package report

import (
	"slices"
	"testing"

	"fairlead/internal/sim"
)

func TestCompareTellsRunsApartByWhatDiffers(t *testing.T) {
	one := func(scenario, policy, placement string, changes ...string) *sim.Result {
		return &sim.Result{Scenario: scenario, Policy: policy, Placement: placement, Changes: changes}
	}
	for _, c := range []struct {
		results []*sim.Result
		want    []string
	}{
		{[]*sim.Result{one("a", "drf", "best-fit")}, []string{"drf"}},
		{[]*sim.Result{one("a", "drf", "best-fit"), one("a", "fifo", "best-fit")}, []string{"drf", "fifo"}},
		{[]*sim.Result{one("a", "drf", "best-fit"), one("a", "drf", "worst-fit")}, []string{"best-fit", "worst-fit"}},
		{[]*sim.Result{one("a", "drf", "best-fit"), one("a", "fifo", "worst-fit")}, []string{"drf best-fit", "fifo worst-fit"}},
		{[]*sim.Result{one("a", "drf", "best-fit"), one("a", "drf", "best-fit", "seed=2", "until=1h")}, []string{"base", "seed=2 until=1h"}},
		{[]*sim.Result{one("a", "drf", "best-fit"), one("b", "fifo", "best-fit"), one("a", "fifo", "best-fit")}, []string{"drf", "fifo", "fifo"}},
		{[]*sim.Result{one("a", "drf", "best-fit"), one("a", "drf", "best-fit")}, []string{"drf", "drf #2"}},
	} {
		var got []string
		for _, c := range Compare(c.results) {
			for _, r := range c.Runs {
				got = append(got, r.Label)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// Less is better of times and slowdown, more of what finished. What all have in common is not marked,
// and neither is what is not known.
func TestCompareMarksTheBest(t *testing.T) {
	run := func(finished int64, makespan, wait float64) *sim.Result {
		return &sim.Result{
			Scenario: "a", EndS: 10, MakespanS: makespan, Frameworks: []sim.FrameworkResult{{Finished: finished}},
			Times: sim.Times{Wait: sim.Spread{Count: 1, Mean: wait, Median: 1}},
		}
	}
	c := Compare([]*sim.Result{run(3, 0, 5), run(4, 7, 5), run(4, 9, 2)})[0]
	for title, want := range map[string][]bool{
		"FINISHED":  {false, true, true},
		"MAKESPAN":  {false, true, false},
		"WAIT MEAN": {false, false, true},
		"WAIT P50":  {false, false, false},
	} {
		at := slices.IndexFunc(c.Columns, func(c Column) bool { return c.Title == title })
		if got := c.Columns[at].Best; !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", title, got, want)
		}
	}
	if slices.ContainsFunc(c.Columns, func(c Column) bool { return c.Title == "SLOWDOWN" }) {
		t.Error("there is a column for slowdown, which no run knows")
	}
}
