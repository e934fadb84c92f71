package allocator

import (
	"cmp"
	"fmt"
	"slices"
)

// An elastic group has a base, which is demanded as any other group is, and a
// surplus (Group.Surplus), the instances with the highest numbers. The surplus
// is no demand: it is started on what nobody who waits could be given, and ended
// when somebody could be given what it holds (shrink.go). docs/task-groups.md
// states the rules.

// elastic is how far the surplus of a group has come.
type elastic struct {
	again []int32 // surplus instances that were started once and wait
	wish  int32   // of the surplus, what competes: only while a Tick lets it grow
}

// base is how many instances are demanded: those with the lowest numbers.
func (g *Group) base() int32 { return g.Instances - g.Surplus }

// isSurplus reports whether an instance is beyond the base of its group.
func (g *group) isSurplus(n int32) bool { return g.spec.Surplus > 0 && n >= g.spec.base() }

// idleSurplus is how many instances of the surplus could be started.
func (g *group) idleSurplus() int32 {
	if g.elastic == nil {
		return 0
	}
	return g.spec.Instances - max(int32(len(g.instances)), g.spec.base()) + int32(len(g.elastic.again))
}

// wantsMore reports whether the surplus of a group would grow if there was room.
// Its base comes first.
func (g *group) wantsMore() bool {
	return g.idleSurplus() > 0 && g.pending() == 0 && !g.blocked() && !g.dying && !g.over()
}

// useElastic keeps an elastic group among those that may grow, in the order in
// which they were submitted.
func (s *State) useElastic(g *group) {
	if g.spec.Surplus == 0 || g.over() {
		return
	}
	if g.elastic == nil {
		g.elastic = &elastic{}
	}
	at, there := slices.BinarySearchFunc(s.elastics, g, bySeq)
	if !there {
		s.elastics = slices.Insert(s.elastics, at, g)
	}
}

func (s *State) dropElastic(g *group) {
	if at, there := slices.BinarySearchFunc(s.elastics, g, bySeq); there {
		s.elastics = slices.Delete(s.elastics, at, at+1)
	}
}

func bySeq(a, b *group) int { return cmp.Compare(a.seq, b.seq) }

// lineUp lets an instance that was started once wait in the line it belongs to.
func (g *group) lineUp(n int32) {
	if g.isSurplus(n) {
		g.elastic.again = append(g.elastic.again, n)
	} else {
		g.again = append(g.again, n)
	}
}

// linedUp is how many instances that were started once wait to run again.
func (g *group) linedUp() int32 {
	n := int32(len(g.again))
	if g.elastic != nil {
		n += int32(len(g.elastic.again))
	}
	return n
}

// wanting reports whether offers are of use: something waits, or could grow.
func (s *State) wanting() bool {
	return s.waiting() || slices.ContainsFunc(s.elastics, (*group).wantsMore)
}

// growsNext reports whether surplus may start on what is left of the offers that
// are accepted now, once that is offered again.
func (s *State) growsNext() bool {
	return slices.ContainsFunc(s.elastics, (*group).wantsMore) && !s.shrinking() && s.mayGrowAt() <= s.now
}

// grow starts surplus where there is room that nobody who waits can be given, in
// the order of the policy: after everything else of this Tick, not while surplus
// is being ended for others, and not soon after.
func (s *State) grow(out []Action) []Action {
	s.growAt = never
	var growing []*group
	for _, g := range s.elastics {
		if g.wantsMore() {
			growing = append(growing, g)
		}
	}
	if len(growing) == 0 || s.more || s.shrinking() {
		return out // the end of those brings the next Tick
	}
	if s.policy == DRFLiteral && s.pending > 0 {
		return out // who waits may only wait for his turn
	}
	if at := s.mayGrowAt(); at > s.now {
		s.growAt = at
		return out
	}
	s.catchUp() // with what was launched and held in this Tick
	for _, g := range growing {
		since := g.since
		g.elastic.wish = g.idleSurplus()
		s.compete(g)
		g.since = since // it did not begin to wait
	}
	s.placeAll()
	for _, g := range growing {
		s.withdraw(g)
		g.elastic.wish = 0
	}
	for _, h := range s.holds { // where a shape may fit after all
		for _, at := range h.on {
			s.wakeFor(&s.agents[at.agent])
		}
	}
	return s.rebalance(s.acceptTouched(out)) // what was launched just now may be ended for others
}

