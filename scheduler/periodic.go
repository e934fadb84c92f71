package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"fairlead/allocator"
	"fairlead/internal/schedule"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// maxMissed bounds the times of one group that are told at once, the latest ones:
// after a long absence there may be any number.
const maxMissed = 1000

// timetable knows when each periodic group is due next. The state is told when a
// time has come, and decides.
type timetable struct {
	of   map[owner]*schedule.Schedule
	next time.Time // the earliest of all; zero: not known
}

// plan takes a periodic group into the timetable.
func (s *Scheduler) plan(o owner) {
	sched, err := taskgroup.Schedule(s.specs[o])
	if err != nil {
		s.log.DPanic("a schedule that was accepted can't be read", zap.Error(err))
	}
	if err == nil && sched != nil {
		s.times.of[o] = sched
		s.times.next = time.Time{}
	}
}

// everDue refuses groups that are not there yet and whose last time has gone by.
func (s *Scheduler) everDue(b *batch, specs []*proto.TaskGroup) error {
	for _, spec := range specs {
		if _, known := s.specs[owner{spec.Framework, spec.Name}]; known {
			continue
		}
		times, err := taskgroup.Schedule(spec)
		if err != nil {
			return fmt.Errorf("%w: %w", allocator.ErrInvalid, err)
		}
		if times == nil {
			continue
		}
		if _, more := times.Next(time.UnixMilli(b.record.At)); !more {
			return fmt.Errorf("%w: %s/%s is never due: the last time of its schedule has gone by", allocator.ErrUnsatisfiable, spec.Framework, spec.Name)
		}
	}
	return nil
}

// announce tells the state of every time that has come, and when each of those
// groups is due next.
func (s *Scheduler) announce(b *batch) {
	now := time.UnixMilli(b.record.At)
	if len(s.times.of) == 0 || s.times.next.After(now) {
		return
	}
	owners := make([]owner, 0, len(s.times.of))
	for o := range s.times.of {
		owners = append(owners, o)
	}
	slices.SortFunc(owners, func(a, b owner) int {
		return cmp.Or(cmp.Compare(a.framework, b.framework), cmp.Compare(a.group, b.group))
	})
	s.times.next = now.Add(24 * time.Hour)
	for _, o := range owners {
		told, ok := s.state.Schedule(o.framework, o.group)
		if !ok {
			delete(s.times.of, o)
			continue
		}
		if next, more := s.announceGroup(b, o, time.UnixMilli(told)); more && next.Before(s.times.next) {
			s.times.next = next
		}
	}
}

// announceGroup tells what is due of a group since a time, and returns when it is
// due next.
func (s *Scheduler) announceGroup(b *batch, o owner, told time.Time) (time.Time, bool) {
	now := time.UnixMilli(b.record.At)
	due := []int64{0} // none: it is only told when it will be
	next, more := s.times.of[o].Next(told)
	for ; more && !next.After(now); next, more = s.times.of[o].Next(next) {
		if due = append(due, next.UnixMilli()); len(due) > maxMissed {
			due = due[1:]
		}
	}
	if len(due) > 1 && due[0] == 0 {
		due = due[1:]
	}
	for k, at := range due {
		f := allocator.ScheduleDue{Framework: o.framework, Name: o.group, At: at}
		switch {
		case k+1 < len(due):
			f.Next = due[k+1]
		case more:
			f.Next = next.UnixMilli()
		}
		if err := s.fact(b, f); err != nil {
			s.log.DPanic("a time of a schedule was refused", zap.Error(err))
		}
	}
	return next, more
}

// untilDue is how long it is until a group is due.
func (s *Scheduler) untilDue() time.Duration {
	if len(s.times.of) == 0 {
		return time.Minute
	}
	return time.Until(s.times.next)
}

// notePeriodic reports what was decided about occurrences.
func notePeriodic(b *batch, action allocator.Action) {
	switch a := action.(type) {
	case allocator.Occur:
		b.event(Event{Type: "group.due", Framework: a.Framework, Group: a.Group, Message: "its time was " + dueText(a.Due)})
	case allocator.Skip:
		for _, at := range a.Due {
			b.event(Event{Type: "group.skipped", Framework: a.Framework, Group: a.Group, Message: dueText(at) + ": " + a.Message})
		}
	case allocator.Stop:
		b.event(Event{Type: "group.stopped", Framework: a.Framework, Group: a.Group, Message: a.Message})
	}
}

func dueText(millis int64) string { return time.UnixMilli(millis).UTC().Format(time.RFC3339) }
