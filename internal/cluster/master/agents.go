package master

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap"

	"fairlead/internal/cluster/wire"
)

// agent is what the master knows of one agent.
type agent struct {
	port Agent
	id   string
	info mesos.AgentInfo

	total wire.Resources // with the reservations and volumes made since
	free  wire.Resources // neither offered nor used

	away map[string][]*executor // by framework, while the agent is unreachable

	presence    presence
	deactivated bool // by the operator
	since       time.Time
	returned    time.Time // last reregistration, zero if none
	lost        time.Time // when it became unreachable or gone
	sequence    int
}

// presence is whether the master hears of an agent.
type presence int

const (
	registered presence = iota
	unreachable
	gone    // marked by the operator; never comes back
	removed // shut down in order; its id is not used again either
)

// offered reports whether the agent's resources may be offered.
func (a *agent) offered() bool { return a.presence == registered && !a.deactivated }

// NewAgentID names the next agent, as a master does at registration.
func (m *Master) NewAgentID() (id string, err error) {
	err = m.do(func() {
		id = fmt.Sprintf("%s-S%d", m.id, m.sequence.agent)
		m.sequence.agent++
	})
	return id, err
}

// AddAgent registers an agent under the id in its Info, or takes an
// unreachable one back. An agent marked gone is refused.
func (m *Master) AddAgent(port Agent) error {
	var refused error
	err := m.do(func() { refused = m.register(port) })
	if err != nil {
		return err
	}
	return refused
}

func (m *Master) register(port Agent) error {
	info := port.Info()
	id := info.ID.GetValue()
	known := m.agents[id]
	switch {
	case known == nil:
	case known.presence == gone || known.presence == removed:
		return fmt.Errorf("agent %s has been removed for good", id)
	case known.presence == unreachable:
		m.takeBack(known)
		return nil
	default:
		return fmt.Errorf("agent %s is registered already", id)
	}
	total := wire.NewResources(info.Resources...)
	for _, r := range info.Resources {
		if err := wire.Validate(r); err != nil {
			return err
		}
	}
	a := &agent{
		port: port, id: id, info: info, total: total, free: total,
		away: map[string][]*executor{}, since: time.Now(), sequence: len(m.agents),
	}
	m.agents[id] = a
	if err := m.updateTotal(); err != nil {
		return err
	}
	m.counters.add("master/slave_registrations", 1)
	m.log.Info("agent registered", zap.String("agent", id), zap.Stringer("resources", total))
	m.publishAgentAdded(a)
	m.allocateSoon()
	return nil
}

func (m *Master) updateTotal() error {
	var all []wire.Resources
	for _, a := range m.agents {
		if a.presence == registered {
			all = append(all, a.total)
		}
	}
	return m.order.setTotal(all)
}

// sortedAgents lists all agents in the order of registration.
func (s *state) sortedAgents() []*agent {
	return slices.SortedFunc(maps.Values(s.agents), func(a, b *agent) int {
		return cmp.Compare(a.sequence, b.sequence)
	})
}

// MarkUnreachable tells the master that an agent is no longer heard of, as if
// it had missed its pings: its tasks become UNREACHABLE (LOST), its offers are
// rescinded. AddAgent brings it back.
func (m *Master) MarkUnreachable(id string) error {
	return m.lose(id, unreachable, func(*agent) loss {
		return loss{mesos.TASK_UNREACHABLE, mesos.REASON_AGENT_REMOVED, "health check timed out"}
	})
}

// RemoveAgent tells the master that an agent shut down in order: its tasks are
// LOST, even to frameworks that know finer states, and it never comes back
// under its id.
func (m *Master) RemoveAgent(id string) error {
	return m.lose(id, removed, func(a *agent) loss {
		return loss{mesos.TASK_LOST, mesos.REASON_AGENT_REMOVED,
			fmt.Sprintf("Agent %s removed: the agent unregistered", a.info.Hostname)}
	})
}

// loss is what the tasks of a lost agent are told.
type loss struct {
	state   mesos.TaskState
	reason  mesos.TaskStatus_Reason
	message string
}

