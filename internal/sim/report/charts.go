package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"fairlead/internal/sim"
)

// Bounds of what a chart shows.
const (
	mostLines  = 10  // that have a colour
	mostOthers = 100 // that have none
	drawnSpans = 600 // one to a pixel
	manySpans  = 240 // instead of more than those, so that lines stay apart
	waitSpans  = 80  // a mean of few instances is noise
	errorSpans = 200
	mostFair   = 4 // frameworks whose fair shares are drawn too
)

// Charts are the pictures of a comparison: for each run what was over time, if there was any time, and
// the runs beside each other.
func Charts(c *Comparison) []Chart {
	return slices.Concat(summaries(c), slices.Concat(overTime(c)...))
}

// overTime are the charts of each run, none if there was no time. Those of one kind have the same axes,
// so that they can be compared.
func overTime(c *Comparison) [][]Chart {
	out := make([][]Chart, len(c.Runs))
	picks := pick(c)
	var top []float64
	until := 0.0
	for i := range c.Runs {
		s := c.Runs[i].Result.Samples
		if s == nil || len(s.AtS) == 0 {
			continue
		}
		out[i] = c.Runs[i].overTime(picks)
		top = append(top, make([]float64, len(out[i])-len(top))...)
		for k := range out[i] {
			top[k] = max(top[k], out[i][k].top())
		}
		until = max(until, s.EndS)
	}
	for _, charts := range out {
		for k := range charts {
			charts[k].YMax, charts[k].XMax = top[k], until
		}
	}
	return out
}

// key is a framework in a role.
type key struct{ name, role string }

func (k key) String() string {
	if k.role == "*" {
		return k.name
	}
	return k.name + " (" + k.role + ")"
}

// pick gives a style to the frameworks with the largest shares, the same in all runs.
func pick(c *Comparison) map[key]int {
	most := map[key]float64{}
	for _, r := range c.Runs {
		for _, f := range r.Result.Frameworks {
			k := key{f.Name, f.Role}
			most[k] = max(most[k], f.MeanShare, float64(f.ShareNum)/float64(f.ShareDen))
		}
	}
	var keys []key
	for k := range most {
		keys = append(keys, k)
	}
	byName := func(a, b key) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.role, b.role)) }
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(most[b], most[a]), byName(a, b)) })
	keys = keys[:min(len(keys), mostLines)]
	slices.SortFunc(keys, byName)
	out := map[key]int{}
	for i, k := range keys {
		out[k] = i
	}
	return out
}

// overTime are the charts of one run.
func (r *Run) overTime(picks map[key]int) []Chart {
	s := r.Result.Samples
	out := []Chart{r.utilization()}
	for _, of := range []struct {
		name, title, label string
		kind               Kind
		spans              int
		values             func(*sim.FrameworkSamples) ([]float64, []float64) // and their weights
	}{
		{"shares", "Dominant shares over time", "Dominant share of the cluster", Part, drawnSpans,
			func(f *sim.FrameworkSamples) ([]float64, []float64) { return f.Share, nil }},
		{"line", "Instances in line over time", "Instances that wait", Count, drawnSpans,
			func(f *sim.FrameworkSamples) ([]float64, []float64) { return f.Waiting, nil }},
		{"waits", "Waits over time", "Mean wait of those that start", Seconds, waitSpans, waits},
	} {
		chart := r.chart(of.name, of.title)
		chart.YLabel, chart.Y = of.label, of.kind
		b := rebin(s, of.spans)
		chart.Ends = b.ends
		for i := range s.Frameworks {
			f := &s.Frameworks[i]
			values, weights := of.values(f)
			style, ok := picks[key{f.Name, f.Role}]
			if !ok {
				style = -1
			}
			chart.Series = append(chart.Series, Series{
				Name: key{f.Name, f.Role}.String(), Values: b.means(values, weights), Style: style, Joined: weights != nil,
			})
		}
		if of.name == "shares" && len(chart.Series) <= mostFair {
			chart.addFair(s, b)
		}
		chart.limit()
		out = append(out, chart)
	}
	return out
}

