package allocator

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
)

// plan chooses the agents to hold for a group: one after the other where there is
// room now, and then those that it holds already and those where the least is
// missing. A gang that has to gather tries each value of the field.
func (m *model) plan(g *modelGroup) []HoldOn {
	return tryPlaces(m, g, func(agents []*modelAgent) []HoldOn { return m.planAmong(g, agents) })
}

// planAmong puts instances on agents that are only thought of.
func (m *model) planAmong(g *modelGroup, agents []*modelAgent) []HoldOn {
	trial, found := m.tryRooms(g, agents)
	was := m.runs
	defer func() { m.runs = was }()
	var on []HoldOn
	put := func(a *modelAgent) {
		m.runs = append(slices.Clone(m.runs), &modelRun{agent: a.Agent, group: g, thought: true})
		if k := slices.IndexFunc(on, func(at HoldOn) bool { return at.Agent == a.Agent }); k >= 0 {
			on[k].Instances++
			return
		}
		on = append(on, HoldOn{Agent: a.Agent, Instances: 1})
	}
	one := func(a *modelAgent) bool { return m.drained(g, a, (&modelHold{on: on}).at(a.Agent)+1) }
	missing := g.together()
	for _, a := range found {
		if m.mayPlanOn(g, a) && one(a) {
			put(a)
			missing--
		}
	}
	for _, a := range m.byMissing(g, agents, trial) {
		for missing > 0 && m.mayPlanOn(g, a) && one(a) && m.meets(g, a) && g.goesOn(a.Agent) && m.softly(g, a) {
			put(a)
			missing--
		}
	}
	if missing > 0 {
		return nil
	}
	return on
}

func (m *model) mayPlanOn(g *modelGroup, a *modelAgent) bool {
	holder := m.holderOf(a)
	return !a.lost && (holder == nil || holder == g)
}

// tryRooms finds agents with room now for as much as starts at once, or less, and
// says what is free on all if that is used.
func (m *model) tryRooms(g *modelGroup, agents []*modelAgent) (map[string]*modelSpare, []*modelAgent) {
	was, wasRuns, wasRun := *g, m.runs, m.lastRun
	placements := maps.Clone(m.placements)
	all := m.beside(m.free, g)
	trial := map[string]*modelSpare{}
	for _, a := range m.agents {
		c := *all[a.Agent]
		c.gpus = slices.Clone(c.gpus)
		if all[a.Agent] = &c; slices.Contains(agents, a) {
			trial[a.Agent] = &c
		}
	}
	var found []*modelAgent
	for range was.together() {
		a := m.best(g, trial)
		if a == nil {
			break
		}
		found = append(found, a)
		m.launch(g, a, trial[a.Agent])
	}
	*g, m.runs, m.lastRun, m.placements = was, wasRuns, wasRun, placements
	return all, found
}

// byMissing puts agents in the order in which they are to be held: those that are
// already, then by how much is missing for one instance, as parts of the cluster in
// units of 2^-32.
func (m *model) byMissing(g *modelGroup, agents []*modelAgent, free map[string]*modelSpare) []*modelAgent {
	missing := func(a *modelAgent) *big.Int {
		sum, total := new(big.Int), m.total()
		for k, n := range m.wantedOn(g, a, 1) { // commutes: a sum
			if lack := n - free[a.Agent].free[k]; lack > 0 && total[k] > 0 {
				sum.Add(sum, part(big.NewInt(min(lack, total[k])), big.NewInt(total[k]), 32))
			}
		}
		return sum
	}
	foreign := func(a *modelAgent) int {
		if m.holderOf(a) == g {
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(agents), func(a, b *modelAgent) int {
		return cmp.Or(cmp.Compare(foreign(a), foreign(b)), missing(a).Cmp(missing(b)))
	})
}

// completeBy is when all has ended on some agents that ends, if that is known and
// before a hold of them does; else 0.
func (m *model) completeBy(g *modelGroup, on []HoldOn, until int64) int64 {
	last := m.now
	for _, at := range on {
		a := m.agent(at.Agent)
		free := m.free[at.Agent].free
		for _, r := range m.runs {
			if r.agent != a.Agent || r.stays() {
				continue
			}
			free = free.add(r.holds(m.kinds))
			if r.group.MaxRuntimeMillis == 0 || r.killed || len(r.hidden) > 0 {
				return 0
			}
			last = max(last, r.started+r.group.MaxRuntimeMillis)
		}
		if !m.wantedOn(g, a, int(at.Instances)).fitsIn(free) {
			return 0
		}
	}
	if last == m.now || last > until {
		return 0
	}
	return last
}

// backfill uses what is held for what is over before it could be complete.
func (m *model) backfill() (out []decisionOf) {
	for !m.more && (m.cfg.MaxPlacements == 0 || len(out) < m.cfg.MaxPlacements) {
		g, a := m.letIn()
		if g == nil {
			break
		}
		out = m.placeAs(out, g, a, m.free[a.Agent])
	}
	return out
}

// letIn finds the next one that may use what is held, and the best agent for it.
func (m *model) letIn() (*modelGroup, *modelAgent) {
	if !slices.ContainsFunc(m.holders(), func(g *modelGroup) bool { return g.hold.completeBy > m.now }) {
		return nil, nil
	}
	waiting := slices.DeleteFunc(m.byPriority(), func(g *modelGroup) bool { return !g.waits() })
	for _, path := range m.orderOfBlocked(waiting) {
		for _, g := range waiting {
			if g.path() != path || g.hold != nil || g.together() > 1 || g.MaxRuntimeMillis == 0 {
				continue
			}
			lent := map[string]*modelSpare{}
			for _, h := range m.holders() {
				for _, at := range h.hold.on {
					if sp := m.free[at.Agent]; m.now < h.hold.completeBy && m.now+g.MaxRuntimeMillis <= h.hold.completeBy && !m.refused(g, m.need(g, sp)) {
						lent[at.Agent] = sp
					}
				}
			}
			if a := m.best(g, lent); a != nil {
				return g, a
			}
		}
	}
	return nil, nil
}

// orderOfBlocked lists frameworks of which nothing finds room as they would be served.
func (m *model) orderOfBlocked(groups []*modelGroup) []string {
	waiting := map[string][]*modelGroup{}
	for _, g := range groups {
		waiting[g.path()] = append(waiting[g.path()], g)
	}
	tree := m.treeOf(nil)
	return slices.SortedFunc(maps.Keys(waiting), func(a, b string) int { return m.compare(a, b, waiting, tree) })
}
