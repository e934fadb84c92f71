package agent

import (
	"net"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"go.uber.org/zap"

	"fairlead/internal/cluster/wire"
)

// verdict is an end the agent declares for a task.
type verdict struct {
	state   mesos.TaskState
	reason  mesos.TaskStatus_Reason
	message string
	used    []mesos.Resource // what was over its limit, if that is the reason
}

// lost is the state of a task that never got to its executor: DROPPED, or LOST
// for frameworks that don't know the newer states.
func (f *framework) lost() mesos.TaskState {
	if f.has(mesos.FrameworkInfo_Capability_PARTITION_AWARE) {
		return mesos.TASK_DROPPED
	}
	return mesos.TASK_LOST
}

// receive handles an update of an executor. It is acknowledged in any case, so
// that the executor doesn't repeat what the agent won't take.
func (a *Agent) receive(e *runningExecutor, status mesos.TaskStatus) {
	a.complete(e, &status)
	id := status.TaskID.Value
	switch t := e.task(id); {
	case e.state == terminated:
	case a.updates.seen(e.fw.id(), id, status.UUID):
	case t != nil && (terminal(t.state) || t.queued && !terminal(status.GetState())):
		a.metrics.invalidUpdates++
		a.log.Warn("update is ignored", zap.String("task", id), zap.Stringer("state", status.GetState()))
	case t != nil:
		a.apply(e, t, status)
	case e.completedTask(id) != nil:
		// A repeat that came after the framework's acknowledgement: a real
		// agent has forgotten its uuid and hands it on again.
		a.updates.add(e.fw.id(), status)
	default:
		a.metrics.invalidUpdates++
	}
	e.send(&executor.Event{Type: executor.Event_ACKNOWLEDGED, Acknowledged: &executor.Event_Acknowledged{
		TaskID: status.TaskID, UUID: status.UUID,
	}})
}

// apply makes an update the task's state and hands it on.
func (a *Agent) apply(e *runningExecutor, t *task, status mesos.TaskStatus) {
	t.queued = false
	t.record(status)
	a.metrics.updated(t.state)
	if !e.fw.ending {
		a.updates.add(e.fw.id(), status)
	}
}

// complete fills in what the agent adds to an executor's update.
func (a *Agent) complete(e *runningExecutor, status *mesos.TaskStatus) {
	status.AgentID = &mesos.AgentID{Value: a.cfg.ID}
	status.ExecutorID = &mesos.ExecutorID{Value: e.id}
	if status.Timestamp == nil {
		status.Timestamp = now()
	}
	c := status.ContainerStatus
	if c == nil {
		c = &mesos.ContainerStatus{}
		status.ContainerStatus = c
	}
	if c.ContainerID == nil {
		c.ContainerID = &mesos.ContainerID{Value: e.containerID}
		if e.process != nil {
			c.ExecutorPID = pid(e.process.Pid())
		}
	}
	if len(c.NetworkInfos) == 0 && (c.ContainerID.Parent == nil || c.ExecutorPID != nil) {
		c.NetworkInfos = a.networkInfos()
	}
}

// networkInfos tells where a task can be reached: every container has the
// network of the host.
func (a *Agent) networkInfos() []mesos.NetworkInfo {
	host, _, _ := net.SplitHostPort(a.endpoint) // the endpoint is our own
	protocol := mesos.IPv4
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		protocol = mesos.IPv6
	}
	return []mesos.NetworkInfo{{IPAddresses: []mesos.NetworkInfo_IPAddress{{Protocol: &protocol, IPAddress: &host}}}}
}

// conclude ends a task with an update of the agent's own.
func (a *Agent) conclude(e *runningExecutor, t *task, v verdict) {
	status := a.ownStatus(t.info.TaskID, v)
	status.ExecutorID = &mesos.ExecutorID{Value: e.id}
	a.apply(e, t, status)
}

// drop refuses a task that has no executor here.
func (a *Agent) drop(fw *framework, id mesos.TaskID, reason mesos.TaskStatus_Reason, message string) {
	state := fw.lost()
	a.metrics.updated(state)
	a.updates.add(fw.id(), a.ownStatus(id, verdict{state: state, reason: reason, message: message}))
}

func (a *Agent) ownStatus(id mesos.TaskID, v verdict) mesos.TaskStatus {
	source := mesos.SOURCE_AGENT
	status := mesos.TaskStatus{
		TaskID: id, State: &v.state, Reason: &v.reason, Message: &v.message, Source: &source,
		AgentID: &mesos.AgentID{Value: a.cfg.ID}, UUID: wire.NewUUID(), Timestamp: now(),
	}
	if len(v.used) > 0 {
		status.Limitation = &mesos.TaskResourceLimitation{Resources: v.used}
	}
	return status
}

// acknowledge is the framework's word that it has an update.
func (a *Agent) acknowledge(frameworkID, taskID string, uuid []byte) {
	status, ok := a.updates.acknowledge(frameworkID, taskID, uuid)
	if !ok || !terminal(status.GetState()) {
		return
	}
	fw := a.frameworks[frameworkID]
	if fw == nil {
		return
	}
	e, t := fw.executorOf(taskID)
	if t == nil {
		return
	}
	for i := range e.tasks {
		if e.tasks[i] == t {
			e.tasks = append(e.tasks[:i:i], e.tasks[i+1:]...)
			break
		}
	}
	e.completed, _ = remember(e.completed, t, maxCompletedTasks)
	a.retire(e)
}

// now is the time in seconds, as statuses carry it.
func now() *float64 {
	t := float64(time.Now().UnixMicro()) / 1e6
	return &t
}

func pid(n int) *uint32 {
	p := uint32(n)
	return &p
}
