package scheduler

import (
	"context"
	"errors"
	"fmt"

	"fairlead/allocator"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// ErrStopped is returned for requests that come while the scheduler is not
// running.
var ErrStopped = errors.New("the scheduler is stopping")

// message is something for the goroutine that owns the state.
type message func(*batch)

// post hands a message to the owner.
func (s *Scheduler) post(ctx context.Context, m message) error {
	select {
	case s.inbox <- m:
		return nil
	case <-s.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask runs fn in the owner's goroutine. Its error is returned once whatever fn
// booked is durable.
func (s *Scheduler) ask(ctx context.Context, fn func(*batch) error) error {
	reply := make(chan error, 1)
	err := s.post(ctx, func(b *batch) {
		err := fn(b)
		b.after = append(b.after, func() { reply <- err })
	})
	if err != nil {
		return err
	}
	select {
	case err := <-reply:
		return err
	case <-s.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Submit adds task groups, all or none. It returns once they are durable: what
// it accepted is never lost. The same specification again is accepted and
// changes nothing; known says of which groups that is so. Errors wrap
// allocator.ErrConflict, allocator.ErrInvalid, allocator.ErrUnsatisfiable unless
// that is allowed, or ErrStopped.
func (s *Scheduler) Submit(ctx context.Context, specs []*proto.TaskGroup, allowUnsatisfiable bool) (known []bool, err error) {
	groups, err := coreGroups(specs)
	if err != nil {
		return nil, err
	}
	err = s.ask(ctx, func(b *batch) error {
		if err := s.state.Admit(groups); err != nil {
			return err
		}
		if err := s.satisfiable(b, groups, specs); err != nil && !allowUnsatisfiable {
			return err
		}
		for i, g := range groups {
			known = append(known, !s.submit(b, g, specs[i]))
		}
		return nil
	})
	return known, err
}

// satisfiable refuses what could never start: what will not be due, and once the
// master has said which agents there are, what they could not hold.
func (s *Scheduler) satisfiable(b *batch, groups []allocator.Group, specs []*proto.TaskGroup) error {
	if err := s.everDue(b, specs); err != nil {
		return err
	}
	if st := s.Status(); !st.Connected || !st.Reconciled {
		return nil
	}
	return s.state.Satisfiable(groups)
}

func coreGroups(specs []*proto.TaskGroup) ([]allocator.Group, error) {
	var groups []allocator.Group
	for _, spec := range specs {
		g, err := taskgroup.Core(spec)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// submit books one admitted group, unless it is there already, and reports whether
// it did.
func (s *Scheduler) submit(b *batch, g allocator.Group, spec *proto.TaskGroup) bool {
	o := owner{g.Framework, g.Name}
	if _, ok := s.specs[o]; ok {
		return false
	}
	if s.fact(b, allocator.GroupSubmitted{Group: g}) != nil {
		return false
	}
	b.record.Specs = append(b.record.Specs, spec)
	s.specs[o] = spec
	s.plan(o)
	b.event(Event{Type: "group.submitted", Framework: g.Framework, Group: g.Name})
	return true
}

// Kill ends a group, or one of its instances if instance is not negative. It
// returns once the request is durable; the end itself takes longer.
func (s *Scheduler) Kill(ctx context.Context, framework, group string, instance int32) error {
	var f allocator.Fact = allocator.GroupKilled{Framework: framework, Name: group}
	if instance >= 0 {
		f = allocator.InstanceKilled{Framework: framework, Name: group, Instance: instance}
	}
	return s.ask(ctx, func(b *batch) error {
		before, _ := s.state.Outcome(framework, group)
		scheduled := s.state.Scheduled(framework, group)
		err := s.fact(b, f)
		if err == nil && (before == allocator.Unfinished || scheduled) {
			s.noteEnd(b, owner{framework, group}) // nothing of it ran
		}
		return err
	})
}

// Forget removes a group that has ended, so that its name can be used again.
func (s *Scheduler) Forget(ctx context.Context, framework, group string) error {
	return s.ask(ctx, func(b *batch) error {
		err := s.fact(b, allocator.GroupForgotten{Framework: framework, Name: group})
		if err == nil {
			delete(s.specs, owner{framework, group})
			s.notEnded(owner{framework, group})
		}
		return err
	})
}

// View returns an immutable copy of the state, as of now.
func (s *Scheduler) View(ctx context.Context) (*allocator.View, error) {
	var v *allocator.View
	err := s.ask(ctx, func(*batch) error {
		v = s.state.View()
		return nil
	})
	return v, err
}

// Fairness says how fairly everybody is served, now and over time.
func (s *Scheduler) Fairness(ctx context.Context) (*allocator.Fairness, error) {
	var f *allocator.Fairness
	err := s.ask(ctx, func(*batch) error {
		f = s.state.Fairness()
		return nil
	})
	return f, err
}

// Group returns one task group as of now: cheaper than View.
func (s *Scheduler) Group(ctx context.Context, framework, group string) (*allocator.GroupView, error) {
	var g allocator.GroupView
	err := s.ask(ctx, func(*batch) error {
		var ok bool
		if g, ok = s.state.Group(framework, group); !ok {
			return fmt.Errorf("%w: task group %s/%s", allocator.ErrUnknown, framework, group)
		}
		return nil
	})
	return &g, err
}

// Spec returns the specification of a task group.
func (s *Scheduler) Spec(ctx context.Context, framework, group string) (*proto.TaskGroup, error) {
	var spec *proto.TaskGroup
	err := s.ask(ctx, func(*batch) error {
		var ok bool
		if spec, ok = s.specs[owner{framework, group}]; !ok {
			return fmt.Errorf("%w: task group %s/%s", allocator.ErrUnknown, framework, group)
		}
		return nil
	})
	return spec, err
}

// Explain says why a group does, or does not, run.
func (s *Scheduler) Explain(ctx context.Context, framework, group string) (*allocator.Explanation, error) {
	var e *allocator.Explanation
	var m *allocator.Image
	err := s.ask(ctx, func(*batch) (err error) {
		if e, err = s.state.Explain(framework, group); err == nil && e.Pending > 0 {
			m = s.state.ImageToTry()
		}
		return err
	})
	if err != nil || e.Pending == 0 {
		return e, err
	}
	start, err := allocator.EstimateStart(s.cfg.Allocator, m, framework, group)
	e.Start = &start
	if st := s.Status(); !st.Connected {
		why := "there is no subscription with a Mesos master: " + st.LastError
		e.Reasons = append([]allocator.Reason{{Code: allocator.ReasonNoMaster, Message: why}}, e.Reasons...)
		e.Summary = fmt.Sprintf("%s/%s waits for a master: %s", framework, group, why)
		e.Start = &allocator.Estimate{Assumes: why}
	}
	return e, err
}

// Plan says what a submit would do, without doing it. Errors are those of Submit,
// but what no agent could hold is planned as well.
func (s *Scheduler) Plan(ctx context.Context, specs []*proto.TaskGroup) (*allocator.Plan, error) {
	groups, err := coreGroups(specs)
	if err != nil {
		return nil, err
	}
	select { // one at a time: the copy is made in the loop, and others have to wait for it
	case s.planning <- struct{}{}:
		defer func() { <-s.planning }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var m *allocator.Image
	err = s.ask(ctx, func(b *batch) error {
		if err := s.state.Admit(groups); err != nil {
			return err
		}
		if err := s.everDue(b, specs); err != nil {
			return err
		}
		m = s.state.Image()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return allocator.PlanSubmit(s.cfg.Allocator, m, groups) // beside the loop: it may take a while
}

// Events returns what happened after the event with the given number, as far
// as it is kept, and everything from now on. The channel is closed when ctx is
// done, when the scheduler stops, and when the reader lags too far behind.
func (s *Scheduler) Events(ctx context.Context, after uint64) <-chan Event {
	return s.events.follow(ctx, after)
}
