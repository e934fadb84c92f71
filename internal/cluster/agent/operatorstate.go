package agent

import (
	"maps"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	operator "github.com/mesos/mesos-go/api/v1/lib/agent"
)

// everyExecutor visits all executors that are kept, those of the past last.
func (a *Agent) everyExecutor(live, past func(*runningExecutor)) {
	for _, id := range slices.Sorted(maps.Keys(a.frameworks)) {
		fw := a.frameworks[id]
		for _, e := range fw.executors {
			live(e)
		}
		for _, e := range fw.completed {
			past(e)
		}
	}
	for _, fw := range a.completed {
		for _, e := range fw.completed {
			past(e)
		}
	}
}

// getTasks lists tasks the way the operator API sorts them.
func (a *Agent) getTasks() *operator.Response_GetTasks {
	get := &operator.Response_GetTasks{}
	completed := func(e *runningExecutor) {
		for _, t := range e.completed {
			get.CompletedTasks = append(get.CompletedTasks, a.taskMessage(e, t))
		}
	}
	a.everyExecutor(func(e *runningExecutor) {
		for _, t := range e.tasks {
			m := a.taskMessage(e, t)
			switch {
			case t.queued:
				get.QueuedTasks = append(get.QueuedTasks, m)
			case terminal(t.state):
				get.TerminatedTasks = append(get.TerminatedTasks, m)
			default:
				get.LaunchedTasks = append(get.LaunchedTasks, m)
			}
		}
		completed(e)
	}, completed)
	return get
}

func (a *Agent) taskMessage(e *runningExecutor, t *task) mesos.Task {
	state := t.state
	m := mesos.Task{
		Name: t.info.Name, TaskID: t.info.TaskID, FrameworkID: mesos.FrameworkID{Value: e.fw.id()},
		AgentID: mesos.AgentID{Value: a.cfg.ID}, State: &state, Resources: t.info.Resources, Statuses: t.statuses,
		Labels: t.info.Labels, Discovery: t.info.Discovery, Container: t.info.Container,
		HealthCheck: t.info.HealthCheck, KillPolicy: t.info.KillPolicy,
	}
	if !e.command {
		m.ExecutorID = &mesos.ExecutorID{Value: e.id}
	}
	if n := len(t.statuses); n > 0 {
		m.StatusUpdateState = t.statuses[n-1].State
		m.StatusUpdateUUID = t.statuses[n-1].UUID
	}
	return m
}

func (a *Agent) getExecutors() *operator.Response_GetExecutors {
	get := &operator.Response_GetExecutors{}
	a.everyExecutor(func(e *runningExecutor) {
		get.Executors = append(get.Executors, operator.Response_GetExecutors_Executor{ExecutorInfo: e.info})
	}, func(e *runningExecutor) {
		get.CompletedExecutors = append(get.CompletedExecutors, operator.Response_GetExecutors_Executor{ExecutorInfo: e.info})
	})
	return get
}

func (a *Agent) getFrameworks() *operator.Response_GetFrameworks {
	get := &operator.Response_GetFrameworks{}
	for _, id := range slices.Sorted(maps.Keys(a.frameworks)) {
		get.Frameworks = append(get.Frameworks, operator.Response_GetFrameworks_Framework{FrameworkInfo: a.frameworks[id].info})
	}
	for _, fw := range a.completed {
		get.CompletedFrameworks = append(get.CompletedFrameworks, operator.Response_GetFrameworks_Framework{FrameworkInfo: fw.info})
	}
	return get
}

func (a *Agent) getMetrics() *operator.Response_GetMetrics {
	get := &operator.Response_GetMetrics{}
	values := a.measure()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := float64(values[name])
		get.Metrics = append(get.Metrics, mesos.Metric{Name: name, Value: &value})
	}
	return get
}

func (a *Agent) getContainers() *operator.Response_GetContainers {
	get := &operator.Response_GetContainers{}
	a.everyExecutor(func(e *runningExecutor) {
		if e.state == terminated {
			return
		}
		get.Containers = append(get.Containers, operator.Response_GetContainers_Container{
			FrameworkID: e.fw.info.ID, ExecutorID: &mesos.ExecutorID{Value: e.id}, ExecutorName: e.info.Name,
			ContainerID: mesos.ContainerID{Value: e.containerID}, ContainerStatus: e.containerStatus(),
		})
	}, func(*runningExecutor) {})
	return get
}
