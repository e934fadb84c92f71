package sim

import (
	"fairlead/allocator"
)

// Bounds on how often it is judged how fairly everybody is served, since that takes as long as many
// placements do.
const (
	mostLooks  = 300
	fewLooks   = 8
	mostJudged = 3_000 // frameworks, in all looks of a rhythm
)

// judging looks now and then how fairly everybody is served: at each time at which something happens
// while there are few, and then ever more rarely. What was seen counts until the next look.
type judging struct {
	looks int   // in the present rhythm
	width int64 // the time between two looks
	next  int64
	since int64 // of what was seen last
	judge func() []judged
}

// fairness is how a framework was served over time, in shares × milliseconds.
type fairness struct {
	seen                    allocator.Judgement
	fair, error, envy, less float64
	belowMillis             int64
}

// decided is called after each Tick.
func (st *stats) decided() {
	j := &st.judging
	if st.now < j.next {
		return
	}
	most := max(fewLooks, min(mostLooks, mostJudged/max(1, len(st.leaves))))
	if j.looks >= most {
		j.looks, j.width = most*3/4, max(1, 4*st.now/int64(most)) // until twice as much time has gone by
	}
	j.looks++
	j.next = st.now + j.width
	st.settleJudgements()
	for _, f := range j.judge() {
		if l, ok := st.byLeaf[f.leaf]; ok {
			l.fairness.seen = f.Judgement
			l.fair.set(st.now, f.Fair.Float())
		}
	}
}

// settleJudgements counts what was seen last for the time since then.
func (st *stats) settleJudgements() {
	for _, l := range st.leaves {
		f := &l.fairness
		off := f.seen.Error().Float()
		millis := float64(st.now - st.judging.since)
		// The conversions forbid fusing the two operations, whose rounding differs by machine.
		if f.seen.Below {
			f.belowMillis += st.now - st.judging.since
		}
		f.fair += float64(f.seen.Fair.Float() * millis)
		f.error += float64(max(off, -off) * millis)
		f.less += float64(max(0, -off) * millis)
		f.envy += float64(f.seen.Envy.Float() * millis)
	}
	st.judging.since = st.now
}

// FairnessMeans is how fairly a framework was served, on average over time; at the end, if there was
// none. Shares are dominant shares of the cluster, not divided by weights.
type FairnessMeans struct {
	// MeanFair is what it was entitled to: its part in the exact division of the cluster by DRF, with
	// the demands of each moment. MeanError is how far its share was from that, whichever way, and
	// MeanShort by how much it was less.
	MeanFair  float64 `json:"mean_fair"`
	MeanError float64 `json:"mean_error"`
	MeanShort float64 `json:"mean_short"`
	// MeanEnvy is how much more it would have had with what a sibling in its role had, per weight,
	// while something of it waited.
	MeanEnvy float64 `json:"mean_envy"`
	// BelowS is for how many seconds it could have started an instance that waited and would still
	// have held no more than it was entitled to.
	BelowS float64 `json:"below_s"`
}

func (f *fairness) means(millis int64) *FairnessMeans {
	if millis == 0 {
		off := f.seen.Error().Float()
		return &FairnessMeans{rounded(f.seen.Fair.Float()), rounded(max(off, -off)), rounded(max(0, -off)), rounded(f.seen.Envy.Float()), 0}
	}
	over := func(sum float64) float64 { return rounded(sum / float64(millis)) }
	return &FairnessMeans{over(f.fair), over(f.error), over(f.less), over(f.envy), seconds(f.belowMillis)}
}

// FairnessSummary is how fairly everybody was served together.
type FairnessSummary struct {
	// ShareError is the sum of the MeanErrors of all frameworks, Envy the largest of their MeanEnvies.
	ShareError float64 `json:"share_error"`
	Envy       float64 `json:"envy"`
	// Jain is Jain's index of the ratios of mean share to mean fair share: 1 if they are all alike,
	// and 1/n if one of n frameworks had everything. 0 if nobody was entitled to anything.
	Jain float64 `json:"jain"`
}

func summarize(frameworks []FrameworkResult) *FairnessSummary {
	out := &FairnessSummary{}
	n, sum, squares := 0.0, 0.0, 0.0
	for _, f := range frameworks {
		if f.FairnessMeans == nil {
			continue
		}
		out.ShareError += f.MeanError
		out.Envy = max(out.Envy, f.MeanEnvy)
		if f.MeanFair > 0 {
			x := f.MeanShare / f.MeanFair
			n, sum, squares = n+1, sum+x, squares+float64(x*x)
		}
	}
	out.ShareError = rounded(out.ShareError)
	out.Jain = rounded(ratio(float64(sum*sum), float64(n*squares)))
	return out
}
