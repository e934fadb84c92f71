package allocator

import (
	"cmp"
	"slices"

	"fairlead/drf"
)

// decide is Tick: everything that is due, then placements, then offers. Each
// decision is booked before the next one is made.
func (s *State) decide() []Action {
	if s.cfg.ReuseActions {
		s.stores.reuse()
	}
	s.syncTotal()
	s.more = false
	s.setOneByOne()
	out := s.settleEnded(s.out[:0])
	out = s.fireTimers(out)
	out = s.occurAndEnd(out)
	out = s.expireHolds(out)
	s.catchUp()
	s.trade()
	s.serveHolds()
	s.placeAll()
	s.backfill()
	out = s.acceptTouched(out)
	out = s.moveHolds(out)
	out = s.preempt(out)
	out = s.grantHolds(out)
	out = s.shrink(out)
	out = s.grow(out) // into what nothing is kept for
	return s.handOut(s.tidyOffers(out))
}

// handOut gives the actions of a Tick to the caller for good, and keeps what
// they were collected in.
func (s *State) handOut(out []Action) []Action {
	s.out = out[:0]
	if len(out) == 0 {
		return nil
	}
	actions := s.stores.actions.take(len(out))
	copy(actions, out)
	clear(out)
	return actions
}

// settleEnded closes the runs whose tasks are all over, the earliest first.
func (s *State) settleEnded(out []Action) []Action {
	slices.Sort(s.ended)
	for _, id := range s.ended {
		if r := s.runOf(id); r != nil {
			o, message := r.end()
			out = s.settle(out, r, o, message)
		}
	}
	s.ended = s.ended[:0]
	return out
}

// settle decides whether an ended run is followed by another one.
func (s *State) settle(out []Action, r *run, o Outcome, message string) []Action {
	in := &r.group.instances[r.instance]
	d := s.stores.settles.one()
	*d = Settle{Run: r.id, Outcome: o, Message: message}
	switch {
	case r.group.dying || in.dying:
		d.Outcome = settledWhenDying(o)
	case r.preempted && o != Finished && !s.leaves(r):
		d.Outcome, d.Retry, d.Message = Preempted, true, ""
	case r.cause == KillOverdue && o != Finished && o != Lost && !s.leaves(r):
		d.Outcome, d.Message = Failed, r.group.overdue()
		d.Retry, d.Charged = r.group.spec.Restart.again(Failed, in.charged)
	case r.cause == KillSurplus && o != Finished && o != Lost:
		d.Outcome, d.Retry, d.Message = Surplus, true, surplusMessage
	case o != Finished && s.leaves(r):
		d.Outcome, d.Message = Lost, leftMessage
	case !r.hopeless && !s.leaves(r):
		d.Retry, d.Charged = r.group.spec.Restart.again(o, in.charged)
	}
	switch {
	case d.Outcome == Preempted || d.Outcome == Surplus:
		d.NotBefore = s.now
	case d.Retry:
		d.NotBefore = s.now + r.group.spec.Restart.backoff(in.charged, in.lost, d.Charged)
	}
	s.bookSettle(r, d)
	return append(out, d)
}

// settledWhenDying keeps a good end that came before the kill.
func settledWhenDying(o Outcome) Outcome {
	if o == Finished {
		return Finished
	}
	return Killed
}

// again applies the policy: whether an instance runs again after an end, and
// whether that counts. Max 3 means four runs.
func (p Restart) again(o Outcome, charged int32) (retry, counts bool) {
	switch {
	case o == Lost:
		return true, false
	case p.Policy == RestartAlways:
		return p.Max == 0 || charged < p.Max, true
	case p.Policy == RestartOnFailure && o != Finished:
		return charged < p.Max, true
	}
	return false, false
}

// lostBackoffMillis is the wait after the second loss in a row; the first one
// is repeated at once.
const lostBackoffMillis = 1000

