package master

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// tasksView is /tasks: tasks of all frameworks, by default the newest first,
// in pages of 100.
func (m *Master) tasksView(r *http.Request) any {
	query := r.URL.Query()
	var tasks []*task
	for _, f := range append(m.sortedFrameworks(), m.completed...) {
		if id := query.Get("framework_id"); id != "" && id != f.id {
			continue
		}
		tasks = slices.Concat(tasks, sortedTasks(f.tasks), f.unreachable, f.completed)
	}
	if id := query.Get("task_id"); id != "" {
		tasks = slices.DeleteFunc(tasks, func(t *task) bool { return t.id() != id })
	}
	descending := query.Get("order") != "asc"
	slices.SortStableFunc(tasks, func(a, b *task) int {
		if descending {
			a, b = b, a
		}
		return cmp.Compare(a.sequence, b.sequence)
	})
	offset := min(number(query.Get("offset"), 0), len(tasks))
	limit := min(number(query.Get("limit"), 100), len(tasks)-offset)
	return object{"tasks": taskViews(tasks[offset : offset+limit])}
}

// number reads a parameter that is not negative.
func number(text string, fallback int) int {
	if value, err := strconv.Atoi(text); err == nil && value >= 0 {
		return value
	}
	return fallback
}

// roleNames are the roles in use: of frameworks, of what they hold, and of
// reservations.
func (m *Master) roleNames() []string {
	names := map[string]bool{}
	for _, f := range m.frameworks {
		for _, role := range f.roles {
			names[role] = true
		}
		for _, t := range f.tasks {
			names[t.role] = true
		}
	}
	for _, a := range m.agents {
		for _, r := range a.total {
			if role := wire.ReservationRole(r); role != "" {
				names[role] = true
			}
		}
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	return sorted
}

// ofRole selects what is allocated to a role or to a role below it.
func ofRole(role string) func(mesos.Resource) bool {
	return func(r mesos.Resource) bool { return wire.RoleWithin(r.AllocationInfo.GetRole(), role) }
}

func everything(*framework, *agent) bool { return true }

func (m *Master) membersOf(role string) []string {
	members := []string{}
	for _, f := range m.sortedFrameworks() {
		if f.hasRole(role) {
			members = append(members, f.id)
		}
	}
	return members
}

func (m *Master) rolesView(*http.Request) any {
	list := []object{}
	used, offered := m.used(everything), m.offeredNow(everything)
	for _, role := range m.roleNames() {
		allocated, out := used.Filter(ofRole(role)), offered.Filter(ofRole(role))
		var reserved wire.Resources
		for _, a := range m.sortedAgents() {
			reserved = reserved.Plus(a.total.Filter(func(r mesos.Resource) bool {
				return wire.ReservationRole(r) == role
			})...)
		}
		list = append(list, object{
			"name": role, "weight": wire.Double(1), "frameworks": m.membersOf(role),
			"quota": object{
				"role": role, "guarantee": object{}, "limit": object{}, "consumed": allocated.Quantities(),
			},
			"resources": allocated.Plus(out...).Quantities(), "allocated": allocated.Quantities(),
			"offered": out.Quantities(), "reserved": reserved.Quantities(),
		})
	}
	return object{"roles": list}
}

func (m *Master) viewRoles() []mesos.Role {
	var list []mesos.Role
	held := m.used(everything).Plus(m.offeredNow(everything)...)
	for _, name := range m.roleNames() {
		role := mesos.Role{Name: name, Weight: 1}
		for _, id := range m.membersOf(name) {
			role.Frameworks = append(role.Frameworks, mesos.FrameworkID{Value: id})
		}
		part := held.Filter(ofRole(name))
		for _, scalar := range []string{"cpus", "disk", "gpus", "mem"} {
			if sum, given := part.Sum(scalar); given {
				role.Resources = append(role.Resources, wire.Scalar(scalar, wire.Unfixed(sum)))
			}
		}
		list = append(list, role)
	}
	return list
}

// taskCounts are the members TASK_... of /state-summary.
func taskCounts(into object, tasks []*task) {
	for _, s := range []mesos.TaskState{
		mesos.TASK_STAGING, mesos.TASK_STARTING, mesos.TASK_RUNNING, mesos.TASK_KILLING, mesos.TASK_FINISHED,
		mesos.TASK_KILLED, mesos.TASK_FAILED, mesos.TASK_LOST, mesos.TASK_ERROR, mesos.TASK_UNREACHABLE,
	} {
		into[s.String()] = 0
	}
	for _, t := range tasks {
		if count, ok := into[t.State.String()].(int); ok {
			into[t.State.String()] = count + 1
		}
	}
}

// summaryView is /state-summary.
func (m *Master) summaryView(*http.Request) any {
	slaves, frameworks := m.slaveList(false), []object{}
	onSlave := map[string][]*task{}
	hosts := map[string][]string{}
	for _, f := range m.sortedFrameworks() {
		tasks := slices.Concat(sortedTasks(f.tasks), f.unreachable, f.completed)
		ids := []string{}
		for _, t := range tasks {
			id := t.AgentID.Value
			onSlave[id] = append(onSlave[id], t)
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
				hosts[id] = append(hosts[id], f.id)
			}
		}
		view := m.frameworkHead(f)
		delete(view, "resources")
		view["slave_ids"] = ids
		taskCounts(view, tasks)
		frameworks = append(frameworks, view)
	}
	for _, s := range slaves {
		id := s["id"].(string)
		s["framework_ids"] = append([]string{}, hosts[id]...)
		taskCounts(s, onSlave[id])
	}
	return object{"hostname": m.address.IP.String(), "slaves": slaves, "frameworks": frameworks}
}
