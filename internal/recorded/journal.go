package recorded

import (
	"fmt"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/journal"
	"fairlead/proto"
	"fairlead/scheduler"
)

// instanceName is a group of one instance, as package sim names those that arrive by themselves.
func instanceName(group string, instance int32) string { return fmt.Sprintf("%s.%d", group, instance) }

// ReadJournal makes the workload that a journal recorded.
func ReadJournal(name string, j *journal.Journal) (*Workload, error) {
	r, err := scheduler.ReadRecording(j)
	if err != nil {
		return nil, err
	}
	t := &reader{
		Workload: newWorkload(name, r.Config()), recording: r,
		live: make(map[owner]map[int32]place), runs: make(map[allocator.RunID]run),
	}
	t.start()
	err = r.Records(t.record)
	return t.Workload, err
}

// ReadState makes a workload of the state that a journal ends with.
func ReadState(name string, j *journal.Journal) (*Workload, error) {
	r, err := scheduler.ReadRecording(j)
	if err != nil {
		return nil, err
	}
	if err := r.Records(func(*scheduler.Record) {}); err != nil {
		return nil, err
	}
	t := &reader{
		Workload: newWorkload(name, r.Config()), recording: r,
		live: make(map[owner]map[int32]place), runs: make(map[allocator.RunID]run),
	}
	t.start()
	return t.Workload, nil
}

// run is a run that has not ended.
type run struct {
	place place
	since int64
	ended int64 // when its last task ended
}

// reader follows the records of a journal.
type reader struct {
	*Workload
	recording *scheduler.Recording
	// begun is true once anything was submitted, at base; times are counted from there.
	begun bool
	base  int64
	live  map[owner]map[int32]place
	runs  map[allocator.RunID]run
}

// once is a periodic group as one that is submitted when it is due.
func once(of *proto.TaskGroup) *proto.TaskGroup {
	spec := *of
	spec.Schedule, spec.Timezone, spec.Overlap, spec.CatchUp = "", "", 0, 0
	return &spec
}

// start takes over the state that the recording begins with.
func (t *reader) start() {
	v := t.recording.View()
	t.viewed(v)
	slices.SortStableFunc(v.Groups, func(a, b allocator.GroupView) int { return int(min(max(a.Arrived-b.Arrived, -1), 1)) })
	for i := range v.Groups {
		g := &v.Groups[i]
		l, ok := t.liveGroup(g, t.recording.Spec(g.Framework, g.Name))
		if !ok {
			continue
		}
		t.begun, t.base = true, v.At
		places := t.begin(l)
		t.live[owner{g.Framework, g.Name}] = places
		for _, in := range g.Runs {
			if p, ok := places[in.Instance]; ok && in.Agent != "" {
				t.runs[in.Run] = run{place: p, since: v.At}
			}
		}
	}
}

func (t *reader) record(r *scheduler.Record) {
	specs := r.Specs
	for _, f := range r.Facts {
		switch f := f.(type) {
		case allocator.GroupSubmitted:
			t.submitted(r.At, f.Group, specs[0])
			specs = specs[1:]
		case allocator.TaskUpdated:
			if run, ok := t.runs[f.Run]; ok && f.State.Final() {
				run.ended = r.At
				t.runs[f.Run] = run
			}
		default:
			t.fact(t.millis(r.At), f)
		}
	}
	for _, a := range r.Actions {
		t.action(r.At, a)
	}
	if t.begun {
		t.EndMillis = t.millis(r.At)
	}
}

// millis is a time of the scenario: 0 for what was before its beginning.
func (t *reader) millis(at int64) int64 {
	if !t.begun {
		return 0
	}
	return max(at-t.base, 0)
}

// fact takes what is no submission and no news of a task.
func (t *reader) fact(at int64, f allocator.Fact) {
	switch f := f.(type) {
	case allocator.AgentSeen:
		t.agentSeen(at, Agent{ID: f.Agent, Host: f.Host, Attributes: f.Attributes, Resources: withSets(f.Total, f.Sets), Ports: ports(f.Ports), Slots: f.Slots})
	case allocator.OfferAdded:
		if !slices.ContainsFunc(t.Agents, func(a Agent) bool { return a.ID == f.Agent && !a.lost }) {
			t.agentSeen(at, Agent{ID: f.Agent, Host: f.Host, Attributes: f.Attributes, Resources: withSets(f.Resources, f.Sets), Ports: ports(f.Ports), Slots: f.Slots})
		}
	case allocator.AgentLost:
		t.agentLost(at, f.Agent)
	case allocator.RoleSet:
		t.roleSet(at, f)
	case allocator.FrameworkSet:
		t.frameworkSet(at, f)
	case allocator.GroupForgotten:
		delete(t.live, owner{f.Framework, f.Name})
	case allocator.GroupKilled:
		t.killed(at, owner{f.Framework, f.Name})
	case allocator.InstanceKilled:
		t.Notes["requests to kill one instance: it lasts as long as it did"]++
	case allocator.GroupRerun:
		for _, name := range t.recording.Rerun(f) {
			if spec := t.recording.Spec(f.Framework, name); spec != nil && spec.Schedule == "" {
				t.arrived(owner{f.Framework, name}, t.base+at, spec)
			}
		}
	}
}

