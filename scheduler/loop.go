package scheduler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fairlead/allocator"
	"go.uber.org/zap"
)

// batch is one turn of the loop: what came in, what was decided, and what to
// do once both are durable.
type batch struct {
	record Record
	events []Event
	after  []func()
	fatal  error // ends the scheduler after the batch
}

func (b *batch) event(e Event) { b.events = append(b.events, e) }

// maxBatch bounds how many messages one turn takes, so that answers are never
// long in coming.
const maxBatch = 512

// loop owns the state. Each turn: take what is there, book it, tick, persist,
// then speak.
func (s *Scheduler) loop(ctx context.Context) error {
	timer := time.NewTimer(0) // the first turn begins
	defer timer.Stop()
	first := true
	for {
		var got []message
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case m := <-s.inbox:
			got = s.drain(m)
		}
		var refused error
		if first {
			got = append([]message{func(b *batch) { refused = s.begin(b) }}, got...)
			first = false
		}
		if err := s.turn(got); err != nil || refused != nil {
			return cmp.Or(err, refused)
		}
		timer.Reset(s.untilNext())
	}
}

// begin books that this is another process, whose offers are to come, and how it is
// configured.
func (s *Scheduler) begin(b *batch) error {
	if s.seq > 0 { // what was held when the one before ended is void
		s.book(b, allocator.Disconnected{})
	}
	return s.configure(b)
}

func (s *Scheduler) drain(first message) []message {
	got := []message{first}
	for len(got) < maxBatch {
		select {
		case m := <-s.inbox:
			got = append(got, m)
		default:
			return got
		}
	}
	return got
}

// turn works one batch off. An error means that the journal failed: nothing of
// the batch was said to anybody, and the scheduler must stop.
func (s *Scheduler) turn(got []message) error {
	b := &batch{record: Record{At: time.Now().UnixMilli()}}
	for _, m := range got {
		m(b)
	}
	s.checkReconciliation(b)
	s.announce(b)
	b.record.Actions = s.tick(b)
	s.forgetOld(b)
	if err := s.persist(b); err != nil {
		return err
	}
	for _, do := range b.after {
		do()
	}
	s.act(b.record.Actions)
	for _, e := range b.events {
		e.At = time.UnixMilli(b.record.At)
		s.events.add(e)
	}
	return b.fatal
}

// fact steps the state and, if it was not refused, adds the fact to the batch.
func (s *Scheduler) fact(b *batch, f allocator.Fact) error {
	if _, err := s.state.Step(allocator.Event{At: b.record.At, Fact: f}); err != nil {
		return err
	}
	b.record.Facts = append(b.record.Facts, f)
	return nil
}

// book is fact for what the master says, which is never refused.
func (s *Scheduler) book(b *batch, f allocator.Fact) {
	if err := s.fact(b, f); err != nil {
		s.log.DPanic("a fact of the master was refused", zap.Error(err))
	}
}

func (s *Scheduler) tick(b *batch) []allocator.Action {
	actions, _ := s.state.Step(allocator.Event{At: b.record.At, Fact: allocator.Tick{}})
	for _, a := range actions {
		s.note(b, a)
	}
	return actions
}

// note keeps the indexes of tasks in step with a decision, and reports it.
func (s *Scheduler) note(b *batch, action allocator.Action) {
	switch a := action.(type) {
	case *allocator.Accept:
		for i := range a.Launches {
			l := &a.Launches[i]
			s.track(l, a.Agent, nil)
			b.event(Event{Type: "instance.launched", Framework: l.Framework, Group: l.Group, Instance: l.Instance, Agent: a.Agent})
		}
	case *allocator.Settle:
		s.noteSettled(b, a)
	case allocator.Abandon:
		b.event(Event{Type: "group.failed", Framework: a.Framework, Group: a.Group, Message: a.Message})
		if !s.state.Scheduled(a.Framework, a.Group) {
			s.ended = append(s.ended, owner{a.Framework, a.Group})
		}
	case allocator.Hold:
		b.event(Event{Type: "group.held", Framework: a.Framework, Group: a.Group, Message: fmt.Sprintf("room is kept for it; agents: %d", len(a.On))})
	case allocator.Kill:
		if ref := s.byRun[a.Run]; a.Cause == allocator.KillSurplus {
			b.event(Event{Type: "instance.shrinking", Framework: ref.owner.framework, Group: ref.owner.group, Instance: ref.instance, Agent: a.Agent, Message: a.Message})
		}
	case allocator.Preempt:
		ref := s.byRun[a.Run]
		b.event(Event{Type: "instance.preempting", Framework: ref.owner.framework, Group: ref.owner.group, Instance: ref.instance, Agent: a.Agent, Message: a.Message})
	case allocator.Occur, allocator.Skip, allocator.Stop:
		notePeriodic(b, a)
	case allocator.Release:
		b.event(Event{Type: "group.released", Framework: a.Framework, Group: a.Group, Message: a.Message})
	}
}

