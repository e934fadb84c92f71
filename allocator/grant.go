package allocator

import (
	"slices"
)

// Holding room is what keeps a large group, or a gang, from waiting for ever
// behind a stream of small ones; docs/fairness.md states the bound. A group may
// hold room when it has waited for Config.ReserveAfterMillis, its framework is
// the first in order of all that have waited so long, and it is the first in
// line there.

// heldPart is the part of the cluster that holds may want together: one over
// this. A single one may want more.
const heldPart = 4

// maxHoldMillis bounds for how long a group that failed often may hold room: a day,
// unless it is held for longer to begin with.
const maxHoldMillis = 24 * 60 * 60 * 1000

// holdFor is how long room is held for a group: twice as long each time that it
// was not enough, and no longer than a day.
func (s *State) holdFor(g *group) int64 {
	millis := s.cfg.HoldMillis
	for range g.holds {
		if millis >= maxHoldMillis {
			return millis
		}
		millis = min(2*millis, maxHoldMillis)
	}
	return millis
}

// expireHolds ends the holds whose time is up.
func (s *State) expireHolds(out []Action) []Action {
	for _, h := range slices.Clone(s.holds) {
		if h.until <= s.now {
			d := Release{h.group.spec.Framework, h.group.spec.Name,
				"the room that was held for it did not come free in time"}
			s.bookRelease(h.group, d.Message)
			out = append(out, d)
		}
	}
	return out
}

// serveHolds comes before anybody is served. In the order in which holds were made,
// what has all its room together starts, and what would have more of it at once
// elsewhere moves there.
func (s *State) serveHolds() {
	if len(s.holds) == 0 {
		return
	}
	for _, h := range slices.Clone(s.holds) {
		g := h.group
		if g.hold != h || !s.worthALook(h) {
			continue
		}
		for s.startHeld(g) || s.moveHold(g) {
			continue // another instance of a daemon group may have gone elsewhere
		}
		if g.hold != nil {
			g.hold.stale = s.complete(g.hold) // only quota is in the way
		}
	}
}

// worthALook reports whether a hold may be complete, or may move, that was not and
// could not before.
func (s *State) worthALook(h *hold) bool {
	return h.stale || h.group.together() > 1 && (h.group.bucket.shape.full < 0 || h.completeBy > 0 && h.completeBy <= s.now)
}

// startHeld starts what room is held for, if all of that is there, and reports
// whether anything was started.
func (s *State) startHeld(g *group) bool {
	h := g.hold
	if h == nil || !s.complete(h) {
		return false
	}
	s.liftAll(h)
	if on, ok := s.seek(g, g.bucket.shape); ok && !s.refused(g.queue, &s.foundRoom) {
		return s.placeAllOn(g, on)
	}
	s.keepAll(h)
	return false
}

// moveHold lets a gang hold other agents, if more of its room is there at once than
// where it is held now, and reports whether it does. There is more only if some
// instance finds room beside what is held, or one of its own agents has room for more
// than it is held for. One whose time is known stays until then.
func (s *State) moveHold(g *group) bool {
	h := g.hold
	if h == nil || g.together() == 1 || h.completeBy > s.now || s.complete(h) {
		return false
	}
	_, more := s.bestAgent(g.bucket.shape.kin)
	s.liftAll(h)
	var better []heldOn
	ok := more || s.roomBeyond(h)
	if ok {
		better, ok = s.plan(g, g.bucket.shape)
	}
	if !ok || s.roomNow(g, better) <= s.roomNow(g, h.on) {
		s.keepAll(h)
		return false
	}
	s.bookHold(g, better, h.until, s.completeBy(g, better, h.until))
	s.moved = append(s.moved, g)
	return true
}

// seekHeld is seek for a group that may hold room: it sees that room as well. If
// it finds enough and the group is not launched all the same, keepFor is due.
func (s *State) seekHeld(g *group, sh *shape) ([]int32, bool) {
	on, ok := s.seek(g, sh)
	if ok || g.hold == nil {
		return on, ok
	}
	s.liftAll(g.hold)
	if on, ok = s.seek(g, sh); !ok {
		s.keepAll(g.hold)
	}
	return on, ok
}

// keepFor keeps the room again that seekHeld made free.
func (s *State) keepFor(g *group) {
	if g.hold != nil {
		s.keepAll(g.hold)
	}
}

// moveHolds states the holds that changed in this Tick. It comes after the
// launches, which may have ended other holds of the same agents.
func (s *State) moveHolds(out []Action) []Action {
	for k, g := range s.moved {
		if g.hold != nil && !slices.Contains(s.moved[:k], g) {
			out = append(out, s.holdOf(g.hold))
		}
	}
	clear(s.moved)
	s.moved = s.moved[:0]
	return out
}

