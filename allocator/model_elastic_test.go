package allocator

import (
	"cmp"
	"maps"
	"slices"
)

// modelElastic is how far the surplus of a group has come.
type modelElastic struct {
	againMore []int32 // surplus instances that ran before and wait
	growing   bool    // a Tick lets it grow
}

func (g *modelGroup) isSurplus(n int32) bool { return g.Surplus > 0 && n >= g.base() }

// idle is how many instances of the surplus could be started.
func (g *modelGroup) idle() int32 {
	return g.Instances - max(g.started, g.base()) + int32(len(g.againMore))
}

// competes says whether a group is served if there is room: with its surplus only
// while that may grow.
func (g *modelGroup) competes() bool {
	return g.waits() || g.growing && g.allMet() && !g.closed && g.idle() > 0
}

// lineUp lets an instance that ran before wait to run again.
func (g *modelGroup) lineUp(n int32) {
	if g.isSurplus(n) {
		g.againMore = append(g.againMore, n)
	} else {
		g.again = append(g.again, n)
	}
}

// grow starts surplus: after everything else, not while any is ended for others, nor
// soon after, nor before everybody who waits has waited long enough for it to be
// ended for him. It reports whether there was any to start.
func (m *model) grow(out []decisionOf) (grown []decisionOf, could bool) {
	if m.more || len(m.ending()) > 0 || m.shrunk >= 0 && m.now < m.shrunk+m.growAfter() {
		return nil, false
	}
	for _, g := range m.firstOfKinds() {
		if m.now < g.since+m.shrinkAfter() || m.policy() == DRFLiteral {
			return nil, false
		}
	}
	for _, g := range m.groups {
		g.growing = g.Surplus > 0 && g.pending() == 0 && g.allMet() && !g.closed && g.idle() > 0
		could = could || g.growing
	}
	if could { // what is left of the offers that were used goes back
		m.dropOffers(func(o OfferAdded) bool {
			return slices.ContainsFunc(out, func(d decisionOf) bool { return d.Agent == o.Agent })
		})
		m.lookAtAgents()
		grown = m.placeAll()
	}
	for _, g := range m.groups {
		g.growing = false
	}
	return grown, could
}

func (m *model) shrinkAfter() int64 { return cmp.Or(m.cfg.ShrinkAfterMillis, 2000) }
func (m *model) growAfter() int64   { return cmp.Or(m.cfg.GrowAfterMillis, 10_000) }

// ending is the surplus that is being ended for others.
func (m *model) ending() []*modelRun {
	return slices.DeleteFunc(slices.Clone(m.runs), func(r *modelRun) bool { return !r.killed || !r.surplusKill })
}

// firstOfKinds is, of all groups that wait, the first of each kind.
func (m *model) firstOfKinds() []*modelGroup {
	var out []*modelGroup
	seen := map[string]bool{}
	for _, g := range m.byPriority() {
		if kind := m.kindOf(g); g.waits() && !seen[kind] {
			seen[kind] = true
			out = append(out, g)
		}
	}
	return out
}

func (m *model) byPriority() []*modelGroup {
	return slices.SortedStableFunc(slices.Values(m.groups), func(a, b *modelGroup) int { return cmp.Compare(b.Priority, a.Priority) })
}

// shrink is the surplus that has to end for the first group in order that has
// waited for long enough and that it helps.
func (m *model) shrink() []RunID {
	if m.more || len(m.ending()) > 0 || len(m.mayEnd()) == 0 {
		return nil
	}
	waiting := m.firstOfKinds()
	for _, path := range m.orderOfBlocked(waiting) {
		for _, g := range waiting {
			if g.path() != path || m.overLimit(g, times(g.demand(), g.together())) {
				continue
			}
			if ended := m.endFor(g); len(ended) > 0 && m.now >= max(g.since+m.shrinkAfter(), m.awaitsRoom(g)) {
				return ended
			}
			if m.policy() == DRFLiteral {
				return nil // nobody is served before this one
			}
		}
	}
	return nil
}

