package allocator

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"fairlead/drf"
)

// surplusMessage is what surplus that made room ends with.
const surplusMessage = "others were owed its room"

// maxYields bounds the surplus that is ended at once for the surplus of others.
const maxYields = 32

// shrink ends surplus for the first group in order that waits for what surplus
// holds. One group is served at a time: nothing more is ended until what was is
// gone, and its room was given to whoever is first then.
func (s *State) shrink(out []Action) []Action {
	s.shrinkAt = never
	if len(s.elastics) == 0 || s.more || s.pending == 0 || s.shrinking() {
		return out
	}
	e := s.endings(nil)
	if len(e.held) == 0 {
		return out
	}
	type kind struct {
		shape *shape
		role  string
	}
	tried := map[kind]bool{}
	for waiting := s.inTurn(s.waitingQueues()); len(*waiting) > 0; {
		q := waiting.pop().queue
		for _, g := range s.lineOf(q) {
			charge := g.demand.Times(int64(g.together()))
			if s.refused(q, &charge) || tried[kind{g.bucket.shape, q.role}] && g.hold == nil {
				continue
			}
			if due := max(g.since+s.cfg.ShrinkAfterMillis, s.awaitsRoom(g)); due > s.now {
				if s.shrinkAt == never || due < s.shrinkAt {
					s.shrinkAt = due
				}
			} else if ended := e.forGroup(g); len(ended) > 0 {
				return s.endSurplus(out, ended, fmt.Sprintf("%s/%s waits for its room", g.spec.Framework, g.spec.Name))
			} else {
				tried[kind{g.bucket.shape, q.role}] = true
			}
			if s.policy == DRFLiteral {
				return out // nobody is served before this one
			}
		}
	}
	return out
}

// awaitsRoom is until when it is worth waiting for the offer of what surplus left
// that ended, if a group would fit there.
func (s *State) awaitsRoom(g *group) int64 {
	until := s.shrunkAt + s.cfg.ShrinkAfterMillis
	if s.shrunkAt == never || until <= s.now || !s.offersMissing(g) {
		return 0
	}
	return until
}

func (s *State) inOrder(a, b *queue) int {
	switch {
	case s.tree.Before(a.node, b.node):
		return -1
	case s.tree.Before(b.node, a.node):
		return 1
	}
	return 0
}

func (s *State) endSurplus(out []Action, runs []*run, message string) []Action {
	for _, r := range runs {
		s.bookKill(r, KillSurplus)
		out = append(out, Kill{r.id, s.agents[r.agent].id, KillSurplus, message})
	}
	return out
}

// endings plans which surplus is to end.
type endings struct {
	s      *State
	held   map[int32][]*run // surplus by agent, what ends first in front
	agents []int32          // of these and of ending, in the order in which they were seen
	ending []*run           // what is preempted, where room is held: that is as good as free
	freed  map[int32]drf.Vector
	slots  map[int32]int64 // that come free
	chosen []*run
	may    func(r *run, set []*run) bool // nil: any may end
}

// endings collects the surplus that may end, of frameworks that are served last
// first, and of those the youngest.
func (s *State) endings(of func(*group) bool) *endings {
	e := &endings{s: s, held: map[int32][]*run{}, freed: map[int32]drf.Vector{}, slots: map[int32]int64{}}
	for _, g := range s.elastics {
		if g.dying || of != nil && !of(g) {
			continue
		}
		for r := range s.surplusOf(g) {
			if r.killAt == never {
				e.held[r.agent] = append(e.held[r.agent], r)
			}
		}
	}
	for i, runs := range e.held { // commutes: each is sorted on its own
		e.agents = append(e.agents, i)
		slices.SortFunc(runs, func(a, b *run) int {
			return cmp.Or(s.inOrder(b.group.queue, a.group.queue), cmp.Compare(b.id.Seq(), a.id.Seq()))
		})
	}
	for r := range s.runs.all() {
		if !r.preempted || s.agents[r.agent].hold == nil {
			continue
		}
		_, some := e.held[r.agent]
		if _, seen := e.freed[r.agent]; !some && !seen {
			e.agents = append(e.agents, r.agent)
		}
		e.ending = append(e.ending, r)
		e.free(r)
	}
	slices.SortFunc(e.agents, func(i, j int32) int { return cmp.Compare(s.agents[i].seq, s.agents[j].seq) })
	return e
}

// forGroup chooses what has to end so that as much of a group as can be started
// finds room: all of a gang or nothing.
func (e *endings) forGroup(g *group) []*run {
	if g.hold != nil {
		return e.forHold(g.hold)
	}
	missing := int64(g.pending())
	if g.together() > 1 {
		missing = int64(g.together()) - e.s.roomNowOf(g, int64(g.together()))
	}
	counted := map[int32]int64{}
	for missing > 0 {
		i, set, ok := e.cheapest(g, counted)
		if !ok {
			break
		}
		e.take(set)
		e.s.countTaken(g, &e.s.agents[i], 1)
		counted[i]++
		missing--
	}
	for i, n := range counted { // commutes: each is undone on its own
		for range n {
			e.s.countTaken(g, &e.s.agents[i], -1)
		}
	}
	ended := e.chosen
	if g.together() > 1 && missing > 0 {
		ended = nil
	}
	if len(ended) == 0 {
		e.reset() // for others
	}
	return ended
}

