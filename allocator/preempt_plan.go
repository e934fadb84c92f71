package allocator

import (
	"slices"

	"fairlead/drf"
)

// sparing follows what frameworks and roles would have left.
type sparing struct {
	s       *State
	group   *group
	fair    map[drf.Node]drf.Vector
	gone    map[drf.Node]drf.Vector // from frameworks and roles, by runs that end
	victims map[int32][]victim
	chosen  map[RunID]bool
	counts  map[int32]int32 // instances of the group by agent
	freed   map[int32]drf.Vector
	slots   map[int32]int32  // that come free
	ending  map[int32][]*run // what is being ended already
	charge  drf.Vector       // of all instances of the group
	// promised is the role whose guarantee is claimed, nil if it is a fair share.
	promised *quota
}

// planPreemption finds the cheapest runs, agent by agent, whose end gives a
// group the room that it needs, and nothing that is not needed. It is nil if the
// group's framework is not entitled to what it asks for, or if what others can
// spare is not enough.
func (s *State) planPreemption(g *group, fair map[drf.Node]drf.Vector, minRun int64) *preemption {
	promised, ok := s.mayClaim(g, g.demand.Times(int64(g.together())), fair)
	if !ok {
		return nil
	}
	sp := &sparing{s: s, group: g, fair: fair, promised: promised, gone: map[drf.Node]drf.Vector{}, victims: s.victimsByAgent(g, minRun),
		chosen: map[RunID]bool{}, counts: map[int32]int32{}, freed: map[int32]drf.Vector{}, slots: map[int32]int32{}, ending: map[int32][]*run{}}
	for r := range s.runs.all() {
		if r.killAt != never {
			sp.ends(r)
		}
	}
	p := &preemption{group: g}
	for range g.together() {
		i, set, ok := sp.cheapest()
		if !ok {
			p = nil
			break
		}
		for _, v := range set {
			sp.take(v.run, v.held)
			sp.chosen[v.run.id] = true
			sp.freed[i] = sp.freed[i].Add(v.held)
			if v.run.slot {
				sp.slots[i]++
			}
			p.victims = append(p.victims, v.run)
		}
		if sp.counts[i]++; sp.counts[i] == 1 {
			p.on = append(p.on, heldOn{agent: i})
		}
		before := sp.needs(i, sp.counts[i]-1, 0)
		more, _ := sp.needs(i, sp.counts[i], 0).Sub(before)
		sp.charge = sp.charge.Add(more)
		s.countTaken(g, &s.agents[i], 1)
	}
	for i, n := range sp.counts { // commutes: each is undone on its own
		for range n {
			s.countTaken(g, &s.agents[i], -1)
		}
	}
	if p == nil || len(p.victims) == 0 {
		return nil
	}
	if promised, ok := s.mayClaim(g, sp.charge, fair); !ok || promised != sp.promised {
		return nil // its executors are too much
	}
	p.charge = sp.charge
	for k := range p.on {
		p.on[k].instances = sp.counts[p.on[k].agent]
	}
	return p
}

// mayClaim reports whether a framework is entitled to what a group would take: it
// is within its fair share and not promised to others, or promised to it. Then it
// tells to which role: that gains nothing by what is taken from within.
func (s *State) mayClaim(g *group, charge drf.Vector, fair map[drf.Node]drf.Vector) (promised *quota, ok bool) {
	q := g.queue
	within := s.dominance(s.tree.Allocated(q.node).Add(charge)) <= s.dominance(fair[q.node])
	if within && len(s.quotas) > 0 {
		unmet := s.unmet(q, &charge)
		for k, c := range charge {
			within = within && (c == 0 || unmet[k] == 0)
		}
	}
	if within {
		return nil, true
	}
	promised = s.promisedYet(g, &charge)
	return promised, promised != nil
}

// promisedYet finds a role above a group that is promised what it would take,
// beside what room is kept for already; the nearest one, or nil.
func (s *State) promisedYet(g *group, charge *drf.Vector) *quota {
	for _, at := range g.queue.quotas {
		held := s.tree.Allocated(at.node)
		for _, h := range s.holds {
			if h.group != g && slices.Contains(h.group.queue.quotas, at) {
				held = held.Add(h.size())
			}
		}
		if at.promises(held, charge) {
			return at
		}
	}
	return nil
}

// ends books that a run is ended already, for whomever: what it holds is as good as
// free, and not its framework's any more.
func (sp *sparing) ends(r *run) {
	sp.take(r, r.holds())
	sp.freed[r.agent] = sp.freed[r.agent].Add(r.holds())
	sp.ending[r.agent] = append(sp.ending[r.agent], r)
	if r.slot {
		sp.slots[r.agent]++
	}
}

// take books that a run ends.
func (sp *sparing) take(r *run, held drf.Vector) {
	for n := r.group.queue.node; n != drf.Root; n = sp.s.tree.Parent(n) {
		sp.gone[n] = sp.gone[n].Add(held)
	}
}

