package allocator

import "fairlead/drf"

// applyTaskUpdated books the state of one task. What a task held comes free
// when it is over; the run itself is closed by Settle.
func (s *State) applyTaskUpdated(f TaskUpdated) {
	r := s.runOf(f.Run)
	if r == nil || f.Task < 0 || int(f.Task) >= len(r.states) || r.states[f.Task].Final() {
		return
	}
	before := r.states[f.Task]
	if before == f.State {
		return
	}
	r.states[f.Task] = f.State
	switch {
	case f.State.Final():
		s.endTask(r, f)
	case f.State == TaskUnreachable:
		r.lostAt = s.now
		s.timers.push(timer{at: s.now + s.cfg.UnreachableMillis, run: r.id})
	default:
		r.lostAt = s.stillLost(r)
	}
}

// stillLost keeps the time since when a run is out of sight while one of its
// tasks is.
func (s *State) stillLost(r *run) int64 {
	for _, st := range r.states {
		if st == TaskUnreachable {
			return r.lostAt
		}
	}
	return 0
}

func (s *State) endTask(r *run, f TaskUpdated) {
	r.final++
	r.lostAt = s.stillLost(r)
	if o := outcomeOf(f.State); worse(o, r.outcome) && !r.group.spec.Tasks[f.Task].Sidecar || o > Finished && r.outcome <= Finished {
		r.outcome, r.message = o, f.Message
	}
	r.hopeless = r.hopeless || f.State == TaskError
	s.releaseTask(r, f.Task)
	if r.final == len(r.states) {
		s.ended = append(s.ended, r.id)
	}
	s.link.wantRevive = true
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
	held := r.group.tasks[task]
	s.release(r, held)
	first := 0
	for _, v := range r.group.tasks[:task] {
		first += unit(v, drf.Ports)
	}
	a := &s.agents[r.agent]
	if a.owned {
		for _, p := range r.ports[first : first+unit(held, drf.Ports)] {
			a.ports.add(p)
		}
	}
}

// release gives amounts of a run back to its framework and its agent.
func (s *State) release(r *run, v drf.Vector) {
	s.tree.Refund(r.group.queue.node, v)
	a := &s.agents[r.agent]
	left, ok := a.used.Sub(v)
	if !ok {
		panic("allocator: agent " + a.id + " gives back more than it holds: " + s.kinds.Format(v))
	}
	a.used = left
	if a.owned && !a.lost {
		s.refree(r.agent)
	}
}
