package allocator

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/drf"
)

func (s *State) applyGroupSubmitted(f GroupSubmitted) error {
	want := f.Group
	want.Role = s.resolveRole(want.Framework, want.Role)
	t := s.templates.find(&want, want.hash())
	if known, err := s.admitSubmitted(&want, t); known || err != nil {
		return err
	}
	if t == nil {
		var err error
		if t, err = s.newTemplate(&want); err != nil {
			return err
		}
	}
	q, err := s.queueOf(want.Role, want.Framework)
	if err != nil {
		return err
	}
	g := &group{at: -1, arrived: s.now, unmet: t.parents(), queue: q}
	g.spec = spec{Framework: q.name, Name: want.Name, Digest: want.Digest}
	s.setTemplate(g, t)
	s.lastSeq++
	g.seq = s.lastSeq
	s.groups[groupKey{g.spec.Framework, g.spec.Name}] = g
	s.noteLeast(g)
	s.noteDemand(g)
	s.setSoft(g)
	s.usePeriodic(g)
	s.adopt(g)
	s.link.wantRevive = true
	return nil
}

// admitSubmitted is admit for one group whose role is resolved, and reports
// whether the very same group is there already. Of one that is like others, only
// the names are looked at.
func (s *State) admitSubmitted(g *Group, t *template) (known bool, err error) {
	if t == nil || g.Framework == "" || g.Name == "" {
		if err := s.admit(g, map[string]bool{}); err != nil {
			return false, err
		}
	}
	if known, err = s.admitName(g); known || err != nil {
		return known, err
	}
	return false, s.admitOrder(g, nil)
}

// adopt links a new group to those it comes after, and lets it compete when
// none of them is in the way.
func (s *State) adopt(g *group) {
	for _, name := range g.unmet {
		key := groupKey{g.spec.Framework, name}
		if s.dependents[key] == nil {
			s.dependents[key] = map[*group]struct{}{}
		}
		s.dependents[key][g] = struct{}{}
	}
	s.useElastic(g)
	s.useDaemon(g)
	s.consider(g)
}

// consider lets a group compete once everything it comes after has ended as it
// must, and marks it as doomed if that can't be any more. What was met once
// stays so, even if the group that did is forgotten.
func (s *State) consider(g *group) {
	var unmet []string
	for _, name := range g.unmet {
		parent, ok := s.groups[groupKey{g.spec.Framework, name}]
		if ok && g.spec.meets(parent, name) {
			s.leave(g, name)
			continue
		}
		unmet = append(unmet, name)
		if ok && parent.over() {
			s.doomed = append(s.doomed, doom{g, -1})
		}
	}
	if len(g.unmet) > 0 && len(unmet) == 0 && s.now > g.arrived {
		s.trace(g, StepInLine, "all that it comes after has finished")
	}
	g.unmet = unmet
	s.attendAll(g)
	if s.compete(g); g.at >= 0 {
		s.softInLine(g, s.now)
	}
}

// leave takes a group off the list of those that wait for another one.
func (s *State) leave(g *group, name string) {
	key := groupKey{g.spec.Framework, name}
	delete(s.dependents[key], g)
	if len(s.dependents[key]) == 0 {
		delete(s.dependents, key)
	}
}

// leaveAll makes a group wait for no other one: it is over, or to be killed.
func (s *State) leaveAll(g *group) {
	for _, name := range g.unmet {
		s.leave(g, name)
	}
	g.unmet = nil
}

// compete puts a group with something to place into the queue of its framework.
func (s *State) compete(g *group) {
	if g.at >= 0 || g.blocked() || g.dying || g.over() || g.pending() == 0 {
		return
	}
	sh := s.useShape(g)
	b, ok := g.queue.byShape[sh]
	if !ok {
		b = &bucket{queue: g.queue, shape: sh, at: -1, parked: -1, asleep: -1}
		g.queue.byShape[sh] = b
	}
	g.bucket, g.since, g.soughtBefore = b, s.now, sh.sought
	fresh := b.groups.len() == 0
	b.groups.push(g)
	s.countPending(g, int64(g.pending()))
	if fresh {
		s.enqueue(b)
	} else {
		b.line().fix(b.at) // the group may be the bucket's first now
		s.noteArrival(b.queue)
	}
}

// withdraw takes a group out of its queue, with all its waiting instances.
func (s *State) withdraw(g *group) {
	if g.at < 0 {
		return
	}
	if g.hold != nil {
		s.wakeOn(s.letGo(g))
	}
	b := g.bucket
	s.countPending(g, -int64(g.pending()))
	b.groups.remove(g)
	g.bucket = nil
	switch {
	case b.groups.len() == 0:
		if b.parked >= 0 {
			s.unpark(b)
		} else {
			s.dequeue(b)
		}
		delete(b.queue.byShape, b.shape)
		s.shapes.release(b.shape)
	default:
		b.line().fix(b.at)
		s.noteArrival(b.queue)
	}
}

// requeue gives a group that waits the place in line for the shape that it has to
// have now: what starts together has changed, or room is held for it, or is not any more.
func (s *State) requeue(g *group) {
	if g.at < 0 {
		return
	}
	sh, n := g.bucket.shape, g.together()
	if sh.together != n || (sh.group != 0) != (g.hold != nil && n > 1) {
		s.stepIn(g, s.stepOut(g))
	}
}

// wait is how a group waited that has stepped out of line for a moment.
type wait struct {
	since  int64
	missed uint64 // how often no room was found
	full   bool   // none was when room was sought last
	hold   *hold
}

