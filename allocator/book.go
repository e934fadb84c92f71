package allocator

import (
	"fmt"
	"slices"

	"fairlead/drf"
)

// Apply books an action that an earlier State decided at the given time. It is
// how a journal is replayed: nothing is decided. An action that does not fit
// the State is an error and means that the journal and the facts before it do
// not belong together.
func (s *State) Apply(at int64, action Action) error {
	s.advance(at)
	s.syncTotal()
	switch a := action.(type) {
	case *Accept:
		return s.applyAccept(a)
	case Decline:
		s.bookDecline(a)
	case Revive:
		s.bookRevive()
	case Suppress:
		s.link.suppressed = true
	case Kill:
		if r := s.runOf(a.Run); r != nil {
			s.bookKill(r, a.Cause)
		}
	case *Settle:
		return s.applySettle(a)
	case Abandon:
		return s.applyAbandon(a)
	case Occur:
		return s.applyOccur(a)
	case Skip:
		return s.applySkip(a)
	case Stop:
		return s.applyStop(a)
	case Hold:
		return s.applyHold(a)
	case Release:
		return s.applyRelease(a)
	case Preempt:
		return s.applyPreempt(a)
	default:
		return fmt.Errorf("%w: action %T", ErrInvalid, action)
	}
	return nil
}

func (s *State) applyAccept(a *Accept) error {
	i, ok := s.agentIndex[a.Agent]
	if !ok {
		return fmt.Errorf("%w: agent %q", ErrUnknown, a.Agent)
	}
	for k := range a.Launches {
		if err := s.applyLaunch(i, &a.Launches[k]); err != nil {
			return err
		}
	}
	s.consume(i, a.RefuseMillis)
	return nil
}

func (s *State) applyLaunch(i int32, l *Launch) error {
	g, ok := s.groups[groupKey{l.Framework, l.Group}]
	if !ok {
		return fmt.Errorf("%w: task group %s/%s", ErrUnknown, l.Framework, l.Group)
	}
	if !g.startable(l.Instance) || !g.belongsOn(l.Instance, &s.agents[i]) || g.at < 0 && !g.isSurplus(l.Instance) {
		return fmt.Errorf("%w: launch of %s/%s/%d, which does not wait", ErrInvalid, l.Framework, l.Group, l.Instance)
	}
	if !g.demand.FitsIn(l.Charge) || len(l.Ports) != unit(g.demand, drf.Ports) || !g.givenItems(l.Items) || !g.givenDevices(l.Devices) {
		return fmt.Errorf("%w: launch of %s/%s/%d does not hold what the group asks for", ErrInvalid, l.Framework, l.Group, l.Instance)
	}
	if err := s.runs.claim(l.Run); err != nil {
		return err
	}
	s.bookLaunch(g, i, l)
	return nil
}

// startable reports whether an instance could be started now.
func (g *group) startable(n int32) bool {
	if g.over() || g.dying || g.blocked() {
		return false
	}
	if n >= 0 && int(n) < len(g.instances) {
		return g.instances[n].state == instanceWaiting
	}
	return g.hasInstance(n)
}

// bookLaunch books a run on an agent. The id's place in the table is taken.
func (s *State) bookLaunch(g *group, i int32, l *Launch) {
	if g.endsHold(i) {
		s.unhold(g)
	}
	g.holds = 0 // whatever was enough
	s.startInstance(g, l)
	if g.daemon == nil {
		g.since = s.now
	}
	a := &s.agents[i]
	a.runs++
	if l.Slot {
		a.carried++
	}
	a.used.Gain(&l.Charge)
	if !g.isSurplus(l.Instance) {
		s.stay(g, a, l.Charge, l.Slot)
	}
	a.spare.slot, a.spare.slots = a.slots > a.carried, a.slots-a.carried
	s.takeFree(a, &l.Charge)
	if len(l.Ports) > 0 {
		a.ports = a.ports.without(l.Ports...)
	}
	if len(l.Devices) > 0 {
		stays := g.stays() && !g.isSurplus(l.Instance)
		g.eachDevice(l.Devices, func(n int32, part drf.Amount) { a.holdDevice(stays, n, part) })
	}
	r := s.runs.put(l.Run, g)
	r.instance, r.agent, r.slot, r.started = l.Instance, i, l.Slot, s.now
	r.overhead = s.overheadOf(g, l)
	if len(l.Ports)+len(l.Items)+len(l.Devices)+len(g.grown) > 0 {
		u := r.own()
		u.ports, u.items, u.devices, u.grown = l.Ports, l.Items, l.Devices, g.grownBy()
		a.items = a.items.without(r.heldItems())
	}
	if limit := g.spec.MaxRuntimeMillis; limit > 0 {
		s.runTimers.push(runTimer{s.now + limit, l.Run})
	}
	s.tree.Charge(g.queue.node, l.Charge)
	s.reranked(g.queue)
	s.count(g, a, 1)
	s.tellFollowers(g, a, 1)
	s.softLaunched(g, l.Instance, a)
	if a.hold != nil {
		s.note(i) // of what is held there some may have been used
	}
	s.touch(i)
}

