package agent

import (
	"net/http"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent/files"
	"fairlead/internal/cluster/wire"
)

// raw is a message in the Mesos JSON mapping inside other JSON.
type raw struct{ message wire.Message }

func (r raw) MarshalJSON() ([]byte, error) { return wire.EncodeJSON(r.message) }

func (a *Agent) statePage(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		if err := wire.RequireMethod(r, http.MethodGet); err != nil {
			wire.WriteError(w, err)
			return
		}
	}
	var state map[string]any
	if !a.call(func() { state = a.state() }) {
		wire.WriteError(w, errClosed())
		return
	}
	files.WriteJSON(w, r, state)
}

// state is the /state of a Mesos agent.
func (a *Agent) state() map[string]any {
	total := wire.NewResources(a.cfg.Resources...)
	reserved, unreserved := map[string]wire.Resources{}, wire.Resources(nil)
	for _, res := range total {
		if role := wire.ReservationRole(res); role != "*" {
			reserved[role] = reserved[role].Plus(res)
		} else {
			unreserved = unreserved.Plus(res)
		}
	}
	reservedFlat := map[string]any{}
	for role, rs := range reserved {
		reservedFlat[role] = rs.Flat()
	}
	frameworks, completed := []any{}, []any{}
	for _, fw := range a.frameworks {
		frameworks = append(frameworks, fw.state(a.cfg.ID))
	}
	for _, fw := range a.completed {
		completed = append(completed, fw.state(a.cfg.ID))
	}
	return map[string]any{
		"version": version, "id": a.cfg.ID, "pid": a.PID(), "hostname": a.cfg.Hostname,
		"start_time":   wire.Double(float64(a.started.UnixNano()) / float64(time.Second)),
		"capabilities": []string{"MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT"},
		"attributes":   wire.FlatAttributes(a.cfg.Attributes),
		"resources":    total.Flat(), "reserved_resources": reservedFlat, "unreserved_resources": unreserved.Flat(),
		"flags":      a.flags(),
		"frameworks": frameworks, "completed_frameworks": completed,
	}
}

func (f *framework) state(agentID string) map[string]any {
	executors, completed := []any{}, []any{}
	for _, e := range f.executors {
		executors = append(executors, e.stateJSON(agentID))
	}
	for _, e := range f.completed {
		completed = append(completed, e.stateJSON(agentID))
	}
	s := map[string]any{
		"id": f.id(), "name": f.info.Name, "user": f.info.User,
		"failover_timeout": wire.Double(f.info.GetFailoverTimeout()), "checkpoint": f.info.GetCheckpoint(),
		"hostname": f.info.GetHostname(), "principal": f.info.GetPrincipal(),
		"executors": executors, "completed_executors": completed,
	}
	if f.has(mesos.FrameworkInfo_Capability_MULTI_ROLE) {
		s["roles"] = append([]string{}, f.info.Roles...)
	} else {
		s["role"] = f.info.GetRole()
	}
	return s
}

func (e *runningExecutor) stateJSON(agentID string) map[string]any {
	queued, live, done := []any{}, []any{}, []any{}
	for _, t := range e.tasks {
		if t.queued {
			queued = append(queued, raw{&t.info})
		} else {
			live = append(live, e.taskJSON(t, agentID))
		}
	}
	for _, t := range e.completed {
		done = append(done, e.taskJSON(t, agentID))
	}
	s := map[string]any{
		"id": e.id, "name": e.info.GetName(), "source": e.info.GetSource(), "container": e.containerID,
		"directory": e.dir, "resources": e.used().Flat(), "role": e.role(),
		"tasks": live, "queued_tasks": queued, "completed_tasks": done,
	}
	if !e.command {
		s["type"] = "CUSTOM"
		if e.info.Type == mesos.ExecutorInfo_DEFAULT {
			s["type"] = "DEFAULT"
		}
	}
	if labels := e.info.GetLabels().GetLabels(); len(labels) > 0 {
		s["labels"] = labelsJSON(labels)
	}
	return s
}

