package sim

import (
	"time"

	"fairlead/allocator"
	"fairlead/internal/schedule"
	"fairlead/internal/taskgroup"
)

// recurring is a periodic group that is due again.
type recurring struct {
	of       *submission
	schedule *schedule.Schedule
	next     int64
}

// clock is the time of day at a time of the simulation.
func (e *engine) clock(millis int64) time.Time {
	return time.UnixMilli(e.scenario.ClockMillis + millis)
}

// recur tells the allocator when a group is due first, if it is periodic.
func (e *engine) recur(s *submission) error {
	sched, err := taskgroup.Schedule(s.job.group.Spec)
	if sched == nil || err != nil {
		return err
	}
	s.job.left = 0 // nothing is to run yet
	r := recurring{of: s, schedule: sched}
	f := allocator.ScheduleDue{Framework: s.key.framework, Name: s.key.name}
	if next, more := sched.Next(e.clock(e.now)); more {
		r.next = next.UnixMilli() - e.scenario.ClockMillis
		f.Next = r.next
		e.recurring = append(e.recurring, r)
	}
	return e.tell(f)
}

// announce tells the allocator of the periodic groups that are due.
func (e *engine) announce() error {
	var left []recurring
	for _, r := range e.recurring {
		if r.next > e.now {
			left = append(left, r)
			continue
		}
		f := allocator.ScheduleDue{Framework: r.of.key.framework, Name: r.of.key.name, At: r.next}
		if next, more := r.schedule.Next(e.clock(r.next)); more {
			r.next = next.UnixMilli() - e.scenario.ClockMillis
			f.Next = r.next
			left = append(left, r)
		}
		if err := e.tell(f); err != nil {
			return err
		}
	}
	e.recurring = left
	return nil
}

// mayRecur reports whether a group may run again by its schedule.
func (e *engine) mayRecur(s *submission) bool {
	return e.core != nil && e.core.Scheduled(s.key.framework, s.key.name)
}

// occurrence does what was decided of an occurrence.
func (e *engine) occurrence(a allocator.Action) {
	switch a := a.(type) {
	case allocator.Occur:
		s := e.jobs[jobKey{a.Framework, a.Group}]
		e.stats.occurs(s.job, a.Due)
	case allocator.Skip:
		s := e.jobs[jobKey{a.Framework, a.Group}]
		e.stats.skips(s.job, len(a.Due))
		if s.left == 0 {
			e.over(s)
		}
	case allocator.Stop:
		s := e.jobs[jobKey{a.Framework, a.Group}]
		e.stats.dropped(s.job, s.left-s.live)
	}
}
