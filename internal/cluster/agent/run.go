package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"go.uber.org/zap"

	"fairlead/internal/cluster/agent/process"
)

// run starts what the master hands over; see Run.
func (a *Agent) run(info mesos.FrameworkInfo, ex *mesos.ExecutorInfo, tasks []mesos.TaskInfo, group bool) {
	fw := a.framework(info)
	switch {
	case a.closing || fw.ending: // nobody is left to hear of it
	case ex == nil:
		for i := range tasks {
			a.runUnder(fw, commandExecutor(info, &tasks[i]), newUnit(tasks[i:i+1], false), true)
		}
	case group:
		a.runUnder(fw, *ex, newUnit(tasks, true), false)
	default:
		for i := range tasks {
			a.runUnder(fw, *ex, newUnit(tasks[i:i+1], false), false)
		}
	}
	a.retireFramework(fw)
}

func newUnit(infos []mesos.TaskInfo, group bool) *unit {
	u := &unit{group: group}
	for _, info := range infos {
		u.tasks = append(u.tasks, &task{info: info, unit: u, queued: true, state: mesos.TASK_STAGING})
	}
	return u
}

// framework returns the record of a framework, with the newest info; one that
// was completed comes back with its past.
func (a *Agent) framework(info mesos.FrameworkInfo) *framework {
	id := info.ID.GetValue()
	if fw := a.frameworks[id]; fw != nil {
		fw.info = info
		return fw
	}
	fw := &framework{info: info}
	for i, old := range a.completed {
		if old.id() == id && !old.ending {
			fw.completed = old.completed
			a.completed = append(a.completed[:i:i], a.completed[i+1:]...)
			break
		}
	}
	a.frameworks[id] = fw
	return fw
}

// runUnder gives a unit to its executor, which is started if need be.
func (a *Agent) runUnder(fw *framework, info mesos.ExecutorInfo, u *unit, command bool) {
	e := fw.executor(info.ExecutorID.Value)
	if why := refusal(u); why != "" {
		if e == nil {
			a.neverStarted(fw, info.ExecutorID, command)
		}
		a.dropUnit(fw, u, mesos.REASON_GC_ERROR, why)
		return
	}
	if e == nil {
		var err error
		if e, err = a.startExecutor(fw, info, u, command); err != nil {
			a.neverStarted(fw, info.ExecutorID, command)
			a.dropUnit(fw, u, mesos.REASON_EXECUTOR_TERMINATED, err.Error())
			return
		}
	}
	switch e.state {
	case terminating, terminated:
		a.dropUnit(fw, u, mesos.REASON_EXECUTOR_TERMINATED, "Executor "+stateName(e.state))
	case registering, running:
		if err := a.linkTasks(e, u); err != nil {
			a.dropUnit(fw, u, mesos.REASON_CONTAINER_UPDATE_FAILED, err.Error())
			return
		}
		e.tasks = append(e.tasks, u.tasks...)
		if e.state == running {
			e.deliver(u)
		}
	}
}

// linkTasks links the volumes of tasks into the sandbox they run in. Tasks of
// the default executor have sandboxes of their own, made later.
func (a *Agent) linkTasks(e *runningExecutor, u *unit) error {
	if e.info.Type == mesos.ExecutorInfo_DEFAULT {
		return nil
	}
	for _, t := range u.tasks {
		if err := a.linkPersistent(e.dir, t.info.Resources, e.account); err != nil {
			return err
		}
	}
	return nil
}

func stateName(s executorState) string {
	return [...]string{"registering", "running", "terminating", "terminated"}[s]
}

// neverStarted tells the master, which counts the executor as started, of its
// end.
func (a *Agent) neverStarted(fw *framework, id mesos.ExecutorID, command bool) {
	if !command {
		a.up.ExecutorExited(fw.id(), id.Value, -1)
	}
}

func (a *Agent) dropUnit(fw *framework, u *unit, reason mesos.TaskStatus_Reason, why string) {
	for _, t := range u.tasks {
		a.drop(fw, t.info.TaskID, reason, why)
	}
}

