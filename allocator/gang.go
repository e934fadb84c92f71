package allocator

import "fairlead/drf"

// together is how many instances of a group have to start at once: those of a
// gang until it has started, and one at a time after that.
func (g *group) together() int32 {
	if g.spec.Gang > 1 && len(g.instances) == 0 {
		return g.spec.Gang
	}
	return 1
}

// taken is room on an agent that is set aside while agents are sought for a
// whole gang.
type taken struct {
	agent int32
	room  drf.Vector
	slot  bool
	// devices are its GPUs, if the agent's are known.
	devices []int32
}

// seek finds the agents for what is to start next of a group, in the order in
// which it is to be launched there. Either everything that has to start
// together finds room, or nothing does. The result is valid until the next call.
func (s *State) seek(g *group, sh *shape) ([]int32, bool) {
	s.found = s.found[:0]
	n := g.together()
	if n == 1 {
		i, ok := s.bestAgent(sh.kin)
		if ok && s.spoilsHold(g, i) {
			i, ok = s.bestUnheld(sh.kin)
		}
		if ok {
			s.foundRoom = *s.agents[i].need(sh.kin)
		}
		s.found = append(s.found, i)
		return s.found, ok
	}
	if int(n) > MaxRuns-s.runs.live || !s.roomForAll(sh) {
		return nil, false
	}
	whole := s.tryValues(g, func() bool { return s.seekWhole(g, sh) })
	return s.found, whole
}

// roomForAll reports whether what is free on all agents together is enough for
// all that has to start at once. If it is not, there is no need to look at any
// agent.
func (s *State) roomForAll(sh *shape) bool {
	if sh.together == 1 {
		return true
	}
	for k, need := range sh.demand {
		if need*drf.Amount(sh.together) > s.free[k] {
			return false
		}
	}
	return true
}

// seekWhole seeks agents one after the other, each the best for one instance.
func (s *State) seekWhole(g *group, sh *shape) bool {
	s.takeRoom(g, sh, g.together())
	s.found = s.found[:0]
	s.foundRoom = drf.Vector{}
	for _, t := range s.taken {
		s.found = append(s.found, t.agent)
		s.foundRoom = s.foundRoom.Add(t.room)
	}
	s.putBackRoom(g)
	return len(s.found) == int(g.together())
}

// tryValues tries something, and if it fails tries it again at each value at
// which a constraint could gather the instances of a gang: the best agent for
// the first of them may stand where there is not room for all.
func (s *State) tryValues(g *group, try func() bool) bool {
	if try() {
		return true
	}
	r := g.gathering()
	if r == nil {
		return false
	}
	seen := map[value]bool{}
	for _, i := range s.agentsInOrder() {
		v := r.at(&s.agents[i])
		if seen[v] || !r.possible(v) {
			continue
		}
		seen[v] = true
		r.only = &v
		g.limits.version++
		ok := try()
		r.only = nil
		g.limits.version++
		if ok {
			return true
		}
	}
	return false
}

// gathering is the constraint that lets the first instance of a gang decide
// where the others go, if it has one.
func (g *group) gathering() *rule {
	if g.limits == nil || g.together() == 1 {
		return nil
	}
	for k := range g.limits.rules {
		if r := &g.limits.rules[k]; r.Operator == Cluster && r.tally != nil {
			return r
		}
	}
	return nil
}

// takeRoom sets room for up to n instances aside, as launching them would.
func (s *State) takeRoom(g *group, sh *shape, n int32) {
	s.taken = s.taken[:0]
	for range n {
		i, ok := s.bestAgent(sh.kin)
		if !ok {
			return
		}
		a := &s.agents[i]
		t := taken{agent: i, room: *a.need(sh.kin), slot: a.spare.slot, devices: s.pickDevices(g, i)}
		a.takeDevices(g, t.devices, 1)
		a.spare.free.Lose(&t.room)
		s.free.Lose(&t.room)
		if t.slot {
			a.carried++
			a.spare.slot = a.slots > a.carried
		}
		s.countTaken(g, a, 1)
		s.touch(i)
		s.taken = append(s.taken, t)
	}
}

// putBackRoom undoes takeRoom.
func (s *State) putBackRoom(g *group) {
	for k := len(s.taken) - 1; k >= 0; k-- {
		t := &s.taken[k]
		a := &s.agents[t.agent]
		a.spare.free.Gain(&t.room)
		s.free.Gain(&t.room)
		a.takeDevices(g, t.devices, -1)
		if t.slot {
			a.carried--
			a.spare.slot = true
		}
		s.countTaken(g, a, -1)
		s.touch(t.agent)
	}
	s.taken = s.taken[:0]
}

// countTaken is count for an instance that is only thought of: it wakes nobody.
func (s *State) countTaken(g *group, a *agent, n int32) {
	if g.limits != nil && g.limits.counts {
		g.limits.add(a, n)
	}
}
