package sim

import (
	"encoding/json"
	"io"
	"math"

	"fairlead/allocator"
	"fairlead/drf"
)

// Result says who got what. Shares, utilizations and means are rounded to four decimal places.
type Result struct {
	Scenario string `json:"scenario"`
	// Changes are those of the what-if that this is the result of, such as roles.eng.weight=3.
	Changes []string `json:"changes,omitempty"`
	// Mode is that of the scenario, if it is not Tasks.
	Mode      string `json:"mode,omitempty"`
	Policy    string `json:"policy"`
	Placement string `json:"placement"`
	Seed      int64  `json:"seed"`
	// Cluster is what there was at the end.
	Cluster Cluster `json:"cluster"`
	// EndS is the virtual time at which the simulation stopped.
	EndS float64 `json:"end_s"`
	// Partial says that it was interrupted there.
	Partial bool `json:"partial,omitempty"`
	// Frameworks are sorted by name, then role.
	Frameworks []FrameworkResult `json:"frameworks"`
	// Roles are sorted by name.
	Roles []RoleResult `json:"roles"`
	// Utilization is what is in use at the end, of each resource that the cluster has.
	Utilization map[string]float64 `json:"utilization"`
	// MeanUtilization is the mean over the time from 0 to the end; without any time to speak of,
	// Utilization.
	MeanUtilization map[string]float64 `json:"mean_utilization"`
	// Times are those of the instances of all frameworks.
	Times
	*FairnessSummary
	// Violations counts the frameworks that would have done better alone, after MeasureAlone.
	Violations *int64 `json:"sharing_incentive_violations,omitempty"`
	// SizeBins are the jobs that are over, by their number of instances; empty bins are left out.
	SizeBins []SizeBin `json:"size_bins,omitempty"`
	// Samples is there if it was asked for.
	Samples *Samples `json:"samples,omitempty"`
	// Placements is there if it was asked for.
	Placements []Placement `json:"placements,omitzero"`
	// Fragmentation is the idle part of the fullest resource, as its mean over the time in which anything
	// waited: it lay in pieces that were too small, or was kept back. 0 if nothing ever waited.
	Fragmentation float64 `json:"fragmentation"`
	// Impossible are groups that wait at the end and could not start even if nothing else ran: those among
	// the first 1,000 that wait, by name.
	Impossible []Impossible `json:"impossible,omitempty"`
	// MakespanS is when the last instance to end did so, 0 if none did.
	MakespanS float64 `json:"makespan_s"`
	// Events counts what was put into the allocator, Decisions the placements that came out.
	Events    int64 `json:"events"`
	Decisions int64 `json:"decisions"`
	// Preemptions counts the runs that were ended to make room for others.
	Preemptions int64 `json:"preemptions,omitzero"`
	// Digest identifies everything that happened, in order.
	Digest string `json:"digest"`
}

// Cluster is what there is to share.
type Cluster struct {
	Agents int                `json:"agents"`
	Total  map[string]float64 `json:"total"`
}

// FrameworkResult is the end of one framework in one role.
type FrameworkResult struct {
	Name   string  `json:"name"`
	Role   string  `json:"role"`
	Weight float64 `json:"weight"`
	// DominantResource is "" for a framework that holds nothing.
	DominantResource string `json:"dominant_resource"`
	// DominantShare is divided by the weight: what frameworks are ranked by.
	DominantShare float64 `json:"dominant_share"`
	// ShareNum / ShareDen is the dominant share before that, exactly and in lowest terms.
	ShareNum  uint64             `json:"share_num"`
	ShareDen  uint64             `json:"share_den"`
	Allocated map[string]float64 `json:"allocated"`
	Running   int64              `json:"running"`
	Pending   int64              `json:"pending"`
	// After counts the instances that are not pending yet: their groups come after others that have not ended.
	After    int64 `json:"after,omitzero"`
	Finished int64 `json:"finished"`
	Failed   int64 `json:"failed"`
	// MeanWaitS is from the arrival of a group to the first start of an instance, over those that
	// were started.
	MeanWaitS float64 `json:"mean_wait_s"`
	// MeanCompletionS is from the arrival of a group to the end of an instance, over the ends.
	MeanCompletionS float64 `json:"mean_completion_s"`
	// Times tells more of the same.
	Times
	// MeanShare is the dominant share, not divided by the weight, as its mean over time.
	MeanShare float64 `json:"mean_share"`
	// FairnessMeans is missing for a framework that never asked for anything.
	*FairnessMeans
	// Preemptions counts the runs that were ended to make room for others.
	Preemptions int64 `json:"preemptions,omitzero"`
	// Alone is there after MeasureAlone.
	Alone *Alone `json:"alone,omitempty"`
	// Difference is there after CompareTo.
	Difference *Difference `json:"vs_base,omitempty"`
}

// Times are those of instances.
type Times struct {
	// Wait is from the arrival of a group to the first start of an instance, Completion to its end, in
	// seconds.
	Wait       Spread `json:"wait_s,omitzero"`
	Completion Spread `json:"completion_s,omitzero"`
	// Slowdown is the time from arrival to end by that of the run, counted as 10 s if it was shorter,
	// and at least 1; over the ends of instances.
	Slowdown Spread `json:"slowdown,omitzero"`
}