// canSpare reports whether a framework keeps its fair share, and the roles above
// it their guarantees, when a run ends and those of a set do.
func (sp *sparing) canSpare(v victim, set []victim) bool {
	q := v.run.group.queue
	if sp.promised != nil && slices.Contains(q.quotas, sp.promised) {
		return false
	}
	lost := v.held
	for _, other := range set {
		if other.run.group.queue == q {
			lost = lost.Add(other.held)
		}
	}
	left, ok := sp.s.tree.Allocated(q.node).Sub(sp.gone[q.node].Add(lost))
	if !ok || sp.s.dominance(left) < sp.s.dominance(sp.fair[q.node]) {
		return false
	}
	for _, at := range q.quotas {
		below := v.held
		for _, other := range set {
			if slices.Contains(other.run.group.queue.quotas, at) {
				below = below.Add(other.held)
			}
		}
		if !sp.keepsGuarantee(at, below) {
			return false
		}
	}
	return true
}

// keepsGuarantee reports whether a role has what it is promised, or as much of it
// as now, when some of it is gone. One that the claim is from as well gets what is
// claimed.
func (sp *sparing) keepsGuarantee(at *quota, lost drf.Vector) bool {
	held := sp.s.tree.Allocated(at.node)
	left, _ := held.Sub(sp.gone[at.node].Add(lost))
	if slices.Contains(sp.group.queue.quotas, at) {
		left = left.Add(sp.group.demand.Times(int64(sp.group.together())))
	}
	for k := range lost {
		if lost[k] > 0 && left[k] < min(at.guarantee[k], held[k]) {
			return false
		}
	}
	return true
}

// cheapest finds the agent on which one more instance costs the least work.
func (sp *sparing) cheapest() (agent int32, set []victim, ok bool) {
	best := ^uint64(0)
	for _, i := range sp.s.agentsInOrder() {
		a := &sp.s.agents[i]
		if a.lost || a.hold != nil && a.hold.group != sp.group || !sp.group.allowedOn(a) {
			continue
		}
		if s, cost, fits := sp.on(i, a); fits && cost < best {
			agent, set, best, ok = i, s, cost, true
		}
	}
	return agent, set, ok
}

// on chooses the runs of an agent that have to end for one more instance: the
// cheapest that can be spared until there is room, less those that turn out not
// to be needed, the most expensive first.
func (sp *sparing) on(i int32, a *agent) (set []victim, cost uint64, ok bool) {
	fits := func() bool {
		need := sp.needs(i, sp.counts[i]+1, slotsOf(set))
		return need.FitsIn(sp.freeOn(i, a, set)) && sp.fitsDevices(i, set)
	}
	for _, v := range sp.victims[i] {
		if fits() {
			break
		}
		if !sp.chosen[v.run.id] && sp.canSpare(v, set) {
			set = append(set, v)
		}
	}
	if !fits() {
		return nil, 0, false
	}
	for k := len(set) - 1; k >= 0; k-- {
		all := set
		if set = append(slices.Clone(set[:k]), set[k+1:]...); !fits() {
			set = all
		}
	}
	for _, v := range set {
		cost += v.cost
	}
	return set, cost, true
}

// freeOn is what is free on an agent when those that were chosen and a set of runs
// have ended, if all that is not ours is offered: nothing while the agent holds more
// than it has.
func (sp *sparing) freeOn(i int32, a *agent, set []victim) drf.Vector {
	gone := sp.freed[i]
	for _, v := range set {
		gone = gone.Add(v.held)
	}
	used, _ := a.used.Sub(gone)
	free, ok := a.total.Sub(used)
	if !ok {
		return drf.Vector{}
	}
	return free
}

// needs is what n instances of the group take of an agent, with the slots that
// are free there or come free.
func (sp *sparing) needs(i, n, more int32) drf.Vector {
	a := &sp.s.agents[i]
	slots := min(max(a.slots-a.carried+sp.slots[i]+more, 0), n)
	return sp.group.demand.Times(int64(slots)).Add(sp.group.hosted.Times(int64(n - slots)))
}

// fitsDevices reports whether one more instance of the group finds its GPUs on an
// agent when those that were chosen and a set of runs have ended.
func (sp *sparing) fitsDevices(i int32, set []victim) bool {
	a := &sp.s.agents[i]
	if a.devices == nil || len(sp.group.gpus) == 0 {
		return true
	}
	free := a.freeDevices()
	ends := func(n int32, part drf.Amount) {
		if int(n) < len(free) {
			free[n] += part
		}
	}
	for _, r := range sp.ending[i] {
		r.eachDevice(ends)
	}
	for _, v := range sp.victims[i] {
		if sp.chosen[v.run.id] || slices.ContainsFunc(set, func(w victim) bool { return w.run == v.run }) {
			v.run.eachDevice(ends)
		}
	}
	n := int64(sp.counts[i] + 1)
	return timesOnDevices(sp.group.gpus, free, n) == n
}

// slotsOf counts the slots that runs give back.
func slotsOf(set []victim) int32 {
	n := int32(0)
	for _, v := range set {
		if v.run.slot {
			n++
		}
	}
	return n
}