// addFair adds what each framework was entitled to.
func (c *Chart) addFair(s *sim.Samples, b *bins) {
	for i := range s.Frameworks {
		if s.Frameworks[i].Fair == nil {
			continue
		}
		one := c.Series[i]
		one.Name, one.Values, one.Thin = one.Name+", fair", b.means(s.Frameworks[i].Fair, nil), true
		c.Series = append(c.Series, one)
	}
}

func (r *Run) chart(name, title string) Chart {
	return Chart{
		Name: slug(r.Result.Scenario + " " + r.Label + " " + name), Title: title, XLabel: "Time",
		Subtitle: r.Result.Scenario + ", " + r.subtitle(),
	}
}

// subtitle says which run it is.
func (r *Run) subtitle() string {
	s := r.Result.Policy + ", " + r.Result.Placement
	if len(r.Result.Changes) > 0 {
		s += ", " + strings.Join(r.Result.Changes, ", ")
	}
	if r.Result.Partial {
		s += ", interrupted"
	}
	return s
}

// limit leaves series out that nobody could see.
func (c *Chart) limit() {
	others := 0
	c.Series = slices.DeleteFunc(c.Series, func(s Series) bool {
		if s.Style < 0 {
			others++
		}
		return s.Style < 0 && others > mostOthers
	})
	c.Left = max(0, others-mostOthers)
}

func (r *Run) utilization() Chart {
	s := r.Result.Samples
	b := rebin(s, drawnSpans)
	chart := r.chart("utilization", "Utilization over time")
	chart.YLabel, chart.Y, chart.YMax, chart.Ends = "In use", Part, 1, b.ends
	var names []string
	for name, values := range s.Utilization {
		if slices.Max(values) > 0 {
			names = append(names, name)
		}
	}
	for i, name := range SortResources(names) {
		chart.Series = append(chart.Series, Series{Name: name, Values: b.means(s.Utilization[name], nil), Style: i})
	}
	return chart
}

func waits(f *sim.FrameworkSamples) (values, weights []float64) {
	for i, w := range f.WaitS {
		v := 0.0
		if w != nil {
			v = *w
		}
		values, weights = append(values, v), append(weights, float64(f.Started[i]))
	}
	return values, weights
}

// bins are fewer spans than there are samples, of about the same length.
type bins struct {
	lengths []float64 // of the samples' spans
	first   []int     // span of each bin
	ends    []float64
}

func rebin(s *sim.Samples, most int) *bins {
	b := &bins{}
	end := func(i int) float64 {
		if i+1 < len(s.AtS) {
			return s.AtS[i+1]
		}
		return s.EndS
	}
	width := 0.0
	if len(s.AtS) > most {
		most = min(most, manySpans)
		width = s.EndS / float64(most)
	}
	for i, at := range s.AtS {
		b.lengths = append(b.lengths, end(i)-at)
		if n := len(b.ends); n == 0 || b.ends[n-1] > float64(n)*width*(1-1e-9) || width == 0 {
			b.first, b.ends = append(b.first, i), append(b.ends, end(i))
		} else {
			b.ends[n-1] = end(i)
		}
	}
	return b
}

// means are those of each bin, weighted by time unless there are weights; NaN of nothing.
func (b *bins) means(values, weights []float64) []float64 {
	if weights == nil {
		weights = b.lengths
	}
	out := make([]float64, len(b.first))
	for k, from := range b.first {
		next := len(values)
		if k+1 < len(b.first) {
			next = b.first[k+1]
		}
		sum, weight := 0.0, 0.0
		for i := from; i < next; i++ {
			sum += values[i] * weights[i]
			weight += weights[i]
		}
		if out[k] = math.NaN(); weight > 0 {
			out[k] = sum / weight
		}
	}
	return out
}

// slug makes a text fit for the name of a file.
func slug(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, s)
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '-' }), "-")
}

func title(of, by string) string { return fmt.Sprintf("%s by %s", of, by) }
