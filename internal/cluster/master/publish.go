package master

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// subscriber is one event stream of the operator API.
type subscriber struct{ out *outbox }

// publish sends an event to every operator.
func (m *Master) publish(event *master.Event) {
	for _, s := range m.subscribers {
		record, err := s.out.media.Marshal(event)
		if err == nil {
			s.out.put(record)
		}
	}
}

// watched reports whether anybody would see an event; views cost time.
func (m *Master) watched() bool { return len(m.subscribers) > 0 }

func (m *Master) publishAgentAdded(a *agent) {
	if !m.watched() {
		return
	}
	m.publish(&master.Event{
		Type: master.Event_AGENT_ADDED, AgentAdded: &master.Event_AgentAdded{Agent: m.viewAgent(a)},
	})
}

func (m *Master) publishAgentRemoved(a *agent) {
	m.publish(&master.Event{
		Type:         master.Event_AGENT_REMOVED,
		AgentRemoved: &master.Event_AgentRemoved{AgentID: mesos.AgentID{Value: a.id}},
	})
}

func (m *Master) publishFrameworkAdded(f *framework) {
	if !m.watched() {
		return
	}
	m.publish(&master.Event{
		Type:           master.Event_FRAMEWORK_ADDED,
		FrameworkAdded: &master.Event_FrameworkAdded{Framework: m.viewFramework(f)},
	})
}

func (m *Master) publishFrameworkUpdated(f *framework) {
	if !m.watched() {
		return
	}
	m.publish(&master.Event{
		Type:             master.Event_FRAMEWORK_UPDATED,
		FrameworkUpdated: &master.Event_FrameworkUpdated{Framework: m.viewFramework(f)},
	})
}

func (m *Master) publishFrameworkRemoved(f *framework) {
	m.publish(&master.Event{
		Type:             master.Event_FRAMEWORK_REMOVED,
		FrameworkRemoved: &master.Event_FrameworkRemoved{FrameworkInfo: f.info},
	})
}

func (m *Master) publishTaskAdded(t *task) {
	m.publish(&master.Event{Type: master.Event_TASK_ADDED, TaskAdded: &master.Event_TaskAdded{Task: t.Task}})
}

func (m *Master) publishTaskUpdated(t *task, status mesos.TaskStatus) {
	m.publish(&master.Event{
		Type: master.Event_TASK_UPDATED,
		TaskUpdated: &master.Event_TaskUpdated{
			FrameworkID: mesos.FrameworkID{Value: t.framework.id}, Status: status, State: t.State,
		},
	})
}