// killed ends a group: all that became of it, at that time.
func (t *reader) killed(at int64, group owner) {
	ended := make(map[int]bool)
	for _, p := range t.live[group] {
		if g := &t.Groups[p.group]; !ended[p.group] && !g.killed {
			g.killed, ended[p.group] = true, true
		}
	}
	for n := range t.Groups { // in their order
		if ended[n] {
			spec := t.Groups[n].Spec
			t.changes = append(t.changes, change{atMillis: at, kill: owner{spec.Framework, spec.Name}})
		}
	}
}

// withSets adds how many items an agent has of each set.
func withSets(of []allocator.Quantity, sets []allocator.Set) []allocator.Quantity {
	for _, set := range sets {
		of = append(slices.Clip(of), allocator.Quantity{Name: allocator.SetName(set.Name), Amount: drf.Amount(len(set.Items)) * drf.Unit})
	}
	return of
}

func ports(ranges []allocator.PortRange) uint32 {
	n := uint64(0)
	for _, r := range ranges {
		n += r.End - r.Begin + 1
	}
	return uint32(min(n, 65_536))
}

// submitted adds a group, unless it is there already.
func (t *reader) submitted(at int64, g allocator.Group, spec *proto.TaskGroup) {
	key := owner{g.Framework, g.Name}
	if _, twice := t.live[key]; twice {
		return
	}
	if !t.begun {
		t.begun, t.base = true, at
	}
	if spec.Schedule != "" {
		t.live[key] = map[int32]place{} // each occurrence is a group of its own
		return
	}
	t.arrived(key, at, spec)
}

// arrived adds a group that is to start.
func (t *reader) arrived(key owner, at int64, spec *proto.TaskGroup) {
	n := t.add(spec.Name, Group{Spec: spec, ArrivalMillis: at - t.base, Durations: make([]int64, spec.Instances)})
	places := make(map[int32]place)
	for i := range spec.Instances {
		places[int32(i)] = place{n, int(i)}
	}
	t.live[key] = places
}

func (t *reader) action(at int64, a allocator.Action) {
	switch a := a.(type) {
	case *allocator.Accept:
		for _, l := range a.Launches {
			if p, ok := t.live[owner{l.Framework, l.Group}][l.Instance]; ok {
				t.runs[l.Run] = run{place: p, since: at}
			}
		}
	case *allocator.Settle:
		t.settled(at, a)
	case allocator.Occur:
		if spec := t.recording.Spec(a.Framework, a.Group); spec != nil {
			t.arrived(owner{a.Framework, a.Group}, at, once(spec))
		}
	case allocator.Skip:
		t.Notes["occurrences of periodic groups that were skipped"] += len(a.Due)
	case allocator.Preempt:
		t.Notes["preemptions, which are decided again"]++
	case allocator.Abandon:
		t.Notes["task groups that were given up"]++
	}
}

// settled books how long a run lasted. Of an instance that ran several times it is the last one.
func (t *reader) settled(at int64, a *allocator.Settle) {
	r, ok := t.runs[a.Run]
	if !ok {
		return
	}
	delete(t.runs, a.Run)
	if r.ended > 0 {
		at = r.ended
	}
	switch {
	case a.Outcome == allocator.Preempted, a.Outcome == allocator.Surplus, t.Groups[r.place.group].killed && a.Outcome == allocator.Killed:
		return
	case a.Retry:
		t.Notes["runs that ended and were started again: only the last one is there"]++
	}
	t.Groups[r.place.group].Durations[r.place.index] = max(at-r.since, 1)
}

// Running is how many instances run when the recording begins.
func (w *Workload) Running() int {
	n := 0
	for _, g := range w.Groups {
		if g.Agent != "" {
			n++
		}
	}
	return n
}
