package allocator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fairlead/drf"
)

// A periodic group runs again and again: each time that it is due, an occurrence
// starts, as if the group was submitted at that time. The State has no calendar.
// Its driver works the times out, and tells each one by ScheduleDue; whether an
// occurrence is started, skipped or queued is decided by a Tick.

// Overlap says what becomes of an occurrence that is due while the one before has
// not ended.
type Overlap uint8

// What becomes of it.
const (
	OverlapSkip    Overlap = iota // it is not run
	OverlapQueue                  // it is run when the one before has ended
	OverlapReplace                // the one before is killed
)

// CatchUp says what becomes of occurrences that were due while nobody was there
// to start them.
type CatchUp uint8

// What becomes of them.
const (
	CatchUpOne  CatchUp = iota // the latest one is run, for all of them
	CatchUpNone                // they are not run
	CatchUpAll                 // all are run, one after the other
)

// maxDue bounds the occurrences of a group that are queued.
const maxDue = 1000

// periodic is where a periodic group stands.
type periodic struct {
	idle   bool    // it has never been due
	due    []int64 // times at which it was due and of which nothing was decided
	at     int64   // when the present occurrence, or the last one, was due
	booked int64   // the latest time at which it was due, or else was submitted
	next   int64   // when it will be due, 0 if that is not known
	last   bool    // it will not be due again
	ended  bool    // no occurrence will be started any more
}

// isIdle reports whether a periodic group waits for its first time.
func (g *group) isIdle() bool { return g.periodic != nil && g.periodic.idle }

// scheduled reports whether more occurrences may come.
func (g *group) scheduled() bool { return g.periodic != nil && !g.periodic.ended }

func (s *State) usePeriodic(g *group) {
	if !g.spec.Periodic {
		return
	}
	g.periodic = &periodic{idle: true, booked: s.now}
	s.keepPeriodic(g)
}

// keepPeriodic keeps the periodic groups in the order of their names: that of
// their numbers changes with each occurrence.
func (s *State) keepPeriodic(g *group) {
	at, _ := slices.BinarySearchFunc(s.periodics, g, byName)
	s.periodics = slices.Insert(s.periodics, at, g)
}

func (s *State) dropPeriodic(g *group) {
	if at, there := slices.BinarySearchFunc(s.periodics, g, byName); there {
		s.periodics = slices.Delete(s.periodics, at, at+1)
	}
}

func byName(a, b *group) int {
	return cmp.Or(strings.Compare(a.spec.Framework, b.spec.Framework), strings.Compare(a.spec.Name, b.spec.Name))
}

func (s *State) applyScheduleDue(f ScheduleDue) error {
	g, ok := s.groups[groupKey{f.Framework, f.Name}]
	switch {
	case !ok:
		return fmt.Errorf("%w: task group %s/%s", ErrUnknown, f.Framework, f.Name)
	case g.periodic == nil:
		return fmt.Errorf("%w: task group %s/%s has no schedule", ErrInvalid, f.Framework, f.Name)
	}
	p := g.periodic
	switch {
	case p.ended || p.last || f.At != 0 && f.At <= p.booked:
		return nil // it was told before
	case f.At != 0:
		p.booked = f.At
		p.due = append(p.due, f.At)
	}
	p.next, p.last = f.Next, f.Next == 0
	s.endUnscheduled(g, "it is never due")
	return nil
}

// endUnscheduled ends a group that will not be due again and of which nothing is
// left to run.
func (s *State) endUnscheduled(g *group, message string) {
	p := g.periodic
	switch {
	case !p.last || len(p.due) > 0:
	case p.idle:
		p.ended, p.idle, g.outcome, g.message = true, false, Killed, message
		s.closeGroup(g)
	case g.over():
		p.ended = true
	}
}

// occur decides what becomes of occurrences that are due. Those that start at one
// time start parents first, so that children wait for them.
func (s *State) occur(out []Action) []Action {
	var starting []*group
	for _, g := range s.periodics {
		if p := g.periodic; len(p.due) == 0 || p.ended {
			continue
		}
		if out = s.sift(out, g); len(g.periodic.due) > 0 && (g.over() || g.isIdle()) {
			starting = append(starting, g)
		}
	}
	for len(starting) > 0 {
		k := slices.IndexFunc(starting, func(g *group) bool {
			return !slices.ContainsFunc(starting, func(other *group) bool {
				return other.spec.Framework == g.spec.Framework && slices.Contains(g.spec.parents(), other.spec.Name)
			})
		})
		g := starting[k]
		starting = slices.Delete(starting, k, k+1)
		d := Occur{g.spec.Framework, g.spec.Name, g.periodic.due[0]}
		s.bookOccur(g, d.Due)
		out = append(out, d)
	}
	return out
}

// occurAndEnd starts occurrences, and ends what must end: which may be an
// occurrence that starts after a group that has failed, and then the next is due.
func (s *State) occurAndEnd(out []Action) []Action {
	for {
		before := len(out)
		out = s.endDoomed(s.occur(out))
		if len(out) == before || len(s.periodics) == 0 {
			return out
		}
	}
}

