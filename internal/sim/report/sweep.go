package report

import (
	"math"
	"slices"
	"strings"

	"fairlead/internal/sim"
)

// fewValues are the values of a sweep that make a picture.
const fewValues = 3

// sweeps are how frameworks do as one value of the scenario changes: a line for each, one picture for each
// policy and placement. There are none if several values change, or few.
func sweeps(c *Comparison) []Chart {
	var out []Chart
	var done []string
	for _, r := range c.Runs {
		of := r.Result.Policy + ", " + r.Result.Placement
		if slices.Contains(done, of) {
			continue
		}
		done = append(done, of)
		path, runs := sweepOf(c, r.Result)
		if len(runs) < fewValues {
			continue
		}
		for _, kind := range []struct {
			name, title string
			kind        Kind
			value       func(sim.FrameworkResult) float64
		}{
			{"sweep-share", "Mean dominant share", Part, func(f sim.FrameworkResult) float64 { return f.MeanShare }},
			{"sweep-wait", "Mean wait", Seconds, func(f sim.FrameworkResult) float64 { return known(f.Wait) }},
			{"sweep-completion", "Mean completion", Seconds, func(f sim.FrameworkResult) float64 { return known(f.Completion) }},
		} {
			chart := Chart{
				Name: slug(c.Scenario + " " + of + " " + kind.name), Title: title(kind.title, path), Subtitle: c.Scenario + ", " + of,
				XLabel: path, YLabel: kind.title, Y: kind.kind,
			}
			chart.sweep(c, runs, kind.value)
			out = append(out, chart)
		}
	}
	return out
}

// sweepOf are the runs of a sweep under the policy and the placement of a result, and what it changes.
func sweepOf(c *Comparison, like *sim.Result) (path string, runs []*sim.Result) {
	for _, r := range c.Runs {
		if r.Result.Policy != like.Policy || r.Result.Placement != like.Placement || len(r.Result.Changes) == 0 {
			continue
		}
		last, _, _ := strings.Cut(r.Result.Changes[len(r.Result.Changes)-1], "=")
		if others := r.Result.Changes[:len(r.Result.Changes)-1]; path != "" &&
			(last != path || !slices.Equal(others, runs[0].Changes[:len(runs[0].Changes)-1])) {
			return "", nil
		}
		path, runs = last, append(runs, r.Result)
	}
	return path, runs
}

func (chart *Chart) sweep(c *Comparison, runs []*sim.Result, value func(sim.FrameworkResult) float64) {
	styles := pick(c)
	series := make([]Series, len(styles))
	for k, style := range styles {
		series[style] = Series{Name: k.String(), Style: style, Joined: true, Values: make([]float64, len(runs))}
	}
	for at, r := range runs {
		_, name, _ := strings.Cut(r.Changes[len(r.Changes)-1], "=")
		chart.Categories = append(chart.Categories, name)
		for i := range series {
			series[i].Values[at] = math.NaN()
		}
		for _, f := range r.Frameworks {
			if style, ok := styles[key{f.Name, f.Role}]; ok {
				series[style].Values[at] = value(f)
			}
		}
	}
	chart.Series = slices.DeleteFunc(series, func(s Series) bool {
		return !slices.ContainsFunc(s.Values, func(v float64) bool { return !math.IsNaN(v) })
	})
}
