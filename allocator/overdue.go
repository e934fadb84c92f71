package allocator

import (
	"fmt"

	"fairlead/drf"
)

// A run has a time at which a Tick looks at it again although nothing is heard
// of it: it is out of sight for too long, its Kill was not answered, or it lasts
// too long.

// overdue is what a run that lasted too long ends with.
func (g *group) overdue() string {
	return fmt.Sprintf("it ran for longer than its max_runtime of %s s", drf.Amount(g.spec.MaxRuntimeMillis))
}

// lookAt is when a run is due, or never.
func (s *State) lookAt(r *run) int64 {
	at := never
	if r.lostAt != never {
		at = r.lostAt + s.cfg.UnreachableMillis
	}
	next := never
	switch {
	case r.killAt != never:
		next = r.killAt + s.cfg.KillRepeatMillis
	case r.group.spec.MaxRuntimeMillis > 0:
		next = r.started + r.group.spec.MaxRuntimeMillis
	}
	if at == never || next != never && next < at {
		return next
	}
	return at
}

// fireTimers looks at every run whose time has come.
func (s *State) fireTimers(out []Action) []Action {
	for len(s.runTimers) > 0 && s.runTimers[0].at <= s.now {
		if t := s.runTimers.pop(); !s.spent(t) {
			out = s.fireRunTimer(out, s.runOf(t.run))
		}
	}
	return out
}

// fireRunTimer does what is due of a run.
func (s *State) fireRunTimer(out []Action, r *run) []Action {
	switch {
	case r.lostAt != never && r.lostAt+s.cfg.UnreachableMillis <= s.now:
		return s.settle(out, r, Lost, fmt.Sprintf("agent %s has been unreachable for %d s",
			s.agents[r.agent].id, s.cfg.UnreachableMillis/1000))
	case r.killAt != never:
		return s.kill(out, r, r.cause)
	}
	return s.kill(out, r, KillOverdue)
}

// spent reports whether the run of a timer has ended, or is due at another time
// now, for which it has another timer.
func (s *State) spent(t runTimer) bool {
	r := s.runOf(t.run)
	return r == nil || s.lookAt(r) != t.at
}

// dropSpent forgets the earliest timers that are spent: nobody has to wait for
// them.
func (s *State) dropSpent() {
	for len(s.runTimers) > 0 && s.spent(s.runTimers[0]) {
		s.runTimers.pop()
	}
}