// spoilsHold reports whether surplus would be started where room is kept for
// somebody, who may need the rest too.
func (s *State) spoilsHold(g *group, i int32) bool {
	a := &s.agents[i]
	return g.elastic != nil && g.elastic.wish > 0 && a.hold != nil
}

// bestUnheld is bestAgent among those on which nothing is held.
func (s *State) bestUnheld(k *kin) (int32, bool) {
	best := candidate{agent: -1}
	for i := range s.agents {
		if a := &s.agents[i]; a.hold != nil || !a.fits(k) {
			continue
		}
		if c := s.candidate(k, int32(i)); best.agent < 0 || c.less(best) {
			best = c
		}
	}
	return best.agent, best.agent >= 0
}

// mayGrowAt is the time from which surplus may grow: a while after any was ended
// for others, and once everything that waits has waited long enough for surplus
// to be ended for it, if that could help.
func (s *State) mayGrowAt() int64 {
	at := s.shrunkAt
	if at != never {
		at += s.cfg.GrowAfterMillis
	}
	for _, q := range s.waitingQueues() {
		for _, g := range s.lineOf(q) {
			if due := g.since + s.cfg.ShrinkAfterMillis; due > s.now {
				at = max(at, due)
			}
		}
	}
	return at
}

// shrinking reports whether surplus that has to make room is still there.
func (s *State) shrinking() bool {
	for _, g := range s.elastics {
		for r := range s.surplusOf(g) {
			if r.cause == KillSurplus && r.killAt != never {
				return true
			}
		}
	}
	return false
}

// surplusText says how much of a surplus runs, and when the rest may.
func (s *State) surplusText(g *group) string {
	live := 0
	for range s.surplusOf(g) {
		live++
	}
	text := fmt.Sprintf("with the %s that it demands and %d of up to %d more, which run where nobody else waits for the room",
		countOf(g.spec.base(), "instance"), live, g.spec.Surplus)
	if s.growAt != never && s.growAt > s.now {
		text += fmt.Sprintf("; more may start in %s", s.still(s.growAt))
	}
	return text
}

// surplusOf yields the live surplus runs of a group.
func (s *State) surplusOf(g *group) func(func(*run) bool) {
	return func(yield func(*run) bool) {
		for n := g.spec.base(); int(n) < len(g.instances); n++ {
			if in := &g.instances[n]; in.state == instanceLive && !yield(s.runOf(in.run)) {
				return
			}
		}
	}
}

// surplusBackoff is how much of a surplus waits out a back-off.
func (g *group) surplusBackoff() int32 {
	n := int32(0)
	if g.elastic != nil && g.backoff > 0 {
		for k := int(g.spec.base()); k < len(g.instances); k++ {
			if g.instances[k].state == instanceBackoff {
				n++
			}
		}
	}
	return n
}

// dropBackoff lets the surplus of a group that is over wait for nothing.
func (g *group) dropBackoff() {
	if g.surplusBackoff() == 0 {
		return
	}
	for k := int(g.spec.base()); k < len(g.instances); k++ {
		if in := &g.instances[k]; in.state == instanceBackoff {
			in.state = instanceWaiting
			g.backoff--
			g.lineUp(int32(k))
		}
	}
}

// allAgain lists the instances that were started once and wait, surplus last.
func (g *group) allAgain() []int32 {
	all := append([]int32(nil), g.again...)
	if g.elastic != nil {
		all = append(all, g.elastic.again...)
	}
	return all
}

func (g *group) restoreAgain(all []int32) {
	if g.spec.Surplus > 0 {
		g.elastic = &elastic{}
	}
	for _, n := range all {
		g.lineUp(n)
	}
}

// checkElastic verifies that nothing of a surplus is in line, and that elastic
// groups are known.
func (s *State) checkElastic(g *group) bool {
	_, known := slices.BinarySearchFunc(s.elastics, g, bySeq)
	return known == (g.spec.Surplus > 0 && !g.over()) && (g.elastic == nil || g.elastic.wish == 0)
}
