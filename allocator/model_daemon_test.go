package allocator

import (
	"maps"
	"slices"
)

// attend gives daemon groups an instance on each agent that they are to run on,
// and takes along what waits for one that has left, or is none for the group any
// more, and what has ended on one that has left.
func (m *model) attend() {
	for _, g := range m.groups {
		if !g.PerAgent || g.closed || !g.allMet() {
			continue
		}
		for _, on := range slices.Sorted(maps.Keys(g.at)) {
			if n := g.at[on]; !m.attends(g, on) && (g.waitsAgain(n) || m.left(on) && !m.runsHere(g, n)) {
				g.leave(on)
			}
		}
		for _, a := range m.agents {
			if _, ok := g.at[a.Agent]; !ok && m.attends(g, a.Agent) {
				n := g.freeNumber()
				g.at[a.Agent], g.again = n, append(g.again, n)
			}
		}
	}
}

func (m *model) attends(g *modelGroup, agent string) bool {
	return slices.ContainsFunc(m.agents, func(a *modelAgent) bool { return a.Agent == agent && m.couldEver(g, a) })
}

func (m *model) left(agent string) bool {
	return !slices.ContainsFunc(m.agents, func(a *modelAgent) bool { return a.Agent == agent && !a.lost })
}

func (m *model) runsHere(g *modelGroup, n int32) bool {
	return slices.ContainsFunc(m.runs, func(r *modelRun) bool { return r.group == g && r.Instance == n })
}

func (g *modelGroup) waitsAgain(n int32) bool {
	return slices.Contains(g.again, n) || slices.ContainsFunc(g.backoff, func(b backoffTimer) bool { return b.instance == n })
}

// leave takes the instance of an agent along.
func (g *modelGroup) leave(agent string) {
	n := g.at[agent]
	if g.hold != nil && g.hold.at(agent) > 0 && slices.Contains(g.again, n) {
		g.hold = nil
	}
	delete(g.at, agent)
	g.again = slices.DeleteFunc(g.again, func(k int32) bool { return k == n })
	g.backoff = slices.DeleteFunc(g.backoff, func(b backoffTimer) bool { return b.instance == n })
}

// freeNumber is the lowest that no agent's instance has.
func (g *modelGroup) freeNumber() int32 {
	for n := int32(0); ; n++ {
		if !slices.Contains(slices.Collect(maps.Values(g.at)), n) {
			return n
		}
	}
}

// goesOn says whether the next instance of a group could be on an agent at all.
func (g *modelGroup) goesOn(agent string) bool {
	n, ok := g.at[agent]
	return !g.PerAgent || ok && slices.Contains(g.again, n)
}
