package allocator

import (
	"cmp"
	"math/big"
	"slices"
)

// goes says whether a run is ended anyway, or was chosen to end, or is one of a set.
func (c *modelClaim) goes(r *modelRun, set []*modelRun) bool {
	return r.killed || slices.Contains(c.victims, r) || slices.Contains(set, r)
}

// empty is an agent when all has ended that goes, as if all that is not ours was offered.
func (c *modelClaim) empty(a *modelAgent, set []*modelRun) *modelSpare {
	used, sp := amounts{}, &modelSpare{slots: a.Slots, gpus: c.m.devices(a)}
	for _, r := range c.m.runs {
		switch {
		case r.agent != a.Agent || r.thought:
		case c.goes(r, set):
			r.eachDevice(func(n int32, part int64) {
				if int(n) < len(sp.gpus) {
					sp.gpus[n] += part
				}
			})
		default:
			used.gain(r.holds(c.m.kinds))
			if r.Slot {
				sp.slots--
			}
		}
	}
	if sp.free = (amounts{}); used.fitsIn(a.total) {
		sp.free = a.total.less(used)
	}
	return sp
}

// taking is what so many instances take of an agent then.
func (c *modelClaim) taking(a *modelAgent, n int, set []*modelRun) amounts {
	sum := times(c.g.demand(), n)
	for range n - max(int(c.empty(a, set).slots), 0) {
		sum = sum.add(amountsOf(c.m.cfg.Executor))
	}
	return sum
}

// cheapest is the agent where one more instance costs the least work.
func (c *modelClaim) cheapest() (on *modelAgent, best []*modelRun) {
	var least *big.Int
	for _, a := range c.m.agents {
		if !c.m.mayPlanOn(c.g, a) || !c.m.meets(c.g, a) || !c.g.goesOn(a.Agent) || !c.m.softly(c.g, a) {
			continue
		}
		set, ok := c.setOn(a)
		if !ok {
			continue
		}
		cost := new(big.Int)
		for _, r := range set {
			cost.Add(cost, c.m.cost(r))
		}
		if on == nil || cost.Cmp(least) < 0 {
			on, best, least = a, set, cost
		}
	}
	return on, best
}

// setOn chooses the runs that have to end for one more instance: the cheapest that
// can be spared, less those that turn out not to be needed, the dearest first.
func (c *modelClaim) setOn(a *modelAgent) ([]*modelRun, bool) {
	n := (&modelHold{on: c.on}).at(a.Agent) + 1
	enough := func(set []*modelRun) bool {
		return c.taking(a, n, set).fitsIn(c.empty(a, set).free) && c.m.fitting(c.g, a, c.empty(a, set), n) == n
	}
	var set []*modelRun
	for _, r := range c.mayEnd(a) {
		if !enough(set) && c.canSpare(r, set) {
			set = append(set, r)
		}
	}
	if !enough(set) {
		return nil, false
	}
	for k := len(set) - 1; k >= 0; k-- {
		if less := slices.Delete(slices.Clone(set), k, k+1); enough(less) {
			set = less
		}
	}
	return set, true
}

// cost is the work that is lost with a run: its age times its dominant share.
func (m *model) cost(r *modelRun) *big.Int {
	share := new(big.Int).Rsh(m.dominance(r.holds(m.kinds)), 12)
	cost := share.Mul(share, big.NewInt(m.now-r.started))
	return cost.Add(cost, big.NewInt(1))
}

// mayEnd lists the runs of an agent that may be ended for others, the cheapest first
// and of those the youngest.
func (c *modelClaim) mayEnd(a *modelAgent) []*modelRun {
	var out []*modelRun
	for _, r := range c.m.runs {
		if r.agent == a.Agent && !r.thought && r.group.path() != c.g.path() && !r.group.NotPreemptible && !c.goes(r, nil) && r.started+c.minRun <= c.m.now {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(x, y *modelRun) int {
		return cmp.Or(c.m.cost(x).Cmp(c.m.cost(y)), cmp.Compare(y.Run, x.Run))
	})
	return out
}

// canSpare says whether a framework keeps its fair share, and the roles above it what
// they are promised, when a run ends and those of a set do.
func (c *modelClaim) canSpare(r *modelRun, set []*modelRun) bool {
	gone := append(slices.Clone(set), r)
	if c.promised != "" && slices.Contains(rolesAbove(r.group.Role), c.promised) {
		return false
	}
	if c.m.dominance(c.left(r.group.path(), gone)).Cmp(c.m.dominance(c.fair[r.group.path()])) < 0 {
		return false
	}
	for _, role := range rolesAbove(r.group.Role) {
		held, _, _ := c.m.held(role)
		left := c.left(role, gone)
		if slices.Contains(rolesAbove(c.g.Role), role) {
			left = left.add(times(c.g.demand(), c.g.together()))
		}
		for _, q := range c.m.quotas[role].Guarantee {
			if c.loses(role, q.Name, gone) && left[q.Name] < min(int64(q.Amount), held[q.Name]) {
				return false
			}
		}
	}
	return true
}

// left is what a framework or role has left when all has ended that goes.
func (c *modelClaim) left(path string, set []*modelRun) amounts {
	left := amounts{}
	for _, r := range c.m.runs {
		if !r.thought && !c.goes(r, set) && slices.Contains(rolesAbove(r.group.path()), path) {
			left.gain(r.holds(c.m.kinds))
		}
	}
	return left
}

// loses says whether a role loses any of a resource with some runs.
func (c *modelClaim) loses(role, resource string, set []*modelRun) bool {
	return slices.ContainsFunc(set, func(r *modelRun) bool {
		return slices.Contains(rolesAbove(r.group.Role), role) && r.holds(c.m.kinds)[resource] > 0
	})
}
