package allocator

import "slices"

// modelSoft is what keeps a group from agents for a while (docs/task-groups.md,
// docs/placement.md): failures there, and wishes.
type modelSoft struct {
	failures []modelFailure // by agent, in the order of the first failure on each
	homes    map[int32]modelHome
	likes    int64 // until when it waits for agents that it prefers
	inLine   bool
}

type modelFailure struct {
	agent string
	n     int32
	until int64 // when it goes there again
}

type modelHome struct {
	agent string
	until int64
}

// softly says whether the next instance of a group may go to an agent, were there
// room and all its constraints met.
func (m *model) softly(g *modelGroup, a *modelAgent) bool {
	if m.avoids(g, a.Agent) {
		return false
	}
	if home, ok := g.homes[g.nextInstance(a.Agent)]; ok && m.now < home.until {
		return a.Agent == home.agent
	}
	return m.now >= g.likes || m.prefers(g, a)
}

func (m *model) avoids(g *modelGroup, agent string) bool {
	return slices.ContainsFunc(g.failures, func(f modelFailure) bool { return f.agent == agent && m.now < f.until })
}

// prefers says whether an agent is as a group wishes: that has nothing to do with
// where its own instances are.
func (m *model) prefers(g *modelGroup, a *modelAgent) bool {
	for _, c := range g.Prefer {
		if !c.allows(fieldOf(c.Field, &a.AgentSeen), nil) {
			return false
		}
	}
	return g.Near == "" || slices.ContainsFunc(m.runs, func(r *modelRun) bool {
		return r.agent == a.Agent && r.group.Framework == g.Framework && r.group.Name == g.Near
	})
}

// soft says whether agents are closed to a group for a while.
func (m *model) soft(g *modelGroup) bool {
	return g.wishes() || slices.ContainsFunc(m.agents, func(a *modelAgent) bool { return m.avoids(g, a.Agent) })
}

// line lets those wait for what they prefer that have come into line, at a time.
func (m *model) line(at int64) {
	for _, g := range m.groups {
		if g.waits() && !g.inLine {
			g.since, g.likes = at, m.likesFrom(g, at)
		}
		g.inLine = g.waits()
	}
}

func (m *model) likesFrom(g *modelGroup, at int64) int64 {
	switch {
	case len(g.Prefer) == 0 && g.Near == "":
		return 0
	case g.PreferWaitMillis == 0:
		return at + 5000
	}
	return at + g.PreferWaitMillis
}

// placed notes where an instance went: what has found an agent that it prefers
// waits anew for the next one.
func (m *model) placed(d decisionOf) {
	g := m.group(d.Framework, d.Group)
	if !g.PerAgent {
		g.since = m.now
	}
	delete(g.homes, d.Instance)
	if m.prefers(g, m.agent(d.Agent)) {
		g.likes = m.likesFrom(g, m.now)
	}
	m.line(m.now)
}

// failedOn keeps a group from an agent where a run of it failed or was lost, or
// lets the instance go back there.
func (m *model) failedOn(r *modelRun, a *Settle) {
	g, on := r.group, m.agent(r.agent)
	wait := g.PreferWaitMillis
	if wait == 0 {
		wait = 5000
	}
	switch {
	case on.lost || g.PerAgent:
	case g.Sticky && a.Outcome != Lost:
		if a.Retry {
			g.homes[r.Instance] = modelHome{r.agent, a.NotBefore + wait}
		}
	case a.Outcome == Failed && r.oom > 0 && g.OnOOM != (OnOOM{}): // not the agent's fault
	case a.Outcome == Failed || a.Outcome == Lost:
		if m.cfg.AvoidMillis >= 0 && !g.over() && m.otherCould(g, on) {
			g.avoid(r.agent, m.now, m.cfg.AvoidMillis)
		}
	}
}

// avoid keeps a group from an agent, twice as long with each failure, but no
// longer than five minutes; five minutes after that all is forgotten.
func (g *modelGroup) avoid(agent string, now, millis int64) {
	const longest = 300_000
	k := slices.IndexFunc(g.failures, func(f modelFailure) bool { return f.agent == agent })
	if k < 0 {
		k = len(g.failures)
		g.failures = append(g.failures, modelFailure{agent: agent})
	}
	f := &g.failures[k]
	if now-f.until > longest {
		f.n = 0
	}
	for range f.n {
		millis = min(2*millis, longest)
	}
	f.until = now + min(millis, longest)
	f.n++
}

// otherCould says whether an agent other than one, and than those that a group
// avoids, could hold an instance if nothing ran there.
func (m *model) otherCould(g *modelGroup, but *modelAgent) bool {
	return slices.ContainsFunc(m.agents, func(a *modelAgent) bool {
		return a != but && !m.avoids(g, a.Agent) && m.couldEver(g, a)
	})
}

// couldEver says whether an agent could hold an instance if nothing ran there.
func (m *model) couldEver(g *modelGroup, a *modelAgent) bool {
	if a.lost {
		return false
	}
	for _, c := range g.Constraints {
		if !c.allows(fieldOf(c.Field, &a.AgentSeen), nil) {
			return false
		}
	}
	empty := &modelSpare{slots: a.Slots, free: a.total}
	if a.Owned {
		empty.gpus = parts(a.total["gpus"])
	}
	need := m.need(g, empty)
	_, gpus := m.give(g, a, a.total["cpus"]-need["cpus"], empty.gpus)
	return need.fitsIn(a.total) && gpus
}
