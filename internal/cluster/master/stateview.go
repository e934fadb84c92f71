package master

import (
	"net/http"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// object is a JSON object of an unversioned endpoint. These use the old names:
// slave for agent.
type object = map[string]any

func (m *Master) versionView() object {
	return object{"version": version, "build_user": "fairlead"}
}

// flags are the settings that have a flag in a real master.
func (m *Master) flags() map[string]string {
	return map[string]string{
		"allocation_interval":       wire.FormatDuration(m.cfg.AllocationInterval),
		"allocator":                 "hierarchical",
		"filter_gpu_resources":      "true",
		"framework_sorter":          "drf",
		"hostname":                  m.address.IP.String(),
		"ip":                        m.address.IP.String(),
		"max_completed_frameworks":  strconv.Itoa(maxCompletedFrameworks),
		"min_allocatable_resources": "cpus:0.01|mem:32",
		"port":                      strconv.Itoa(m.address.Port),
		"registry":                  "in_memory",
		"role_sorter":               "drf",
		"root_submissions":          "true",
	}
}

func (m *Master) stateView(*http.Request) any {
	host := m.address.IP.String()
	view := object{
		"version": version, "build_user": "fairlead", "id": m.id, "pid": m.pid(), "hostname": host,
		"start_time": wire.Double(seconds(m.started)), "elected_time": wire.Double(seconds(m.started)),
		"capabilities":       []string{},
		"activated_slaves":   wire.Double(m.countAgents(func(a *agent) bool { return a.offered() })),
		"deactivated_slaves": wire.Double(m.countAgents(func(a *agent) bool { return a.presence == registered && a.deactivated })),
		"unreachable_slaves": wire.Double(m.countAgents(func(a *agent) bool { return a.presence == unreachable })),
		"leader":             m.pid(),
		"leader_info":        object{"id": m.id, "pid": m.pid(), "port": m.address.Port, "hostname": host},
		"flags":              m.flags(),
		"slaves":             m.slaveList(false), "recovered_slaves": []any{},
		"orphan_tasks": []any{}, "unregistered_frameworks": []any{},
	}
	view["frameworks"], view["completed_frameworks"] = m.frameworkLists("")
	return view
}

func (m *Master) countAgents(want func(*agent) bool) int {
	count := 0
	for _, a := range m.agents {
		if want(a) {
			count++
		}
	}
	return count
}

func (m *Master) slavesView(r *http.Request) any {
	slaves := m.slaveList(true)
	if id := r.URL.Query().Get("slave_id"); id != "" {
		var one []object
		for _, s := range slaves {
			if s["id"] == id {
				one = append(one, s)
			}
		}
		slaves = append([]object{}, one...)
	}
	return object{"slaves": slaves, "recovered_slaves": []any{}}
}

// slaveList lists the registered agents; full adds the resources as messages.
func (m *Master) slaveList(full bool) []object {
	list := []object{}
	for _, a := range m.sortedAgents() {
		if a.presence == registered {
			list = append(list, m.slaveView(a, full))
		}
	}
	return list
}

func (m *Master) slaveView(a *agent, full bool) object {
	used, offered := m.used(onAgent(a)), m.offeredNow(onAgent(a))
	unreserved := a.total.Filter(func(r mesos.Resource) bool { return wire.ReservationRole(r) == "" })
	reserved := map[string]wire.Resources{}
	for _, r := range a.total {
		if role := wire.ReservationRole(r); role != "" {
			reserved[role] = append(reserved[role], r)
		}
	}
	reservedFlat, reservedFull := object{}, object{}
	for role, rs := range reserved {
		reservedFlat[role], reservedFull[role] = rs.Flat(), messages(rs)
	}
	view := object{
		"id": a.id, "hostname": a.info.Hostname, "port": a.info.GetPort(), "pid": a.port.PID(),
		"attributes":      wire.FlatAttributes(a.info.Attributes),
		"registered_time": wire.Double(seconds(a.since)),
		"resources":       a.total.Flat(), "used_resources": used.Flat(), "offered_resources": offered.Flat(),
		"reserved_resources": reservedFlat, "unreserved_resources": unreserved.Flat(),
		"active": a.offered(), "deactivated": a.deactivated, "version": version,
		"capabilities": capabilityNames(),
	}
	if !a.returned.IsZero() {
		view["reregistered_time"] = wire.Double(seconds(a.returned))
	}
	if full {
		view["reserved_resources_full"], view["unreserved_resources_full"] = reservedFull, messages(unreserved)
		view["used_resources_full"], view["offered_resources_full"] = messages(used), messages(offered)
	}
	return view
}

func capabilityNames() []string {
	var names []string
	for _, c := range agentCapabilities() {
		names = append(names, c.Type.String())
	}
	return names
}

// messages are resources in the JSON mapping of v1 messages.
func messages(rs wire.Resources) []rawMessage {
	list := []rawMessage{}
	for _, r := range endpointFormat(rs) {
		list = append(list, rawMessage{&r})
	}
	return list
}

// rawMessage puts a v1 message into an unversioned answer.
type rawMessage struct{ wire.Message }

// MarshalJSON writes the message in the Mesos mapping.
func (m rawMessage) MarshalJSON() ([]byte, error) { return wire.EncodeJSON(m.Message) }

func (m *Master) frameworksView(r *http.Request) any {
	view := object{"unregistered_frameworks": []any{}}
	view["frameworks"], view["completed_frameworks"] = m.frameworkLists(r.URL.Query().Get("framework_id"))
	return view
}

// frameworkLists are the live and the completed frameworks, or those of an id.
func (m *Master) frameworkLists(id string) (live, completed []object) {
	live, completed = []object{}, []object{}
	for _, f := range m.sortedFrameworks() {
		if id == "" || f.id == id {
			live = append(live, m.frameworkView(f))
		}
	}
	for _, f := range m.completed {
		if id == "" || f.id == id {
			completed = append(completed, m.frameworkView(f))
		}
	}
	return live, completed
}

func (m *Master) frameworkView(f *framework) object {
	view := m.frameworkHead(f)
	view["user"], view["checkpoint"] = f.info.User, f.info.GetCheckpoint()
	view["failover_timeout"] = wire.Double(f.info.GetFailoverTimeout())
	view["registered_time"] = wire.Double(seconds(f.registered))
	view["unregistered_time"] = wire.Double(seconds(f.unregistered))
	if !f.reregistered.IsZero() {
		view["reregistered_time"] = wire.Double(seconds(f.reregistered))
	}
	if f.info.Principal != nil {
		view["principal"] = *f.info.Principal
	}
	if f.caps.multiRole {
		view["roles"] = append([]string{}, f.roles...)
	} else {
		view["role"] = f.roles[0]
	}
	if f.info.Labels != nil {
		view["labels"] = labels(f.info.Labels)
	}
	view["tasks"] = taskViews(sortedTasks(f.tasks))
	view["unreachable_tasks"] = taskViews(f.unreachable)
	view["completed_tasks"] = taskViews(f.completed)
	offers, executors := []object{}, []object{}
	for _, o := range f.sortedOffers() {
		offers = append(offers, object{
			"id": o.id, "framework_id": f.id, "slave_id": o.agent.id, "resources": o.resources.Flat(),
			"allocation_info": object{"role": o.role},
		})
	}
	for _, e := range f.sortedExecutors() {
		executors = append(executors, executorView(f, e))
	}
	view["offers"], view["executors"] = offers, executors
	return view
}

// frameworkHead is what /state and /state-summary have in common.
func (m *Master) frameworkHead(f *framework) object {
	used, offered := m.used(ofFramework(f)), m.offeredNow(ofFramework(f))
	names := []string{}
	for _, c := range f.info.Capabilities {
		names = append(names, c.Type.String())
	}
	return object{
		"id": f.id, "name": f.info.Name, "hostname": f.info.GetHostname(), "webui_url": f.info.GetWebUiURL(),
		"used_resources": used.Flat(), "offered_resources": offered.Flat(),
		"resources": used.Plus(offered...).Flat(), "capabilities": names,
		"active": f.connected(), "connected": f.connected(), "recovered": false,
	}
}

func executorView(f *framework, e *executor) object {
	uris := []object{}
	for _, u := range e.info.Command.GetURIs() {
		uris = append(uris, object{"value": u.Value, "executable": u.GetExecutable()})
	}
	command := object{"argv": append([]string{}, e.info.Command.GetArguments()...), "uris": uris}
	if e.info.Command != nil {
		command["shell"] = e.info.Command.GetShell()
		command["value"] = e.info.Command.GetValue()
	}
	view := object{
		"executor_id": e.info.ExecutorID.Value, "name": e.info.GetName(), "framework_id": f.id,
		"command": command, "resources": e.resources.Flat(), "role": e.role, "slave_id": e.agent.id,
	}
	if e.info.Type != mesos.ExecutorInfo_UNKNOWN {
		view["type"] = e.info.Type.String()
	}
	if e.info.Source != nil {
		view["source"] = *e.info.Source
	}
	return view
}

func labels(all *mesos.Labels) []object {
	list := []object{}
	for _, l := range all.Labels {
		label := object{"key": l.Key}
		if l.Value != nil {
			label["value"] = *l.Value
		}
		list = append(list, label)
	}
	return list
}

func taskViews(tasks []*task) []object {
	list := []object{}
	for _, t := range tasks {
		list = append(list, taskView(t))
	}
	return list
}

func taskView(t *task) object {
	statuses := []object{}
	for _, s := range t.Statuses {
		status := object{"state": s.GetState().String(), "timestamp": wire.Double(s.GetTimestamp())}
		if s.Healthy != nil {
			status["healthy"] = *s.Healthy
		}
		if s.Labels != nil {
			status["labels"] = labels(s.Labels)
		}
		if s.ContainerStatus != nil {
			status["container_status"] = rawMessage{s.ContainerStatus}
		}
		statuses = append(statuses, status)
	}
	view := object{
		"id": t.id(), "name": t.Name, "framework_id": t.framework.id, "executor_id": t.ExecutorID.GetValue(),
		"slave_id": t.AgentID.Value, "state": t.State.String(), "resources": t.resources.Flat(),
		"role": t.role, "statuses": statuses,
	}
	if t.User != nil {
		view["user"] = *t.User
	}
	if t.Labels != nil {
		view["labels"] = labels(t.Labels)
	}
	for name, member := range map[string]wire.Message{
		"discovery": nilable(t.Discovery), "container": nilable(t.Container), "health_check": nilable(t.HealthCheck),
	} {
		if member != nil {
			view[name] = rawMessage{member}
		}
	}
	return view
}

// nilable keeps a nil pointer from becoming an interface that is not nil.
func nilable[T any, P interface {
	*T
	wire.Message
}](p P) wire.Message {
	if p == nil {
		return nil
	}
	return p
}

// uptime is how long the master runs.
func (m *Master) uptime() float64 { return time.Since(m.started).Seconds() }