// deliver hands a unit to a running executor.
func (e *runningExecutor) deliver(u *unit) {
	infos := make([]mesos.TaskInfo, len(u.tasks))
	for i, t := range u.tasks {
		t.queued = false
		infos[i] = t.info
		if u.group && infos[i].Executor == nil {
			info := e.info
			infos[i].Executor = &info
		}
	}
	if u.group {
		e.send(&executor.Event{Type: executor.Event_LAUNCH_GROUP, LaunchGroup: &executor.Event_LaunchGroup{
			TaskGroup: mesos.TaskGroupInfo{Tasks: infos},
		}})
		return
	}
	e.send(&executor.Event{Type: executor.Event_LAUNCH, Launch: &executor.Event_Launch{Task: infos[0]}})
}

// deliverQueued hands over what waited for the subscription, in order.
func (e *runningExecutor) deliverQueued() {
	for _, t := range e.tasks {
		if t.queued {
			e.deliver(t.unit)
		}
	}
}

// commandExecutor describes the executor of a command task the way a real
// agent does, for those who ask for the agent's state.
func commandExecutor(fw mesos.FrameworkInfo, t *mesos.TaskInfo) mesos.ExecutorInfo {
	shown := t.GetCommand().GetValue()
	if t.GetCommand().GetShell() {
		shown = "sh -c '" + shown + "'"
	}
	if len(shown) > 15+len("sh -c ''") {
		shown, _ = strings.CutSuffix(shown, "'")
		shown = shown[:12+len("sh -c '")] + "...'"
	}
	name := fmt.Sprintf("Command Executor (Task: %s) (Command: %s)", t.TaskID.Value, shown)
	source := t.TaskID.Value
	return mesos.ExecutorInfo{
		ExecutorID:  mesos.ExecutorID{Value: t.TaskID.Value},
		FrameworkID: fw.ID,
		Name:        &name,
		Source:      &source,
		Command:     &mesos.CommandInfo{User: t.GetCommand().User},
		Container:   t.Container,
		Labels:      t.Labels,
		Discovery:   t.Discovery,
	}
}

// startExecutor makes the sandbox and starts the executor, or the agent's own
// one, in it.
func (a *Agent) startExecutor(fw *framework, info mesos.ExecutorInfo, u *unit, command bool) (*runningExecutor, error) {
	user := info.GetCommand().GetUser()
	if user == "" {
		user = fw.info.User
	}
	if info.FrameworkID == nil {
		info.FrameworkID = fw.info.ID
	}
	e := &runningExecutor{
		fw: fw, info: info, id: info.ExecutorID.Value, command: command, containerID: uuid.NewString(),
	}
	if err := a.makeSandbox(e, user); err != nil {
		return nil, err
	}
	if err := a.linkTasks(e, u); err != nil {
		return nil, err
	}
	fw.executors = append(fw.executors, e)
	ctx, destroy := context.WithCancel(context.Background())
	e.destroy = destroy
	e.registration = a.after(a.cfg.RegistrationTimeout, func() { a.registrationTimeout(e) })
	a.log.Info("starting executor", zap.String("executor", e.id), zap.String("container", e.containerID))
	if e.builtIn() {
		a.startBuiltin(ctx, e, u)
	} else {
		a.startProcess(ctx, e)
	}
	return e, nil
}

// after has the loop do something later. Stopping the timer may come too late,
// so what is done must check that it still applies.
func (a *Agent) after(d time.Duration, do func()) *time.Timer {
	return time.AfterFunc(d, func() { a.post(do) })
}

// startProcess runs an executor's command.
func (a *Agent) startProcess(ctx context.Context, e *runningExecutor) {
	c := command{
		containerID: e.containerID, dir: e.dir, account: e.account,
		info: e.info.Command, container: e.info.Container,
		env:     environment(a.executorVariables(e), e.info.Command),
		started: func(p *process.Process) { a.post(func() { e.process = p }) },
	}
	a.watch(e, func() (int, error) { return a.contain(ctx, c) })
}

// watch runs a container to its end and closes the executor's books then.
func (a *Agent) watch(e *runningExecutor, contain func() (int, error)) {
	a.running.Add(1)
	go func() {
		defer a.running.Done()
		status, err := contain()
		e.destroy()
		a.post(func() { a.executorExited(e, status, err) })
	}()
}

// registrationTimeout ends an executor that hasn't subscribed.
func (a *Agent) registrationTimeout(e *runningExecutor) {
	if e.state != registering {
		return
	}
	e.state = terminating
	e.ending = &verdict{
		state: mesos.TASK_FAILED, reason: mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
		message: "Executor did not register within " + formatDuration(a.cfg.RegistrationTimeout),
	}
	e.destroy()
}
