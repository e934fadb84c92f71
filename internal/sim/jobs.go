package sim

import (
	"fmt"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
)

// running is an instance that was launched and has not ended.
type running struct {
	id       allocator.RunID
	of       *submission
	node     int32
	instance int32
	since    int64
	ends     int64 // 0 if it never does
	how      allocator.TaskState
	left     int64       // microseconds of work when its progress was booked last, if agents can be over-committed
	charge   *drf.Vector // mostly that of its submission, so that a run takes one line of the cache
}

// runTable holds what runs, by the places of the allocator's ids.
type runTable struct {
	runs  []running
	alive int
}

// get finds a run, and nil if it has ended.
func (t *runTable) get(id allocator.RunID) *running {
	if p := id.Place(); p < len(t.runs) && t.runs[p].id == id {
		return &t.runs[p]
	}
	return nil
}

// put makes room for a run, to be filled in.
func (t *runTable) put(id allocator.RunID) *running {
	p := id.Place()
	for len(t.runs) <= p {
		t.runs = append(t.runs, running{})
	}
	t.alive++
	return &t.runs[p]
}

func (t *runTable) drop(r *running) {
	*r = running{}
	t.alive--
}

// submission is a group that the allocator knows.
type submission struct {
	*job
	key   jobKey
	entry int
	feed  *feed
	live  int64 // runs of it
	// charge is what the first instance took; where agents can be over-committed, what each really takes.
	charge drf.Vector
	// attempts counts the runs of each instance, and faults is what becomes of them, if anything goes wrong.
	attempts map[int32]int
	faults   source
	// drains says that what runs of it goes on although it was ended.
	drains bool
}

