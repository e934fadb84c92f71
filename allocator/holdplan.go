package allocator

import (
	"slices"

	"fairlead/drf"
)

// plan finds agents on which all that a group has to start at once will find
// room: first where it is free now, then where the least of it is still in use
// by runs that will end. What runs under restart: always counts as staying. It
// reports false if there is no such set of agents. A hold that the group has
// already must be lifted; its agents come first, so that what was collected
// there is not given up.
//
// O(agents × log agents + instances).
func (s *State) plan(g *group, sh *shape) (on []heldOn, ok bool) {
	ok = s.tryValues(g, func() bool {
		on, ok = s.planOnce(g, sh)
		return ok
	})
	return on, ok
}

func (s *State) planOnce(g *group, sh *shape) ([]heldOn, bool) {
	p := planning{counts: s.counts(), rest: g.together()}
	var dropped []int32 // that are held for others
	s.takeRoom(g, sh, p.rest)
	for _, t := range s.taken {
		a := &s.agents[t.agent]
		// A master may offer more than it says that an agent has: not for long.
		if (a.hold == nil || a.hold.group == g) && g.fitsDrained(a, p.counts[t.agent]+1) {
			p.add(t.agent)
			continue
		}
		s.countTaken(g, a, -1)
		dropped = append(dropped, t.agent)
	}
	free := len(p.agents)
	for left := s.drainable(g, &p); p.rest > 0 && len(*left) > 0; {
		i := left.pop().agent
		a := &s.agents[i]
		for p.rest > 0 && g.allowedOn(a) && g.fitsDrained(a, p.counts[i]+1) {
			s.countTaken(g, a, 1)
			p.add(i)
		}
	}
	for _, i := range p.agents[free:] {
		s.countTaken(g, &s.agents[i], -1)
	}
	for _, t := range dropped {
		s.countTaken(g, &s.agents[t], 1) // as putBackRoom expects it
	}
	s.putBackRoom(g)
	return p.on(), p.rest == 0
}

// planning is a plan as it grows.
type planning struct {
	agents []int32 // of each instance
	counts []int32 // instances by agent
	rest   int32   // instances that have no agent yet
}

// counts is a number for each agent, all zero; a planning leaves them so.
func (s *State) counts() []int32 {
	if n := len(s.agents); len(s.planned) < n {
		s.planned = make([]int32, n+n/4)
	}
	return s.planned
}

func (p *planning) add(agent int32) {
	p.agents = append(p.agents, agent)
	p.counts[agent]++
	p.rest--
}

// on lists the agents in the order in which they were found, and ends the
// planning.
func (p *planning) on() []heldOn {
	var out []heldOn
	for _, i := range p.agents {
		if n := p.counts[i]; n > 0 {
			out = append(out, heldOn{i, n})
			p.counts[i] = 0
		}
	}
	return out
}

// drained is an agent on which room for a group can come free: first those that it
// holds already, then those where the least of it is missing now.
type drained struct {
	foreign bool // the agent is not held for the group
	missing uint64
	seq     uint32
	agent   int32
}

func (x drained) less(y drained) bool {
	switch {
	case x.foreign != y.foreign:
		return y.foreign
	case x.missing != y.missing:
		return x.missing < y.missing
	}
	return x.seq < y.seq
}

// drainable finds all such agents.
func (s *State) drainable(g *group, p *planning) *heap[drained] {
	found := s.drainables[:0]
	for i := range s.agents {
		a := &s.agents[i]
		if p.rest == 0 || a.seq == 0 || a.lost || a.hold != nil && a.hold.group != g || !g.fitsDrained(a, p.counts[i]+1) {
			continue
		}
		need := g.wantedOn(a, 1)
		found = append(found, drained{a.hold == nil, s.missing(a, &need), a.seq, int32(i)})
	}
	found.order()
	s.drainables = found
	return &s.drainables
}

