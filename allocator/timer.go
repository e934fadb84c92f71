package allocator

import "cmp"

// runTimer is a time at which a Tick has to look at a run again (State.lookAt).
// The timer of a run that has ended means nothing.
type runTimer struct {
	at  int64
	run RunID
}

func (t runTimer) less(u runTimer) bool {
	return cmp.Or(cmp.Compare(t.at, u.at), cmp.Compare(t.run, u.run)) < 0
}

// backoffTimer is the time at which an instance is ready to run again.
type backoffTimer struct {
	at       int64
	seq      uint64 // of the group when it was set
	group    *group
	instance int32
}

func (t backoffTimer) less(u backoffTimer) bool {
	return cmp.Or(cmp.Compare(t.at, u.at), cmp.Compare(t.seq, u.seq), cmp.Compare(t.instance, u.instance)) < 0
}

// due reports whether the instance waits for this timer still: its group may have
// been killed, and even started again.
func (t backoffTimer) due() bool {
	if t.seq != t.group.seq || int(t.instance) >= len(t.group.instances) {
		return false
	}
	in := &t.group.instances[t.instance]
	return in.state == instanceBackoff && in.notBefore == t.at
}

// advance moves the clock. Back-offs end by time alone, not by a decision, so
// that a replay sees them end where the original did.
func (s *State) advance(at int64) {
	from := s.now
	s.now = max(s.now, at)
	for len(s.backoffs) > 0 && s.backoffs[0].at <= s.now {
		t := s.backoffs.pop()
		s.pass(from, max(t.at, from))
		from = max(t.at, from)
		if t.due() {
			t.group.backoff--
			s.readyAgain(t.group, t.instance)
		}
	}
	s.pass(from, s.now)
	s.softTime()
}

// pass is called before time goes on, with what is booked until then.
func (s *State) pass(from, to int64) {
	s.measureUntil(from, to)
	s.decayUntil(from, to)
}

// NextDeadline is the next time at which a Tick has something to do although
// no fact came in, and false if there is none.
func (s *State) NextDeadline() (int64, bool) {
	at, ok := int64(0), false
	sooner := func(t int64) {
		if !ok || t < at {
			at, ok = t, true
		}
	}
	if s.more {
		sooner(s.now)
	}
	if s.dropSpent(); len(s.runTimers) > 0 {
		sooner(s.runTimers[0].at)
	}
	if len(s.backoffs) > 0 {
		sooner(s.backoffs[0].at)
	}
	if len(s.softTimers) > 0 && s.waiting() {
		sooner(s.softTimers[0].at)
	}
	if s.grantAt != never && s.waiting() {
		sooner(s.grantAt)
	}
	if s.preemptAt != never && s.waiting() {
		sooner(s.preemptAt)
	}
	for _, at := range []int64{s.shrinkAt, s.growAt} {
		if at != never && len(s.elastics) > 0 {
			sooner(at)
		}
	}
	for _, h := range s.holds {
		sooner(h.until)
	}
	if s.needsRevive() {
		sooner(s.link.lastRevive + s.cfg.ReviveMillis)
	}
	return at, ok
}
