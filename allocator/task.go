package allocator

import (
	"fmt"
	"slices"

	"fairlead/drf"
)

// applyTaskUpdated books the state of one task. What a task held comes free
// when it is over; the run itself is closed by Settle.
func (s *State) applyTaskUpdated(f *TaskUpdated) error {
	if f.State > TaskLost {
		return fmt.Errorf("%w: task state %d", ErrInvalid, f.State)
	}
	r := s.runOf(f.Run)
	if r == nil {
		return nil
	}
	states := r.states()
	if f.Task < 0 || int(f.Task) >= len(states) || states[f.Task].Final() || states[f.Task] == f.State {
		return nil
	}
	states[f.Task] = f.State
	switch {
	case f.State.Final():
		s.endTask(r, f)
	case f.State == TaskUnreachable:
		if r.lostAt == never {
			r.own().lostAt = s.now
			s.runTimers.push(runTimer{s.now + s.cfg.UnreachableMillis, r.id})
		}
	default:
		r.noteSight()
	}
	return nil
}

// noteSight ends the time for which a run is out of sight when none of its tasks is.
func (r *run) noteSight() {
	if r.lostAt != never && !slices.Contains(r.states(), TaskUnreachable) {
		r.own().lostAt = never
	}
}

func (s *State) endTask(r *run, f *TaskUpdated) {
	r.final++
	r.noteOOM(f)
	r.noteSight()
	if o := outcomeOf(f.State); worse(o, r.outcome) {
		if r.outcome = o; r.message != f.Message {
			r.own().message = f.Message
		}
	}
	if f.State == TaskError {
		r.own().hopeless = true
	}
	if int(r.final) == len(r.group.tasks) {
		s.ended = append(s.ended, r.id)
	}
	s.releaseTask(r, f.Task)
	s.link.wantRevive = true
}

// end is how a run ended: well if every main task did, whatever became of the
// sidecars; else as the worst of all its tasks, since a failed sidecar can be
// why the main tasks had to go.
func (r *run) end() (Outcome, string) {
	for t, st := range r.states() {
		if st != TaskFinished && !r.group.spec.Tasks[t].Sidecar {
			return r.outcome, r.message
		}
	}
	return Finished, ""
}

// outcomeOf is what a task's end means for its run. Our own executor reports
// KILLED for the tasks that had to go with a failed one, so FAILED outranks it.
func outcomeOf(st TaskState) Outcome {
	switch st {
	case TaskFinished:
		return Finished
	case TaskFailed, TaskError:
		return Failed
	case TaskKilled:
		return Killed
	}
	return Lost
}

// worse tells which of two ends explains a run: a failure, then a loss, then a
// kill, then a good end.
func worse(a, b Outcome) bool {
	rank := [...]int{Unfinished: 0, Finished: 1, Killed: 2, Lost: 3, Failed: 4}
	return rank[a] > rank[b]
}

// releaseTask gives back what one task held.
func (s *State) releaseTask(r *run, task int32) {
	s.release(r, &r.group.tasks[task])
	s.releasePorts(r, task)
	s.releaseItems(r, task)
	s.releaseDevices(r, task)
	s.note(r.agent)
}

// releasePorts puts the port numbers of a task back into an owned agent. The
// agent may have been seen with other ports since.
func (s *State) releasePorts(r *run, task int32) {
	a := &s.agents[r.agent]
	if len(r.ports) == 0 || !a.owned {
		return
	}
	a.ports = a.ports.with(a.given.holding(r.portsOf(task))...)
}

// portsOf is the port numbers of one task.
func (r *run) portsOf(task int32) []uint64 {
	first := 0
	for _, v := range r.group.tasks[:task] {
		first += unit(v, drf.Ports)
	}
	return r.ports[first : first+unit(r.group.tasks[task], drf.Ports)]
}

// heldPorts is the port numbers of the tasks that are not over.
func (r *run) heldPorts() []uint64 {
	var held []uint64
	if len(r.ports) > 0 {
		for t, st := range r.states() {
			if !st.Final() {
				held = append(held, r.portsOf(int32(t))...)
			}
		}
	}
	return held
}

// release gives amounts of a run back to its framework and its agent.
func (s *State) release(r *run, v *drf.Vector) {
	if *v == (drf.Vector{}) {
		return
	}
	s.tree.Refund(r.group.queue.node, *v)
	s.reranked(r.group.queue)
	a := &s.agents[r.agent]
	if r.stays() {
		s.unstay(r.group, a, *v)
	}
	if !a.used.Lose(v) {
		panic("allocator: agent " + a.id + " gives back more than it holds: " + s.kinds.Format(*v))
	}
}
