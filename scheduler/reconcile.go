package scheduler

import (
	"time"

	"go.uber.org/zap"
)

// reconciliation is the state of asking the master about every task: all of
// them when it begins, then again those it has not answered for, at growing
// intervals, until none is left. Silence is never taken for loss.
type reconciliation struct {
	next    time.Time // when to ask again
	wait    time.Duration
	waiting bool // some tasks are unanswered
	round   int  // how often tasks were asked about since this process began
}

const (
	reconcileFirst = 2 * time.Second
	reconcileMax   = 2 * time.Minute
	reconcileBatch = 500 // tasks to a call
)

// beginReconciliation asks for all tasks: explicitly, so that tasks the master
// does not know are answered too, and implicitly, which finds tasks that we do
// not know.
func (s *Scheduler) beginReconciliation(b *batch) {
	for _, ref := range s.tasks {
		ref.answered = ref.state.Final()
	}
	s.reconcile = reconciliation{wait: reconcileFirst, waiting: true, round: s.reconcile.round}
	s.askUnanswered(b)
	from := s.session
	b.after = append(b.after, func() { from.send(reconcileCall(s.id(), nil)) })
}

// askUnanswered asks for the tasks that the master has not answered for.
func (s *Scheduler) askUnanswered(b *batch) {
	var open []taskAt
	for id, ref := range s.tasks {
		if !ref.answered {
			open = append(open, taskAt{task: id, agent: ref.agent})
		}
	}
	s.reconcile.waiting = len(open) > 0
	s.reconcile.round++
	s.reconcile.next = time.Now().Add(s.reconcile.wait)
	s.reconcile.wait = min(2*s.reconcile.wait, reconcileMax)
	if len(open) == 0 {
		s.reconcile.next = time.Now().Add(s.cfg.ReconcileEvery)
		s.updateStatus(func(st *Status) { st.Reconciled = true })
		return
	}
	s.log.Info("asking the master about tasks", zap.Int("tasks", len(open)))
	from := s.session
	b.after = append(b.after, func() {
		for len(open) > 0 {
			n := min(len(open), reconcileBatch)
			from.send(reconcileCall(s.id(), open[:n]))
			open = open[n:]
		}
	})
}

// askSoon has the master asked about unanswered tasks, if that is not under way.
func (s *Scheduler) askSoon() {
	if !s.reconcile.waiting {
		s.reconcile.waiting, s.reconcile.wait, s.reconcile.next = true, reconcileFirst, time.Now().Add(reconcileFirst)
	}
}

// taskAt names a task and its agent, without which the master's answer about
// an unknown task would say less.
type taskAt struct{ task, agent string }

// checkReconciliation goes on with a reconciliation when it is time.
func (s *Scheduler) checkReconciliation(b *batch) {
	switch {
	case s.session == nil:
	case s.reconcile.waiting && s.allAnswered():
		s.askUnanswered(b)
	case time.Now().Before(s.reconcile.next):
	case s.reconcile.waiting:
		s.askUnanswered(b)
	default:
		s.beginReconciliation(b)
	}
}

func (s *Scheduler) allAnswered() bool {
	for _, ref := range s.tasks {
		if !ref.answered {
			return false
		}
	}
	return true
}

func (s *Scheduler) untilReconcile() time.Duration {
	if s.session == nil {
		return time.Minute
	}
	return time.Until(s.reconcile.next)
}
