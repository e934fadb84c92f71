package recorded

import (
	"maps"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
)

// waitsMillis is when in a scenario what waits arrives: after what runs already has its place.
const waitsMillis = 1

// Live is a task group that has not ended, as it stands.
type Live struct {
	Spec *proto.TaskGroup
	// Agents are where instances run, by number; "" for one that waits, to be started or started again. Of a
	// group with one on each agent only those that run are there.
	Agents map[int32]string
}

// place is where an instance of the recording is in the workload.
type place struct{ group, index int }

// begin adds a live group: an entry for each instance that runs, and one for those that wait. It
// returns where each instance is.
func (w *Workload) begin(l Live) map[int32]place {
	if l.Spec.PerAgent {
		return w.beginDaemon(l)
	}
	out := make(map[int32]place)
	waiting := Group{Spec: l.Spec, ArrivalMillis: waitsMillis}
	var numbers []int32
	for n := range int32(l.Spec.Instances) {
		agent, alive := l.Agents[n]
		switch {
		case !alive:
		case agent == "":
			numbers = append(numbers, n)
		default:
			out[n] = place{w.add(l.Spec.Name, Group{Spec: single(l.Spec, n), Durations: []int64{0}, Agent: agent}), 0}
		}
	}
	if len(numbers) == 0 {
		return out
	}
	spec := *l.Spec
	spec.Instances = uint32(len(numbers))
	if len(numbers) < int(l.Spec.Instances) {
		spec.GangMin = 0 // the rest of a gang starts one by one
		spec.InstancesMin = w.rest(&spec, l.Spec.Instances)
	}
	waiting.Spec, waiting.Durations = &spec, make([]int64, len(numbers))
	at := w.add(l.Spec.Name, waiting)
	for i, n := range numbers {
		out[n] = place{at, i}
	}
	return out
}

// beginDaemon adds a live group with one instance on each agent: an entry for each that runs, and one for
// the agents that have none yet.
func (w *Workload) beginDaemon(l Live) map[int32]place {
	out := make(map[int32]place)
	others := Group{Spec: l.Spec, ArrivalMillis: waitsMillis}
	for _, n := range slices.Sorted(maps.Keys(l.Agents)) {
		others.Except = append(others.Except, l.Agents[n])
		out[n] = place{w.add(l.Spec.Name, Group{Spec: single(l.Spec, n), Durations: []int64{0}, Agent: l.Agents[n]}), 0}
	}
	w.add(l.Spec.Name, others)
	return out
}

// rest is how many of the instances that wait are demanded of an elastic group, of which others run. 0
// stands for all of them.
func (w *Workload) rest(spec *proto.TaskGroup, of uint32) uint32 {
	if spec.InstancesMin == 0 {
		return 0
	}
	w.Notes["elastic groups, whose running instances all count as demanded"]++
	running := of - spec.Instances
	least := max(spec.InstancesMin, running+1) - running // an elastic group demands one at least
	if least >= spec.Instances {
		return 0
	}
	return least
}

// single is the group of one running instance, which needs nothing but its agent.
func single(of *proto.TaskGroup, instance int32) *proto.TaskGroup {
	spec := *of
	spec.Name, spec.Instances, spec.InstancesMin, spec.GangMin = instanceName(of.Name, instance), 1, 0, 0
	spec.After, spec.AfterEnd, spec.PerAgent = nil, nil, false
	spec.Prefer, spec.Near, spec.Sticky = nil, "", false
	return &spec
}

// viewed takes the agents, roles and frameworks of a view.
func (w *Workload) viewed(v *allocator.View) {
	w.Config.Policy = v.Policy
	for _, a := range v.Agents {
		if a.Lost {
			w.Notes["agents that were lost"]++
			continue
		}
		total, ports := quantities(v.Kinds, a.Total)
		w.agentSeen(0, Agent{ID: a.Agent, Host: a.Host, Attributes: a.Attributes, Resources: total, Ports: ports, Slots: a.Slots})
	}
	for _, r := range v.Roles {
		guarantee, _ := quantities(v.Kinds, r.Guarantee)
		w.roleSet(0, allocator.RoleSet{Role: r.Role, Weight: int64(r.Weight), Guarantee: guarantee, Limit: r.Limit})
	}
	for _, f := range v.Frameworks {
		if f.Weight != drf.Unit {
			w.frameworkSet(0, allocator.FrameworkSet{Framework: f.Framework, Role: f.Role, Weight: int64(f.Weight)})
		}
	}
}

func quantities(kinds []string, of drf.Vector) (out []allocator.Quantity, ports uint32) {
	for k, name := range kinds {
		switch {
		case of[k] == 0:
		case drf.Kind(k) == drf.Ports:
			ports = uint32(of[k] / drf.Unit)
		default:
			out = append(out, allocator.Quantity{Name: name, Amount: of[k]})
		}
	}
	return out, ports
}

// liveGroup is a group of a view, or false if it has ended or is about to.
func (w *Workload) liveGroup(g *allocator.GroupView, spec *proto.TaskGroup) (Live, bool) {
	if g.Outcome != allocator.Unfinished {
		return Live{}, false
	}
	if g.Dying || spec == nil {
		w.Notes["task groups that were being killed"]++
		return Live{}, false
	}
	if spec.Schedule != "" {
		w.Notes["periodic groups: what is to come of them"]++
		if spec = once(spec); g.Running+g.Pending == 0 {
			return Live{}, false
		}
	}
	l := Live{Spec: withRole(spec, g.Role), Agents: make(map[int32]string)}
	for n := range g.Instances {
		if !spec.PerAgent {
			l.Agents[n] = ""
		}
	}
	for _, in := range g.Runs {
		switch in.State {
		case "waiting", "backoff", "surplus":
		case "staging", "starting", "running", "killing", "unreachable":
			if slices.ContainsFunc(w.Agents, func(a Agent) bool { return a.ID == in.Agent }) {
				l.Agents[in.Instance] = in.Agent
			} // else its agent is lost, so that it will run again
		default:
			delete(l.Agents, in.Instance) // it has ended
		}
	}
	return l, true
}

func withRole(spec *proto.TaskGroup, role string) *proto.TaskGroup {
	out := *spec
	out.Role = role
	return &out
}
