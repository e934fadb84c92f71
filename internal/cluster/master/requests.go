package master

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// kill forwards a KILL to the task's agent. A task the master does not hold as
// live is answered like an explicit reconciliation of it.
func (m *Master) kill(f *framework, call *scheduler.Call_Kill) {
	m.counters.add("master/messages_kill_task", 1)
	t := f.tasks[call.TaskID.Value]
	if t == nil {
		m.reconcileTask(f, call.TaskID, m.whereabouts(f, call.TaskID, call.AgentID))
		return
	}
	if call.AgentID != nil && *call.AgentID != t.AgentID {
		return // as in Mesos: ignored
	}
	m.agents[t.AgentID.Value].port.Kill(f.id, t.id(), call.KillPolicy)
}

// whereabouts adds the agent of an unreachable task to a KILL without one: a
// real master answers UNREACHABLE even then.
func (m *Master) whereabouts(f *framework, id mesos.TaskID, given *mesos.AgentID) *mesos.AgentID {
	for _, t := range f.unreachable {
		if given == nil && t.TaskID == id {
			return &t.AgentID
		}
	}
	return given
}

// shutdown asks an agent to end an executor. An unknown agent is ignored.
func (m *Master) shutdown(f *framework, call *scheduler.Call_Shutdown) {
	if a := m.agents[call.AgentID.Value]; a != nil && a.presence == registered {
		a.port.ShutdownExecutor(f.id, call.ExecutorID.Value)
	}
}

// message hands data to an executor, best effort.
func (m *Master) message(f *framework, call *scheduler.Call_Message) {
	m.counters.add("master/messages_framework_to_executor", 1)
	if a := m.agents[call.AgentID.Value]; a != nil && a.presence == registered {
		a.port.Message(f.id, call.ExecutorID.Value, call.Data)
	}
}

// reconcile answers with the state last told of each task asked for, or of
// every live task if none is named.
func (m *Master) reconcile(f *framework, call *scheduler.Call_Reconcile) {
	m.counters.add("master/messages_reconcile_tasks", 1)
	if len(call.Tasks) == 0 {
		for _, t := range sortedTasks(f.tasks) {
			m.reconcileKnown(f, t)
		}
		return
	}
	for _, asked := range call.Tasks {
		if t := f.tasks[asked.TaskID.Value]; t != nil {
			m.reconcileKnown(f, t)
		} else {
			m.reconcileTask(f, asked.TaskID, asked.AgentID)
		}
	}
}

func (m *Master) reconcileKnown(f *framework, t *task) {
	state := mesos.TASK_STAGING
	if t.StatusUpdateState != nil {
		state = *t.StatusUpdateState
	}
	status := m.masterStatus(f, t.TaskID, state, mesos.REASON_RECONCILIATION)
	status.AgentID, status.ExecutorID = &t.AgentID, t.ExecutorID
	status.Message = text("Reconciliation: Latest task state")
	if last := len(t.Statuses) - 1; last >= 0 {
		told := t.Statuses[last]
		status.Healthy, status.CheckStatus, status.ContainerStatus = told.Healthy, told.CheckStatus, told.ContainerStatus
		if status.ExecutorID == nil {
			status.ExecutorID = told.ExecutorID
		}
	}
	m.sendUpdate(f, status)
}

// reconcileTask answers for a task the master does not hold as live, by what
// is known of the agent that is named.
func (m *Master) reconcileTask(f *framework, id mesos.TaskID, on *mesos.AgentID) {
	state, message := mesos.TASK_UNKNOWN, "Reconciliation: Task is unknown"
	a := m.agents[on.GetValue()]
	if a != nil {
		switch a.presence {
		case registered:
			state, message = mesos.TASK_GONE, "Reconciliation: Task is unknown to the agent"
		case unreachable:
			state, message = mesos.TASK_UNREACHABLE, "Reconciliation: Task is unreachable"
		case gone:
			state, message = mesos.TASK_GONE_BY_OPERATOR, "Reconciliation: Task is gone"
		}
	}
	status := m.masterStatus(f, id, state, mesos.REASON_RECONCILIATION)
	status.AgentID, status.Message = on, &message
	if state == mesos.TASK_UNREACHABLE {
		status.UnreachableTime = timeInfo(a.lost)
	}
	m.sendUpdate(f, status)
}

// reconcileOperations answers for operations named. None has an id here (ids
// are refused), so every one is unknown, and an empty list names none.
func (m *Master) reconcileOperations(f *framework, call *scheduler.Call_ReconcileOperations) {
	for _, asked := range call.Operations {
		state := mesos.OPERATION_UNKNOWN
		if a := m.agents[asked.AgentID.GetValue()]; a != nil {
			switch a.presence {
			case unreachable:
				state = mesos.OPERATION_UNREACHABLE
			case gone:
				state = mesos.OPERATION_GONE_BY_OPERATOR
			}
		}
		id := asked.OperationID
		m.sendOperation(f, mesos.OperationStatus{
			OperationID: &id, State: state, AgentID: asked.AgentID,
			Message: text("Reconciliation: Operation is unknown"),
		})
	}
}

func (m *Master) sendOperation(f *framework, status mesos.OperationStatus) {
	m.send(f, &scheduler.Event{
		Type:                  scheduler.Event_UPDATE_OPERATION_STATUS,
		UpdateOperationStatus: &scheduler.Event_UpdateOperationStatus{Status: status},
	})
}
