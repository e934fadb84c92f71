package sim

import (
	"cmp"
	"math"
	"slices"

	"fairlead/allocator"
)

// Samples are figures over time. Span i is from AtS[i] to the next, the last one to EndS. A span is
// the time between two changes while there are at most about 2,000 of them. In longer simulations
// it is as long as it must be for that, and the figures are their means over it; Exact tells which.
type Samples struct {
	Exact bool      `json:"exact"`
	AtS   []float64 `json:"at_s"`
	EndS  float64   `json:"end_s"`
	// Utilization is the part in use of each resource that the cluster has.
	Utilization map[string][]float64 `json:"utilization"`
	// Frameworks are in the order of Result.Frameworks; those that never asked for anything are left out.
	Frameworks []FrameworkSamples `json:"frameworks"`
}

// FrameworkSamples are the figures of one framework in one role, by span.
type FrameworkSamples struct {
	Name string `json:"name"`
	Role string `json:"role"`
	// Share is the dominant share, not divided by the weight.
	Share []float64 `json:"share"`
	// Fair is what it is entitled to: its part in the exact division of the cluster by DRF, with the
	// demands of now. It is looked at ever more rarely in long simulations.
	Fair []float64 `json:"fair"`
	// Waiting counts the instances in line: those that arrived and are neither running nor over, but for those of
	// groups that come after one that has not ended.
	Waiting []float64 `json:"waiting"`
	// WaitS is the mean wait of the instances that first started in the span, in seconds; null if
	// none did.
	WaitS []*float64 `json:"wait_s"`
	// Started counts those.
	Started []int64 `json:"started"`
}

// samples closes the timeline.
func (st *stats) samples(v *allocator.View) *Samples {
	l := &st.timeline
	l.cut(st.now)
	out := &Samples{
		Exact: l.width == 0, AtS: make([]float64, len(l.ends)), EndS: seconds(l.begin()),
		Utilization: map[string][]float64{}, Frameworks: []FrameworkSamples{},
	}
	for i := range l.ends {
		out.AtS[i] = seconds(l.start(i))
	}
	for k, name := range v.Kinds {
		if v.Total[k] > 0 {
			out.Utilization[name] = roundedAll(st.inUse[k].means)
		}
	}
	for _, f := range st.leaves {
		out.Frameworks = append(out.Frameworks, FrameworkSamples{
			Name: f.framework, Role: f.role, Share: roundedAll(f.share.means), Fair: roundedAll(f.fair.means), Waiting: roundedAll(f.line.means), WaitS: f.waited.present(),
			Started: f.waited.counts(),
		})
	}
	slices.SortFunc(out.Frameworks, func(a, b FrameworkSamples) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Role, b.Role))
	})
	return out
}

func roundedAll(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, x := range values {
		out[i] = rounded(x)
	}
	return out
}

// present are the means in seconds of the spans in which anything was counted.
func (t *track) present() []*float64 {
	out := make([]*float64, len(t.means))
	for i, x := range t.means {
		if t.weights[i] > 0 {
			s := math.Round(x) / 1000
			out[i] = &s
		}
	}
	return out
}

func (t *track) counts() []int64 {
	out := make([]int64, len(t.weights))
	for i, n := range t.weights {
		out[i] = int64(n)
	}
	return out
}
