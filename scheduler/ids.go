package scheduler

import (
	"fmt"

	"fairlead/allocator"
)

// runName is the Mesos executor id of a run. It is unique for ever, since the
// run's number is, and never parsed.
func runName(framework, group string, instance int32, run allocator.RunID) string {
	return fmt.Sprintf("%s.%s.%d.%s", framework, group, instance, run)
}

// taskName is the Mesos id of one task of a run.
func taskName(run, task string) string { return run + "." + task }

// taskRef is what a Mesos task id stands for.
type taskRef struct {
	run       allocator.RunID
	index     int32 // of the task in its group
	task      string
	executor  string // the run's name
	agent     string
	owner     owner
	instance  int32
	state     allocator.TaskState
	answered  bool // since the last reconciliation began
	inherited bool // launched before this process began
	rumored   int  // the round of questions in which its end was heard of; see hearsay
}

// owner names a task group.
type owner struct{ framework, group string }

func (o owner) String() string { return o.framework + "/" + o.group }

// track remembers the tasks of a run by their Mesos ids.
func (s *Scheduler) track(l *allocator.Launch, agent string, states []allocator.TaskState) {
	o := owner{l.Framework, l.Group}
	name := runName(l.Framework, l.Group, l.Instance, l.Run)
	for i, t := range s.specs[o].Tasks {
		ref := &taskRef{
			run: l.Run, index: int32(i), task: t.Name, executor: name, agent: agent,
			owner: o, instance: l.Instance, answered: true,
		}
		if states != nil {
			ref.state, ref.inherited = states[i], true
		}
		s.tasks[taskName(name, t.Name)] = ref
		s.byRun[l.Run] = ref
	}
}

// untrack forgets the tasks of a run that is settled.
func (s *Scheduler) untrack(o owner, instance int32, run allocator.RunID) {
	name := runName(o.framework, o.group, instance, run)
	for _, t := range s.specs[o].Tasks {
		delete(s.tasks, taskName(name, t.Name))
	}
	delete(s.byRun, run)
}
