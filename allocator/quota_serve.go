package allocator

import (
	"slices"

	"fairlead/drf"
)

// Roles below their guarantee come first; then everybody is served as far as
// limits and the headroom that is kept for guarantees allow.

// overLimit finds the role, nearest first, that would pass its limit with what
// is to be charged to a framework; nil if there is none.
func (s *State) overLimit(q *queue, charge *drf.Vector) *quota {
	for _, at := range q.quotas {
		held := s.tree.Allocated(at.node)
		for k, c := range charge {
			if c > 0 && held[k]+c > at.limit[k] {
				return at
			}
		}
	}
	return nil
}

// guaranteed reports whether a framework is promised what is to be charged to
// it: with it, some role above stays within its guarantee.
func (s *State) guaranteed(q *queue, charge *drf.Vector) bool {
	for _, at := range q.quotas {
		if at.promises(s.tree.Allocated(at.node), charge) {
			return true
		}
	}
	return false
}

// promises reports whether what a role holds and a charge are within its
// guarantee, of every resource that is charged and guaranteed; at least one is.
func (at *quota) promises(held drf.Vector, charge *drf.Vector) bool {
	some := false
	for k, c := range charge {
		if c == 0 || at.guarantee[k] == 0 {
			continue
		}
		if held[k]+c > at.guarantee[k] {
			return false
		}
		some = true
	}
	return some
}

// unmet is what roles are promised beyond what they would hold after a charge to
// a framework: of nested ones the larger of a role's own and the sum of those
// below it.
func (s *State) unmet(q *queue, charge *drf.Vector) drf.Vector {
	var top drf.Vector
	for _, at := range s.quotas {
		at.owed = drf.Vector{}
	}
	for _, at := range slices.Backward(s.quotas) { // children come after parents
		held := s.tree.Allocated(at.node)
		if slices.Contains(q.quotas, at) {
			held = held.Add(*charge)
		}
		owed := lack(at.guarantee, held).Max(at.owed)
		if len(at.above) > 0 {
			at.above[0].owed = at.above[0].owed.Add(owed)
		} else {
			top = top.Add(owed)
		}
	}
	return top
}

// lack is what a vector falls short of another one.
func lack(want, have drf.Vector) drf.Vector {
	for k := range want {
		want[k] = max(want[k]-have[k], 0)
	}
	return want
}

// intoHeadroom finds a resource of which a charge would take what must be left
// for guarantees that are not met.
func (s *State) intoHeadroom(q *queue, charge *drf.Vector) (drf.Kind, bool) {
	for k, short := range s.headroomLacks(q, charge) {
		if short > 0 {
			return drf.Kind(k), true
		}
	}
	return 0, false
}

// headroomLacks is what would have to come free for a charge to leave what must be
// left for guarantees that are not met. What the whole cluster has left counts.
func (s *State) headroomLacks(q *queue, charge *drf.Vector) (short drf.Vector) {
	if len(s.quotas) == 0 || s.guaranteed(q, charge) {
		return short
	}
	unmet, held := s.unmet(q, charge), s.tree.Allocated(drf.Root)
	for k, c := range charge {
		if c > 0 && unmet[k] > 0 {
			short[k] = max(unmet[k]+c+held[k]-s.total[k], 0)
		}
	}
	return short
}

// refused reports whether quota keeps a framework from what was found for it.
func (s *State) refused(q *queue, charge *drf.Vector) bool {
	if len(s.quotas) == 0 {
		return false
	}
	if s.overLimit(q, charge) != nil {
		return true
	}
	_, taken := s.intoHeadroom(q, charge)
	return taken
}

// skip takes a bucket out for the rest of this Tick.
func (s *State) skip(b *bucket) {
	s.refusals++
	s.keepFor(b.groups.top())
	s.setAside(b)
	s.skipped = append(s.skipped, b)
}

// unskip lets what was skipped compete again.
func (s *State) unskip() {
	for _, b := range s.skipped {
		s.enqueue(b)
	}
	clear(s.skipped)
	s.skipped = s.skipped[:0]
}

// placeGuaranteed serves the frameworks that are promised what they wait for,
// in the order of the policy, until none of it fits. It takes and returns how
// many runs were placed in this Tick.
func (s *State) placeGuaranteed(n int) int {
	if s.policy == DRFLiteral {
		return n // which has one order for everything
	}
	for len(s.quotas) > 0 && n < s.cfg.MaxPlacements {
		if s.policy.needsBlocked() {
			s.shutFull()
		}
		b := s.firstPromised()
		if b == nil {
			break
		}
		g := b.groups.top()
		switch on, ok := s.seekHeld(g, b.shape); {
		case !ok:
			s.shapes.fill(b.shape)
		case s.overLimit(b.queue, &s.foundRoom) != nil || !s.guaranteed(b.queue, &s.foundRoom):
			s.skip(b)
		case !s.placeAllOn(g, on):
			return n
		default:
			n += len(on)
		}
	}
	s.unskip()
	return n
}

// firstPromised is the bucket to serve first of those whose frameworks are
// promised what the first group asks for, without an executor.
func (s *State) firstPromised() *bucket {
	var first *bucket
	for _, q := range s.queues {
		if q == nil || len(q.quotas) == 0 {
			continue
		}
		b := s.headPromised(q)
		if b != nil && (first == nil || s.tree.Before(q.node, first.queue.node)) {
			first = b
		}
	}
	return first
}

// headPromised is the first bucket of a framework that may fit, if what it asks
// for is promised. What fits nowhere is parked on the way, so that the answer
// does not depend on who has found that out before.
func (s *State) headPromised(q *queue) *bucket {
	for q.ready.len() > 0 {
		b := q.ready.top()
		g := b.groups.top()
		charge := g.demand.Times(int64(g.together()))
		switch {
		case b.shape.full >= 0:
			s.park(b)
			continue
		case s.guaranteed(q, &charge):
			return b
		}
		switch _, ok := s.seekHeld(g, b.shape); {
		case !ok:
			s.shapes.fill(b.shape)
		case s.refused(q, &s.foundRoom):
			s.skip(b) // it must not hide what is promised behind it
		default:
			s.keepFor(g)
			return nil
		}
	}
	return nil
}

// quotaOf is the quota of a role, for readers.
func (s *State) quotaOf(node drf.Node) (guarantee, limit drf.Vector) {
	if q := s.quotaAt(node); q != nil {
		return q.guarantee, q.limit
	}
	for k := range limit {
		limit[k] = unlimited
	}
	return guarantee, limit
}

// quotaAt is the quota of a role itself, nil if it has none.
func (s *State) quotaAt(node drf.Node) *quota {
	k := slices.IndexFunc(s.quotas, func(q *quota) bool { return q.node == node })
	if k < 0 {
		return nil
	}
	return s.quotas[k]
}
