package report

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"fairlead/internal/sim"
)

// Comparison is the simulations of one scenario side by side.
type Comparison struct {
	Scenario string
	Runs     []Run
	Columns  []Column
}

// Run is one simulation. Its label tells it from the others of its scenario by what differs.
type Run struct {
	Label  string
	Result *sim.Result
}

// Column is one figure of all runs.
type Column struct {
	Title string
	Kind  Kind
	// Values are by run; where Known is false there is none.
	Values []float64
	Known  []bool
	// Best are the runs with the best value, if not all of them have it, and if better and worse mean
	// anything.
	Best []bool
}

// Kind is what a figure is, which says how it is printed.
type Kind int

// The kinds.
const (
	Count Kind = iota
	Seconds
	Part // of a whole: 0.25 is 25 %
	Ratio
	Index // from 0 to 1
)

// order says which of two values is better.
type order int

const (
	neither order = iota
	low
	high
)

type metric struct {
	title string
	kind  Kind
	best  order
	of    func(*sim.Result) (float64, bool)
}

// Compare sorts results by their scenarios, in the order in which those came.
func Compare(results []*sim.Result) []Comparison {
	var out []Comparison
	for _, r := range results {
		at := slices.IndexFunc(out, func(c Comparison) bool { return c.Scenario == r.Scenario })
		if at < 0 {
			at = len(out)
			out = append(out, Comparison{Scenario: r.Scenario})
		}
		out[at].Runs = append(out[at].Runs, Run{Result: r})
	}
	for i := range out {
		label(out[i].Runs)
		out[i].Columns = columns(out[i].Runs)
	}
	return out
}

// label names each run by what differs: the policy at least.
func label(runs []Run) {
	differ := func(of func(*sim.Result) string) bool {
		return slices.ContainsFunc(runs, func(r Run) bool { return of(r.Result) != of(runs[0].Result) })
	}
	changes := func(r *sim.Result) string { return cmp.Or(strings.Join(r.Changes, " "), "base") }
	policy := func(r *sim.Result) string { return r.Policy }
	placement := func(r *sim.Result) string { return r.Placement }
	for i, r := range runs {
		var parts []string
		for _, of := range []func(*sim.Result) string{policy, placement, changes} {
			if differ(of) {
				parts = append(parts, of(r.Result))
			}
		}
		runs[i].Label = cmp.Or(strings.Join(parts, " "), r.Result.Policy)
	}
	seen := map[string]int{}
	for i := range runs {
		name := runs[i].Label
		if seen[name]++; seen[name] > 1 { // two files have scenarios of one name
			runs[i].Label += " #" + strconv.Itoa(seen[name])
		}
	}
}

func columns(runs []Run) []Column {
	var out []Column
	for _, m := range metrics(runs) {
		c := Column{Title: m.title, Kind: m.kind, Best: make([]bool, len(runs))}
		some := false
		for _, r := range runs {
			v, ok := m.of(r.Result)
			c.Values, c.Known = append(c.Values, v), append(c.Known, ok)
			some = some || ok
		}
		if some {
			c.mark(m.best)
			out = append(out, c)
		}
	}
	return out
}

// mark finds the best values.
func (c *Column) mark(best order) {
	var known []float64
	for i, v := range c.Values {
		if c.Known[i] {
			known = append(known, v)
		}
	}
	least, most := c.Kind.Format(slices.Min(known)), c.Kind.Format(slices.Max(known))
	if best == neither || least == most {
		return // they look the same
	}
	wanted := map[order]string{low: least, high: most}[best]
	for i, v := range c.Values {
		c.Best[i] = c.Known[i] && c.Kind.Format(v) == wanted
	}
}