// stepOut takes a group out of line, but for what it holds.
func (s *State) stepOut(g *group) wait {
	w := wait{since: g.since, hold: g.hold}
	if g.at >= 0 {
		w.missed, w.full = g.bucket.shape.sought-g.soughtBefore, g.bucket.shape.full >= 0
	}
	g.hold = nil
	s.withdraw(g)
	g.hold = w.hold
	return w
}

// stepIn takes it back, and lets it go on as it waited.
func (s *State) stepIn(g *group, w wait) {
	if s.compete(g); g.at < 0 {
		return
	}
	sh := g.bucket.shape
	if w.full && sh.group != 0 && sh.full < 0 {
		s.shapes.fill(sh)
	}
	g.since, g.soughtBefore = w.since, sh.sought-w.missed
}

func (s *State) countPending(g *group, n int64) {
	g.bucket.shape.pending += n
	g.bucket.waiting += n
	g.queue.waiting += n
	s.pending += n
	s.lineChanged(g.queue)
}

// waiting reports whether any instance could be placed if there was room.
func (s *State) waiting() bool { return s.pending > 0 }

func (s *State) applyGroupKilled(f GroupKilled) error {
	g, ok := s.groups[groupKey{f.Framework, f.Name}]
	if !ok {
		return fmt.Errorf("%w: task group %s/%s", ErrUnknown, f.Framework, f.Name)
	}
	if s.endSchedule(g) || g.over() || g.dying {
		return nil
	}
	s.stop(g)
	return nil
}

// stop ends what waits of a group at once; Ticks kill what runs.
func (s *State) stop(g *group) {
	s.withdraw(g)
	s.leaveAll(g)
	if g.isIdle() {
		g.periodic.idle = false
	}
	g.dying = true
	g.again, g.backoff = nil, 0
	if g.elastic != nil {
		g.elastic.again = nil
	}
	for i := range g.instances {
		if st := g.instances[i].state; st == instanceWaiting || st == instanceBackoff {
			g.instances[i].state, g.instances[i].outcome = instanceOver, Killed
			g.killed++
		}
	}
	s.doomed = append(s.doomed, doom{g, -1})
	s.closeIfOver(g)
}

func (s *State) applyInstanceKilled(f InstanceKilled) error {
	g, ok := s.groups[groupKey{f.Framework, f.Name}]
	if !ok || !g.hasInstance(f.Instance) {
		return fmt.Errorf("%w: instance %s/%s/%d", ErrUnknown, f.Framework, f.Name, f.Instance)
	}
	if g.over() || g.dying {
		return nil
	}
	if int(f.Instance) >= len(g.instances) {
		return fmt.Errorf("%w: instance %s/%s/%d has not been started", ErrInvalid, f.Framework, f.Name, f.Instance)
	}
	in := &g.instances[f.Instance]
	switch in.state {
	case instanceLive:
		in.dying = true
		s.doomed = append(s.doomed, doom{g, f.Instance})
	case instanceWaiting, instanceBackoff:
		s.endWaiting(g, f.Instance)
	}
	return nil
}

// endWaiting ends an instance that waits to run again.
func (s *State) endWaiting(g *group, instance int32) {
	in := &g.instances[instance]
	if in.state == instanceBackoff {
		g.backoff--
	} else {
		s.takeAgain(g, instance)
		if g.soft != nil {
			s.softChanged(g) // another one may be the next
		}
	}
	in.state, in.outcome = instanceOver, Killed
	g.killed++
	s.closeIfOver(g)
}

func (s *State) applyGroupForgotten(f GroupForgotten) error {
	key := groupKey{f.Framework, f.Name}
	g, ok := s.groups[key]
	if !ok {
		return fmt.Errorf("%w: task group %s/%s", ErrUnknown, f.Framework, f.Name)
	}
	if !g.over() || g.scheduled() {
		return fmt.Errorf("%w: task group %s/%s has not ended", ErrInvalid, f.Framework, f.Name)
	}
	s.dropPeriodic(g)
	s.dropTemplate(g)
	delete(s.groups, key)
	s.unfollow(g)
	return nil
}

// closeIfOver gives a group its outcome once no instance can run any more.
func (s *State) closeIfOver(g *group) {
	if g.over() || g.live > 0 || g.backoff > g.surplusBackoff() {
		return
	}
	switch {
	case g.dying:
		g.outcome = Killed
	case g.pending() > 0 || g.daemon != nil: // agents may join
		return
	case g.failed > 0:
		g.outcome = Failed
	case g.killed > 0:
		g.outcome = Killed
	default:
		g.outcome = Finished
	}
	s.closeGroup(g)
}

// closeGroup ends a group whose outcome is set, and looks again at those that
// come after it, the earliest first.
func (s *State) closeGroup(g *group) {
	g.endedAt = s.now
	s.leaveAll(g)
	g.dropBackoff()
	s.dropElastic(g)
	s.dropDaemon(g)
	g.closePeriodic()
	key := groupKey{g.spec.Framework, g.spec.Name}
	var after []*group
	for child := range s.dependents[key] { // commutes: sorted below
		after = append(after, child)
	}
	slices.SortFunc(after, func(a, b *group) int { return cmp.Compare(a.seq, b.seq) })
	for _, child := range after {
		s.consider(child)
		s.link.wantRevive = true
	}
}

// unit returns how many whole units of a resource a vector holds.
func unit(v drf.Vector, k drf.Kind) int { return int(v[k] / drf.Unit) }