// awaitsRoom is until when what surplus left that ended may still be offered, if a
// group would fit there.
func (m *model) awaitsRoom(g *modelGroup) int64 {
	p := &modelEnding{m: m, g: g}
	if m.shrunk >= 0 && slices.ContainsFunc(m.agents, func(a *modelAgent) bool {
		used := amounts{}
		for _, r := range m.runs {
			if r.agent == a.Agent {
				used = used.add(r.holds(m.kinds))
			}
		}
		return !a.Owned && p.allowed(a) && g.demand().fitsIn(a.total.less(used)) && !g.demand().fitsIn(m.free[a.Agent].free)
	}) {
		return m.shrunk + m.shrinkAfter()
	}
	return 0
}

// sizeOf is what all of a group that starts together takes, with executors of its own.
func (m *model) sizeOf(g *modelGroup) amounts {
	return times(g.demand().add(amountsOf(m.cfg.Executor)), g.together())
}

// endFor chooses what has to end for a group: to have room, and for the guarantees that
// are not met to have theirs.
func (m *model) endFor(g *modelGroup) []RunID {
	lacks := m.headroomLacks(g, m.sizeOf(g))
	p := &modelEnding{m: m, g: g, may: m.mayEnd(), at: map[string]int{}}
	if p.roomNow(g.together()) < g.together() {
		if p.roomFor(); len(p.ended) == 0 {
			return nil
		}
	}
	for _, r := range p.ended {
		lacks = lacks.without(r.holds(m.kinds))
	}
	for _, r := range p.may {
		rest := lacks.without(r.holds(m.kinds))
		if !slices.Contains(p.ended, r) && !maps.Equal(rest, lacks) && p.unpromised(r, nil) {
			lacks, p.ended = rest, append(p.ended, r)
		}
	}
	if len(lacks) > 0 {
		return nil
	}
	return runIDs(p.ended)
}

// without is what is left of some amounts that others make up for.
func (a amounts) without(others amounts) amounts {
	out := amounts{}
	for name, n := range a { // commutes: each by itself
		if n > others[name] {
			out[name] = n - others[name]
		}
	}
	return out
}

// roomFor chooses, one instance of a group after the other, the agent where the
// fewest have to end for it: for all of a gang or not at all.
func (p *modelEnding) roomFor() {
	m, g := p.m, p.g
	missing := int(g.pending())
	if g.together() > 1 {
		missing = g.together() - p.roomNow(g.together())
	}
	was := m.runs
	for missing > 0 {
		on, set := p.cheapest()
		if on == nil {
			break
		}
		p.ended = append(p.ended, set...)
		p.at[on.Agent]++
		m.runs = append(slices.Clone(m.runs), &modelRun{agent: on.Agent, group: g, thought: true}) // as constraints count
		missing--
	}
	m.runs = was
	if g.together() > 1 && missing > 0 {
		p.ended = nil
	}
}

func runIDs(runs []*modelRun) []RunID {
	var out []RunID
	for _, r := range runs {
		out = append(out, r.Run)
	}
	return out
}

// mayEnd lists the surplus, that of the framework served last first, and of that
// the youngest.
func (m *model) mayEnd() []*modelRun {
	var out []*modelRun
	var groups []*modelGroup
	for _, r := range m.runs {
		if r.group.isSurplus(r.Instance) && !r.killed && !r.group.closed {
			out = append(out, r)
			groups = append(groups, r.group)
		}
	}
	order := m.orderOfBlocked(groups)
	slices.SortFunc(out, func(a, b *modelRun) int {
		return cmp.Or(cmp.Compare(slices.Index(order, b.group.path()), slices.Index(order, a.group.path())), cmp.Compare(b.Run.Seq(), a.Run.Seq()))
	})
	return out
}

// modelEnding is a choice of surplus that is to end.
type modelEnding struct {
	m     *model
	g     *modelGroup
	may   []*modelRun
	ended []*modelRun
	at    map[string]int // instances by agent, that were found room for
}

// room counts how often the group fits on an agent, up to a number, once some runs
// have ended there.
func (p *modelEnding) room(a *modelAgent, ended []*modelRun, most int) int {
	sp := *p.m.free[a.Agent]
	sp.gpus = slices.Clone(sp.gpus)
	for _, r := range ended {
		if r.agent == a.Agent {
			p.m.giveBack(&sp, r)
		}
	}
	n := 0
	for n < most && p.m.need(p.g, &sp).fitsIn(sp.free) {
		need := p.m.need(p.g, &sp)
		if _, ok := p.m.give(p.g, a, sp.free["cpus"]-need["cpus"], sp.gpus); !ok {
			break
		}
		sp.free = sp.free.less(need)
		sp.slots--
		n++
	}
	return n
}

