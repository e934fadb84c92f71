package master

import (
	"bytes"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap"
)

// Update is what an agent reports of a task: the status that is the
// framework's turn to see, and the newest state the agent knows, which may be
// ahead of it.
type Update struct {
	FrameworkID string
	Status      mesos.TaskStatus
	Latest      mesos.TaskState
}

// StatusUpdate receives an update, or a repeat of one, from an agent.
func (m *Master) StatusUpdate(agentID string, u Update) {
	m.inbox.post(func() { m.update(agentID, u) })
}

// update books an update and forwards it. While an agent counts as
// unreachable, what it says is noted and not forwarded: it repeats what is not
// acknowledged once it is back.
func (m *Master) update(agentID string, u Update) {
	a, f := m.agents[agentID], m.frameworks[u.FrameworkID]
	if a == nil || f == nil || a.presence == gone || a.presence == removed {
		m.counters.add("master/invalid_status_updates", 1)
		return
	}
	if a.presence == unreachable {
		for _, t := range f.unreachable {
			if t.TaskID == u.Status.TaskID && t.AgentID.Value == agentID {
				t.latest = u.Latest
			}
		}
		return
	}
	m.counters.add("master/valid_status_updates", 1)
	u.Status.AgentID = &mesos.AgentID{Value: agentID}
	u.Status.State = f.state(u.Status.GetState()).Enum()
	if t := f.tasks[u.Status.TaskID.Value]; t != nil && t.AgentID.Value == agentID {
		t.latest = f.state(u.Latest)
		m.record(t, u.Status)
		if terminal(t.latest) {
			m.release(t)
		}
	}
	m.sendUpdate(f, u.Status)
}

// record notes in a task what its framework is told, for reconciliation,
// state endpoints and operators.
func (m *Master) record(t *task, status mesos.TaskStatus) {
	if len(status.UUID) > 0 && bytes.Equal(status.UUID, t.StatusUpdateUUID) {
		t.State = t.latest.Enum() // a repeat can carry a newer latest state
		return
	}
	t.StatusUpdateState, t.StatusUpdateUUID = status.State, status.UUID
	if len(status.UUID) == 0 && !terminal(t.latest) && terminal(status.GetState()) {
		t.latest = status.GetState()
	}
	shown := t.latest
	if status.GetState() == mesos.TASK_UNREACHABLE || status.GetState() == mesos.TASK_LOST && !terminal(t.latest) {
		shown = status.GetState()
	}
	t.State = shown.Enum()
	noted := status
	noted.Data, noted.Message = nil, nil // may be large; Mesos drops data too
	if last := len(t.Statuses) - 1; last >= 0 && t.Statuses[last].GetState() == status.GetState() {
		t.Statuses[last] = noted
	} else {
		t.Statuses = append(t.Statuses, noted)
	}
	m.countState(t, status)
	m.publishTaskUpdated(t, status)
}

func (m *Master) countState(t *task, status mesos.TaskStatus) {
	if s := status.GetState(); terminal(s) {
		m.counters.add("master/tasks_"+shortState(s), 1)
		t.framework.counters.add("tasks/terminal/"+lower(s), 1)
	}
}

// sendUpdate forwards a status to its framework.
func (m *Master) sendUpdate(f *framework, status mesos.TaskStatus) {
	m.counters.add("master/messages_status_update", 1)
	m.send(f, &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: status}})
}

// masterStatus begins a status of the master's own: without uuid, so that
// nobody acknowledges it.
func (m *Master) masterStatus(f *framework, id mesos.TaskID, state mesos.TaskState, reason mesos.TaskStatus_Reason) mesos.TaskStatus {
	now := seconds(time.Now())
	return mesos.TaskStatus{
		TaskID: id, State: f.state(state).Enum(), Source: mesos.SOURCE_MASTER.Enum(),
		Reason: reason.Enum(), Timestamp: &now,
	}
}

// acknowledge releases a task whose last update is acknowledged and tells the
// agent, which then sends the next update. Unknown tasks, agents and uuids
// have no effect.
func (m *Master) acknowledge(f *framework, call *scheduler.Call_Acknowledge) {
	a := m.agents[call.AgentID.Value]
	if a == nil || a.presence != registered {
		m.counters.add("master/invalid_status_update_acknowledgements", 1)
		return
	}
	m.counters.add("master/valid_status_update_acknowledgements", 1)
	t := f.tasks[call.TaskID.Value]
	if t != nil && t.AgentID.Value == a.id && terminal(lastTold(t)) &&
		bytes.Equal(t.StatusUpdateUUID, call.UUID) {
		m.release(t)
		delete(f.tasks, t.id())
		f.completed = bounded(append(f.completed, t), maxCompletedTasks)
	}
	a.port.Acknowledge(f.id, call.TaskID.Value, call.UUID)
}

// ExecutorExit is the end of an executor.
type ExecutorExit struct {
	AgentID, FrameworkID, ExecutorID string

	WaitStatus int // raw: exit code << 8, or the signal
}

// ExecutorExited receives the end of an executor. FAILURE goes out before the
// updates of its tasks, as in Mesos; command tasks have no executor that a
// framework knows of.
func (m *Master) ExecutorExited(e ExecutorExit) { m.inbox.post(func() { m.executorExited(e) }) }

func (m *Master) executorExited(exit ExecutorExit) {
	a, f := m.agents[exit.AgentID], m.frameworks[exit.FrameworkID]
	if a == nil || f == nil {
		return
	}
	a.forgetAway(exit.FrameworkID, exit.ExecutorID)
	e := f.executors[executorKey{exit.AgentID, exit.ExecutorID}]
	if e == nil {
		return
	}
	m.removeExecutor(f, e)
	m.log.Info("executor exited", zap.String("framework", f.id), zap.String("executor", exit.ExecutorID),
		zap.Int("wait_status", exit.WaitStatus))
	status := int32(exit.WaitStatus)
	m.send(f, &scheduler.Event{
		Type: scheduler.Event_FAILURE,
		Failure: &scheduler.Event_Failure{
			AgentID: &mesos.AgentID{Value: a.id}, ExecutorID: &e.info.ExecutorID, Status: &status,
		},
	})
}

// forgetAway forgets an executor that exited while its agent was unreachable.
func (a *agent) forgetAway(frameworkID, executorID string) {
	var left []*executor
	for _, e := range a.away[frameworkID] {
		if e.info.ExecutorID.Value != executorID {
			left = append(left, e)
		}
	}
	if len(left) > 0 {
		a.away[frameworkID] = left
	} else {
		delete(a.away, frameworkID)
	}
}

// ExecutorMessage receives a message of an executor for its framework.
func (m *Master) ExecutorMessage(agentID, frameworkID, executorID string, data []byte) {
	m.inbox.post(func() {
		a, f := m.agents[agentID], m.frameworks[frameworkID]
		if a == nil || f == nil || a.presence != registered {
			return
		}
		m.counters.add("master/messages_executor_to_framework", 1)
		m.send(f, &scheduler.Event{
			Type: scheduler.Event_MESSAGE,
			Message: &scheduler.Event_Message{
				AgentID: mesos.AgentID{Value: agentID}, ExecutorID: mesos.ExecutorID{Value: executorID}, Data: data,
			},
		})
	})
}

// lastTold is the state the framework was told last; STAGING before the first.
func lastTold(t *task) mesos.TaskState {
	if t.StatusUpdateState == nil {
		return mesos.TASK_STAGING
	}
	return *t.StatusUpdateState
}
