package agent

import (
	"context"
	"errors"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"go.uber.org/zap"
)

// kill is the framework's wish to end a task; see Kill.
func (a *Agent) kill(frameworkID, taskID string, policy *mesos.KillPolicy) {
	fw := a.frameworks[frameworkID]
	if fw == nil {
		return
	}
	e, t := fw.executorOf(taskID)
	switch {
	case e == nil:
		a.drop(fw, mesos.TaskID{Value: taskID}, mesos.REASON_EXECUTOR_TERMINATED, "Cannot find executor")
	case t.queued && e.state != terminated:
		a.killQueued(e, t)
	case e.state == running:
		e.send(&executor.Event{Type: executor.Event_KILL, Kill: &executor.Event_Kill{TaskID: t.info.TaskID, KillPolicy: policy}})
	}
}

// killQueued ends a task, and with it its group, that the executor hasn't got
// yet. An executor left with nothing to do is told so when it subscribes.
func (a *Agent) killQueued(e *runningExecutor, t *task) {
	message := "Killed before delivery to the executor"
	if t.unit.group {
		message = "A task within the task group was killed before delivery to the executor"
	}
	for _, member := range t.unit.tasks {
		if member.queued {
			a.conclude(e, member, verdict{state: mesos.TASK_KILLED, reason: mesos.REASON_TASK_KILLED_DURING_LAUNCH, message: message})
		}
	}
	if e.builtIn() && e.idle() {
		e.destroy() // it is us who would subscribe
	}
}

// idle reports whether no task is queued or alive.
func (e *runningExecutor) idle() bool {
	for _, t := range e.tasks {
		if !terminal(t.state) {
			return false
		}
	}
	return true
}

// message hands data to a running executor.
func (a *Agent) message(frameworkID, executorID string, data []byte) {
	if fw := a.frameworks[frameworkID]; fw != nil {
		if e := fw.executor(executorID); e != nil && e.state == running {
			a.metrics.validMessages++
			e.send(&executor.Event{Type: executor.Event_MESSAGE, Message: &executor.Event_Message{Data: data}})
			return
		}
	}
	a.metrics.invalidMessages++
}

func (a *Agent) shutdownExecutor(frameworkID, executorID string) {
	if fw := a.frameworks[frameworkID]; fw != nil {
		if e := fw.executor(executorID); e != nil {
			a.shutdown(e)
		}
	}
}

func (a *Agent) shutdownFramework(frameworkID string) {
	a.updates.forget(frameworkID)
	fw := a.frameworks[frameworkID]
	if fw == nil {
		return
	}
	fw.ending = true
	for _, e := range append([]*runningExecutor(nil), fw.executors...) {
		a.shutdown(e)
		a.retire(e)
	}
	a.retireFramework(fw)
}

// shutdown asks an executor to end, and ends it by force after its grace
// period. One that hasn't subscribed is asked when it does.
func (a *Agent) shutdown(e *runningExecutor) {
	if e.state == terminating || e.state == terminated {
		return
	}
	wasRegistering := e.state == registering
	e.state = terminating
	e.send(&executor.Event{Type: executor.Event_SHUTDOWN})
	if e.builtIn() && wasRegistering {
		e.destroy()
		return
	}
	e.grace = a.after(a.shutdownGrace(e), func() { e.destroy() })
}

// shutdownGrace is the executor's own grace period, else the agent's.
func (a *Agent) shutdownGrace(e *runningExecutor) time.Duration {
	if g := e.info.ShutdownGracePeriod; g != nil {
		return time.Duration(g.Nanoseconds)
	}
	return a.cfg.ShutdownGrace
}

// shutdownAll begins the end of the agent.
func (a *Agent) shutdownAll() {
	if a.closing {
		return
	}
	a.closing = true
	for _, fw := range a.frameworks {
		for _, e := range fw.executors {
			a.shutdown(e)
		}
	}
	a.checkDrained()
}

// destroyAll ends all executors by force.
func (a *Agent) destroyAll() {
	for _, fw := range a.frameworks {
		for _, e := range fw.executors {
			e.destroy()
		}
	}
}

// checkDrained tells Close when the last executor is gone.
func (a *Agent) checkDrained() {
	if !a.closing {
		return
	}
	for _, fw := range a.frameworks {
		for _, e := range fw.executors {
			if e.state != terminated {
				return
			}
		}
	}
	select {
	case <-a.drained:
	default:
		close(a.drained)
	}
}

// executorExited closes the books on an executor of which nothing is left. A
// launch error means that its command never ran.
func (a *Agent) executorExited(e *runningExecutor, status int, launch error) {
	e.stopTimers()
	e.state = terminated
	if e.events != nil {
		e.events.end()
		e.events = nil
	}
	v := verdict{state: mesos.TASK_FAILED, reason: mesos.REASON_EXECUTOR_TERMINATED, message: "Executor terminated"}
	switch {
	case errors.Is(launch, context.Canceled): // ended by us before it began
		status = int(syscall.SIGKILL)
	case launch != nil:
		status = -1
		a.metrics.launchErrors++
		v.reason, v.message = mesos.REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: "+launch.Error()
	}
	if e.ending != nil {
		v = *e.ending
	}
	a.log.Info("executor ended", zap.String("executor", e.id), zap.Int("status", status), zap.String("reason", v.message))
	if !e.command {
		a.up.ExecutorExited(e.fw.id(), e.id, status)
	}
	for _, t := range e.tasks {
		if !terminal(t.state) {
			a.conclude(e, t, v)
		}
	}
	a.metrics.executorsEnded++
	a.retire(e)
	a.checkDrained()
}

// retire moves an executor to the past when it is gone and all that was to be
// told about it has been acknowledged.
func (a *Agent) retire(e *runningExecutor) {
	fw := e.fw
	if e.state != terminated || len(e.tasks) > 0 && !fw.ending {
		return
	}
	for i, other := range fw.executors {
		if other == e {
			fw.executors = append(fw.executors[:i:i], fw.executors[i+1:]...)
			var gone []*runningExecutor
			fw.completed, gone = remember(fw.completed, e, maxCompletedExecutors)
			a.detach(gone)
			break
		}
	}
	a.retireFramework(fw)
}

// retireFramework moves a framework without executors to the past.
func (a *Agent) retireFramework(fw *framework) {
	if len(fw.executors) > 0 || a.frameworks[fw.id()] != fw {
		return
	}
	delete(a.frameworks, fw.id())
	var gone []*framework
	a.completed, gone = remember(a.completed, fw, maxCompletedFrameworks)
	for _, old := range gone {
		a.detach(old.completed)
	}
}