func (m *model) giveBack(sp *modelSpare, r *modelRun) {
	sp.free = sp.free.add(r.holds(m.kinds))
	if r.Slot {
		sp.slots++
	}
	at := 0
	for t, gpus := range r.group.gpus() {
		for _, part := range parts(gpus) {
			if at < len(r.Devices) && int(r.Devices[at]) < len(sp.gpus) && !r.ended[int32(t)] {
				sp.gpus[r.Devices[at]] += part
			}
			at++
		}
	}
}

func (p *modelEnding) roomNow(most int) int {
	sum := 0
	for _, a := range p.m.agents {
		if p.m.free[a.Agent].usable && p.allowed(a) {
			sum += p.room(a, nil, most-sum)
		}
	}
	return sum
}

func (p *modelEnding) allowed(a *modelAgent) bool {
	return !a.lost && p.m.meets(p.g, a) && p.g.goesOn(a.Agent) && p.m.softly(p.g, a)
}

func (p *modelEnding) cheapest() (on *modelAgent, best []*modelRun) {
	for _, a := range p.m.agents {
		if !p.allowed(a) {
			continue
		}
		set, ok := p.setOn(a)
		if ok && (on == nil || len(set) < len(best)) {
			on, best = a, set
		}
	}
	return on, best
}

// setOn chooses runs of an agent for one more instance: in order until there is
// room, less those that turn out not to be needed.
func (p *modelEnding) setOn(a *modelAgent) ([]*modelRun, bool) {
	most := int(p.g.Group.most())
	n := p.room(a, nil, most) + p.at[a.Agent] + 1
	var set []*modelRun
	enough := func(set []*modelRun) bool { return p.room(a, slices.Concat(p.ended, set), n) >= n }
	for _, r := range p.may {
		if r.agent == a.Agent && !slices.Contains(p.ended, r) && !enough(set) && p.unpromised(r, set) {
			set = append(set, r)
		}
	}
	if !enough(set) {
		return nil, false
	}
	for k := 0; k < len(set); {
		if less := slices.Delete(slices.Clone(set), k, k+1); enough(less) {
			set = less
		} else {
			k++
		}
	}
	return set, true
}

// unpromised says whether roles keep what they are promised without a run, and
// without what else was chosen. One that the group is below loses nothing.
func (p *modelEnding) unpromised(r *modelRun, set []*modelRun) bool {
	for _, role := range rolesAbove(r.group.Role) {
		if slices.Contains(rolesAbove(p.g.Role), role) {
			continue
		}
		left, _, _ := p.m.held(role)
		for _, gone := range slices.Concat(p.ended, set, []*modelRun{r}) {
			if slices.Contains(rolesAbove(gone.group.Role), role) {
				left = left.less(gone.holds(p.m.kinds))
			}
		}
		for name, n := range r.holds(p.m.kinds) { // commutes: a conjunction
			if n > 0 && left[name] < int64(amountIn(p.m.quotas[role].Guarantee, name)) {
				return false
			}
		}
	}
	return true
}

// told marks the runs that are being killed, but for some.
func (m *model) told(actions []Action, but []RunID) {
	for _, a := range actions {
		k, ok := a.(Kill)
		if !ok || slices.Contains(but, k.Run) {
			continue
		}
		for _, r := range m.runs {
			if r.Run == k.Run {
				r.killed, r.surplusKill = true, k.Cause == KillSurplus
			}
		}
		if k.Cause == KillSurplus {
			m.shrunk = m.now
		}
	}
}

// endedNow is the surplus that a Tick began to end.
func (m *model) endedNow(actions []Action) []RunID {
	var out []RunID
	for _, a := range actions {
		if k, ok := a.(Kill); ok && k.Cause == KillSurplus && !slices.ContainsFunc(m.runs, func(r *modelRun) bool { return r.Run == k.Run && r.killed }) {
			out = append(out, k.Run)
		}
	}
	return out
}