func metrics(runs []Run) []metric {
	out := []metric{
		{"FINISHED", Count, high, func(r *sim.Result) (float64, bool) { return float64(sum(r, finished)), true }},
		{"MAKESPAN", Seconds, low, func(r *sim.Result) (float64, bool) { return r.MakespanS, r.MakespanS > 0 }},
	}
	for _, t := range []struct {
		title string
		kind  Kind
		of    func(*sim.Result) sim.Spread
	}{
		{"WAIT", Seconds, func(r *sim.Result) sim.Spread { return r.Wait }},
		{"COMPLETION", Seconds, func(r *sim.Result) sim.Spread { return r.Completion }},
	} {
		for _, q := range quantiles() {
			out = append(out, metric{t.title + " " + q.title, t.kind, low, func(r *sim.Result) (float64, bool) {
				s := t.of(r)
				return q.of(s), s.Count > 0 && r.EndS > 0
			}})
		}
	}
	out = append(out, metric{"SLOWDOWN", Ratio, low, func(r *sim.Result) (float64, bool) {
		return r.Slowdown.Mean, r.Slowdown.Count > 0
	}})
	for _, name := range resources(runs) {
		out = append(out, metric{strings.ToUpper(name), Part, high, func(r *sim.Result) (float64, bool) {
			u, ok := r.MeanUtilization[name]
			return u, ok
		}})
	}
	if slices.ContainsFunc(runs, func(r Run) bool { return len(r.Result.Frameworks) > 1 }) {
		out = append(out,
			metric{"SHARE ERROR", Part, low, func(r *sim.Result) (float64, bool) { return judged(r).ShareError, r.FairnessSummary != nil }},
			metric{"ENVY", Part, low, func(r *sim.Result) (float64, bool) { return judged(r).Envy, r.FairnessSummary != nil }},
			metric{"JAIN", Index, high, func(r *sim.Result) (float64, bool) { return judged(r).Jain, judged(r).Jain > 0 }})
	}
	out = append(out, metric{"BETTER ALONE", Count, low, func(r *sim.Result) (float64, bool) {
		if r.Violations == nil {
			return 0, false
		}
		return float64(*r.Violations), true
	}})
	out = append(out, metric{"FRAGMENTATION", Part, low, func(r *sim.Result) (float64, bool) {
		return r.Fragmentation, slices.ContainsFunc(runs, func(r Run) bool { return r.Result.Fragmentation > 0 })
	}})
	return append(out, metric{"PREEMPTED", Count, low, func(r *sim.Result) (float64, bool) {
		return float64(r.Preemptions), slices.ContainsFunc(runs, func(r Run) bool { return r.Result.Preemptions > 0 })
	}})
}

// judged is how fairly everybody was served, nothing if that is not known.
func judged(r *sim.Result) sim.FairnessSummary {
	if r.FairnessSummary == nil {
		return sim.FairnessSummary{}
	}
	return *r.FairnessSummary
}

type quantile struct {
	title string
	of    func(sim.Spread) float64
}

func quantiles() []quantile {
	return []quantile{
		{"MEAN", func(s sim.Spread) float64 { return s.Mean }},
		{"P50", func(s sim.Spread) float64 { return s.Median }},
		{"P95", func(s sim.Spread) float64 { return s.P95 }},
		{"P99", func(s sim.Spread) float64 { return s.P99 }},
	}
}

func finished(f sim.FrameworkResult) int64 { return f.Finished }

func sum(r *sim.Result, of func(sim.FrameworkResult) int64) (n int64) {
	for _, f := range r.Frameworks {
		n += of(f)
	}
	return n
}

// resources are those that anybody used, the best known ones first.
func resources(runs []Run) []string {
	used := map[string]bool{}
	for _, r := range runs {
		for name, u := range r.Result.MeanUtilization {
			if u > 0 {
				used[name] = true
			}
		}
	}
	return SortResources(slices.Collect(maps.Keys(used)))
}

// SortResources puts cpus, mem, disk, gpus and ports before others.
func SortResources(names []string) []string {
	known := []string{"cpus", "mem", "disk", "gpus", "ports"}
	rank := func(name string) int {
		if at := slices.Index(known, name); at >= 0 {
			return at
		}
		return len(known)
	}
	return slices.SortedFunc(slices.Values(names), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}
