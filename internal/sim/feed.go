package sim

import (
	"slices"

	"fairlead/allocator"
	"fairlead/internal/taskgroup"
)

// feed is an entry that is submitted in parts: instances that arrive one by one, repetitions, stages.
type feed struct {
	entry  int
	group  Group
	parts  []part
	from   source
	given  int     // how many arrivals were given
	left   int     // how many are still to come
	millis float64 // when the latest one arrived, by a Poisson process
	sorted []head  // all of them, where they are not drawn in order
	// open counts the parts of the present repetition that are not over.
	open int
}

// part is what each arrival consists of: the group itself, or one of its stages.
type part struct {
	group Group
	core  allocator.Group
}

func newFeed(g *Group, entry int, seed int64) *feed {
	f := &feed{entry: entry, group: *g, left: max(g.numbers(), 1)}
	for i := range g.stages {
		s := g.stages[i]
		spec := *s.Spec
		spec.Name, spec.Framework, spec.Role = g.Spec.Name+"."+spec.Name, g.Spec.Framework, g.Spec.Role
		s.Spec = &spec
		f.add(s, seed)
	}
	if g.stages == nil {
		f.add(*g, seed)
	}
	if g.arrival == nil {
		return f
	}
	if f.from = stream(seed, "arrival", g); g.arrival.kind == poisson {
		return f
	}
	f.sorted = make([]head, f.left)
	for k := range f.sorted {
		f.sorted[k] = head{at: g.arrival.value(f.from, k, 0), k: k}
	}
	slices.SortFunc(f.sorted, head.compare)
	return f
}

func (f *feed) add(g Group, seed int64) {
	g.seeded(seed)
	f.parts = append(f.parts, part{g, taskgroup.Shape(g.Spec)})
}

// next is the next arrival; there must be one.
func (f *feed) next() head {
	h := head{at: f.group.ArrivalMillis, entry: f.entry, k: f.given}
	switch {
	case f.sorted != nil:
		h.at, h.k = f.sorted[f.given].at, f.sorted[f.given].k
	case f.group.arrival != nil:
		f.millis += f.group.arrival.gap(f.from, f.given)
		h.at = whole(f.millis)
	}
	f.given++
	f.left--
	return h
}

// arrivals appends what an arrival consists of.
func (f *feed) arrivals(into []arrival, h head) []arrival {
	for i := range f.parts {
		p := &f.parts[i]
		spec := *p.group.Spec
		g, core := p.group, p.core
		g.Spec, g.ArrivalMillis, g.number = &spec, h.at, h.k*int(spec.Instances)
		if f.group.arrival != nil && f.group.stages == nil {
			spec.Instances, g.number = 1, h.k
		}
		spec.Name = f.name(spec.Name, h.k)
		spec.After, spec.AfterEnd = f.stagesBefore(spec.After, h.k), f.stagesBefore(spec.AfterEnd, h.k)
		core.Name, core.Instances = spec.Name, int32(spec.Instances)
		core.After, core.AfterEnd = spec.After, spec.AfterEnd
		into = append(into, arrival{&g, core, f.entry, f})
	}
	f.open = len(f.parts)
	return into
}

// name is under which a part is submitted for the k-th time.
func (f *feed) name(part string, k int) string {
	if f.group.numbers() == 0 {
		return part
	}
	base := f.group.Spec.Name
	return instanceName(base, k) + part[len(base):]
}

// stagesBefore are the groups that a stage comes after.
func (f *feed) stagesBefore(after []string, k int) []string {
	if f.group.stages == nil || after == nil {
		return after
	}
	out := make([]string, len(after))
	for i, name := range after {
		out[i] = f.name(f.group.Spec.Name+"."+name, k)
	}
	return out
}