// backoff is the wait before an instance's next run: the policy's, doubled with
// each counted restart, or after losses a wait that keeps an agent which drops
// every launch from being tried in a loop.
func (p Restart) backoff(charged, lost int32, counts bool) int64 {
	wait, doublings := p.BackoffMillis, charged
	if !counts {
		if lost == 0 {
			return 0
		}
		wait, doublings = lostBackoffMillis, lost-1
	}
	for ; doublings > 0 && wait < MaxBackoffMillis; doublings-- {
		wait *= 2
	}
	return min(wait, MaxBackoffMillis)
}

// Follows says what follows the end of an instance that was restarted so often
// and was lost so often in a row before: whether it runs again, whether that
// counts, and how long it waits first.
func (p Restart) Follows(o Outcome, charged, lost int32) (retry, counts bool, waitMillis int64) {
	if retry, counts = p.again(o, charged); retry {
		waitMillis = p.backoff(charged, lost, counts)
	}
	return retry, counts, waitMillis
}

func (s *State) kill(out []Action, r *run, cause KillCause) []Action {
	s.bookKill(r, cause)
	return append(out, Kill{Run: r.id, Agent: s.agents[r.agent].id, Cause: cause})
}

// endDoomed kills what is left of groups that must end, and abandons those
// that come after one that did not finish well.
func (s *State) endDoomed(out []Action) []Action {
	slices.SortStableFunc(s.doomed, func(a, b doom) int {
		return cmp.Or(cmp.Compare(a.group.seq, b.group.seq), cmp.Compare(a.instance, b.instance))
	})
	for k := 0; k < len(s.doomed); k++ { // abandoning one may doom others
		d := s.doomed[k]
		switch {
		case d.group.blocked():
			out = s.abandon(out, d.group)
		case d.instance >= 0:
			out = s.killInstance(out, d.group, d.instance)
		default:
			for n := range d.group.instances {
				out = s.killInstance(out, d.group, int32(n))
			}
		}
	}
	clear(s.doomed)
	s.doomed = s.doomed[:0]
	return out
}

// killInstance kills a live instance that was not killed before.
func (s *State) killInstance(out []Action, g *group, n int32) []Action {
	if int(n) >= len(g.instances) {
		return out // the group has ended, and runs again since
	}
	in := &g.instances[n]
	if in.state != instanceLive || !(g.dying || in.dying) {
		return out
	}
	if r := s.runOf(in.run); r.killAt == never {
		return s.kill(out, r, KillAsked)
	}
	return out
}

// placeAll serves guarantees, then everybody. What quota refused is tried again
// once others were placed: the best agent for it may now be one that carries
// its executor.
func (s *State) placeAll() {
	for n := 0; ; {
		s.refusals = 0
		more := s.placeFair(s.placeGuaranteed(n))
		s.unskip()
		if s.refusals == 0 || more == n || s.more {
			return
		}
		n = more
	}
}

// placeFair serves frameworks in order until nothing that waits fits anywhere.
// It takes and returns how many runs were placed in this Tick.
func (s *State) placeFair(n int) int {
	s.decided = slices.Grow(s.decided, int(min(s.pending, int64(s.cfg.MaxPlacements), 1<<20)))
	for s.competing() {
		if (s.policy.needsBlocked() || s.cfg.loosened()) && !s.shutSome() {
			return n
		}
		node, ok := s.turn()
		if !ok {
			return n
		}
		b := s.queues[node].ready.top()
		if b.shape.full >= 0 {
			s.park(b) // it stands in the way of others
			continue
		}
		g := b.groups.top()
		on, ok := s.seekHeld(g, b.shape)
		switch {
		case ok && s.refused(b.queue, &s.foundRoom):
			s.skip(b)
		case ok && n >= s.cfg.MaxPlacements:
			s.more = true
			s.keepFor(g)
			return n
		case ok:
			if !s.placeAllOn(g, on) {
				return n
			}
			n += len(on)
		case s.policy == DRFLiteral:
			return n
		default:
			s.shapes.fill(b.shape)
			if s.oneByOne && len(s.holds) == 0 {
				s.fillHopeless(fewShapes)
			}
		}
	}
	return n
}

