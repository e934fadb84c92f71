package sim

import (
	"fairlead/allocator"
	"fairlead/drf"
)

// judged is how fairly a framework in a role is served now.
type judged struct {
	leaf
	allocator.Judgement
}

// judge says how fairly everybody is served now: by the allocator's own books if it is told of everything, and
// otherwise by what runs really hold and what waits.
func (e *engine) judge() []judged {
	if e.core == nil || e.crowd != nil {
		return e.judgeReally()
	}
	var out []judged
	for _, f := range e.core.Fairness().Frameworks {
		out = append(out, judged{leaf{f.Framework, f.Role}, f.Judgement})
	}
	return out
}

func (e *engine) judgeReally() []judged {
	v := e.state.View()
	parties := parties(v)
	waiting := e.waiting()
	for i := range v.Frameworks {
		f := &v.Frameworks[i]
		p, key := &parties[len(v.Roles)+i], leaf{f.Framework, f.Role}
		if l, ok := e.stats.byLeaf[key]; ok {
			p.Held, p.Demand = l.held, l.held
		}
		if w := waiting[key]; w != nil {
			p.Waits, p.Next, p.Demand = true, w.each, upTo(p.Demand.Add(w.sum))
		}
	}
	out := make([]judged, len(v.Frameworks))
	for i, j := range allocator.Judge(e.reallyTotal(), parties)[len(v.Roles):] {
		out[i] = judged{leaf{v.Frameworks[i].Framework, v.Frameworks[i].Role}, j}
	}
	return out
}

// parties are the roles, then the frameworks. The view names each role after the one above it.
func parties(v *allocator.View) []allocator.Party {
	out := make([]allocator.Party, len(v.Roles)+len(v.Frameworks))
	at := map[string]int{"": -1}
	for i, r := range v.Roles {
		at[r.Role] = i
		out[i].Parent, out[i].Weight, out[i].Guarantee = at[above(r.Role)], weightOf(r.Weight), r.Guarantee
	}
	for i, f := range v.Frameworks {
		p := &out[len(v.Roles)+i]
		p.Parent, p.Weight, p.Framework = at[f.Role], weightOf(f.Weight), true
	}
	return out
}

// weightOf is a weight that the decider has taken.
func weightOf(a drf.Amount) drf.Weight {
	w, err := drf.NewWeight(a)
	if err != nil {
		return drf.One
	}
	return w
}

// line is what a framework waits for: together, and one instance of each group.
type line struct {
	sum  drf.Vector
	each []drf.Vector
}

// waiting is what waits of each framework. What no agent could ever hold does not count.
func (e *engine) waiting() map[leaf]*line {
	out, largest := make(map[leaf]*line), e.largest()
	for key, s := range e.jobs { // commutes: sums, and sets
		n, one := e.state.Pending(key.framework, key.name), e.takes(s)
		if n <= 0 || !one.FitsIn(largest) {
			continue
		}
		of := s.job.of.leaf
		if out[of] == nil {
			out[of] = &line{}
		}
		for _, a := range one {
			if a > 0 {
				n = min(n, int64(mostDemand/a))
			}
		}
		out[of].sum = upTo(out[of].sum.Add(one.Times(n)))
		out[of].each = append(out[of].each, one)
	}
	return out
}

// mostDemand bounds a demand: far more than there is of anything.
const mostDemand = drf.Amount(1) << 52

func upTo(v drf.Vector) drf.Vector {
	for k := range v {
		v[k] = min(v[k], mostDemand)
	}
	return v
}

// takes is what an instance of a group really takes.
func (e *engine) takes(s *submission) drf.Vector {
	if m, ok := e.state.(*master); ok && e.crowd == nil {
		return m.groups[s.key].demand
	}
	return s.charge
}

// largest is the most that an agent has of each resource.
func (e *engine) largest() drf.Vector {
	var most drf.Vector
	if m, ok := e.state.(*master); ok && e.crowd == nil {
		for i := range m.agents {
			if m.agents[i].up {
				most = most.Max(m.agents[i].total)
			}
		}
		return most
	}
	for i := range e.nodes {
		if e.nodes[i].up {
			most = most.Max(e.nodes[i].room.total)
		}
	}
	return most
}