// reset forgets what was chosen.
func (e *endings) reset() {
	e.chosen, e.freed, e.slots = nil, map[int32]drf.Vector{}, map[int32]int64{}
	for _, r := range e.ending {
		e.free(r)
	}
}

// forHold chooses what has to end where room is kept for a group: other runs end
// there too, so it need not be enough.
func (e *endings) forHold(h *hold) []*run {
	for _, at := range h.on {
		set, ok := e.setFor(h.group, at.agent, int64(at.instances))
		if !ok {
			set = e.left(at.agent)
		}
		e.take(set)
	}
	return e.chosen
}

// cheapest finds the agent on which the fewest runs have to end for one more
// instance: none where it finds room once those have ended that were chosen before.
func (e *endings) cheapest(g *group, counted map[int32]int64) (agent int32, best []*run, found bool) {
	for _, i := range e.agents {
		a := &e.s.agents[i]
		if a.lost || a.hold != nil && a.hold.group != g || !g.allowedOn(a) {
			continue
		}
		now := g.timesOn(e.freeOn(g, i, false), int64(a.spare.slots), g.spec.most())
		now = e.timesOnGPUs(g, i, now)
		set, ok := e.setFor(g, i, now+counted[i]+1)
		if ok && (!found || len(set) < len(best)) {
			agent, best, found = i, set, true
		}
	}
	return agent, best, found
}

// freeOn is what a group would find on an agent, with what comes free or without.
func (e *endings) freeOn(g *group, i int32, freed bool) drf.Vector {
	a := &e.s.agents[i]
	free := a.spare.free
	if a.hold != nil && a.hold.group == g {
		free = free.Add(a.kept)
	}
	if freed {
		free = free.Add(e.freed[i])
	}
	return free
}

// setFor chooses the runs that have to end on an agent so that it holds n
// instances of a group, and leaves out what turns out not to be needed.
func (e *endings) setFor(g *group, i int32, n int64) ([]*run, bool) {
	a := &e.s.agents[i]
	free, slots := e.freeOn(g, i, true), int64(a.spare.slots)+e.slots[i]
	var set []*run
	fits := func(without int) bool {
		all, more, ended := free, slots, []*run(nil)
		for k, r := range set {
			if k != without {
				all, more, ended = all.Add(r.holds()), more+r.slots(), append(ended, r)
			}
		}
		return g.timesOn(all, more, n) >= n && e.timesOnGPUs(g, i, n, e.ending, e.chosen, ended) >= n
	}
	for _, r := range e.left(i) {
		if fits(-1) {
			break
		}
		if e.unpromised(g, r, set) && (e.may == nil || e.may(r, set)) {
			set = append(set, r)
		}
	}
	if !fits(-1) {
		return nil, false
	}
	for k := 0; k < len(set); {
		if fits(k) {
			set = slices.Delete(set, k, k+1)
		} else {
			k++
		}
	}
	return set, true
}

// timesOnGPUs bounds a number of instances of a group on an agent by the GPUs that
// are free there once some runs have ended, if the agent's are known one by one.
func (e *endings) timesOnGPUs(g *group, i int32, most int64, ended ...[]*run) int64 {
	a := &e.s.agents[i]
	if len(g.gpus) == 0 || a.devices == nil {
		return most
	}
	free := a.freeDevices()
	for _, r := range slices.Concat(ended...) {
		if r.agent == i {
			r.eachDevice(func(n int32, part drf.Amount) {
				if int(n) < len(free) {
					free[n] += part
				}
			})
		}
	}
	return timesOnDevices(g.gpus, free, most)
}

// unpromised reports whether the roles above a run keep their guarantees without
// it, and without what else was chosen: what is promised to them could not be
// given to others. A role that the group is below as well loses nothing.
func (e *endings) unpromised(g *group, r *run, set []*run) bool {
	for _, at := range r.group.queue.quotas {
		if slices.Contains(g.queue.quotas, at) {
			continue
		}
		left := e.s.tree.Allocated(at.node)
		for _, gone := range [][]*run{e.ending, e.chosen, set, {r}} {
			for _, other := range gone {
				if slices.Contains(other.group.queue.quotas, at) {
					left, _ = left.Sub(other.holds())
				}
			}
		}
		for k, n := range r.holds() {
			if n > 0 && left[k] < at.guarantee[k] {
				return false
			}
		}
	}
	return true
}

// left is the surplus of an agent that was not chosen yet.
func (e *endings) left(i int32) []*run {
	return slices.DeleteFunc(slices.Clone(e.held[i]), func(r *run) bool { return slices.Contains(e.chosen, r) })
}

func (e *endings) take(set []*run) {
	for _, r := range set {
		e.free(r)
		e.chosen = append(e.chosen, r)
	}
}

func (e *endings) free(r *run) {
	e.freed[r.agent] = e.freed[r.agent].Add(r.holds())
	e.slots[r.agent] += r.slots()
}

// slots is how many free slots the end of a run leaves.
func (r *run) slots() int64 {
	if r.slot {
		return 1
	}
	return 0
}

// roomNowOf counts the instances of a group for which there is room now, up to a
// number. Constraints may allow fewer.
func (s *State) roomNowOf(g *group, most int64) int64 {
	sum := int64(0)
	for i := range s.agents {
		if a := &s.agents[i]; sum < most && g.allowedOn(a) {
			sum += g.timesNow(a, most-sum)
		}
	}
	return sum
}

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
