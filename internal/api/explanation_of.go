package api

import (
	"fairlead/allocator"
	"fairlead/drf"
)

func explanationOf(e *allocator.Explanation) *Explanation {
	num, den := e.Share.Fraction()
	out := &Explanation{
		Framework: e.Framework, Group: e.Group, Role: e.Role, State: e.State, Summary: e.Summary, Impossible: e.Impossible,
		Instances: e.Instances, Running: e.Running, Pending: e.Pending, Reasons: []Reason{}, Start: startOf(e.Start),
		Position: e.Position, DominantResource: e.Dominant, ShareNum: num, ShareDen: den, Sought: e.Sought,
		Agents: e.Agents, Fit: e.Fit, Attempts: attemptsOf(e.Attempts), Message: e.Message,
	}
	for _, r := range e.Reasons {
		out.Reasons = append(out.Reasons, Reason{string(r.Code), r.Message})
	}
	for _, f := range e.Before {
		num, den := f.Share.Fraction()
		out.Before = append(out.Before, Ahead{f.Framework, f.Role, f.Why, f.Dominant, num, den, f.Pending})
	}
	for _, l := range e.Lacks {
		out.Lacks = append(out.Lacks, Lack{l.Resource, l.Agents, Amount(l.Need), Amount(l.Most), l.Agent})
	}
	for _, f := range e.Constraints {
		out.Constraints = append(out.Constraints, FailedConstraint(f))
	}
	for _, step := range e.Trail {
		out.Trail = append(out.Trail, Step{timeOf(step.At), string(step.What), step.Message})
	}
	explainShares(out, e)
	return out
}

// explainShares adds what is about the shares of all.
func explainShares(out *Explanation, e *allocator.Explanation) {
	if m := e.Nearest; m != nil {
		out.Nearest = &Nearest{m.Agent, quantities(m.Lacking), m.Fails, m.Refused}
	}
	for _, q := range e.Quotas {
		out.Quotas = append(out.Quotas, Quota{q.Role, quantities(q.Held), quantities(q.Guarantee), quantities(q.Limit)})
	}
	if t := e.Entitled; t != nil {
		out.Entitled = &Entitlement{Share: millionths(t.Held), Fair: millionths(t.Fair), Owed: t.Owed}
		for _, h := range t.Holders {
			out.Entitled.Holders = append(out.Entitled.Holders, Holder{h.Framework, h.Role, millionths(h.Held), millionths(h.Fair)})
		}
	}
	for _, v := range e.Victims {
		out.Preemption = append(out.Preemption, Victim{v.Framework, v.Group, v.Instance, v.Agent,
			millionths(v.Before), millionths(v.After), millionths(v.Fair)})
	}
}

func startOf(s *allocator.Estimate) *Start {
	switch {
	case s == nil:
		return nil
	case !s.Known:
		return &Start{Assumes: s.Assumes}
	}
	at := timeOf(s.At)
	return &Start{&at, s.Assumes}
}

// millionths is a share for people.
func millionths(n int64) float64 { return drf.Amount(n).Float() / 1000 }

func quantities(qs []allocator.Quantity) Resources {
	out := Resources{}
	for _, q := range qs {
		out[q.Name] = Amount(q.Amount)
	}
	return out
}

func planOf(p *allocator.Plan) Plan {
	out := Plan{Groups: []Planned{}, Shares: []ShareChange{}}
	for _, g := range p.Groups {
		out.Groups = append(out.Groups, Planned{g.Framework, g.Group, g.Known, string(g.Verdict), g.Starts, explanationOf(g.Explanation)})
	}
	type name struct{ framework, role string }
	before := map[name]allocator.FrameworkView{}
	for _, f := range p.Before {
		before[name{f.Framework, f.Role}] = f
	}
	for _, f := range p.After { // all that were there before, too
		old := before[name{f.Framework, f.Role}]
		c := ShareChange{Framework: f.Framework, Role: f.Role, RunningBefore: old.Running, RunningAfter: f.Running, Pending: f.Pending}
		c.BeforeNum, c.BeforeDen = old.Share.Fraction()
		c.AfterNum, c.AfterDen = f.Share.Fraction()
		out.Shares = append(out.Shares, c)
	}
	return out
}