func (m *Master) lose(id string, how presence, why func(*agent) loss) error {
	var refused error
	err := m.do(func() {
		a := m.agents[id]
		if a == nil || a.presence != registered {
			refused = fmt.Errorf("agent %s is not registered", id)
			return
		}
		m.loseAgent(a, how, why(a))
	})
	if err != nil {
		return err
	}
	return refused
}

// loseAgent takes an agent out of the cluster: updates for its tasks, then
// RESCINDs, then FAILURE to every framework, in this order.
func (m *Master) loseAgent(a *agent, how presence, why loss) {
	a.presence, a.lost = how, time.Now()
	for _, f := range m.sortedFrameworks() {
		for _, t := range sortedTasks(f.tasks) {
			if t.AgentID.Value == a.id {
				m.loseTask(f, t, a, why)
			}
		}
		m.dropExecutors(f, a)
	}
	m.rescindAll(a)
	for _, f := range m.sortedFrameworks() {
		m.send(f, &scheduler.Event{
			Type:    scheduler.Event_FAILURE,
			Failure: &scheduler.Event_Failure{AgentID: &mesos.AgentID{Value: a.id}},
		})
	}
	a.free = a.total
	if err := m.updateTotal(); err != nil {
		m.log.Error("total of the cluster", zap.Error(err))
	}
	m.counters.add("master/slave_removals", 1)
	m.publishAgentRemoved(a)
	m.log.Info("agent lost", zap.String("agent", a.id), zap.String("why", why.message))
}

// loseTask moves a task of a lost agent out of the live ones and says so.
func (m *Master) loseTask(f *framework, t *task, a *agent, why loss) {
	m.release(t)
	delete(f.tasks, t.id())
	if terminal(t.latest) { // ended already; only its acknowledgement was missing
		f.completed = bounded(append(f.completed, t), maxCompletedTasks)
		return
	}
	status := m.masterStatus(f, t.TaskID, why.state, why.reason)
	status.AgentID, status.ExecutorID = &t.AgentID, t.ExecutorID
	status.Message = &why.message
	if why.state == mesos.TASK_UNREACHABLE {
		status.UnreachableTime = timeInfo(a.lost)
		f.unreachable = bounded(append(f.unreachable, t), maxUnreachableTasks)
	} else {
		f.completed = bounded(append(f.completed, t), maxCompletedTasks)
	}
	m.record(t, status)
	m.sendUpdate(f, status)
}

func (m *Master) dropExecutors(f *framework, a *agent) {
	for _, e := range f.sortedExecutors() {
		if e.agent != a {
			continue
		}
		m.removeExecutor(f, e)
		if a.presence == unreachable {
			a.away[f.id] = append(a.away[f.id], e)
		}
	}
}

// takeBack lets an unreachable agent return: tasks that still run there are
// live again, and each framework hears of their present states.
func (m *Master) takeBack(a *agent) {
	a.presence, a.returned = registered, time.Now()
	a.free = a.total
	if err := m.updateTotal(); err != nil {
		m.log.Error("total of the cluster", zap.Error(err))
	}
	m.counters.add("master/slave_reregistrations", 1)
	for _, f := range m.sortedFrameworks() {
		m.takeBackExecutors(f, a)
		m.takeBackTasks(f, a)
		a.port.FrameworkSubscribed(f.id)
	}
	for _, f := range m.completed { // removed while the agent was away
		a.port.ShutdownFramework(f.id)
	}
	m.publishAgentAdded(a)
	m.allocateSoon()
}

func (m *Master) takeBackTasks(f *framework, a *agent) {
	var still []*task
	for _, t := range f.unreachable {
		if t.AgentID.Value != a.id {
			still = append(still, t)
			continue
		}
		f.tasks[t.id()] = t
		if !terminal(t.latest) {
			m.occupy(t, a)
		}
		status := m.masterStatus(f, t.TaskID, t.latest, mesos.REASON_AGENT_REREGISTERED)
		status.AgentID, status.ExecutorID = &t.AgentID, t.ExecutorID
		status.Message = text("Unreachable agent re-reregistered")
		m.record(t, status)
		m.sendUpdate(f, status)
	}
	f.unreachable = still
}

// takeBackExecutors restores the executors that did not exit meanwhile.
func (m *Master) takeBackExecutors(f *framework, a *agent) {
	for _, e := range a.away[f.id] {
		m.addExecutor(f, e)
	}
	delete(a.away, f.id)
}
