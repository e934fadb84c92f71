package allocator

import (
	"cmp"
	"slices"
)

// Soft limits keep a group from agents for a while:
//
//   - from an agent on which a run of it failed or was lost, twice as long with
//     each failure there (avoided);
//   - from agents that it does not prefer (Group.Prefer, Group.Near), since it
//     came into line, or an instance went to an agent that it does prefer;
//   - from other agents than the one that an instance ran on, in a group that
//     keeps state (Group.Sticky).
//
// They end by time alone, as back-offs do, so that a replay sees them end where
// the original did. While it has any, a group has limits and a shape of its own.

// maxAvoidMillis bounds how long an agent is avoided after a failure; a failure
// so long after that is a first one again.
const maxAvoidMillis = 5 * 60 * 1000

// maxAvoided bounds the agents that a group avoids at a time.
const maxAvoided = 8

// defaultPreferWaitMillis is Group.PreferWaitMillis where it is 0.
const defaultPreferWaitMillis = 5000

// soft is the soft limits of a group.
type soft struct {
	group   *group
	avoided []avoided
	prefer  []rule
	near    map[string]int32 // live instances of Group.Near by agent; nil if there is no such wish
	until   int64            // preferences hold until then
	prefers bool             // they do
	homes   []home           // of instances that are to run again, by instance
}

type avoided struct {
	agent    string
	failures int32
	until    int64
	on       bool
}

type home struct {
	instance int32
	agent    string
	until    int64
	on       bool
}

// softTimer is a time at which a soft limit of a group may end.
type softTimer struct {
	at    int64
	seq   uint64 // of the group when it was set
	group *group
}

func (t softTimer) less(u softTimer) bool {
	return cmp.Or(cmp.Compare(t.at, u.at), cmp.Compare(t.seq, u.seq)) < 0
}

// allow reports whether the next instance may go to an agent now.
func (sf *soft) allow(a *agent) bool {
	for k := range sf.avoided {
		if v := &sf.avoided[k]; v.on && v.agent == a.id {
			return false
		}
	}
	if h := sf.home(); h != nil && h.on {
		return h.agent == a.id
	}
	return !sf.prefers || sf.preferred(a)
}

// preferred reports whether an agent is one that the group prefers.
func (sf *soft) preferred(a *agent) bool {
	for k := range sf.prefer {
		if r := &sf.prefer[k]; !r.possible(r.at(a)) {
			return false
		}
	}
	return sf.near == nil || sf.near[a.id] > 0
}

// home is where the next instance ran before, nil if that does not matter.
func (sf *soft) home() *home {
	if len(sf.homes) == 0 || sf.group.pending() == 0 {
		return nil
	}
	return sf.homeOf(sf.group.next())
}

func (sf *soft) homeOf(instance int32) *home {
	if k := slices.IndexFunc(sf.homes, func(h home) bool { return h.instance == instance }); k >= 0 {
		return &sf.homes[k]
	}
	return nil
}

// wishes reports whether the group's specification has soft limits.
func (g *Group) wishes() bool { return len(g.Prefer) > 0 || g.Near != "" || g.Sticky }

// active reports whether the group needs limits of its own for these.
func (sf *soft) active() bool {
	return sf != nil && (sf.group.spec.wishes() || slices.ContainsFunc(sf.avoided, func(v avoided) bool { return v.on }))
}

func (g *Group) preferWait() int64 {
	if g.PreferWaitMillis == 0 {
		return defaultPreferWaitMillis
	}
	return g.PreferWaitMillis
}

// setSoft gives a group with a fresh template the soft limits that it asks for.
// What it avoids stays.
func (s *State) setSoft(g *group) {
	if g.soft == nil && !g.spec.wishes() {
		return
	}
	sf := s.softOf(g)
	sf.prefer = sf.prefer[:0]
	for _, c := range g.spec.Prefer {
		r, _ := newRule(c) // which was found to be valid
		sf.prefer = append(sf.prefer, r)
	}
	s.unfollow(g)
	if sf.near = nil; g.spec.Near != "" {
		s.followGroup(g)
	}
	s.setLimits(g)
}

func (s *State) softOf(g *group) *soft {
	if g.soft == nil {
		g.soft = &soft{group: g}
	}
	return g.soft
}

// setLimits gives a group limits with its soft ones, if it has any, and else
// those of its template. What was counted for its constraints stays.
func (s *State) setLimits(g *group) {
	t := g.spec.template
	own := g.limits != nil && g.limits.counts
	switch {
	case g.soft.active() && !own:
		g.limits, _ = newLimits(t.Constraints) // which were found to be valid
		if g.limits == nil {
			g.limits = &limits{}
		}
		g.limits.soft = g.soft
	case own && g.soft.active():
		g.limits.soft = g.soft
	case own:
		g.limits.soft = nil
	default:
		g.limits = t.limits
	}
}

// softChanged lets a group compete by its soft limits as they are now. More may be
// allowed than before.
func (s *State) softChanged(g *group) {
	if has := g.limits != nil && g.limits.soft != nil; has != g.soft.active() {
		s.reshape(g)
	}
	if g.limits == nil {
		return
	}
	g.limits.version++
	if g.bucket != nil && g.bucket.shape.full >= 0 {
		s.wake(g.bucket.shape)
	}
}

// reshape gives a group other limits, and its place in line the shape for them.
func (s *State) reshape(g *group) {
	w := s.stepOut(g)
	s.setLimits(g)
	s.stepIn(g, w)
}

// softTime ends the soft limits whose time has come.
func (s *State) softTime() {
	for len(s.softTimers) > 0 && s.softTimers[0].at <= s.now {
		t := s.softTimers.pop()
		if sf := t.group.soft; sf != nil && t.seq == t.group.seq && sf.expire(t.at) {
			s.softChanged(t.group)
		}
	}
}

// expire ends what holds until a time, or not so long.
func (sf *soft) expire(at int64) bool {
	ended := false
	end := func(on *bool, until int64) {
		if *on && until <= at {
			*on, ended = false, true
		}
	}
	for k := range sf.avoided {
		end(&sf.avoided[k].on, sf.avoided[k].until)
	}
	for k := range sf.homes {
		end(&sf.homes[k].on, sf.homes[k].until)
	}
	end(&sf.prefers, sf.until)
	return ended
}

func (s *State) softUntil(g *group, until int64) bool {
	if until <= s.now {
		return false
	}
	s.softTimers.push(softTimer{until, g.seq, g})
	return true
}

// softInLine starts the wait of a group for agents that it prefers: it has come
// into line at a time.
func (s *State) softInLine(g *group, since int64) {
	if g.soft == nil || !g.spec.wishes() {
		return
	}
	if len(g.spec.Prefer) > 0 || g.spec.Near != "" {
		g.soft.until = since + g.spec.preferWait()
		g.soft.prefers = s.softUntil(g, g.soft.until)
	}
	s.softChanged(g) // another instance may be the next
}

// softLaunched notes that an instance of a group went to an agent.
func (s *State) softLaunched(g *group, instance int32, a *agent) {
	if g.soft == nil {
		return
	}
	g.soft.homes = slices.DeleteFunc(g.soft.homes, func(h home) bool { return h.instance == instance })
	if g.soft.preferred(a) {
		s.softInLine(g, s.now)
		return
	}
	s.softChanged(g)
}
