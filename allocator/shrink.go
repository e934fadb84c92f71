package allocator

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/drf"
)

// surplusMessage is what surplus that made room ends with.
const surplusMessage = "others were owed its room"

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
			charge, most := g.demand.Times(int64(g.together())), g.hosted.Times(int64(g.together()))
			if s.overLimit(q, &charge) != nil || tried[kind{g.bucket.shape, q.role}] && g.hold == nil {
				continue
			}
			if due := max(g.since+s.cfg.ShrinkAfterMillis, s.awaitsRoom(g)); due > s.now {
				if s.shrinkAt == never || due < s.shrinkAt {
					s.shrinkAt = due
				}
			} else if ended := e.forGroup(g, s.headroomLacks(q, &most)); len(ended) > 0 {
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
	before func(a, b *queue) int         // compares frameworks as they are served
}

// endsBefore puts the surplus in front that ends first.
func (e *endings) endsBefore(a, b *run) int {
	return cmp.Or(e.before(b.group.queue, a.group.queue), cmp.Compare(b.id.Seq(), a.id.Seq()))
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
	e.before = e.servedBefore()
	for i, runs := range e.held { // commutes: each is sorted on its own
		e.agents = append(e.agents, i)
		slices.SortFunc(runs, e.endsBefore)
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

// servedBefore compares the frameworks of the surplus that may end. Where it matters
// for what they would be served, that is the first of their groups with any.
func (e *endings) servedBefore() func(a, b *queue) int {
	if !e.s.policy.needsBlocked() {
		return e.s.inOrder
	}
	heads := map[*queue]*group{}
	for _, runs := range e.held { // commutes: the first of all
		for _, r := range runs {
			if q := r.group.queue; heads[q] == nil || r.group.inLine().less(heads[q].inLine()) {
				heads[q] = r.group
			}
		}
	}
	queues := slices.DeleteFunc(slices.Clone(e.s.queues), func(q *queue) bool { return heads[q] == nil })
	place := e.s.placesBlocked(queues, func(q *queue) *group { return heads[q] })
	return func(a, b *queue) int { return cmp.Compare(place[a], place[b]) }
}

// forGroup chooses what has to end so that as much of a group as can be started
// finds room, all of a gang or nothing, and so that as much comes free as the headroom
// for guarantees lacks.
func (e *endings) forGroup(g *group, lacks drf.Vector) []*run {
	if g.hold != nil || e.s.roomNowOf(g, int64(g.together())) < int64(g.together()) {
		if len(e.roomFor(g)) == 0 {
			return nil
		}
	} // else it finds room, and only guarantees or limits keep it out
	if !e.alsoFree(g, lacks) {
		e.reset()
	}
	return e.chosen
}

// alsoFree lets more surplus end, in order, until so much comes free. It reports false
// if there is not enough.
func (e *endings) alsoFree(g *group, lacks drf.Vector) bool {
	for _, r := range e.chosen {
		lacks = lack(lacks, r.holds())
	}
	var all []*run
	for _, i := range e.agents {
		all = append(all, e.left(i)...)
	}
	slices.SortFunc(all, e.endsBefore)
	for _, r := range all {
		if after := lack(lacks, r.holds()); after != lacks && e.unpromised(g, r, nil) {
			lacks = after
			e.take([]*run{r})
		}
	}
	return lacks == (drf.Vector{})
}

// roomFor chooses what has to end so that as much of a group as can be started finds
// room: all of a gang or nothing.
func (e *endings) roomFor(g *group) []*run {
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
