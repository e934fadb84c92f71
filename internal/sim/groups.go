package sim

import (
	"math"
	"slices"

	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// Group is a task group, when it is submitted, and how long each of its instances runs. Where times
// are drawn they depend on the seed and the names of framework and group, and on nothing else. If
// arrivals are, each instance is submitted by itself, as a group NAME.0, NAME.1 ...
type Group struct {
	Spec          *proto.TaskGroup // Role is never empty
	ArrivalMillis int64
	// DurationMillis of 0 means that instances never end.
	DurationMillis int64
	// Durations, if there are any, are those of each instance, in place of DurationMillis.
	Durations []int64

	// arrival and duration say how they are drawn, if they are: those of each instance by itself.
	arrival, duration *draw
	// durations is what duration is drawn from, and number the first instance to draw for.
	durations source
	number    int
	// replaces says that this is a phase: what did not start of the entry before it never will.
	replaces bool
	// stages are what is submitted in place of the group, which has no tasks of its own then.
	stages []Group
	repeat *repeat
}

// repeat submits a group again when it is over, as NAME.0, NAME.1 ...
type repeat struct {
	times       int // endless if it is math.MaxInt
	thinkMillis int64
}

// seeded makes a group ready to say how long its instances run.
func (g *Group) seeded(seed int64) {
	if g.duration != nil {
		g.durations = stream(seed, "duration", g)
	}
}

// lasts is how long an instance runs, 0 if it never ends.
func (g *Group) lasts(instance int32) int64 {
	if g.duration != nil {
		return g.duration.value(g.durations, g.number+int(instance), 1)
	}
	if g.Durations != nil {
		return g.Durations[instance]
	}
	return g.DurationMillis
}

// groupList reads the groups of a scenario.
type groupList struct {
	list   strictyaml.Value
	entryN int // that is being read
	groups []Group
	from   []int          // of each group, the entry that it was read from
	lines  map[string]int // of each framework/name
	roleOf map[string]string
	mode   Mode
	tasks  map[string][]proto.Task // that many groups have, by their encoding
	until  int64
}

func groups(v strictyaml.Value, s *Scenario) []Group {
	l := groupList{
		list: v, lines: make(map[string]int), roleOf: make(map[string]string), mode: s.Mode, until: s.UntilMillis, tasks: make(map[string][]proto.Task),
	}
	for _, f := range s.Frameworks {
		l.roleOf[f.Name] = f.Role
	}
	if !v.Lists(maxEntries) {
		return nil
	}
	for l.entryN = range v.Len() {
		item := v.Item(l.entryN)
		if o, ok := item.Object(); ok {
			l.entry(item, o)
			o.Done()
		}
	}
	if len(l.groups) > maxEntries {
		v.Failf("more than %d task groups, with their phases", maxEntries)
	}
	specs := make([]*proto.TaskGroup, len(l.groups))
	for i := range l.groups {
		specs[i] = l.groups[i].Spec
	}
	taskgroup.FailCycles(specs, func(i int) strictyaml.Value { return l.list.Item(l.from[i]) })
	l.separate()
	return l.groups
}

// entry reads one entry of the list: a group, with its stages or its phases.
func (l *groupList) entry(item strictyaml.Value, o *strictyaml.Object) {
	var g Group
	if v, ok := o.Optional("stages"); ok {
		g = l.staged(v, o)
	} else {
		g.Spec = taskgroup.Decode(o, taskgroup.Simulated)
		l.runTime(o, &g)
	}
	l.settle(g.Spec)
	if v, ok := o.Optional("arrival"); ok {
		g.ArrivalMillis, g.arrival = timeOrDraw(v, true)
	}
	if g.stages == nil {
		g.Durations = durations(o, &g)
	}
	if g.stages != nil && g.Spec.Instances > 1 && g.arrival == nil {
		item.Failf("several instances of a group with stages need an arrival that is drawn")
	}
	if v, ok := o.Optional("repeat"); ok {
		g.repeat = l.repeats(v, &g)
	}
	if g.Spec.Schedule != "" {
		switch {
		case g.arrival != nil || g.repeat != nil || g.stages != nil:
			item.Failf("a group with a schedule has no stages, does not repeat, and arrives at a given time")
		case l.mode == WholeAgents:
			item.Failf("a schedule is not for mode offers: there frameworks have no clock")
		case l.until == 0:
			item.Failf("a group with a schedule runs again and again: the scenario needs an end, until")
		}
	}
	if g.Spec.PerAgent {
		l.checkDaemon(item, &g)
	}
	if g.arrival != nil && g.Spec.InstancesMin > 0 {
		item.Failf("instances that arrive one by one are as many as they are: write one number of them")
	}
	l.add(item, g)
	if v, ok := o.Optional("phases"); ok {
		l.phases(v, g)
	}
}

// settle fills in the role of a group that names none.
func (l *groupList) settle(spec *proto.TaskGroup) {
	if role, ok := l.roleOf[spec.Framework]; ok && spec.Role == "" {
		spec.Role = role
	} else if spec.Role == "" {
		spec.Role = "*"
	}
}

// add takes a group into the list. No two have the same name.
func (l *groupList) add(item strictyaml.Value, g Group) {
	key := g.Spec.Framework + "/" + g.Spec.Name
	if line, twice := l.lines[key]; twice && g.Spec.Name != "" {
		item.Failf("task group %s is already defined in line %d", key, line)
	}
	l.lines[key] = item.Line()
	if l.mode == WholeAgents {
		checkOffered(item, g.Spec)
	}
	l.share(g.Spec)
	l.groups, l.from = append(l.groups, g), append(l.from, l.entryN)
}

// share lets groups with the same task have it in common: traces have very many of them.
func (l *groupList) share(spec *proto.TaskGroup) {
	const most = 10_000
	if len(spec.Tasks) != 1 {
		return
	}
	encoded, err := spec.Tasks[0].Marshal()
	if err != nil {
		return // what has no encoding is kept as it is
	}
	if known, ok := l.tasks[string(encoded)]; ok {
		spec.Tasks = known
	} else if len(l.tasks) < most {
		l.tasks[string(encoded)] = spec.Tasks
	}
}

// at is where a group was read.
func (l *groupList) at(group int) strictyaml.Value { return l.list.Item(l.from[group]) }

// runTime reads how long instances run.
func (l *groupList) runTime(o *strictyaml.Object, g *Group) {
	v, ok := o.Optional("duration")
	if !ok {
		return
	}
	before := v.Problems()
	g.DurationMillis, g.duration = timeOrDraw(v, false)
	if g.DurationMillis == 0 && g.duration == nil && v.Problems() == before {
		v.Failf("must be longer than 0s")
	}
}

// repeats reads forever, how often, or {times: 3, think: 10s}.
func (l *groupList) repeats(v strictyaml.Value, g *Group) *repeat {
	r := &repeat{times: math.MaxInt}
	times := v
	if v.IsMapping() {
		o, _ := v.Object()
		if think, ok := o.Optional("think"); ok {
			r.thinkMillis, _ = think.Millis()
		}
		var ok bool
		times, ok = o.Optional("times")
		o.Done()
		if !ok {
			times = v
		}
	}
	switch {
	case times.IsMapping():
	case times.IsText():
		times.OneOf("forever")
	default:
		n, _ := times.Int(1, maxEntries)
		r.times = int(n)
	}
	if g.arrival != nil || len(g.Spec.After)+len(g.Spec.AfterEnd) > 0 {
		v.Failf("a group that repeats can neither have an arrival that is drawn nor come after others")
	}
	return r
}

// staged reads a group that consists of stages. Each comes after the one before, if it does not say
// after which.
func (l *groupList) staged(list strictyaml.Value, o *strictyaml.Object) Group {
	g := Group{Spec: &proto.TaskGroup{Framework: taskgroup.DefaultFramework, Instances: 1}}
	if v, ok := o.Required("name"); ok {
		if s, ok := v.Text(maxText); ok && !taskgroup.IsName(s) {
			v.Failf("%q is not %s", s, taskgroup.NameRule)
		} else {
			g.Spec.Name = s
		}
	}
	if v, ok := o.Optional("framework"); ok {
		g.Spec.Framework = taskgroup.FrameworkName(v)
	}
	if v, ok := o.Optional("role"); ok {
		g.Spec.Role = taskgroup.Role(v)
	}
	if v, ok := o.Optional("instances"); ok {
		n, _ := v.Int(1, maxEntries)
		g.Spec.Instances = uint32(n)
	}
	for _, item := range list.List(maxStages) {
		if o, ok := item.Object(); ok {
			l.stage(item, o, &g)
			o.Done()
		}
	}
	if list.IsList() && len(g.stages) == 0 {
		list.Failf("expected at least one stage")
	}
	return g
}

// maxStages bounds the stages of a group, and its phases.
const maxStages = 1000

func (l *groupList) stage(item strictyaml.Value, o *strictyaml.Object, g *Group) {
	for _, field := range []string{"framework", "role", "arrival", "repeat", "phases"} {
		if v, ok := o.Optional(field); ok {
			v.Failf("belongs to the group, not to a stage of it")
		}
	}
	_, ordered := o.Optional("after")
	s := Group{Spec: taskgroup.Decode(o, taskgroup.Simulated)}
	s.Spec.Framework = g.Spec.Framework
	l.runTime(o, &s)
	names := make(map[string]bool)
	for _, other := range g.stages {
		names[other.Spec.Name] = true
	}
	if names[s.Spec.Name] && s.Spec.Name != "" {
		item.Failf("stage %s is there twice", s.Spec.Name)
	}
	for _, name := range slices.Concat(s.Spec.After, s.Spec.AfterEnd) {
		if !names[name] {
			item.Failf("after: %s is not a stage before this one", name)
		}
	}
	if s.Spec.PerAgent {
		item.Failf("a stage is not per: agent")
	}
	if last := len(g.stages) - 1; last >= 0 && !ordered {
		s.Spec.After = []string{g.stages[last].Spec.Name}
	}
	g.stages = append(g.stages, s)
}

// phases reads the phases of a group after the first one, which is the group itself. What a phase does
// not say stays as it was before.
func (l *groupList) phases(list strictyaml.Value, g Group) {
	if g.arrival != nil || g.repeat != nil || g.stages != nil || g.Spec.Schedule != "" || g.Spec.PerAgent {
		list.Failf("a group with phases is not per: agent, has no schedule and no stages, does not repeat, and arrives at a given time")
	}
	first := g
	for i, item := range list.List(maxStages) {
		o, ok := item.Object()
		if !ok {
			continue
		}
		before := g.ArrivalMillis
		spec := *g.Spec
		spec.Name = instanceName(first.Spec.Name, i+2)
		g.Spec, g.replaces = &spec, true
		if v, ok := o.Required("at"); ok {
			problems := v.Problems()
			at, _ := v.Millis()
			if g.ArrivalMillis = first.ArrivalMillis + at; g.ArrivalMillis <= before && v.Problems() == problems {
				v.Failf("must be later than the phase before it begins")
			}
		}
		if v, ok := o.Optional("instances"); ok {
			n, _ := v.Int(1, maxEntries)
			g.Spec.Instances, g.Spec.InstancesMin = uint32(n), 0
		}
		if v, ok := o.Optional("tasks"); ok {
			g.Spec.Tasks = taskgroup.Tasks(v, taskgroup.Simulated)
		}
		l.runTime(o, &g)
		o.Done()
		if g.Spec.GangMin > g.Spec.Instances {
			item.Failf("the gang of %d is larger than the %d instances", g.Spec.GangMin, g.Spec.Instances)
		}
		if first.Spec.Name != "" && !taskgroup.IsName(spec.Name) {
			item.Failf("%s is too long for the name of a phase", spec.Name)
		}
		l.add(item, g)
	}
}