func (s *Scheduler) noteSettled(b *batch, a *allocator.Settle) {
	ref := s.byRun[a.Run]
	s.untrack(ref.owner, ref.instance, a.Run)
	o := ref.owner
	b.event(Event{
		Type: "instance." + a.Outcome.String(), Framework: o.framework, Group: o.group,
		Instance: ref.instance, Agent: ref.agent, Message: a.Message,
	})
	s.noteEnd(b, o)
}

// noteEnd reports a group that has just ended, and remembers when it did.
func (s *Scheduler) noteEnd(b *batch, o owner) {
	outcome, message := s.state.Outcome(o.framework, o.group)
	if outcome == allocator.Unfinished {
		return
	}
	b.event(Event{Type: "group." + outcome.String(), Framework: o.framework, Group: o.group, Message: message})
	if !s.state.Scheduled(o.framework, o.group) {
		s.ended = append(s.ended, o)
	}
}

// notEnded takes a group off those that have ended: it is gone, or starts again.
func (s *Scheduler) notEnded(o owner) {
	s.ended = slices.DeleteFunc(s.ended, func(x owner) bool { return x == o })
}

// forgetOld drops the groups that ended first when too many are remembered.
func (s *Scheduler) forgetOld(b *batch) {
	for len(s.ended) > s.cfg.Retain {
		o := s.ended[0]
		s.ended = s.ended[1:]
		if s.fact(b, allocator.GroupForgotten{Framework: o.framework, Name: o.group}) == nil {
			delete(s.specs, o)
		}
	}
}

// persist appends the batch to the journal, and now and then a snapshot.
func (s *Scheduler) persist(b *batch) error {
	if len(b.record.Facts)+len(b.record.Actions) == 0 {
		return nil
	}
	data, err := b.record.Marshal()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if s.seq, err = s.cfg.Journal.Append(data); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if s.records++; s.records < s.cfg.SnapshotEvery {
		return nil
	}
	if err := s.state.Check(); err != nil {
		s.log.Error("the books are wrong; please report this with the journal", zap.Error(err))
	}
	return s.snapshot()
}

// untilNext is how long the loop may sleep if nothing comes in.
func (s *Scheduler) untilNext() time.Duration {
	wait := time.Minute
	if at, ok := s.state.NextDeadline(); ok {
		wait = min(wait, time.Until(time.UnixMilli(at)))
	}
	return max(min(wait, s.untilReconcile(), s.untilDue()), time.Millisecond)
}

// What ends the scheduler, since subscribing again would only fail or fight.
var (
	errFramework = errors.New("the master ended this framework's subscription")
	// ErrRemoved: the framework was torn down, or was away for longer than its
	// failover timeout. Nothing of it runs any more.
	ErrRemoved = fmt.Errorf("%w: Framework has been removed", errFramework)
	// ErrTakenOver: another scheduler has subscribed with the same id.
	ErrTakenOver = fmt.Errorf("%w: Framework failed over", errFramework)
)

// The texts of Mesos, from 1.0 on.
const (
	textRemoved   = "Framework has been removed"
	textTakenOver = "Framework failed over"
)

// refused is what an ERROR of the master means.
func (s *Scheduler) refused(message string) error {
	switch message {
	case textTakenOver:
		return ErrTakenOver
	case textRemoved:
	default:
		return fmt.Errorf("%w: %s", errFramework, message)
	}
	if !s.cfg.StartAnew {
		return ErrRemoved
	}
	s.log.Warn("the master has removed this framework; going on as a new one", zap.String("framework_id", *s.frameworkID.Load()))
	if err := s.cfg.Journal.SetMeta(metaFrameworkID, nil); err != nil {
		return err
	}
	s.setFrameworkID("")
	return nil
}
