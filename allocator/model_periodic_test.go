package allocator

import "slices"

// modelPeriodic is where a periodic group stands. What becomes of each time that it
// is due the model is told (Occur, Skip, Stop), and does not ask why.
type modelPeriodic struct {
	idle   bool // it was never due
	due    []int64
	booked int64 // the latest time that it was told
	last   bool  // it will not be due again
	over   bool  // no occurrence starts any more
}

func (m *model) scheduleDue(f ScheduleDue) {
	g := m.group(f.Framework, f.Name)
	p := &g.periodic
	if p.over || p.last || f.At != 0 && f.At <= p.booked {
		return
	}
	if f.At != 0 {
		p.booked, p.due = f.At, append(p.due, f.At)
	}
	p.last = f.Next == 0
	g.endUnscheduled()
}

// endUnscheduled ends a group that will not be due again.
func (g *modelGroup) endUnscheduled() {
	p := &g.periodic
	switch {
	case !g.Periodic || !p.last || len(p.due) > 0:
	case p.idle:
		p.idle, p.over, g.closed = false, true, true
	case g.over():
		p.over = true
	}
}

func (m *model) skipped(a Skip) {
	g := m.group(a.Framework, a.Group)
	g.periodic.due = slices.DeleteFunc(g.periodic.due, func(at int64) bool { return slices.Contains(a.Due, at) })
	g.endUnscheduled()
}

// occurs starts an occurrence, as if the group was submitted now.
func (m *model) occurs(a Occur) {
	g := m.group(a.Framework, a.Group)
	met := map[string]bool{}
	for _, name := range slices.Concat(g.After, g.AfterEnd) {
		if parent := m.group(g.Framework, name); parent != nil {
			met[name] = g.meets(parent)
		} else {
			met[name] = g.over() || g.met[name]
		}
	}
	g.periodic.due = slices.DeleteFunc(g.periodic.due, func(at int64) bool { return at == a.Due })
	m.again(g, met)
}

// again makes a group as it was when it was submitted, at the end of the line.
func (m *model) again(g *modelGroup, met map[string]bool) {
	grown, periodic := g.grown, g.periodic // what it has learned stays
	*g = *newModelGroup(g.Group, met)
	g.grown, g.periodic, g.periodic.idle = grown, periodic, false
	at := slices.Index(m.groups, g)
	m.groups = append(slices.Delete(m.groups, at, at+1), g)
}

// endSchedule lets no occurrence start any more, and reports whether there is
// nothing more to end.
func (g *modelGroup) endSchedule() bool {
	p := &g.periodic
	if !g.Periodic || p.over {
		return false
	}
	p.over, p.due = true, nil
	if !g.over() {
		return false
	}
	g.finished = false
	return true
}
