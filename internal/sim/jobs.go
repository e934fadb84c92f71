package sim

import (
	"fmt"

	"fairlead/allocator"
	"fairlead/drf"
)

// running is an instance that was launched and has not ended.
type running struct {
	id       allocator.RunID
	job      *job
	instance int32
	since    int64
	charge   drf.Vector
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

func (t *runTable) put(r running) *running {
	p := r.id.Place()
	for len(t.runs) <= p {
		t.runs = append(t.runs, running{})
	}
	t.runs[p] = r
	t.alive++
	return &t.runs[p]
}

func (t *runTable) drop(r *running) {
	*r = running{}
	t.alive--
}

// arrive submits the next group.
func (e *engine) arrive() error {
	a, err := e.work.pop()
	if err != nil {
		return err
	}
	key := jobKey{a.core.Framework, a.core.Name}
	if _, ok := e.jobs[key]; ok {
		return fmt.Errorf("task group %s/%s arrives twice", key.framework, key.name)
	}
	for _, name := range a.core.After {
		parent := jobKey{key.framework, name}
		if _, ok := e.jobs[parent]; !ok && a.streamed {
			return fmt.Errorf("task group %s/%s comes after %s, which is not there when it arrives", key.framework, key.name, name)
		}
		if !a.streamed {
			if e.awaited[parent]--; e.awaited[parent] == 0 {
				delete(e.awaited, parent)
			}
			e.parents = append(e.parents, parent)
		}
	}
	if err := e.tell(allocator.GroupSubmitted{Group: a.core}); err != nil {
		return err
	}
	e.jobs[key] = e.stats.arrived(a.group)
	return nil
}

// end tells the allocator how all tasks of a run ended.
func (e *engine) end(ev event) error {
	r := e.runs.get(ev.run)
	if r == nil {
		return nil
	}
	for i := range r.job.group.Spec.Tasks {
		if err := e.tell(allocator.TaskUpdated{Run: ev.run, Task: int32(i), State: ev.how}); err != nil {
			return err
		}
	}
	return nil
}

// carryOut does what the allocator decided. Room that is held is the allocator's own business.
func (e *engine) carryOut(a allocator.Action) error {
	switch a := a.(type) {
	case allocator.Accept:
		for i := range a.Launches {
			e.launch(a.Agent, &a.Launches[i])
		}
	case allocator.Settle:
		r := e.runs.get(a.Run)
		e.stats.ended(r, a)
		if r.job.left == 0 {
			e.over(r.job)
		}
		e.runs.drop(r)
	case allocator.Preempt:
		e.heap.push(event{at: e.now, run: a.Run, how: allocator.TaskKilled})
	case allocator.Kill:
		e.heap.push(event{at: e.now, run: a.Run, how: allocator.TaskKilled})
	case allocator.Abandon:
		j := e.jobs[jobKey{a.Framework, a.Group}]
		for j.left > 0 {
			e.stats.over(j, allocator.Failed)
		}
		e.over(j)
	case allocator.Hold, allocator.Release:
	default:
		return fmt.Errorf("unexpected action %T", a)
	}
	return nil
}

func (e *engine) launch(agent string, l *allocator.Launch) {
	r := e.runs.put(running{
		id: l.Run, job: e.jobs[jobKey{l.Framework, l.Group}], instance: l.Instance, since: e.now, charge: l.Charge,
	})
	e.stats.started(agent, r)
	if d := r.job.group.lasts(l.Instance); d > 0 {
		e.heap.push(event{at: e.now + d, run: l.Run, how: allocator.TaskFinished})
	}
}

func (e *engine) over(j *job) {
	e.ended = append(e.ended, jobKey{j.group.Spec.Framework, j.group.Spec.Name})
}

// forget makes the allocator forget the groups that are over, but for those that others to come are
// after. What came after them before has been told in the Tick that ended them, or in that of its arrival.
func (e *engine) forget() error {
	for _, key := range append(e.ended, e.parents...) {
		j, ok := e.jobs[key]
		if !ok || j.left > 0 || e.awaited[key] > 0 {
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