// takeFree takes what is placed on an agent off what is free there. A replay may
// place more than it knows to be free.
func (s *State) takeFree(a *agent, v *drf.Vector) {
	if a.spare.free.Lose(v) {
		s.free.Lose(v)
		return
	}
	for k := range v {
		taken := min(a.spare.free[k], v[k])
		a.spare.free[k] -= taken
		s.free[k] -= taken
	}
}

// overheadOf is what a launch takes beyond what its group was submitted with:
// nothing, or the executor, unless its memory has grown.
func (s *State) overheadOf(g *group, l *Launch) *drf.Vector {
	if l.Charge == g.spec.template.demand {
		return nil
	}
	v := l.Charge
	if v.Lose(&g.spec.template.demand); v == s.executor {
		return &s.executor
	}
	return &v
}

// startInstance moves an instance from waiting to live.
func (s *State) startInstance(g *group, l *Launch) {
	if cap(g.instances) == 0 {
		g.instances = s.firsts.take(1)[:0]
		if g.spec.Restart.Policy != RestartNever && cap(g.again) == 0 {
			g.again = s.agains.take(1)[:0]
		}
	}
	// Accepts are by agent, so a replay may meet instance 3 before instance 2:
	// those in between wait their turn.
	for n := int32(len(g.instances)); n < l.Instance; n++ {
		g.instances = append(g.instances, instance{})
		g.lineUp(n)
	}
	if int(l.Instance) == len(g.instances) {
		if n := len(g.instances); n == cap(g.instances) && n > 0 { // append grows large slices by little, again and again
			g.instances = slices.Grow(g.instances, min(3*n, max(int(g.spec.Instances)-n, 1)))
		}
		g.instances = append(g.instances, instance{run: l.Run, state: instanceLive, attempts: 1})
		s.fewerWait(g, l.Instance)
	} else {
		s.takeAgain(g, l.Instance)
		in := &g.instances[l.Instance]
		in.run, in.state, in.outcome = l.Run, instanceLive, Unfinished
		in.attempts++
	}
	g.live++
	g.queue.live++
	if g.spec.Gang > 1 {
		s.requeue(g) // the rest of a gang follows one by one
	}
}

// takeAgain takes an instance out of those that wait to run again: mostly it
// is the first of them.
func (s *State) takeAgain(g *group, n int32) {
	again := &g.again
	if g.isSurplus(n) {
		again = &g.elastic.again
	}
	switch {
	case len(*again) == 1:
		*again = (*again)[:0] // to be filled again
	case (*again)[0] == n:
		*again = (*again)[1:]
	default:
		*again = slices.DeleteFunc(*again, func(m int32) bool { return m == n })
	}
	if g.daemon != nil && g.endsHold(s.agentIndex[g.daemon.agents[n]]) {
		s.unhold(g)
	}
	s.fewerWait(g, n)
}

// fewerWait books that an instance of a group waits no more.
func (s *State) fewerWait(g *group, n int32) {
	if g.isSurplus(n) && g.elastic.wish > 0 {
		g.elastic.wish-- // it was in line
	} else if g.at < 0 || g.isSurplus(n) {
		return
	}
	s.countPending(g, -1)
	if g.pending() == 0 {
		s.withdraw(g)
	}
}

// consume ends the offers of an agent: they were accepted or declined.
func (s *State) consume(i int32, refuse int64) {
	if !s.agents[i].owned {
		s.refuse(&s.agents[i], refuse)
		s.dropOffers(i)
	}
}

func (s *State) bookDecline(d Decline) {
	for _, id := range d.Offers {
		if i, ok := s.offers[id]; ok {
			s.refuse(&s.agents[i], d.RefuseMillis)
		}
		s.applyOfferRescinded(id)
	}
}

func (s *State) bookRevive() {
	s.link = link{lastRevive: s.now, revives: s.link.revives + 1}
}

func (s *State) bookKill(r *run, cause KillCause) {
	r.own().killAt, r.cause = s.now, cause
	if cause == KillSurplus {
		s.shrunkAt = s.now
	}
	s.runTimers.push(runTimer{s.now + s.cfg.KillRepeatMillis, r.id})
}