// sift skips what is due and will not be run, and ends what is to be replaced.
func (s *State) sift(out []Action, g *group) []Action {
	p := g.periodic
	active := !g.over() && !p.idle
	late := 0
	for late < len(p.due) && p.due[late]+s.cfg.LateMillis < s.now {
		late++
	}
	switch {
	case late == 0:
	case g.spec.CatchUp == CatchUpNone:
		out = s.skipDue(out, g, p.due[:late], fmt.Sprintf("missed by %d s", (s.now-p.due[late-1])/1000))
	case g.spec.CatchUp == CatchUpOne:
		out = s.skipDue(out, g, p.due[:late-1], "missed, and run once with the latest")
	}
	switch {
	case !active || len(p.due) == 0:
	case g.spec.Overlap == OverlapReplace:
		out = s.skipDue(out, g, p.due[:len(p.due)-1], "replaced by a later one")
		if !g.dying {
			s.stop(g)
			out = append(out, Stop{g.spec.Framework, g.spec.Name, "the next occurrence is due"})
		}
	case g.spec.Overlap == OverlapSkip && g.spec.CatchUp != CatchUpAll:
		out = s.skipDue(out, g, p.due, "the occurrence before has not ended")
	case g.spec.Overlap == OverlapSkip:
		onTime := slices.IndexFunc(p.due, func(at int64) bool { return at+s.cfg.LateMillis >= s.now })
		if onTime >= 0 {
			out = s.skipDue(out, g, p.due[onTime:], "the occurrence before has not ended")
		}
	case len(p.due) > maxDue:
		out = s.skipDue(out, g, p.due[:len(p.due)-maxDue], fmt.Sprintf("more than %d are queued", maxDue))
	}
	return out
}

func (s *State) skipDue(out []Action, g *group, due []int64, message string) []Action {
	if len(due) == 0 {
		return out
	}
	d := Skip{g.spec.Framework, g.spec.Name, slices.Clone(due), message}
	s.bookSkip(g, d)
	return append(out, d)
}

func (s *State) bookSkip(g *group, d Skip) {
	p := g.periodic
	p.due = slices.DeleteFunc(p.due, func(at int64) bool { return slices.Contains(d.Due, at) })
	s.endUnscheduled(g, "its only occurrence was skipped: "+d.Message)
}

// bookOccur starts an occurrence.
func (s *State) bookOccur(g *group, due int64) {
	p := g.periodic
	p.due = slices.DeleteFunc(p.due, func(at int64) bool { return at == due })
	p.at = due
	s.reset(g, s.awaits(g, nil))
	s.adopt(g)
	s.link.wantRevive = true
}

// closePeriodic notes that an occurrence has ended: that was all if no other can
// follow.
func (g *group) closePeriodic() {
	if p := g.periodic; p != nil && p.last && len(p.due) == 0 {
		p.ended = true
	}
}

// endSchedule lets no occurrence start any more, because a user wants an end. It
// reports whether there is nothing more to end.
func (s *State) endSchedule(g *group) bool {
	if !g.scheduled() {
		return false
	}
	g.periodic.ended, g.periodic.due = true, nil
	if g.over() {
		g.outcome, g.message, g.endedAt = Killed, "its schedule was ended", s.now
		return true
	}
	return false
}

func (s *State) periodicOf(framework, name string) (*group, error) {
	g, ok := s.groups[groupKey{framework, name}]
	if !ok || g.periodic == nil {
		return nil, fmt.Errorf("%w: periodic task group %s/%s", ErrUnknown, framework, name)
	}
	return g, nil
}

func (s *State) applyOccur(d Occur) error {
	g, err := s.periodicOf(d.Framework, d.Group)
	if err != nil {
		return err
	}
	if !g.over() && !g.isIdle() {
		return fmt.Errorf("%w: an occurrence of %s/%s, which is at work", ErrInvalid, d.Framework, d.Group)
	}
	s.bookOccur(g, d.Due)
	return nil
}

func (s *State) applySkip(d Skip) error {
	g, err := s.periodicOf(d.Framework, d.Group)
	if err == nil {
		s.bookSkip(g, d)
	}
	return err
}

func (s *State) applyStop(d Stop) error {
	g, err := s.periodicOf(d.Framework, d.Group)
	if err == nil && !g.dying {
		s.stop(g)
	}
	return err
}

// Scheduled reports whether a group is a periodic one that may run again.
func (s *State) Scheduled(framework, name string) bool {
	g, ok := s.groups[groupKey{framework, name}]
	return ok && g.scheduled()
}

// Occurrence is when the present occurrence of a periodic group was due; 0 for any
// other group.
func (s *State) Occurrence(framework, name string) int64 {
	if g, ok := s.groups[groupKey{framework, name}]; ok && g.periodic != nil {
		return g.periodic.at
	}
	return 0
}

// nextText says in how long a group is due.
func (s *State) nextText(g *group) string {
	if g.periodic.next <= s.now {
		return ""
	}
	return fmt.Sprintf(", in %s s", drf.Amount(g.periodic.next-s.now))
}

// PeriodicImage is where a periodic group stands; zero for any other.
type PeriodicImage struct {
	Idle, Last, Ended bool
	Due               []int64
	At, Booked, Next  int64
}

// Scheduled reports whether it may run again.
func (g *GroupImage) Scheduled() bool { return g.Spec.Periodic && !g.Periodic.Ended }

func (g *group) imagePeriodic() PeriodicImage {
	p := g.periodic
	if p == nil {
		return PeriodicImage{}
	}
	return PeriodicImage{Idle: p.idle, Last: p.last, Ended: p.ended, Due: append([]int64(nil), p.due...), At: p.at, Booked: p.booked, Next: p.next}
}

func (s *State) restorePeriodic(g *group, m PeriodicImage) {
	if g.spec.Periodic {
		g.periodic = &periodic{idle: m.Idle, last: m.Last, ended: m.Ended, due: slices.Clone(m.Due), at: m.At, booked: m.Booked, next: m.Next}
		s.keepPeriodic(g)
	}
}

// Schedule tells of a periodic group until when its times were told: nothing
// before. It is false if there is no such group, or if it will not run again.
func (s *State) Schedule(framework, name string) (told int64, ok bool) {
	g, ok := s.groups[groupKey{framework, name}]
	if !ok || !g.scheduled() || g.periodic.last {
		return 0, false
	}
	return g.periodic.booked, true
}