// role is the one role of an executor's resources.
func (e *runningExecutor) role() string {
	resources := e.info.Resources
	for _, list := range [][]*task{e.tasks, e.completed} {
		for _, t := range list {
			resources = append(resources[:len(resources):len(resources)], t.info.Resources...)
		}
	}
	for _, r := range resources {
		if role := r.GetAllocationInfo().GetRole(); role != "" {
			return role
		}
	}
	return "*"
}

func labelsJSON(labels []mesos.Label) []any {
	list := make([]any, 0, len(labels))
	for i := range labels {
		list = append(list, raw{&labels[i]})
	}
	return list
}

func (e *runningExecutor) taskJSON(t *task, agentID string) map[string]any {
	statuses := []any{}
	for i := range t.statuses {
		statuses = append(statuses, statusJSON(&t.statuses[i]))
	}
	executorID := e.id
	if e.command { // as a real agent has it
		executorID = ""
	}
	s := map[string]any{
		"id": t.id(), "name": t.info.Name, "framework_id": e.fw.id(), "executor_id": executorID,
		"slave_id": agentID, "state": t.state.String(), "role": e.role(),
		"resources": wire.NewResources(t.info.Resources...).Flat(), "statuses": statuses,
	}
	if labels := t.info.GetLabels().GetLabels(); len(labels) > 0 {
		s["labels"] = labelsJSON(labels)
	}
	if t.info.Discovery != nil {
		s["discovery"] = raw{t.info.Discovery}
	}
	if t.info.Container != nil {
		s["container"] = raw{t.info.Container}
	}
	if t.info.HealthCheck != nil {
		s["health_check"] = raw{t.info.HealthCheck}
	}
	return s
}

func statusJSON(status *mesos.TaskStatus) map[string]any {
	s := map[string]any{"state": status.GetState().String(), "timestamp": wire.Double(status.GetTimestamp())}
	if labels := status.GetLabels().GetLabels(); len(labels) > 0 {
		s["labels"] = labelsJSON(labels)
	}
	if c := status.ContainerStatus; c != nil {
		shown := *c
		shown.ExecutorPID = nil // not told here by a real agent
		s["container_status"] = raw{&shown}
	}
	if status.Healthy != nil {
		s["healthy"] = *status.Healthy
	}
	return s
}

// container is one line of /containers.
type containerJSON struct {
	FrameworkID  string         `json:"framework_id"`
	ExecutorID   string         `json:"executor_id"`
	ExecutorName string         `json:"executor_name"`
	Source       string         `json:"source"`
	ContainerID  string         `json:"container_id,omitempty"`
	Statistics   map[string]any `json:"statistics"`
	Status       any            `json:"status,omitempty"`
}

func (a *Agent) containersPage(w http.ResponseWriter, r *http.Request) { a.listContainers(w, r, true) }

func (a *Agent) statisticsPage(w http.ResponseWriter, r *http.Request) { a.listContainers(w, r, false) }

func (a *Agent) listContainers(w http.ResponseWriter, r *http.Request, full bool) {
	list := []containerJSON{}
	if !a.call(func() { list = a.containers(full) }) {
		wire.WriteError(w, errClosed())
		return
	}
	files.WriteJSON(w, r, list)
}

// containers lists the executors that are there. The limits are what was asked
// for; nothing is measured.
func (a *Agent) containers(full bool) []containerJSON {
	list := []containerJSON{}
	for _, fw := range a.frameworks {
		for _, e := range fw.executors {
			if e.state == terminated {
				continue
			}
			flat := e.used().Flat()
			c := containerJSON{
				FrameworkID: fw.id(), ExecutorID: e.id, ExecutorName: e.info.GetName(), Source: e.info.GetSource(),
				Statistics: map[string]any{
					"timestamp":       wire.Double(*now()),
					"cpus_soft_limit": flat["cpus"],
					"mem_limit_bytes": int64(flat["mem"].(wire.Double) * (1 << 20)),
				},
			}
			if full {
				c.ContainerID = e.containerID
				c.Status = raw{e.containerStatus()}
			}
			list = append(list, c)
		}
	}
	return list
}

func (e *runningExecutor) containerStatus() *mesos.ContainerStatus {
	s := &mesos.ContainerStatus{ContainerID: &mesos.ContainerID{Value: e.containerID}}
	if e.process != nil {
		s.ExecutorPID = pid(e.process.Pid())
	}
	return s
}