func (s *State) applySettle(a *Settle) error {
	r := s.runOf(a.Run)
	if r == nil {
		return fmt.Errorf("%w: run %s", ErrUnknown, a.Run)
	}
	s.bookSettle(r, a)
	for len(s.ended) > 0 && s.runOf(s.ended[0]) == nil {
		s.ended = s.ended[1:]
	}
	return nil
}

// bookSettle closes a run and says what becomes of its instance.
func (s *State) bookSettle(r *run, a *Settle) {
	g, n, leaves := r.group, r.instance, s.leaves(r)
	e := ending{n, r.agent, r.oom != 0 && g.spec.OnOOM != (OnOOM{})}
	s.remember(r, a)
	if a.Retry && a.Outcome == Failed {
		s.growMemory(r)
	}
	if r.cause == KillSurplus {
		s.shrunkAt = s.now
	}
	s.closeRun(r)
	in := &g.instances[n]
	in.outcome, in.dying = a.Outcome, false
	g.live--
	g.queue.live--
	if a.Charged {
		in.charged++
	}
	if in.lost++; a.Outcome != Lost {
		in.lost = 0
	}
	if a.Retry {
		s.softEnded(g, e, a)
		if s.bookRetry(g, n, a.NotBefore); g.isSurplus(n) {
			s.closeIfOver(g) // which surplus does not keep from being over
		}
		return
	}
	in.state = instanceOver
	if leaves {
		s.letLeave(g, n) // which is nobody's fault
		s.closeIfOver(g)
		return
	}
	g.count(a.Outcome, 1)
	if a.Outcome != Finished && a.Outcome != Killed {
		g.message = a.Message
	}
	if s.closeIfOver(g); !g.over() {
		s.softEnded(g, e, a) // which its other instances have to know
	}
}

// count adds instances that are over to those that ended the same way.
func (g *group) count(o Outcome, n int32) {
	switch o {
	case Finished:
		g.finished += n
	case Killed:
		g.killed += n
	default:
		g.failed += n
	}
}

// bookRetry lets an instance run again from some time on.
func (s *State) bookRetry(g *group, n int32, notBefore int64) {
	g.instances[n].notBefore = notBefore
	if notBefore <= s.now {
		s.readyAgain(g, n)
		return
	}
	g.instances[n].state = instanceBackoff
	g.backoff++
	s.backoffs.push(backoffTimer{notBefore, g.seq, g, n})
}

// readyAgain puts an instance into the line of those that can be placed.
func (s *State) readyAgain(g *group, n int32) {
	g.instances[n].state = instanceWaiting
	g.lineUp(n)
	switch {
	case g.isSurplus(n):
	case g.at >= 0:
		s.countPending(g, 1)
		if g.soft != nil {
			s.softChanged(g) // another one may be the next
		}
	default:
		s.compete(g)
		g.since = g.instances[n].notBefore // a replay may see that time later
		s.softInLine(g, g.since)
	}
	s.daemonChanged(g)
	s.link.wantRevive = true
}

// closeRun frees what a run still holds and its place in the table.
func (s *State) closeRun(r *run) {
	held := r.beyond()
	if int(r.final) < len(r.group.tasks) {
		for t, st := range r.states() {
			if !st.Final() {
				held.Gain(&r.group.tasks[t])
				s.releasePorts(r, int32(t))
				s.releaseItems(r, int32(t))
				s.releaseDevices(r, int32(t))
			}
		}
	}
	s.release(r, &held)
	s.tree.Finish(r.group.queue.node)
	i := r.agent
	a := &s.agents[i]
	a.runs--
	if r.slot {
		if r.stays() {
			a.stayingOn--
			s.plans++
		}
		a.carried--
	}
	s.count(r.group, a, -1)
	s.tellFollowers(r.group, a, -1)
	s.runs.drop(r)
	s.note(i)
	s.forgetLost(i)
}

func (s *State) remember(r *run, a *Settle) {
	g := r.group
	if s.cfg.History == 0 {
		return
	}
	if len(g.history) >= s.cfg.History {
		g.history = slices.Delete(g.history, 0, 1)
	}
	g.history = append(g.history, Attempt{
		Run: r.id, Instance: r.instance, Agent: s.agents[r.agent].id,
		Start: r.started, End: s.now, Outcome: a.Outcome, Message: a.Message,
	})
}

func (s *State) applyAbandon(a Abandon) error {
	g, ok := s.groups[groupKey{a.Framework, a.Group}]
	if !ok {
		return fmt.Errorf("%w: task group %s/%s", ErrUnknown, a.Framework, a.Group)
	}
	s.bookAbandon(g, a.Message)
	return nil
}

func (s *State) bookAbandon(g *group, message string) {
	if g.over() {
		return
	}
	g.outcome, g.message = Failed, message
	s.closeGroup(g)
}