// fewShapes is how many more shapes are looked at when one has been found full: mostly an agent
// that changed has become full, and what is parked for nothing would have to be taken back.
const fewShapes = 8

// competing reports whether something that waits may find room.
func (s *State) competing() bool {
	s.wakeFirst()
	return s.shapes.open > 0 || len(s.drowsy) > 0
}

// decision is a run that was decided in this Tick, and the agent it is on.
type decision struct {
	agent int32
	run   RunID
}

// placeAllOn decides a run on each of some agents. It reports false when no more
// runs can be alive.
func (s *State) placeAllOn(g *group, on []int32) bool {
	var held []heldOn
	if g.endsHold(on[0]) {
		held = s.letGo(g)
		s.requeue(g)
	}
	placed := 0
	for placed < len(on) && s.placeOn(g, on[placed]) {
		placed++
	}
	s.wakeOn(held)
	s.keepFor(g) // what is held for another instance of it
	return placed == len(on)
}

// placeOn decides one run. It reports false when no more runs can be alive.
func (s *State) placeOn(g *group, i int32) bool {
	devices := s.pickDevices(g, i) // the draw is for the run that comes next
	id, ok := s.runs.next()
	if !ok {
		return false
	}
	a := &s.agents[i]
	l := Launch{Run: id, Instance: g.nextOn(a), Charge: *a.need(g.bucket.shape.kin), Slot: a.spare.slot, Devices: devices}
	if n := unit(g.demand, drf.Ports); n > 0 {
		l.Ports = a.ports.lowest(n)
	}
	l.Items = g.pickItems(a)
	s.decided = append(s.decided, decision{i, id})
	s.bookLaunch(g, i, &l)
	if a.hold != nil {
		s.keep(i) // more may be wanted now that a run with its slot stays
	}
	if a.launches == 0 {
		s.touched = append(s.touched, i)
	}
	a.launches++
	return true
}

// acceptTouched turns the launches of this Tick into one Accept per agent.
func (s *State) acceptTouched(out []Action) []Action {
	if len(s.touched) == 0 {
		return out
	}
	idle := s.restRefused()
	if s.more || s.growsNext() {
		idle = 0 // the rest is wanted back at once
	}
	byAgent := s.launchesByAgent()
	out = slices.Grow(out, len(s.touched))
	for _, i := range s.touched {
		a := &s.agents[i]
		d := s.stores.accepts.one()
		*d = Accept{Agent: a.id, Launches: byAgent[:a.launches:a.launches], RefuseMillis: idle}
		if a.hold != nil {
			d.RefuseMillis = 0
		}
		byAgent = byAgent[a.launches:]
		a.launches = 0
		if len(a.offers) > 0 {
			d.Offers = s.stores.offers.take(len(a.offers))
		}
		for k := range a.offers {
			d.Offers[k] = a.offers[k].id
		}
		s.consume(i, d.RefuseMillis)
		out = append(out, d)
	}
	s.touched = s.touched[:0]
	return out
}

// launchesByAgent sorts the launches of this Tick by agent, in the order of
// s.touched, and in the order of decision on each.
func (s *State) launchesByAgent() []Launch {
	at := int32(0)
	for _, i := range s.touched {
		a := &s.agents[i]
		a.firstLaunch = at
		at += a.launches
	}
	sorted := s.stores.launches.take(int(at))
	for _, d := range s.decided {
		a := &s.agents[d.agent]
		s.runOf(d.run).launch(&sorted[a.firstLaunch])
		a.firstLaunch++
	}
	s.decided = s.decided[:0]
	return sorted
}

// launch fills in the decision that a run began with. All its tasks are to come.
func (r *run) launch(l *Launch) {
	g := r.group
	l.Run, l.Framework, l.Group, l.Instance = r.id, g.spec.Framework, g.spec.Name, r.instance
	l.Charge, l.Slot, l.Ports, l.Items, l.Devices = g.spec.template.demand, r.slot, r.ports, r.items, r.devices
	if r.overhead != nil {
		l.Charge.Gain(r.overhead)
	}
}
