package report

import (
	"fmt"
	"math"
	"slices"

	"fairlead/internal/sim"
)

// summaries are the bars of all runs beside each other, as far as there is anything to show.
func summaries(c *Comparison) []Chart {
	return slices.DeleteFunc(sideBySide(c), func(c Chart) bool { return len(c.Categories)+len(c.Ends) == 0 })
}

func sideBySide(c *Comparison) []Chart {
	if !slices.ContainsFunc(c.Runs, func(r Run) bool { return r.Result.EndS > 0 }) {
		return atTheEnd(c) // there were no times
	}
	var out []Chart
	for _, of := range []struct {
		name, title, label string
		kind               Kind
		value              func(sim.FrameworkResult) float64
	}{
		{"mean-shares", "Mean dominant share", "Dominant share of the cluster", Part, func(f sim.FrameworkResult) float64 { return f.MeanShare }},
		{"wait", "Mean wait", "Mean wait", Seconds, func(f sim.FrameworkResult) float64 { return known(f.Wait) }},
		{"completion", "Mean completion", "Mean time from arrival to end", Seconds, func(f sim.FrameworkResult) float64 { return known(f.Completion) }},
	} {
		chart := byFramework(c, of.value)
		chart.Name, chart.Title = slug(c.Scenario+" "+of.name), title(of.title, "framework")
		chart.YLabel, chart.Y = of.label, of.kind
		out = append(out, chart)
	}
	return slices.Concat(sweeps(c), shareErrors(c), out, sizes(c))
}

func known(s sim.Spread) float64 {
	if s.Count == 0 {
		return math.NaN()
	}
	return s.Mean
}

// atTheEnd are what frameworks hold of each resource, for each run, and their dominant shares beside
// each other if there are several.
func atTheEnd(c *Comparison) []Chart {
	var out []Chart
	if len(c.Runs) > 1 {
		out = append(out, finalShares(c))
	}
	for i := range c.Runs {
		r := &c.Runs[i]
		one := Comparison{Scenario: c.Scenario, Runs: []Run{*r}}
		chart := r.chart("held", "What each framework holds at the end")
		chart.XLabel, chart.YLabel, chart.Y, chart.YMax = "Framework", "Part of the cluster", Part, 1
		for style, name := range resources(one.Runs) {
			total := r.Result.Cluster.Total[name]
			of := byFramework(&one, func(f sim.FrameworkResult) float64 { return f.Allocated[name] / total })
			chart.Categories, chart.XLabel = of.Categories, of.XLabel
			chart.Series = append(chart.Series, Series{Name: name, Values: of.Series[0].Values, Style: style})
		}
		out = append(out, chart)
	}
	return out
}

func finalShares(c *Comparison) Chart {
	chart := byFramework(c, func(f sim.FrameworkResult) float64 { return float64(f.ShareNum) / float64(f.ShareDen) })
	chart.Name, chart.Title = slug(c.Scenario+" final-shares"), title("Dominant share at the end", "framework")
	chart.YLabel, chart.Y = "Dominant share of the cluster", Part
	return chart
}

// byFramework has a category for each of the largest frameworks, and a bar for each run.
func byFramework(c *Comparison, value func(sim.FrameworkResult) float64) Chart {
	chart := Chart{Subtitle: c.Scenario, XLabel: "Framework"}
	styles := pick(c)
	keys := make([]key, len(styles))
	for k, at := range styles {
		keys[at] = k
	}
	all := map[key]bool{}
	for _, r := range c.Runs {
		for _, f := range r.Result.Frameworks {
			all[key{f.Name, f.Role}] = true
		}
	}
	if len(all) > len(keys) {
		chart.XLabel = fmt.Sprintf("Framework (the %d largest of %d)", len(keys), len(all))
	}
	for _, k := range keys {
		chart.Categories = append(chart.Categories, k.String())
	}
	for i, r := range c.Runs {
		s := Series{Name: r.Label, Style: i, Values: make([]float64, len(keys))}
		for at, k := range keys {
			s.Values[at] = math.NaN()
			for _, f := range r.Result.Frameworks {
				if (key{f.Name, f.Role}) == k {
					s.Values[at] = value(f)
				}
			}
		}
		chart.Series = append(chart.Series, s)
	}
	chart.dropEmpty()
	return chart
}

// dropEmpty leaves out categories of which no series knows anything.
func (c *Chart) dropEmpty() {
	for at := len(c.Categories) - 1; at >= 0; at-- {
		if slices.ContainsFunc(c.Series, func(s Series) bool { return !math.IsNaN(s.Values[at]) }) {
			continue
		}
		c.Categories = slices.Delete(c.Categories, at, at+1)
		for i := range c.Series {
			c.Series[i].Values = slices.Delete(c.Series[i].Values, at, at+1)
		}
	}
}

// sizes are the times by size of job, if there are several sizes.
func sizes(c *Comparison) []Chart {
	var names []string
	for _, row := range BySize(c) {
		if !slices.Contains(names, row.Bin.Instances) {
			names = append(names, row.Bin.Instances)
		}
	}
	if len(names) < 2 {
		return nil
	}
	var out []Chart
	for _, of := range []struct {
		name, title, label string
		value              func(sim.SizeBin) float64
	}{
		{"wait-by-size", "Mean wait", "Mean wait for the first instance", func(b sim.SizeBin) float64 { return b.Wait.Mean }},
		{"completion-by-size", "Mean completion", "Mean time from arrival to end", func(b sim.SizeBin) float64 { return b.Completion.Mean }},
	} {
		chart := Chart{
			Name: slug(c.Scenario + " " + of.name), Title: title(of.title, "size of job"), Subtitle: c.Scenario,
			XLabel: "Instances of the job", YLabel: of.label, Y: Seconds, Categories: names,
		}
		for i, r := range c.Runs {
			s := Series{Name: r.Label, Style: i, Values: make([]float64, len(names))}
			for at, name := range names {
				s.Values[at] = math.NaN()
				for _, b := range r.Result.SizeBins {
					if b.Instances == name {
						s.Values[at] = of.value(b)
					}
				}
			}
			chart.Series = append(chart.Series, s)
		}
		out = append(out, chart)
	}
	return out
}
