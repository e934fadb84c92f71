package master

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// launch is LAUNCH: each task on its own, run or refused, except that one
// malformed resource refuses all of them.
func (m *Master) launch(a *acceptance, op *mesos.Offer_Operation) {
	tasks := op.Launch.TaskInfos
	fault := operationIDFault(op)
	for i := range tasks {
		if fault == nil {
			fault = a.adoptTask(&tasks[i])
		}
	}
	for _, t := range tasks {
		completeTask(a.framework, &t)
		err := fault
		if err == nil {
			err = m.taskFault(a, &t)
		}
		if err != nil {
			m.refuseTask(a.framework, t, refused{mesos.TASK_ERROR, mesos.REASON_TASK_INVALID, err.Error()})
			continue
		}
		m.start(a, t.Executor, []mesos.TaskInfo{t}, false)
	}
}

// completeTask fills in what LAUNCH, unlike LAUNCH_GROUP, lets a framework
// leave out.
func completeTask(f *framework, t *mesos.TaskInfo) {
	if t.Executor != nil && t.Executor.FrameworkID == nil {
		t.Executor.FrameworkID = &mesos.FrameworkID{Value: f.id}
	}
	check := t.HealthCheck
	if check == nil || check.Type != mesos.HealthCheck_UNKNOWN {
		return
	}
	switch {
	case check.Command != nil && check.HTTP == nil:
		check.Type = mesos.HealthCheck_COMMAND
	case check.HTTP != nil && check.Command == nil:
		check.Type = mesos.HealthCheck_HTTP
	}
}

// launchGroup is LAUNCH_GROUP: all tasks or none. An empty group passes and
// does nothing, as in Mesos.
func (m *Master) launchGroup(a *acceptance, op *mesos.Offer_Operation) {
	group := op.LaunchGroup
	tasks := group.TaskGroup.Tasks
	err := operationIDFault(op)
	if err == nil {
		err = m.adoptGroup(a, group)
	}
	if err == nil {
		err = m.groupFault(a, group)
	}
	if err != nil {
		for _, t := range tasks {
			m.refuseTask(a.framework, t, refused{mesos.TASK_ERROR, mesos.REASON_TASK_GROUP_INVALID, err.Error()})
		}
		return
	}
	if len(tasks) > 0 {
		m.start(a, &group.Executor, tasks, true)
	}
}

// adoptGroup prepares resources and gives each task the group's executor.
func (m *Master) adoptGroup(a *acceptance, group *mesos.Offer_Operation_LaunchGroup) error {
	if err := a.adoptExecutor(&group.Executor); err != nil {
		return err
	}
	for i := range group.TaskGroup.Tasks {
		t := &group.TaskGroup.Tasks[i]
		if err := a.adoptTask(t); err != nil {
			return err
		}
		if t.Executor == nil {
			executor := group.Executor
			t.Executor = &executor
		}
	}
	return nil
}

// start books valid tasks, with their executor if it is new, and hands them to
// the agent. A nil executor makes a command task. What they use was claimed
// when it was offered, and stays claimed.
func (m *Master) start(a *acceptance, info *mesos.ExecutorInfo, tasks []mesos.TaskInfo, group bool) {
	f := a.framework
	if info != nil && f.executors[executorKey{a.agent.id, info.ExecutorID.Value}] == nil {
		e := &executor{
			info: *info, agent: a.agent, role: a.role, sequence: m.nextTask(),
			resources: wire.NewResources(info.Resources...),
		}
		a.left = a.left.Minus(e.resources...)
		f.executors[executorKey{a.agent.id, info.ExecutorID.Value}] = e
	}
	for i := range tasks {
		t := m.newTask(a, &tasks[i])
		t.holds = true
		a.left = a.left.Minus(t.resources...)
		f.tasks[t.id()] = t
		m.publishTaskAdded(t)
	}
	m.counters.add("master/messages_launch_tasks", 1)
	a.agent.port.Run(f.info, info, tasks, group)
}

func (m *Master) nextTask() int {
	m.sequence.task++
	return m.sequence.task
}

// newTask makes the record of a launched task.
func (m *Master) newTask(a *acceptance, info *mesos.TaskInfo) *task {
	t := &task{
		framework: a.framework, role: a.role, sequence: m.nextTask(), latest: mesos.TASK_STAGING,
		resources: wire.NewResources(info.Resources...),
	}
	t.Task = mesos.Task{
		Name: info.Name, TaskID: info.TaskID, AgentID: info.AgentID,
		FrameworkID: mesos.FrameworkID{Value: a.framework.id},
		State:       mesos.TASK_STAGING.Enum(), Resources: t.resources,
		Labels: info.Labels, Discovery: info.Discovery, Container: info.Container,
		HealthCheck: info.HealthCheck, KillPolicy: info.KillPolicy, User: userOf(a.framework, info),
	}
	if info.Executor != nil {
		id := info.Executor.ExecutorID
		t.ExecutorID = &id
	}
	return t
}

// userOf is the account a task runs under, where it is not the framework's.
func userOf(f *framework, info *mesos.TaskInfo) *string {
	switch {
	case info.Command.GetUser() != "":
		return info.Command.User
	case info.Executor.GetCommand().GetUser() != "":
		return info.Executor.Command.User
	}
	return nil
}
