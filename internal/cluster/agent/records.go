package agent

import (
	"context"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"fairlead/internal/cluster/agent/process"
)

// Bounds on what is remembered of the past, those of Mesos.
const (
	maxCompletedFrameworks = 50
	maxCompletedExecutors  = 150 // of each framework
	maxCompletedTasks      = 200 // of each executor
)

// framework is what the agent knows of a framework that has, or had, executors
// here.
type framework struct {
	info      mesos.FrameworkInfo
	executors []*runningExecutor // in the order of their start
	completed []*runningExecutor // oldest first
	ending    bool               // shut down: nothing more is told about it
}

func (f *framework) id() string { return f.info.ID.GetValue() }

// has reports whether the framework declared a capability.
func (f *framework) has(c mesos.FrameworkInfo_Capability_Type) bool {
	return slices.ContainsFunc(f.info.Capabilities, func(have mesos.FrameworkInfo_Capability) bool {
		return have.Type == c
	})
}

func (f *framework) executor(id string) *runningExecutor {
	for _, e := range f.executors {
		if e.id == id {
			return e
		}
	}
	return nil
}

// executorOf returns the executor that has a task, and the task.
func (f *framework) executorOf(taskID string) (*runningExecutor, *task) {
	for _, e := range f.executors {
		if t := e.task(taskID); t != nil {
			return e, t
		}
	}
	return nil, nil
}

type executorState int

const (
	registering executorState = iota // started or starting, not subscribed
	running
	terminating // told to end
	terminated  // gone; kept until its updates are acknowledged
)

// subscriber is where an executor's events go: the stream of one that
// subscribed over HTTP, or one of those built into the agent. It is called by
// the loop only, and never waits.
type subscriber interface {
	send(*executor.Event)
	end() // no more events
}

// runningExecutor is one run of an executor.
type runningExecutor struct {
	fw          *framework
	info        mesos.ExecutorInfo
	id          string
	command     bool // made for a single command task
	containerID string
	dir         string
	account     *account
	state       executorState
	events      subscriber // nil while there is none
	process     *process.Process

	tasks     []*task // not completed, in the order of their launch
	completed []*task // terminal and acknowledged, oldest first

	registration *time.Timer
	grace        *time.Timer
	destroy      context.CancelFunc // ends the container by force
	ending       *verdict           // why the agent ends it, told of its tasks
	memory       int64              // bytes that it may hold, once that was looked at
}

// builtIn reports whether the agent itself plays the executor.
func (e *runningExecutor) builtIn() bool {
	return e.command || e.info.Type == mesos.ExecutorInfo_DEFAULT
}

func (e *runningExecutor) task(id string) *task {
	for _, t := range e.tasks {
		if t.id() == id {
			return t
		}
	}
	return nil
}

func (e *runningExecutor) completedTask(id string) *task {
	for _, t := range e.completed {
		if t.id() == id {
			return t
		}
	}
	return nil
}

// send delivers an event if anybody listens; else it is lost, as in Mesos.
func (e *runningExecutor) send(ev *executor.Event) {
	if e.events != nil {
		e.events.send(ev)
	}
}

// stopTimers ends the timers.
func (e *runningExecutor) stopTimers() {
	for _, t := range []*time.Timer{e.registration, e.grace} {
		if t != nil {
			t.Stop()
		}
	}
}

// task is one task of an executor.
type task struct {
	info     mesos.TaskInfo
	unit     *unit
	queued   bool // waits for the executor to subscribe
	state    mesos.TaskState
	statuses []mesos.TaskStatus
}

// unit is what is delivered together: a task, or a task group.
type unit struct {
	tasks []*task
	group bool
}

func (t *task) id() string { return t.info.TaskID.Value }

// record notes an update; of several in a row with one state the last stays.
// The old list is left as it is: somebody may be writing it out.
func (t *task) record(status mesos.TaskStatus) {
	t.state = status.GetState()
	kept := len(t.statuses)
	if kept > 0 && t.statuses[kept-1].GetState() == t.state {
		kept--
	}
	t.statuses = append(t.statuses[:kept:kept], status)
}

// remember appends to a list that keeps the newest limit items, and returns
// what had to go.
func remember[T any](list []T, item T, limit int) (kept, gone []T) {
	list = append(list, item)
	if extra := len(list) - limit; extra > 0 {
		return slices.Clone(list[extra:]), list[:extra]
	}
	return list, nil
}
