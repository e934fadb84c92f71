package master

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"

	"fairlead/internal/cluster/wire"
)

// The views are the messages of the operator API, made from the state.

// endpointFormat writes resources in both formats at once: the stack of
// reservations and, where it has at most one level, role and reservation.
func endpointFormat(rs wire.Resources) []mesos.Resource {
	out := make([]mesos.Resource, len(rs))
	for i, r := range rs {
		out[i] = r
		if old, ok := wire.Downgrade(r); ok {
			out[i].Role, out[i].Reservation = old.Role, old.Reservation
		}
	}
	return out
}

// used are the resources that tasks and executors hold, by a filter.
func (m *Master) used(want func(f *framework, a *agent) bool) wire.Resources {
	var sum wire.Resources
	for _, f := range m.sortedFrameworks() {
		for _, t := range sortedTasks(f.tasks) {
			if t.holds && want(f, m.agents[t.AgentID.Value]) {
				sum = sum.Plus(t.resources...)
			}
		}
		for _, e := range f.sortedExecutors() {
			if want(f, e.agent) {
				sum = sum.Plus(e.resources...)
			}
		}
	}
	return sum
}

// offeredNow are the resources on outstanding offers, by a filter.
func (m *Master) offeredNow(want func(f *framework, a *agent) bool) wire.Resources {
	var sum wire.Resources
	for _, f := range m.sortedFrameworks() {
		for _, o := range f.sortedOffers() {
			if want(f, o.agent) {
				sum = sum.Plus(o.resources...)
			}
		}
	}
	return sum
}

func onAgent(a *agent) func(*framework, *agent) bool {
	return func(_ *framework, at *agent) bool { return at == a }
}

func ofFramework(f *framework) func(*framework, *agent) bool {
	return func(owner *framework, _ *agent) bool { return owner == f }
}

func (m *Master) viewAgent(a *agent) master.Response_GetAgents_Agent {
	view := master.Response_GetAgents_Agent{
		AgentInfo: a.info, Active: a.presence == registered && !a.deactivated, Deactivated: &a.deactivated,
		Version: version, PID: text(a.port.PID()), RegisteredTime: timeInfo(a.since),
		TotalResources:     endpointFormat(a.total),
		AllocatedResources: endpointFormat(m.used(onAgent(a))),
		OfferedResources:   endpointFormat(m.offeredNow(onAgent(a))),
		Capabilities:       agentCapabilities(),
	}
	deactivated := a.deactivated
	view.Deactivated = &deactivated
	if !a.returned.IsZero() {
		view.ReregisteredTime = timeInfo(a.returned)
	}
	return view
}

func agentCapabilities() []mesos.AgentInfo_Capability {
	return []mesos.AgentInfo_Capability{
		{Type: mesos.AgentInfo_Capability_MULTI_ROLE},
		{Type: mesos.AgentInfo_Capability_HIERARCHICAL_ROLE},
		{Type: mesos.AgentInfo_Capability_RESERVATION_REFINEMENT},
	}
}

func (m *Master) viewFramework(f *framework) master.Response_GetFrameworks_Framework {
	view := master.Response_GetFrameworks_Framework{
		FrameworkInfo: f.info, Active: f.connected(), Connected: f.connected(),
		RegisteredTime:     timeInfo(f.registered),
		AllocatedResources: endpointFormat(m.used(ofFramework(f))),
		OfferedResources:   endpointFormat(m.offeredNow(ofFramework(f))),
	}
	if !f.reregistered.IsZero() {
		view.ReregisteredTime = timeInfo(f.reregistered)
	}
	if !f.unregistered.IsZero() {
		view.UnregisteredTime = timeInfo(f.unregistered)
	}
	for _, o := range f.sortedOffers() {
		view.Offers = append(view.Offers, m.offerMessage(o))
	}
	return view
}

func (m *Master) viewAgents() *master.Response_GetAgents {
	view := &master.Response_GetAgents{}
	for _, a := range m.sortedAgents() {
		if a.presence == registered {
			view.Agents = append(view.Agents, m.viewAgent(a))
		}
	}
	return view
}

func (m *Master) viewFrameworks() *master.Response_GetFrameworks {
	view := &master.Response_GetFrameworks{}
	for _, f := range m.sortedFrameworks() {
		view.Frameworks = append(view.Frameworks, m.viewFramework(f))
	}
	for _, f := range m.completed {
		view.CompletedFrameworks = append(view.CompletedFrameworks, m.viewFramework(f))
	}
	return view
}

func (m *Master) viewExecutors() *master.Response_GetExecutors {
	view := &master.Response_GetExecutors{}
	for _, f := range m.sortedFrameworks() {
		for _, e := range f.sortedExecutors() {
			view.Executors = append(view.Executors, master.Response_GetExecutors_Executor{
				ExecutorInfo: e.info, AgentID: mesos.AgentID{Value: e.agent.id},
			})
		}
	}
	return view
}

func (m *Master) viewTasks() *master.Response_GetTasks {
	view := &master.Response_GetTasks{}
	for _, f := range append(m.sortedFrameworks(), m.completed...) {
		for _, t := range sortedTasks(f.tasks) {
			view.Tasks = append(view.Tasks, t.Task)
		}
		for _, t := range f.unreachable {
			view.UnreachableTasks = append(view.UnreachableTasks, t.Task)
		}
		for _, t := range f.completed {
			view.CompletedTasks = append(view.CompletedTasks, t.Task)
		}
	}
	return view
}

func (m *Master) viewState() *master.Response_GetState {
	return &master.Response_GetState{
		GetTasks: m.viewTasks(), GetExecutors: m.viewExecutors(),
		GetFrameworks: m.viewFrameworks(), GetAgents: m.viewAgents(),
	}
}
