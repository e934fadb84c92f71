package allocator

import "fairlead/drf"

// Miss says what an agent lacks to take one more instance of a group.
type Miss struct {
	Agent string
	// Lacking is what it has too little of, and how much.
	Lacking []Quantity
	// Fails are the constraints that it fails.
	Fails []string
	// Refused is what keeps the group from it for a while, as what is said of the
	// agent: "failed a run of it lately".
	Refused string
}

// near is the agent that lacks least, as far as they were looked at: the fewest
// constraints failed, then the smallest part of the cluster missing, then the
// one seen first.
type near struct {
	agent   *agent
	fails   int
	missing uint64
}

func (n *near) consider(s *State, g *group, a *agent) {
	fails := len(g.failedOn(a))
	if g.refusal(s, a) != "" {
		fails++
	}
	lacking := s.lackingOn(g, a)
	missing := s.partOf(&lacking)
	if n.agent == nil || fails < n.fails || fails == n.fails &&
		(missing < n.missing || missing == n.missing && a.seq < n.agent.seq) {
		n.agent, n.fails, n.missing = a, fails, missing
	}
}

func (n *near) miss(s *State, g *group) *Miss {
	m := &Miss{Agent: n.agent.id, Lacking: s.quantities(s.lackingOn(g, n.agent)), Refused: g.refusal(s, n.agent)}
	for _, r := range g.failedOn(n.agent) {
		m.Fails = append(m.Fails, r.Constraint.String())
	}
	return m
}

// lackingOn is what an agent has too little of for one more instance.
func (s *State) lackingOn(g *group, a *agent) drf.Vector {
	need := g.hosted
	if a.slots > a.carried {
		need = g.demand
	}
	return lack(need, s.roomFor(g, a))
}

// partOf is how large a vector is: the parts of the cluster that it is, added up,
// in units of 2^-32. What the cluster has none of counts as all of it.
func (s *State) partOf(v *drf.Vector) uint64 {
	var sum uint64
	for k, a := range v {
		switch {
		case a == 0:
		case s.total[k] == 0 || a >= s.total[k]:
			sum += 1 << sizeBits
		default:
			sum += ratio(uint64(a), uint64(s.total[k]), sizeBits)
		}
	}
	return sum
}

// failedOn lists the rules that keep the next instance from an agent.
func (g *group) failedOn(a *agent) []*rule {
	if g.limits == nil {
		return nil
	}
	var out []*rule
	for k := range g.limits.rules {
		r := &g.limits.rules[k]
		if v := r.at(a); !r.possible(v) || !r.open(v) {
			out = append(out, r)
		}
	}
	return out
}

// room is what an agent would have left if all that is not ours was offered.
func (s *State) room(a *agent) drf.Vector {
	var left drf.Vector
	for k := range left {
		left[k] = max(a.total[k]-a.used[k], 0)
	}
	return left
}

// roomFor is what of that room is not kept for another group.
func (s *State) roomFor(g *group, a *agent) drf.Vector {
	left := s.room(a)
	if a.hold != nil && a.hold.group != g {
		for k := range left {
			left[k] = max(left[k]-a.wanted[k], 0)
		}
	}
	if len(g.gpus) > 0 && a.devices != nil {
		left[drf.GPUs] = min(left[drf.GPUs], usable(g.gpus, a.freeDevices()))
	}
	return left
}

// explainFit counts the agents that lack each resource, and finds the nearest.
func (s *State) explainFit(g *group, e *Explanation) {
	hosted := g.demand.Add(s.executor)
	lacks := map[drf.Kind]*Lack{}
	var nearest near
	for i := range s.agents {
		a := &s.agents[i]
		if a.lost || a.seq == 0 {
			continue
		}
		e.Agents++
		nearest.consider(s, g, a)
		if !g.allowedOn(a) {
			continue
		}
		e.Allowed++
		need, left := &hosted, s.roomFor(g, a)
		if a.slots > a.carried {
			need = &g.demand
		}
		if need.FitsIn(left) {
			e.Fit++
		}
		for k := range need {
			if need[k] > 0 {
				noteLack(lacks, drf.Kind(k), Lack{Resource: s.kinds.Name(drf.Kind(k)), Need: need[k], Most: left[k], Agent: a.id})
			}
		}
	}
	for k := range s.kinds.Len() {
		if l := lacks[drf.Kind(k)]; l != nil && l.Agents > 0 {
			e.Lacks = append(e.Lacks, *l)
		}
	}
	if e.Fit == 0 && nearest.agent != nil {
		e.Nearest = nearest.miss(s, g)
	}
}

// noteLack counts one agent, of which seen says what it has left.
func noteLack(lacks map[drf.Kind]*Lack, k drf.Kind, seen Lack) {
	l, ok := lacks[k]
	if !ok {
		l = &seen
		lacks[k] = l
	}
	if seen.Most < seen.Need {
		l.Agents++
	}
	if seen.Most > l.Most {
		l.Most, l.Agent = seen.Most, seen.Agent
	}
}
