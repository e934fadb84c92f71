package allocator

import (
	"fmt"
	"slices"
)

// Apply books an action that an earlier State decided at the given time. It is
// how a journal is replayed: nothing is decided. An action that does not fit
// the State is an error and means that the journal and the facts before it do
// not belong together.
func (s *State) Apply(at int64, action Action) error {
	s.now = max(s.now, at)
	s.syncTotal()
	switch a := action.(type) {
	case Accept:
		return s.applyAccept(a)
	case Decline:
		s.bookDecline(a)
	case Revive:
		s.bookRevive()
	case Suppress:
		s.link.suppressed = true
	case Kill:
		if r := s.runOf(a.Run); r != nil {
			s.bookKill(r)
		}
	case Settle:
		return s.applySettle(a)
	case Abandon:
		return s.applyAbandon(a)
	default:
		return fmt.Errorf("%w: action %T", ErrInvalid, action)
	}
	return nil
}

func (s *State) applyAccept(a Accept) error {
	i, ok := s.agentIndex[a.Agent]
	if !ok {
		return fmt.Errorf("%w: agent %q", ErrUnknown, a.Agent)
	}
	for _, l := range a.Launches {
		g, ok := s.groups[groupKey{l.Framework, l.Group}]
		if !ok || l.Instance < 0 || l.Instance >= g.spec.Instances {
			return fmt.Errorf("%w: instance %s/%s/%d", ErrUnknown, l.Framework, l.Group, l.Instance)
		}
		if err := s.claimSlot(l.Run); err != nil {
			return err
		}
		s.bookLaunch(g, i, l)
	}
	s.consume(i)
	return nil
}

// claimSlot takes the place in the table of runs that a replayed id names.
func (s *State) claimSlot(id RunID) error {
	for len(s.runs) <= id.slot() {
		s.freeRuns = append(s.freeRuns, len(s.runs))
		s.runs = append(s.runs, run{})
	}
	at := slices.Index(s.freeRuns, id.slot())
	if at < 0 {
		return fmt.Errorf("%w: run %s takes the place of a live one", ErrInvalid, id)
	}
	s.freeRuns = slices.Delete(s.freeRuns, at, at+1)
	s.lastRun = max(s.lastRun, id.Seq())
	return nil
}

// newRun takes a free place in the table of runs; false means that it is full.
func (s *State) newRun() (RunID, bool) {
	if n := len(s.freeRuns); n > 0 {
		slot := s.freeRuns[n-1]
		s.freeRuns = s.freeRuns[:n-1]
		s.lastRun++
		return makeRunID(s.lastRun, slot), true
	}
	if len(s.runs) > MaxRuns {
		return 0, false
	}
	s.runs = append(s.runs, run{})
	s.lastRun++
	return makeRunID(s.lastRun, len(s.runs)-1), true
}

// bookLaunch books a run on an agent. The id's place in the table is taken.
func (s *State) bookLaunch(g *group, i int32, l Launch) {
	s.startInstance(g, l)
	a := &s.agents[i]
	a.runs++
	a.used = a.used.Add(l.Charge)
	for k := range a.free {
		a.free[k] = max(a.free[k]-l.Charge[k], 0)
	}
	for _, p := range l.Ports {
		a.ports.remove(p)
	}
	overhead, _ := l.Charge.Sub(g.demand)
	s.runs[l.Run.slot()] = run{
		id: l.Run, group: g, instance: l.Instance, agent: i, slot: l.Slot,
		states: make([]TaskState, len(g.tasks)), ports: l.Ports, overhead: overhead, started: s.now,
	}
	s.live++
	s.tree.Charge(g.queue.node, l.Charge)
	s.touch(i, false)
}

// startInstance moves an instance from waiting to live.
func (s *State) startInstance(g *group, l Launch) {
	if g.at < 0 { // a replay reaches a launch before the Tick that ended the back-off
		s.endBackoff(g, l.Instance)
	}
	if g.at >= 0 {
		s.countPending(g, -1)
	}
	if int(l.Instance) < len(g.instances) {
		g.again = slices.DeleteFunc(g.again, func(n int32) bool { return n == l.Instance })
	} else {
		g.instances = append(g.instances, instance{})
	}
	in := &g.instances[l.Instance]
	in.run, in.state, in.outcome = l.Run, instanceLive, Unfinished
	in.attempts++
	g.live++
	g.queue.live++
	if g.at >= 0 && g.pending() == 0 {
		s.withdraw(g)
	}
}

// consume ends the offers of an agent: they were accepted or declined.
func (s *State) consume(i int32) {
	if !s.agents[i].owned {
		s.dropOffers(i)
	}
}

func (s *State) bookDecline(d Decline) {
	for _, id := range d.Offers {
		s.applyOfferRescinded(id)
	}
}

func (s *State) bookRevive() {
	s.link = link{lastRevive: s.now}
}

func (s *State) bookKill(r *run) {
	r.killAt = s.now
	s.timers.push(timer{at: s.now + s.cfg.KillRepeatMillis, run: r.id})
}

func (s *State) applySettle(a Settle) error {
	r := s.runOf(a.Run)
	if r == nil {
		return fmt.Errorf("%w: run %s", ErrUnknown, a.Run)
	}
	s.ended = slices.DeleteFunc(s.ended, func(id RunID) bool { return id == a.Run })
	s.bookSettle(r, a)
	return nil
}

// bookSettle closes a run and says what becomes of its instance.
func (s *State) bookSettle(r *run, a Settle) {
	g, n := r.group, r.instance
	s.remember(r, a)
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
		in.state, in.notBefore = instanceBackoff, a.NotBefore
		g.backoff++
		s.timers.push(timer{at: a.NotBefore, group: g, instance: n})
		return
	}
	in.state = instanceOver
	switch a.Outcome {
	case Finished:
		g.finished++
	case Killed:
		g.killed++
	default:
		g.failed++
		g.message = a.Message
	}
	s.closeIfOver(g)
}

// closeRun frees what a run still holds and its place in the table.
func (s *State) closeRun(r *run) {
	for t, st := range r.states {
		if !st.Final() {
			s.releaseTask(r, int32(t))
		}
	}
	s.release(r, r.overhead)
	i := r.agent
	s.agents[i].runs--
	s.freeRuns = append(s.freeRuns, r.id.slot())
	*r = run{}
	s.live--
	s.refree(i)
	s.touch(i, true) // a slot may have come free although no resource did
}

func (s *State) remember(r *run, a Settle) {
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

// endBackoff makes an instance that waits out its back-off ready to be placed.
func (s *State) endBackoff(g *group, n int32) {
	if int(n) >= len(g.instances) || g.instances[n].state != instanceBackoff {
		return
	}
	competing := g.at >= 0
	if competing {
		s.countPending(g, 1)
	}
	g.instances[n].state = instanceWaiting
	g.backoff--
	g.again = append(g.again, n)
	s.compete(g)
	s.link.wantRevive = true
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
	g.outcome, g.message, g.blocked = Failed, message, false
	s.closeGroup(g)
}
