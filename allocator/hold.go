package allocator

import (
	"fmt"
	"slices"

	"fairlead/drf"
)

// hold is room that is kept on some agents for a group that waits: what is free
// there and what comes free, until it is enough for all that has to start at
// once. It is not charged to the group's framework, which is ranked as it was
// before. An agent is held for at most one group.
type hold struct {
	group *group
	on    []heldOn // no agent twice
	until int64
	// completeBy is when it is complete at the latest, 0 if that is not known.
	completeBy int64
	stale      bool // something changed on one of the agents
}

// heldOn is one agent of a hold, and how many instances are to go there.
type heldOn struct {
	agent     int32
	instances int32
}

// wantedOn is what instances of a group take of an agent, when everything there
// that ends has ended: as many as it has slots for come without an executor.
func (g *group) wantedOn(a *agent, n int32) drf.Vector {
	if a.slots == 0 && n == 1 {
		return g.hosted
	}
	slots := min(max(a.slots-a.stayingOn, 0), n)
	return g.demand.Times(int64(slots)).Add(g.hosted.Times(int64(n - slots)))
}

// size is all that a hold wants at most.
func (h *hold) size() drf.Vector {
	n := int64(0)
	for _, at := range h.on {
		n += int64(at.instances)
	}
	return h.group.hosted.Times(n)
}

// bookHold keeps room for a group, in place of what was kept for it before.
func (s *State) bookHold(g *group, on []heldOn, until, completeBy int64) {
	var before []heldOn
	first := g.hold == nil
	if !first {
		before = s.letGo(g)
	} else {
		g.holds++
		s.trace(g, StepHeld, fmt.Sprintf("room for %d on %s, for %d s at most", g.together(), countOf(len(on), "agent"), (until-s.now)/1000))
	}
	s.lineChanged(g.queue)
	h := &hold{group: g, on: on, until: until, completeBy: completeBy, stale: true}
	g.hold = h
	s.plans++
	s.holds = append(s.holds, h)
	s.held += len(on)
	s.link.wantRevive = true // what is free on its agents may be with the master
	for _, at := range on {
		s.agents[at.agent].hold = h
		s.agents[at.agent].wantedFor = at.instances
		s.keep(at.agent)
	}
	if first {
		s.requeue(g)
	}
	s.wakeOn(before)
}

// unhold gives up what is kept for a group, which others may have now.
func (s *State) unhold(g *group) {
	on := s.letGo(g)
	s.requeue(g)
	s.wakeOn(on)
}

// endsHold reports whether a launch on an agent ends what is held for a group: that
// of another instance of a daemon group does not.
func (g *group) endsHold(i int32) bool {
	return g.hold != nil && (g.daemon == nil || slices.ContainsFunc(g.hold.on, func(at heldOn) bool { return at.agent == i }))
}

// letGo is unhold, but leaves the group where it is in line, and lets nobody compete
// for what comes free before the caller has taken what it wants of it. It returns
// the agents, for wakeOn.
func (s *State) letGo(g *group) []heldOn {
	h := g.hold
	g.hold = nil
	s.lineChanged(g.queue)
	s.plans++
	s.holds = slices.DeleteFunc(s.holds, func(x *hold) bool { return x == h })
	s.held -= len(h.on)
	for _, at := range h.on {
		a := &s.agents[at.agent]
		s.lift(at.agent)
		a.hold, a.wanted, a.wantedFor = nil, drf.Vector{}, 0
	}
	return h.on
}

// wakeOn lets compete what may find room on agents that were held, also where less is
// held now.
func (s *State) wakeOn(on []heldOn) {
	for _, at := range on {
		s.wakeFor(&s.agents[at.agent])
	}
}

// keep takes what is held of an agent out of what can be placed there.
func (s *State) keep(i int32) {
	a := &s.agents[i]
	s.putBack(a)
	a.wanted = a.hold.group.wantedOn(a, a.wantedFor)
	a.gpusKept = a.wanted[drf.GPUs] > 0
	for k := range a.kept {
		a.kept[k] = min(a.wanted[k], a.spare.free[k])
	}
	a.spare.free.Lose(&a.kept)
	s.free.Lose(&a.kept)
	s.touch(i)
}

// lift makes what is held of an agent free.
func (s *State) lift(i int32) {
	s.putBack(&s.agents[i])
	s.touch(i)
}

// putBack is lift for an agent that is changed once more before anybody looks.
func (s *State) putBack(a *agent) {
	a.spare.free.Gain(&a.kept)
	s.free.Gain(&a.kept)
	a.kept, a.gpusKept = drf.Vector{}, false
}

