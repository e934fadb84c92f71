package master

import (
	"go.uber.org/zap"

	"fairlead/internal/cluster/wire"
)

// The books of an agent are its free resources; everything else of its total
// is on an offer, held by a task or held by an executor. Each amount that
// leaves the free ones is charged to a framework's place in the order, and
// refunded when it comes back. As long as an agent is away, what was on it is
// charged to nobody.

// claim takes resources (allocated to role) for a framework.
func (m *Master) claim(f *framework, a *agent, role string, rs wire.Resources) {
	a.free = a.free.Minus(rs.Unallocate()...)
	if err := m.order.charge(f.id, role, rs); err != nil {
		m.log.Error("charge", zap.String("framework", f.id), zap.Error(err))
	}
}

// giveBack returns resources to their agent.
func (m *Master) giveBack(f *framework, a *agent, role string, rs wire.Resources) {
	m.order.refund(f.id, role, rs)
	a.free = a.free.Plus(rs.Unallocate()...)
}

// occupy claims the resources of a task that comes back with its agent.
func (m *Master) occupy(t *task, a *agent) {
	if !t.holds {
		m.claim(t.framework, a, t.role, t.resources)
		t.holds = true
	}
}

// release gives back what a task holds; doing it twice is harmless.
func (m *Master) release(t *task) {
	if !t.holds {
		return
	}
	t.holds = false
	m.giveBack(t.framework, m.agents[t.AgentID.Value], t.role, t.resources)
}

// addExecutor enters an executor that comes back with its agent.
func (m *Master) addExecutor(f *framework, e *executor) {
	f.executors[executorKey{e.agent.id, e.info.ExecutorID.Value}] = e
	m.claim(f, e.agent, e.role, e.resources)
}

// removeExecutor takes an executor out of the books and frees its resources.
func (m *Master) removeExecutor(f *framework, e *executor) {
	delete(f.executors, executorKey{e.agent.id, e.info.ExecutorID.Value})
	m.giveBack(f, e.agent, e.role, e.resources)
}
