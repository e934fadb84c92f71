package recorded

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
)

// Workload is what can be simulated of a recording.
type Workload struct {
	Name       string
	Config     allocator.Config
	Agents     []Agent
	Roles      []allocator.RoleSet
	Frameworks []allocator.FrameworkSet
	Groups     []Group // in the order of their submission
	changes    []change
	// EndMillis is how long the recording lasts.
	EndMillis int64
	// Notes counts what a scenario does not say, by what it is.
	Notes map[string]int

	taken map[owner]bool
	// parts are the places of what a group of the recording became, by what it was called there.
	parts map[owner][]int
}

// owner names a task group.
type owner struct{ framework, name string }

// Agent is an agent as it was seen last.
type Agent struct {
	ID, Host   string
	Attributes []allocator.Attribute
	Resources  []allocator.Quantity
	Ports      uint32
	// Slots is how many executors it carries on top of its resources.
	Slots int32
	// JoinsMillis is when it came, 0 if it was there from the start.
	JoinsMillis int64
	lost        bool
}

// change is something that was done while the recording went on: an agent that left or came back, a
// group that was killed, or a framework or role that was configured.
type change struct {
	atMillis      int64
	leaves, joins string // the id of an agent
	kill          owner
	framework     *allocator.FrameworkSet
	role          *allocator.RoleSet
}

// Group is a task group, or one running instance of a task group where the recording begins.
type Group struct {
	Spec          *proto.TaskGroup
	ArrivalMillis int64
	// Durations are those of the instances, 0 for one that was not seen to end.
	Durations []int64
	// Agent is where the instance runs already, "" for a group that is placed.
	Agent string
	// Except are agents where a group with one instance on each has its instance already.
	Except []string

	killed bool
}

func newWorkload(name string, config allocator.Config) *Workload {
	return &Workload{
		Name: name, Config: config, Notes: make(map[string]int),
		taken: make(map[owner]bool), parts: make(map[owner][]int),
	}
}

// agentSeen adds an agent, or replaces what is known of it, at a time.
func (w *Workload) agentSeen(at int64, a Agent) {
	known := slices.IndexFunc(w.Agents, func(b Agent) bool { return b.ID == a.ID })
	if known < 0 {
		a.JoinsMillis = at
		w.Agents = append(w.Agents, a)
		return
	}
	if w.Agents[known].lost {
		w.changes = append(w.changes, change{atMillis: at, joins: a.ID})
	}
	a.JoinsMillis = w.Agents[known].JoinsMillis
	w.Agents[known] = a
}

func (w *Workload) agentLost(at int64, id string) {
	known := slices.IndexFunc(w.Agents, func(b Agent) bool { return b.ID == id })
	if known >= 0 && !w.Agents[known].lost {
		w.Agents[known].lost = true
		w.changes = append(w.changes, change{atMillis: at, leaves: id})
	}
}

// roleSet configures a role, from the start if nothing was submitted yet.
func (w *Workload) roleSet(at int64, r allocator.RoleSet) {
	if at > 0 {
		w.changes = append(w.changes, change{atMillis: at, role: &r})
		return
	}
	w.Roles = slices.DeleteFunc(w.Roles, func(o allocator.RoleSet) bool { return o.Role == r.Role })
	w.Roles = append(w.Roles, r)
}

// frameworkSet does the same for a framework.
func (w *Workload) frameworkSet(at int64, f allocator.FrameworkSet) {
	if at > 0 {
		w.changes = append(w.changes, change{atMillis: at, framework: &f})
		return
	}
	w.Frameworks = slices.DeleteFunc(w.Frameworks, func(o allocator.FrameworkSet) bool { return o.Framework == f.Framework })
	w.Frameworks = append(w.Frameworks, f)
}

// add appends what becomes of a group, or of a part of it, under a name that nothing else in its
// framework has, and returns its place.
func (w *Workload) add(of string, g Group) int {
	key := owner{g.Spec.Framework, g.Spec.Name}
	for n := 2; w.taken[key]; n++ {
		key.name = fmt.Sprintf("%s-%d", g.Spec.Name, n)
	}
	if key.name != g.Spec.Name {
		spec := *g.Spec
		spec.Name, g.Spec = key.name, &spec
	}
	w.taken[key] = true
	original := owner{key.framework, of}
	w.parts[original] = append(w.parts[original], len(w.Groups))
	w.Groups = append(w.Groups, g)
	return len(w.Groups) - 1
}

// after is what the n-th group comes after: what became of these groups until it came itself, or later
// if they came later. Those that had ended before the recording began are not there any more.
func (w *Workload) after(n int, names []string) []string {
	framework := w.Groups[n].Spec.Framework
	var out []string
	for _, name := range names {
		parts := w.parts[owner{framework, name}]
		earlier := slices.DeleteFunc(slices.Clone(parts), func(part int) bool { return part > n })
		if len(earlier) > 0 {
			parts = earlier
		}
		for _, part := range parts {
			out = append(out, w.Groups[part].Spec.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var agentName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// agentNames are how agents are called in the scenario, by id: by their hosts, which constraints look
// at, where each host has one; otherwise by their ids, or numbers where these are no names.
func (w *Workload) agentNames() map[string]string {
	hosts := make(map[string]int)
	for _, a := range w.Agents {
		hosts[a.Host]++
	}
	ids, unique := true, true
	for _, a := range w.Agents {
		unique = unique && hosts[a.Host] == 1 && agentName.MatchString(a.Host)
		ids = ids && agentName.MatchString(a.ID)
	}
	names := make(map[string]string)
	for i, a := range w.Agents {
		switch {
		case unique:
			names[a.ID] = a.Host
		case ids:
			names[a.ID] = a.ID
		default:
			names[a.ID] = fmt.Sprintf("agent-%d", i+1)
		}
	}
	return names
}

// executor is what each instance costs beside its tasks: nothing where agents carry the executors.
func (w *Workload) executor() []allocator.Quantity {
	for _, a := range w.Agents {
		if a.Slots > 0 {
			return nil
		}
	}
	return w.Config.Executor
}

// configured are the roles that are not as every role is.
func (w *Workload) configured() []allocator.RoleSet {
	out := slices.DeleteFunc(slices.Clone(w.Roles), func(r allocator.RoleSet) bool {
		return r.Weight == int64(drf.Unit) && len(r.Guarantee) == 0 && len(r.Limit) == 0
	})
	slices.SortFunc(out, func(a, b allocator.RoleSet) int { return cmp.Compare(a.Role, b.Role) })
	return out
}
