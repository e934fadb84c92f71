package allocator

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"fairlead/drf"
)

// maxYields bounds the surplus that is ended at once for the surplus of others.
const maxYields = 32

// rebalance ends surplus of frameworks that hold more for surplus of the first
// framework in order that finds no room: as much as leaves them with no less.
func (s *State) rebalance(out []Action) []Action {
	if !s.policy.fair() || s.more {
		return out
	}
	growing := slices.DeleteFunc(slices.Clone(s.elastics), func(g *group) bool { return !g.wantsMore() })
	slices.SortStableFunc(growing, func(a, b *group) int {
		return cmp.Or(s.inOrder(a.queue, b.queue), cmp.Compare(b.spec.Priority, a.spec.Priority))
	})
	for _, g := range growing {
		if ended := s.yieldsFor(g); len(ended) > 0 {
			return s.endSurplus(out, ended, fmt.Sprintf("%s/%s may have as much", g.spec.Framework, g.spec.Name))
		}
	}
	return out
}

// yielding follows what a framework would gain, and what others would lose to it.
type yielding struct {
	s      *State
	winner *queue
	gained drf.Vector
	next   drf.Vector              // what it would gain with one more instance
	gone   map[drf.Node]drf.Vector // from frameworks and roles
}

// yieldsFor chooses surplus of others for the surplus of a group.
func (s *State) yieldsFor(g *group) []*run {
	y := &yielding{s: s, winner: g.queue, gone: map[drf.Node]drf.Vector{}}
	e := s.endings(func(other *group) bool { return other.queue != g.queue })
	e.may = y.may
	counted := map[int32]int64{}
	for range min(g.idleSurplus(), maxYields) {
		y.next = y.gained.Add(g.hosted)
		i, set, ok := e.cheapest(g, counted)
		if !ok || s.refused(g.queue, &y.next) || len(e.chosen)+len(set) > maxYields {
			break
		}
		e.take(set)
		counted[i]++
		y.take(set)
		if g.limits != nil && g.limits.counts {
			break // where the next one may go depends on this one
		}
	}
	return e.chosen
}

func (y *yielding) take(set []*run) {
	y.gained = y.next
	for _, r := range set {
		for n := r.group.queue.node; n != drf.Root; n = y.s.tree.Parent(n) {
			y.gone[n] = y.gone[n].Add(r.holds())
		}
	}
}

// may reports whether the framework of a run has no less without it, and without
// a set of others, than the winner with its gain: below the role where their ways
// part.
func (y *yielding) may(r *run, set []*run) bool {
	lost := r.holds()
	for _, other := range set {
		if other.group.queue == r.group.queue {
			lost = lost.Add(other.holds())
		}
	}
	tree := y.s.tree
	from, to := tree.Apart(r.group.queue.node, y.winner.node)
	left, ok := tree.Allocated(from).Sub(y.gone[from].Add(lost))
	if !ok {
		return false
	}
	high, low := bits.Mul64(y.s.dominance(left), uint64(tree.Weight(to).Amount()))
	high2, low2 := bits.Mul64(y.s.dominance(tree.Allocated(to).Add(y.next)), uint64(tree.Weight(from).Amount()))
	return high > high2 || high == high2 && low >= low2
}