// fitsDrained reports whether an agent has room for n instances of a group once
// all that ends there has ended.
func (g *group) fitsDrained(a *agent, n int32) bool { return g.timesDrained(a, int64(n)) >= int64(n) }

// timesDrained counts the instances of a group that an agent has room for then, at
// most a number.
func (g *group) timesDrained(a *agent, most int64) int64 {
	var n int64
	if a.slots == 0 {
		n = timesLeft(&g.hosted, &a.total, &a.staying, most)
	} else {
		n = g.timesOn(lack(a.total, a.staying), int64(a.slots-a.stayingOn), most)
	}
	if len(g.gpus) > 0 && a.devices != nil {
		n = timesOnDevices(g.gpus, a.drainedDevices(), n)
	}
	return n
}

// timesLeft is how often a demand fits into what is left of a total, at most a
// number.
func timesLeft(demand, total, used *drf.Vector, most int64) int64 {
	for k, need := range demand {
		if need == 0 {
			continue
		}
		left := total[k] - used[k]
		if left < need {
			return 0
		}
		most = min(most, int64(left/need))
	}
	return most
}

// missing is how much of a demand is not free on an agent: the parts of the
// cluster that are lacking, added up, in units of 2^-32.
func (s *State) missing(a *agent, need *drf.Vector) uint64 {
	var sum uint64
	for k := range need {
		if lack := need[k] - a.spare.free[k]; lack > 0 && s.total[k] > 0 {
			sum += ratio(uint64(min(lack, s.total[k])), uint64(s.total[k]), sizeBits)
		}
	}
	return sum
}

// roomNow counts the instances for which there is room now where they are to go.
func (s *State) roomNow(g *group, on []heldOn) int64 {
	var sum int64
	for _, at := range on {
		sum += g.timesNow(&s.agents[at.agent], int64(at.instances))
	}
	return sum
}

// roomBeyond reports whether an agent of a hold, which must be lifted, has room now
// for more instances than it is held for.
func (s *State) roomBeyond(h *hold) bool {
	return slices.ContainsFunc(h.on, func(at heldOn) bool {
		return h.group.timesNow(&s.agents[at.agent], int64(at.instances)+1) > int64(at.instances)
	})
}

// timesNow counts the instances of a group for which there is room now on an agent,
// at most a number.
func (g *group) timesNow(a *agent, most int64) int64 {
	if !a.spare.here {
		return 0
	}
	n := g.timesOn(a.spare.free, int64(a.spare.slots), most)
	if len(g.gpus) > 0 && a.devices != nil {
		n = timesOnDevices(g.gpus, a.freeDevices(), n)
	}
	return n
}

// timesOn is how often an instance fits into what an agent has, at most a
// number, if that many executors need no room.
func (g *group) timesOn(free drf.Vector, slots, most int64) int64 {
	if slots <= 0 {
		return timesLeft(&g.hosted, &free, &drf.Vector{}, most)
	}
	onSlots := min(timesIn(g.demand, free, most), max(slots, 0))
	left, _ := free.Sub(g.demand.Times(onSlots))
	return onSlots + timesIn(g.hosted, left, most-onSlots)
}

// stays reports whether the runs of a group are not expected to end.
func (g *group) stays() bool { return g.spec.Restart.Policy == RestartAlways }

// stays reports whether a run is not expected to end. Surplus ends when others
// wait.
func (r *run) stays() bool { return r.group.stays() && !r.group.isSurplus(r.instance) }

// stay books that a run of a group begins to hold an agent.
func (s *State) stay(g *group, a *agent, v drf.Vector, slot bool) {
	if g.stays() {
		a.staying = a.staying.Add(v)
		if slot {
			a.stayingOn++
		}
		s.plans++
	}
}

// unstay books that a group holds less of an agent.
func (s *State) unstay(g *group, a *agent, v drf.Vector) {
	if g.stays() {
		a.staying, _ = a.staying.Sub(v)
		s.plans++
	}
}
