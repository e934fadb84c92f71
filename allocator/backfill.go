package allocator

import (
	"cmp"
	"slices"
)

// Backfill: while a hold waits for room, others may use what it has, if they are
// over before it could be complete. When that is, is known if every run on its
// agents that has to end has a max_runtime; it is found out once, when the hold is
// made, and the hold stays where it is until then. So whatever is let in does not
// put that time off. docs/fairness.md states the bound.

// completeBy is when a hold of a group on some agents is complete at the latest:
// 0 if that is not known, or is not before the hold ends. O(runs).
func (s *State) completeBy(g *group, on []heldOn, until int64) int64 {
	if s.runs.limited == 0 {
		return 0
	}
	held := s.counts()
	defer func() {
		for _, at := range on {
			held[at.agent] = 0
		}
	}()
	for _, at := range on {
		a := &s.agents[at.agent]
		ending, _ := a.used.Sub(a.staying)
		if wanted := g.wantedOn(a, at.instances); !wanted.FitsIn(a.spare.free.Add(a.kept).Add(ending)) {
			return 0 // others than us use what is missing
		}
		held[at.agent] = 1
	}
	last := s.now
	for r := range s.runs.all() {
		if held[r.agent] == 0 || r.stays() {
			continue
		}
		limit := r.group.spec.MaxRuntimeMillis
		if limit == 0 || r.killAt != never || r.lostAt != never {
			return 0
		}
		last = max(last, r.started+limit)
	}
	if last == s.now || last > until {
		return 0
	}
	return last
}

// backfill places what is over before the holds can be complete that it uses room
// of, framework by framework in order. For each run that it places it looks at
// every framework that waits, and at every group whose shape fits there.
func (s *State) backfill() {
	for n := 0; n < s.cfg.MaxPlacements && s.letsIn() && s.backfillOne(); n++ {
	}
}

// letsIn reports whether there is a hold that others may use.
func (s *State) letsIn() bool {
	return !s.more && slices.ContainsFunc(s.holds, func(h *hold) bool { return h.completeBy > s.now })
}

func (s *State) backfillOne() bool {
	for waiting := s.inTurn(s.waitingQueues()); len(*waiting) > 0; {
		g, i := s.lendTo(waiting.pop().queue)
		if g == nil {
			continue
		}
		s.lift(i)
		placed := s.placeOn(g, i)
		s.keep(i)
		return placed
	}
	return false
}

// lendTo finds the first group of a framework that may use what is held, and the
// best agent for it.
func (s *State) lendTo(q *queue) (first *group, agent int32) {
	for _, b := range q.byShape { // commutes: the first of all is taken
		lent := s.lentTo(b.shape.kin, q)
		if len(lent) == 0 {
			continue
		}
		for g := range b.groups.all() {
			if first != nil && !g.inLine().less(first.inLine()) || g.hold != nil || g.together() > 1 {
				continue
			}
			if i, ok := s.lentFor(lent, g.spec.MaxRuntimeMillis); ok {
				first, agent = g, i
			}
		}
	}
	return first, agent
}

// lent is an agent that a shape fits on while held room is used, the best first,
// and until when.
type lent struct {
	candidate
	until int64
}

func (s *State) lentTo(k *kin, q *queue) []lent {
	var out []lent
	for _, h := range s.holds {
		for _, at := range h.on {
			if h.completeBy <= s.now {
				break
			}
			a := &s.agents[at.agent]
			s.lift(at.agent)
			if a.fits(k) && !s.refused(q, a.need(k)) {
				out = append(out, lent{s.candidate(k, at.agent), h.completeBy})
			}
			s.keep(at.agent)
		}
	}
	slices.SortFunc(out, func(a, b lent) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.seq, b.seq))
	})
	return out
}

// lentFor picks the first of some agents that may be used for so long.
func (s *State) lentFor(on []lent, limit int64) (int32, bool) {
	for _, l := range on {
		if limit > 0 && s.now+limit <= l.until {
			return l.agent, true
		}
	}
	return 0, false
}