// arrive submits what comes next.
func (e *engine) arrive() error {
	var err error
	e.arrived, err = e.work.take(e.arrived[:0])
	if err != nil {
		return err
	}
	if first := &e.arrived[0]; first.group.replaces {
		if err := e.endEntry(first.entry-1, true); err != nil {
			return err
		}
	}
	for i := range e.arrived {
		if err := e.submit(&e.arrived[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) submit(a *arrival) error {
	key := jobKey{a.core.Framework, a.core.Name}
	if _, ok := e.jobs[key]; ok {
		return fmt.Errorf("task group %s/%s arrives twice", key.framework, key.name)
	}
	for _, name := range slices.Concat(a.core.After, a.core.AfterEnd) {
		parent := jobKey{key.framework, name}
		if n, ok := e.awaited[parent]; ok {
			if e.awaited[parent]--; n == 1 {
				delete(e.awaited, parent)
			}
			e.parents = append(e.parents, parent)
		} else if _, ok := e.jobs[parent]; !ok {
			return fmt.Errorf("task group %s/%s comes after %s, which is not there when it arrives", key.framework, key.name, name)
		}
	}
	s := &submission{key: key, entry: a.entry, feed: a.feed}
	if e.crowd != nil {
		var err error
		if s.charge, err = e.crowd.demand(&a.core); err != nil {
			return err
		}
		e.crowd.toldGroup(&a.core)
	}
	e.submitted.Group = a.core
	if err := e.tell(&e.submitted); err != nil {
		return err
	}
	s.job = e.stats.arrived(a.group, e.comesAfter(s, a.group.Spec))
	e.jobs[key] = s
	if s.job.daemon() {
		e.daemons = append(e.daemons, s)
	}
	return e.recur(s)
}

// update tells the allocator how all tasks of a run are.
func (e *engine) update(ev event) error {
	r := e.runs.get(ev.run)
	if e.isStale(&ev) {
		return nil
	}
	for i := range r.of.group.Spec.Tasks {
		e.updated = allocator.TaskUpdated{Run: ev.run, Task: int32(i), State: ev.how}
		if err := e.tell(&e.updated); err != nil {
			return err
		}
	}
	return nil
}

// carryOut does what the allocator decided. Room that is held is the allocator's own business.
func (e *engine) carryOut(a allocator.Action) error {
	switch a := a.(type) {
	case *allocator.Accept:
		node := e.nodeOf(a)
		for i := range a.Launches {
			e.launch(node, &a.Launches[i])
		}
	case *allocator.Settle:
		e.settle(a)
	case allocator.Preempt:
		e.heap.push(event{at: e.now, run: a.Run, how: allocator.TaskKilled})
	case allocator.Kill:
		if !e.runs.get(a.Run).of.drains {
			e.heap.push(event{at: e.now, run: a.Run, how: allocator.TaskKilled})
		}
	case allocator.Abandon:
		s := e.jobs[jobKey{a.Framework, a.Group}]
		for s.left > 0 {
			e.stats.over(s.job, allocator.Failed)
		}
		e.over(s)
	case allocator.Occur, allocator.Skip, allocator.Stop:
		e.occurrence(a)
	case allocator.Hold, allocator.Release:
	default:
		return fmt.Errorf("unexpected action %T", a)
	}
	return nil
}

// nodeOf is where something was launched.
func (e *engine) nodeOf(a *allocator.Accept) int32 {
	if e.core == nil || len(a.Launches) == 0 {
		return e.names.find(a.Agent)
	}
	return e.places[e.core.PlaceOf(a.Launches[0].Run)]
}

func (e *engine) launch(node int32, l *allocator.Launch) {
	s := e.jobs[jobKey{l.Framework, l.Group}]
	r := e.runs.put(l.Run)
	r.id, r.of, r.node, r.instance, r.since, r.charge = l.Run, s, node, l.Instance, e.now, e.chargeOf(s, l)
	s.live++
	e.stats.started(e.names.names[node], r)
	if e.scenario.Faults != nil {
		e.await(r, e.fateOf(s, l.Instance))
	} else if lasts := s.group.lasts(l.Instance); lasts > 0 {
		e.awaitEnd(r, e.now+lasts, allocator.TaskFinished)
	}
	if e.crowd != nil {
		e.enter(r)
	}
}

// chargeOf is what a run holds.
func (e *engine) chargeOf(s *submission, l *allocator.Launch) *drf.Vector {
	switch {
	case e.crowd != nil || s.charge == l.Charge:
	case s.charge.IsZero():
		s.charge = l.Charge
	default: // the executor is carried by some agents, and not by others
		other := l.Charge
		return &other
	}
	return &s.charge
}

// fateOf says what becomes of a run that starts now, where things go wrong.
func (e *engine) fateOf(s *submission, instance int32) fate {
	g, k := s.job.group, s.job.group.number+int(instance)
	if s.attempts == nil {
		s.attempts, s.faults = make(map[int32]int), stream(e.scenario.Seed, "faults", g)
	}
	attempt := s.attempts[instance]
	s.attempts[instance]++
	return e.scenario.Faults.fateOf(s.faults, k+attempt<<32, g.lasts(instance))
}

// await prepares what will be heard of a run.
func (e *engine) await(r *running, f fate) {
	if f.dropped {
		e.heap.push(event{at: e.now + e.scenario.Faults.ReconcileMillis, run: r.id, how: allocator.TaskLost})
		return
	}
	if f.delay > 0 {
		e.heap.push(event{at: e.now + f.delay, run: r.id, how: allocator.TaskRunning})
	}
	if f.lasts > 0 {
		e.awaitEnd(r, e.now+f.delay+f.lasts+f.late, f.how)
	}
}

func (e *engine) awaitEnd(r *running, at int64, how allocator.TaskState) {
	r.ends, r.how = at, how
	e.heap.push(event{at: at, run: r.id, how: how})
}

func (e *engine) settle(a *allocator.Settle) {
	r := e.runs.get(a.Run)
	s := r.of
	s.live--
	e.stats.ended(r, a)
	if e.crowd != nil {
		e.exit(r)
	}
	e.runs.drop(r)
	if e.core != nil && s.job.surplus() > 0 && s.left > 0 {
		if how, _ := e.core.Outcome(s.key.framework, s.key.name); how != allocator.Unfinished {
			e.stats.dropped(s.job, s.left) // nobody waits for the rest of its surplus
		}
	}
	if s.job.daemon() {
		e.endDaemon(s)
	} else if s.left == 0 {
		e.over(s)
	}
}

// over books that a group has ended. If it was all of a repetition, the next one arrives.
func (e *engine) over(s *submission) {
	if e.mayRecur(s) {
		return
	}
	e.daemons = slices.DeleteFunc(e.daemons, func(d *submission) bool { return d == s })
	e.recurring = slices.DeleteFunc(e.recurring, func(r recurring) bool { return r.of == s })
	e.ended = append(e.ended, s.key)
	e.followed(s)
	if f := s.feed; f != nil && f.group.repeat != nil {
		if f.open--; f.open == 0 {
			e.work.again(f, e.now+f.group.repeat.thinkMillis)
		}
	}
}

// forget makes the allocator forget the groups that are over, but for those that others to come are
// after. What came after them before has been told in the Tick that ended them, or in that of its arrival.
func (e *engine) forget() error {
	for _, key := range append(e.ended, e.parents...) {
		j, ok := e.jobs[key]
		if !ok || j.left > 0 || e.awaited[key] > 0 || e.mayRecur(j) {
			continue
		}
		if err := e.tell(allocator.GroupForgotten{Framework: key.framework, Name: key.name}); err != nil {
			return err
		}
		delete(e.jobs, key)
	}
	e.ended, e.parents = e.ended[:0], e.parents[:0]
	return nil
}
