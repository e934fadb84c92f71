package allocator

import (
	"maps"
	"slices"
)

// together is how many instances have to start at once.
func (g *modelGroup) together() int {
	if g.Gang > 1 && g.started == 0 {
		return int(g.Gang)
	}
	return 1
}

// rooms are the agents for all that has to start at once; nil if there is not
// room for everything. A gang that has to gather at one value of a field goes
// where the best agent for its first instance is, else to the first value where
// there is room.
func (m *model) rooms(g *modelGroup, free map[string]*modelSpare) []*modelAgent {
	if out := m.roomsIn(g, m.beside(free, nil)); out != nil || g.hold == nil {
		return out
	}
	return m.roomsIn(g, m.beside(free, g))
}

// roomsIn is rooms for what is free for a group.
func (m *model) roomsIn(g *modelGroup, free map[string]*modelSpare) []*modelAgent {
	return tryPlaces(m, g, func(agents []*modelAgent) []*modelAgent { return m.roomsAmong(g, free, agents) })
}

// tryPlaces tries something with all agents, and if that comes to nothing for a gang that
// has to gather at one value of a field, with those of each value.
func tryPlaces[T any](m *model, g *modelGroup, try func([]*modelAgent) []T) []T {
	out := try(m.agents)
	gather := slices.IndexFunc(g.Constraints, func(c Constraint) bool { return c.Operator == Cluster && c.Value == "" })
	if out != nil || gather < 0 || g.together() == 1 {
		return out
	}
	for _, first := range m.agents {
		var there []*modelAgent
		value := fieldOf(g.Constraints[gather].Field, &first.AgentSeen)
		for _, a := range m.agents {
			if fieldOf(g.Constraints[gather].Field, &a.AgentSeen) == value {
				there = append(there, a)
			}
		}
		if out = try(there); out != nil {
			return out
		}
	}
	return nil
}

// roomsAmong finds the agents by starting everything and taking it all back.
func (m *model) roomsAmong(g *modelGroup, free map[string]*modelSpare, agents []*modelAgent) []*modelAgent {
	was, wasRuns, wasRun := *g, m.runs, m.lastRun
	placements := maps.Clone(m.placements)
	trial := map[string]*modelSpare{}
	for _, a := range agents {
		c := *free[a.Agent]
		c.free, c.gpus = maps.Clone(c.free), slices.Clone(c.gpus)
		trial[a.Agent] = &c
	}
	var out []*modelAgent
	for range was.together() {
		a := m.best(g, trial)
		if a == nil {
			out = nil
			break
		}
		out = append(out, a)
		m.launch(g, a, trial[a.Agent])
	}
	*g, m.runs, m.lastRun, m.placements = was, wasRuns, wasRun, placements
	return out
}
