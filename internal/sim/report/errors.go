package report

import (
	"math"
	"slices"

	"fairlead/internal/sim"
)

// shareErrors are how far all shares together were from the fair ones over time: one line for each run.
func shareErrors(c *Comparison) []Chart {
	chart := Chart{
		Name: slug(c.Scenario + " share-error"), Title: "Distance from the fair shares over time", Subtitle: c.Scenario,
		XLabel: "Time", YLabel: "Sum of |share – fair share|", Y: Part,
	}
	until := 0.0
	for _, r := range c.Runs {
		if s := r.Result.Samples; s != nil && len(s.Frameworks) > 1 && s.Frameworks[0].Fair != nil {
			until = max(until, s.EndS)
		}
	}
	if until == 0 {
		return nil
	}
	for k := range errorSpans {
		chart.Ends = append(chart.Ends, until*float64(k+1)/errorSpans)
	}
	for i, r := range c.Runs {
		if s := r.Result.Samples; s != nil && len(s.Frameworks) > 0 && s.Frameworks[0].Fair != nil {
			chart.Series = append(chart.Series, Series{Name: r.Label, Style: i, Values: resample(s, offBy(s), chart.Ends)})
		}
	}
	if !slices.ContainsFunc(chart.Series, func(s Series) bool { return slices.ContainsFunc(s.Values, func(v float64) bool { return v > 0 }) }) {
		return nil // there is nothing to see
	}
	return []Chart{chart}
}

// offBy is the sum of all frameworks' distances, by sample.
func offBy(s *sim.Samples) []float64 {
	out := make([]float64, len(s.AtS))
	for _, f := range s.Frameworks {
		for i := range out {
			out[i] += math.Abs(f.Share[i] - f.Fair[i])
		}
	}
	return out
}

// resample is the mean of a figure over each of other spans; NaN after its end.
func resample(s *sim.Samples, values, ends []float64) []float64 {
	out := make([]float64, len(ends))
	i, from := 0, 0.0
	for k, to := range ends {
		area, begin := 0.0, from
		for from < to && i < len(values) {
			end := s.EndS
			if i+1 < len(s.AtS) {
				end = s.AtS[i+1]
			}
			next := min(end, to)
			area += values[i] * (next - from)
			from = next
			if end <= to {
				i++
			}
		}
		if out[k] = math.NaN(); from > begin {
			out[k] = area / (from - begin)
		}
		from = to
	}
	return out
}
