package sim

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

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
	groups []Group
	values []strictyaml.Value // where each was read
	lines  map[string]int     // of each framework/name
	roleOf map[string]string
	mode   Mode
}

func groups(v strictyaml.Value, s *Scenario) []Group {
	l := groupList{lines: make(map[string]int), roleOf: make(map[string]string), mode: s.Mode}
	for _, f := range s.Frameworks {
		l.roleOf[f.Name] = f.Role
	}
	for _, item := range v.List(maxEntries) {
		if o, ok := item.Object(); ok {
			l.entry(item, o)
			o.Done()
		}
	}
	if len(l.groups) > maxEntries {
		v.Failf("more than %d task groups, with their phases", maxEntries)
	}
	separate(l.values, l.groups)
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
	l.groups, l.values = append(l.groups, g), append(l.values, item)
}

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
	if l.mode == WholeAgents {
		list.Failf("stages are not for mode offers")
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
	if last := len(g.stages) - 1; last >= 0 && !ordered {
		s.Spec.After = []string{g.stages[last].Spec.Name}
	}
	g.stages = append(g.stages, s)
}

// phases reads the phases of a group after the first one, which is the group itself. What a phase does
// not say stays as it was before.
func (l *groupList) phases(list strictyaml.Value, g Group) {
	if g.arrival != nil || g.repeat != nil || g.stages != nil {
		list.Failf("a group with phases has no stages, does not repeat, and arrives at a given time")
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

// separate checks the groups that are submitted under other names than their own, and what that means for
// the others. The values are those that the groups were read from.
func separate(values []strictyaml.Value, groups []Group) {
	numbered := make(map[string]int) // how many parts have numbers for names, by framework/name
	stages := make(map[string]bool)  // framework/name, and framework/name.stage
	total := 0
	for i := range groups {
		g := &groups[i]
		key := g.Spec.Framework + "/" + g.Spec.Name
		if n := g.numbers(); n > 0 {
			numbered[key] = n
		}
		for k := range g.stages {
			stages[key], stages[key+"."+g.stages[k].Spec.Name] = true, true
		}
		if last := g.longestName(); g.Spec.Name != "" && !taskgroup.IsName(last) {
			values[i].Failf("it is submitted in parts, but %s is too long for the name of one", last)
		}
		if total++; g.arrival != nil {
			total += int(g.Spec.Instances) - 1
		}
		if total > maxEntries {
			values[i].Failf("more than %d task groups, with instances that arrive one by one", maxEntries)
			return
		}
	}
	for i := range groups {
		checkNames(values[i], &groups[i], numbered, stages)
	}
}

// checkNames refuses a group that comes after one that is submitted in parts, or has the name of a part.
func checkNames(v strictyaml.Value, g *Group, numbered map[string]int, stages map[string]bool) {
	for _, name := range slices.Concat(g.Spec.After, g.Spec.AfterEnd) {
		key := g.Spec.Framework + "/" + name
		if isStage := stages[key] && strings.Contains(name, "."); numbered[key] > 0 || stages[key] && !isStage {
			v.Failf("%s is submitted in parts, so that nothing can come after it", name)
		}
	}
	if g.stages == nil && stages[g.Spec.Framework+"/"+g.Spec.Name] {
		v.Failf("%s is also a stage of another task group", g.Spec.Name)
	}
	base := g.Spec.Name
	for dot := strings.LastIndexByte(base, '.'); dot >= 0; dot = strings.LastIndexByte(base, '.') {
		of, part := base[:dot], base[dot+1:]
		n := numbered[g.Spec.Framework+"/"+of]
		if k, err := strconv.ParseUint(part, 10, 31); err == nil && int(k) < n && strconv.FormatUint(k, 10) == part {
			v.Failf("%s is also a part of %s that is submitted by itself", g.Spec.Name, of)
		}
		base = of
	}
}

// numbers is how many parts of the group have numbers in their names: instances that arrive by
// themselves, or repetitions.
func (g *Group) numbers() int {
	switch {
	case g.arrival != nil:
		return int(g.Spec.Instances)
	case g.repeat != nil:
		return g.repeat.times
	}
	return 0
}

// longestName is the longest name under which a part of the group is submitted.
func (g *Group) longestName() string {
	name := g.Spec.Name
	if n := g.numbers(); n > 0 {
		name = instanceName(name, min(n, 1_000_000_000)-1)
	}
	longest := name
	for i := range g.stages {
		if full := name + "." + g.stages[i].Spec.Name; len(full) > len(longest) {
			longest = full
		}
	}
	return longest
}

// instanceName is the group that an instance becomes which arrives by itself, a repetition, or a phase.
func instanceName(group string, instance int) string { return fmt.Sprintf("%s.%d", group, instance) }
