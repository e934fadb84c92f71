package allocator

import "slices"

// ending is a run that has ended, after its place is free.
type ending struct {
	instance, agent int32
	starved         bool // for memory, of which the next run is given more
}

// softEnded notes how a run of a group ended that has not.
func (s *State) softEnded(g *group, e ending, d *Settle) {
	a := &s.agents[e.agent]
	switch {
	case a.lost || a.seq == 0 || g.daemon != nil: // which has nowhere else to go
	case g.spec.Sticky && d.Outcome != Lost:
		if !d.Retry {
			return
		}
		until := d.NotBefore + g.spec.preferWait()
		sf := s.softOf(g)
		sf.homes = append(sf.homes, home{e.instance, a.id, until, s.softUntil(g, until)})
	case d.Outcome == Failed && !e.starved || d.Outcome == Lost:
		s.avoid(g, e.agent)
	}
}

// avoid keeps a group from an agent for a while, unless no other one could ever
// hold it.
func (s *State) avoid(g *group, i int32) {
	if s.cfg.AvoidMillis < 0 || !s.otherCould(g, i) {
		return
	}
	sf, id := s.softOf(g), s.agents[i].id
	k := slices.IndexFunc(sf.avoided, func(v avoided) bool { return v.agent == id })
	if k < 0 {
		if len(sf.avoided) == maxAvoided {
			sf.avoided = slices.Delete(sf.avoided, 0, 1)
		}
		sf.avoided, k = append(sf.avoided, avoided{agent: id}), len(sf.avoided)
	}
	v := &sf.avoided[k]
	if s.now-v.until > maxAvoidMillis {
		v.failures = 0
	}
	v.until = s.now + min(s.cfg.AvoidMillis<<min(v.failures, 10), maxAvoidMillis)
	v.failures++
	v.on = s.softUntil(g, v.until)
	s.softChanged(g)
}

// otherCould reports whether a group could run on another agent than one, and
// than those that it avoids, if nothing else ran there.
func (s *State) otherCould(g *group, but int32) bool {
	for i := range s.agents {
		a := &s.agents[i]
		if int32(i) == but || a.seq == 0 || a.lost || !g.possibleOn(a) || !g.fitsEmpty(a) {
			continue
		}
		if g.soft == nil || !slices.ContainsFunc(g.soft.avoided, func(v avoided) bool { return v.on && v.agent == a.id }) {
			return true
		}
	}
	return false
}

// fitsEmpty reports whether an agent on which nothing runs holds an instance.
func (g *group) fitsEmpty(a *agent) bool {
	if g.timesOn(a.total, int64(a.slots), 1) == 0 {
		return false
	}
	return len(g.gpus) == 0 || a.devices == nil || timesOnDevices(g.gpus, a.emptyDevices(), 1) > 0
}