func (t *times) figures() Times {
	return Times{t.wait.figures(), t.completion.figures(), t.slowdown.figures()}
}

// RoleResult is the end of one role with all its frameworks and subroles.
type RoleResult struct {
	Name          string             `json:"name"`
	DominantShare float64            `json:"dominant_share"`
	Allocated     map[string]float64 `json:"allocated"`
}

// GroupResult is one group when it is over, or at the end.
type GroupResult struct {
	Framework, Role, Name       string
	Instances, Finished, Failed int64
	// ArrivalS is when it came, StartS when its first instance started, if one was Started, and EndS
	// when all were Over.
	ArrivalS, StartS, EndS float64
	Started, Over          bool
}

// Placement is the start of one instance.
type Placement struct {
	AtS       float64 `json:"at_s"`
	Framework string  `json:"framework"`
	Group     string  `json:"group"`
	Instance  int32   `json:"instance"`
	Agent     string  `json:"agent"`
}

// WriteJSON writes the results as indented JSON: an object if there is one, otherwise a list.
func WriteJSON(w io.Writer, results []*Result) error {
	var v any = results
	if len(results) == 1 {
		v = results[0]
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func (e *engine) result() *Result {
	v := e.reallyView()
	s, st := &e.scenario, e.stats
	st.show()
	r := &Result{
		Scenario: s.Name, Changes: e.options.Changes, Policy: string(e.state.Policy()), Placement: string(s.Placement), Seed: s.Seed, EndS: seconds(e.now),
		Frameworks: []FrameworkResult{}, Roles: []RoleResult{},
		Utilization: map[string]float64{}, MeanUtilization: map[string]float64{},
		Placements: st.placements, MakespanS: seconds(st.makespan), Events: e.steps, Decisions: st.decisions, Preemptions: st.preemptions,
		Impossible: e.impossible(), Times: st.allTimes().figures(), SizeBins: st.sizeResults(), Digest: st.sum(),
	}
	if e.options.EachGroup != nil {
		st.tellAlive(e.jobs)
	}
	if s.Mode == WholeAgents {
		r.Mode = string(s.Mode)
	}
	if e.options.Samples {
		r.Samples = st.samples(v)
	}
	st.settleJudgements()
	for _, f := range v.Frameworks {
		r.Frameworks = append(r.Frameworks, e.frameworkResult(v, f))
	}
	r.FairnessSummary = summarize(r.Frameworks)
	for _, role := range v.Roles {
		r.Roles = append(r.Roles, RoleResult{
			Name: role.Role, DominantShare: weighted(role.Share, role.Weight), Allocated: amounts(v, role.Allocated),
		})
	}
	r.Fragmentation = rounded(max(0, ratio(st.idleMillis, st.waitingMillis)))
	if e.now == 0 && st.waiting > 0 {
		r.Fragmentation = rounded(max(0, 1-dominance(&st.used, &st.total)))
	}
	r.Cluster = Cluster{Agents: len(v.Agents), Total: amounts(v, v.Total)}
	for k, name := range v.Kinds {
		if total := v.Total[k]; total > 0 {
			now := rounded(float64(st.used[k]) / float64(total))
			r.Utilization[name], r.MeanUtilization[name] = now, now
			if e.now > 0 {
				r.MeanUtilization[name] = rounded(ratio(st.usedMillis[k], st.totalMillis[k]))
			}
		}
	}
	return r
}

func (e *engine) frameworkResult(v *allocator.View, f allocator.FrameworkView) FrameworkResult {
	num, den := f.Share.Fraction()
	out := FrameworkResult{
		Name: f.Framework, Role: f.Role, Weight: f.Weight.Float(),
		DominantResource: f.Dominant, DominantShare: weighted(f.Share, f.Weight), ShareNum: num, ShareDen: den,
		Allocated: amounts(v, f.Allocated), Running: f.Running, Pending: f.Pending, MeanShare: rounded(f.Share.Float()),
	}
	l, ok := e.stats.byLeaf[leaf{f.Framework, f.Role}]
	if !ok {
		return out
	}
	out.After, out.Finished, out.Failed, out.Preemptions = l.behind, l.finished, l.failed, l.preemptions
	out.Times = l.times.figures()
	out.MeanWaitS, out.MeanCompletionS = out.Wait.Mean, out.Completion.Mean
	if e.now > 0 {
		e.stats.hold(l)
		out.MeanShare = rounded(l.shareMillis / float64(e.now))
	}
	out.FairnessMeans = l.fairness.means(e.now)
	return out
}

func weighted(s drf.Share, weight drf.Amount) float64 { return rounded(s.Float() / weight.Float()) }

// amounts are those of the resources that the cluster has, and others that are held.
func amounts(v *allocator.View, held drf.Vector) map[string]float64 {
	out := make(map[string]float64)
	for k, name := range v.Kinds {
		if v.Total[k] > 0 || held[k] > 0 {
			out[name] = held[k].Float()
		}
	}
	return out
}

func seconds(millis int64) float64 { return float64(millis) / 1000 }

func rounded(x float64) float64 { return math.Round(x*10_000) / 10_000 }