// grantHolds lets groups hold room that have waited for too long, and works out
// when the next one will have. Only frameworks where one has are looked at.
func (s *State) grantHolds(out []Action) []Action {
	s.grantAt = never
	if s.cfg.ReserveAfterMillis < 0 || s.policy == DRFLiteral || s.pending == 0 || s.more {
		return out
	}
	if s.held == len(s.agentIndex) {
		return out // no agent is left to hold: the next Tick after one is asks again
	}
	s.followLines()
	if soon := &s.lines.by[soonSlip]; soon.len() > 0 {
		s.grantAt = soon.top().line.due
	}
	if s.lines.by[dueSlip].len() == 0 && (len(s.quotas) == 0 || s.lines.by[dueFirm].len() == 0) {
		return out // quota may refuse the first of a line, and others slip by the next
	}
	for waiting := s.inTurn(s.lines.by[dueSlip].items, s.lines.by[dueFirm].items); len(*waiting) > 0; {
		g, later := s.nextToHold(waiting.pop().queue)
		if !later {
			return out
		}
		if g == nil {
			continue
		}
		on, _ := s.plan(g, g.bucket.shape)
		until := s.now + s.holdFor(g)
		s.bookHold(g, on, until, s.completeBy(g, on, until))
		out = append(out, s.holdOf(g.hold))
	}
	return out
}

// waitingQueues lists the frameworks with something in line.
func (s *State) waitingQueues() []*queue {
	out := s.inLine[:0]
	for _, q := range s.queues {
		if q != nil && q.waiting > 0 {
			out = append(out, q)
		}
	}
	s.inLine = out
	return out
}

// nextToHold finds the group of a framework that may begin to hold room now. It
// reports false if nothing that comes later in the order may hold room either.
func (s *State) nextToHold(q *queue) (*group, bool) {
	for _, h := range s.holds {
		if h.group.queue == q {
			return nil, true // one at a time
		}
	}
	for g := range s.eachInLine(q) {
		if due := s.dueAt(g); due > s.now {
			if s.canSlipBy(g) && (s.grantAt == never || due < s.grantAt) {
				s.grantAt = due
			}
			return nil, true // it has not waited for long, nor has what comes after it
		}
		charge := g.demand.Times(int64(g.together()))
		switch {
		case s.refused(q, &charge):
			continue
		case !s.canSlipBy(g):
			return nil, false // it is served as soon as anything is
		case !s.plannable(g):
			continue // it must not keep those behind it from being served
		case !s.mayHold(g):
			return nil, false
		}
		return g, true
	}
	return nil, true
}

// canSlipBy reports whether anything could be placed where a group can't: groups
// that asked for less of some resource were seen, or the group has to find more
// than room for one instance.
func (s *State) canSlipBy(g *group) bool {
	return g.together() > 1 || g.limits != nil || !g.demand.FitsIn(s.least)
}

// plannable reports whether plan would find agents for a group, which holds none.
// That it would not is remembered, for all that ask for as much of the same,
// until something changes on which it depends.
func (s *State) plannable(g *group) bool {
	sh, n := g.bucket.shape, g.together()
	k, version := sh.kin, s.plans
	if k.limits != nil {
		version += k.limits.version << 32
	}
	if k.tooManyAt == version && n >= k.tooMany {
		return false
	}
	found := n
	if k.limits == nil {
		found = int32(s.drainedRoom(g))
	} else if _, ok := s.plan(g, sh); !ok {
		found = n - 1
	}
	if found < n {
		k.tooMany, k.tooManyAt = found+1, version
	}
	return found >= n
}

// drainedRoom counts the instances of a group without constraints that would
// find room once all that ends has ended, up to what has to start together.
// That is what plan would find, which puts them where it is best.
func (s *State) drainedRoom(g *group) int64 {
	n, sum := int64(g.together()), int64(0)
	for i := range s.agents {
		a := &s.agents[i]
		if a.seq == 0 || a.lost || a.hold != nil && a.hold.group != g {
			continue
		}
		if sum += g.timesDrained(a, n-sum); sum >= n {
			break
		}
	}
	return sum
}

// mayHold bounds what is held: a single group may hold what it needs, several
// no more than a part of the cluster together.
func (s *State) mayHold(g *group) bool {
	if len(s.holds) == 0 {
		return true
	}
	sum := g.hosted.Times(int64(g.together()))
	for _, h := range s.holds {
		sum = sum.Add(h.size())
	}
	for k := range sum {
		if sum[k] > s.total[k]/heldPart {
			return false
		}
	}
	return true
}

func (s *State) noteLeast(g *group) {
	if s.lastSeq == 1 {
		s.least = g.demand
	}
	if s.least.FitsIn(g.demand) {
		return
	}
	for k := range s.least {
		s.least[k] = min(s.least[k], g.demand[k])
	}
	s.firmLinesChanged()
}