func (s *State) liftAll(h *hold) {
	for _, at := range h.on {
		s.lift(at.agent)
	}
}

func (s *State) keepAll(h *hold) {
	for _, at := range h.on {
		s.keep(at.agent)
	}
}

// complete reports whether everything that a hold wants is free.
func (s *State) complete(h *hold) bool {
	for _, at := range h.on {
		a := &s.agents[at.agent]
		if wanted := h.group.wantedOn(a, at.instances); !a.spare.here || !wanted.FitsIn(a.spare.free.Add(a.kept)) {
			return false
		}
	}
	return true
}

// applyHold books a Hold of a journal.
func (s *State) applyHold(d Hold) error {
	g, ok := s.groups[groupKey{d.Framework, d.Group}]
	if !ok || g.at < 0 {
		return fmt.Errorf("%w: hold for task group %s/%s, which does not wait", ErrUnknown, d.Framework, d.Group)
	}
	on := make([]heldOn, 0, len(d.On))
	for _, at := range d.On {
		i, ok := s.agentIndex[at.Agent]
		if !ok || at.Instances < 1 {
			return fmt.Errorf("%w: hold on agent %q", ErrUnknown, at.Agent)
		}
		if other := s.agents[i].hold; other != nil && other.group != g {
			return fmt.Errorf("%w: agent %q is held for %s already", ErrInvalid, at.Agent, other.group.spec.Name)
		}
		on = append(on, heldOn{i, at.Instances})
	}
	s.bookHold(g, on, d.Until, d.CompleteBy)
	return nil
}

// applyRelease books a Release.
func (s *State) applyRelease(d Release) error {
	g, ok := s.groups[groupKey{d.Framework, d.Group}]
	if !ok || g.hold == nil {
		return fmt.Errorf("%w: nothing is held for task group %s/%s", ErrUnknown, d.Framework, d.Group)
	}
	s.bookRelease(g, d.Message)
	return nil
}

// bookRelease ends a hold that led to nothing. Others may hold room before the
// same group does so again.
func (s *State) bookRelease(g *group, why string) {
	s.unhold(g)
	s.trace(g, StepReleased, why)
	g.holdFrom = s.now + s.cfg.ReserveAfterMillis
}

// holdOf is the decision that a hold stands for.
func (s *State) holdOf(h *hold) Hold {
	d := Hold{Framework: h.group.spec.Framework, Group: h.group.spec.Name, Until: h.until, CompleteBy: h.completeBy}
	for _, at := range h.on {
		d.On = append(d.On, HoldOn{s.agents[at.agent].id, at.instances})
	}
	return d
}

func (s *State) imageHolds(m *Image) {
	for _, h := range s.holds {
		m.Holds = append(m.Holds, s.holdOf(h))
	}
}

// restoreHolds books the holds of an Image; how often each group held room
// before is in its own image.
func (s *State) restoreHolds(m *Image) error {
	for _, d := range m.Holds {
		if err := s.applyHold(d); err != nil {
			return err
		}
		s.groups[groupKey{d.Framework, d.Group}].holds--
	}
	for k := range m.Groups { // holds are steps, and were taken before
		im := &m.Groups[k]
		s.groups[groupKey{im.Spec.Framework, im.Spec.Name}].trail = slices.Clone(im.Trail)
	}
	return nil
}

// checkHolds verifies that agents and groups agree about who holds what.
func (s *State) checkHolds() error {
	agents := 0
	for _, h := range s.holds {
		g := h.group
		if g.hold != h || g.at < 0 {
			return fmt.Errorf("a hold is for %s, which does not know it or does not wait", g.spec.Name)
		}
		n := int32(0)
		for _, at := range h.on {
			a := &s.agents[at.agent]
			if a.hold != h || a.wantedFor != at.instances || !a.kept.FitsIn(a.wanted) {
				return fmt.Errorf("agent %s: held %s of %s for %s", a.id,
					s.kinds.Format(a.kept), s.kinds.Format(a.wanted), g.spec.Name)
			}
			n += at.instances
			agents++
		}
		if n != g.together() {
			return fmt.Errorf("%s holds room for %d instances, and %d start together", g.spec.Name, n, g.together())
		}
	}
	held := agents
	for i := range s.agents {
		if s.agents[i].hold != nil {
			agents--
		}
	}
	if agents != 0 || s.held != held {
		return fmt.Errorf("%d agents too few are held", agents)
	}
	return nil
}
