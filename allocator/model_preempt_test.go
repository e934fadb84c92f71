package allocator

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"strings"

	"fairlead/drf"
)

// preempt ends runs for the first framework in order that may claim what they hold,
// and holds the room for its group (docs/fairness.md).
func (m *model) preempt() (out []Action) {
	if !m.cfg.Preemption || !m.policy().fair() || m.more {
		return nil
	}
	waiting := m.firstOfKinds()
	if !slices.ContainsFunc(m.groups, func(g *modelGroup) bool { return g.waits() && m.now >= g.since+m.cfg.PreemptAfterMillis }) {
		return nil
	}
	fair := m.entitled()
	for _, path := range m.orderOfBlocked(waiting) {
		g := m.claimant(path, waiting)
		if g == nil || m.now < g.since+m.cfg.PreemptAfterMillis {
			continue
		}
		c := &modelClaim{m: m, g: g, fair: fair, minRun: m.cfg.PreemptMinRunMillis}
		lately := slices.DeleteFunc(slices.Clone(m.preempted), func(at int64) bool { return at+60_000 <= m.now })
		if !c.plan() || len(lately)+len(c.victims) > m.cfg.PreemptPerMinute {
			continue
		}
		if g.hold == nil {
			g.holds++
		}
		m.keepRoom(g, c.on, m.now+m.cfg.HoldMillis, 0)
		out = append(out, g.hold.action(g))
		for _, r := range c.victims {
			r.killed, m.preempted = true, append(m.preempted, m.now)
			out = append(out, Preempt{Run: r.Run, Agent: r.agent, Framework: g.Framework, Group: g.Name})
		}
		return out
	}
	return nil
}

// claimant is the group that a framework would claim for: the one that room is held
// for, or else the first in line, that no limit forbids and that empty agents could hold.
func (m *model) claimant(path string, waiting []*modelGroup) *modelGroup {
	for _, g := range m.holders() {
		if g.path() == path {
			waiting = []*modelGroup{g}
		}
	}
	for _, g := range waiting {
		if g.path() == path && !m.overLimit(g, times(g.demand(), g.together())) && m.couldHold(g) >= g.together() {
			return g
		}
	}
	return nil
}

func (m *model) couldHold(g *modelGroup) int {
	sum := 0
	for _, a := range m.agents {
		if !m.couldEver(g, a) {
			continue
		}
		empty := &modelSpare{slots: a.Slots, free: a.total}
		if a.Owned {
			empty.gpus = parts(a.total["gpus"])
		}
		sum += m.fitting(g, a, empty, int(g.most()))
	}
	return sum
}

// entitled is what each framework is entitled to: drf.FairShares, which has tests of
// its own, of what everybody holds and waits for.
func (m *model) entitled() map[string]amounts {
	var paths []string
	index, out := map[string]int{}, map[string]amounts{}
	var claims []drf.Claim
	for _, path := range m.allPaths() {
		weight, _ := drf.NewWeight(drf.Amount(m.weight(path)))
		claim := drf.Claim{Parent: -1, Weight: weight}
		if at, ok := index[parentPath(path)]; ok {
			claim.Parent = at
		}
		if q, ok := m.quotas[path]; ok && len(q.Guarantee)+len(q.Limit) > 0 {
			limit := drf.Vector{}
			for k := range limit {
				limit[k] = 1 << 62
			}
			for _, l := range q.Limit {
				kind, _ := m.kinds.Lookup(l.Name)
				limit[kind] = l.Amount
			}
			claim.Guarantee, claim.Limit = m.vectorOf(amountsOf(q.Guarantee)), &limit
		}
		claim.Demand = m.vectorOf(m.demanded(path))
		index[path] = len(claims)
		paths, claims = append(paths, path), append(claims, claim)
	}
	for i, v := range drf.FairShares(m.vectorOf(m.total()), claims) {
		out[paths[i]] = amounts{}
		for k := range m.kinds.Len() {
			out[paths[i]][m.kinds.Name(drf.Kind(k))] = int64(v[k])
		}
	}
	return out
}

// allPaths lists roles and frameworks, each after the one above it.
func (m *model) allPaths() []string {
	set := map[string]bool{}
	for role := range m.quotas { // commutes: a set
		for _, at := range rolesAbove(role) {
			set[at] = true
		}
	}
	for _, g := range m.groups {
		for _, at := range rolesAbove(g.path()) {
			set[at] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), strings.Compare(a, b))
	})
}

// demanded is what a framework holds and what it waits for, but for what no agent
// could hold. It comes with executors if no agent carries any.
func (m *model) demanded(path string) amounts {
	sum, largest, carry := amounts{}, amounts{}, false
	for _, a := range m.agents {
		carry = carry || a.Slots > 0
		for k, n := range a.total { // commutes: maxima
			largest[k] = max(largest[k], n)
		}
	}
	for _, r := range m.runs {
		if r.group.path() == path {
			sum.gain(r.holds(m.kinds))
		}
	}
	for _, g := range m.groups {
		each := g.demand()
		if !carry {
			each = each.add(amountsOf(m.cfg.Executor))
		}
		if g.path() == path && g.waits() && each.fitsIn(largest) {
			sum.gain(times(each, int(g.pending())))
		}
	}
	return sum
}

// dominance is a dominant share in units of 2^-32.
func (m *model) dominance(v amounts) *big.Int {
	most, total := new(big.Int), m.total()
	for k, n := range v { // commutes: a maximum
		if n > 0 && total[k] > 0 {
			if share := part(big.NewInt(min(n, total[k])), big.NewInt(total[k]), 32); share.Cmp(most) > 0 {
				most = share
			}
		}
	}
	return most
}

// modelClaim is a choice of runs that are to end for a group.
type modelClaim struct {
	m        *model
	g        *modelGroup
	fair     map[string]amounts
	minRun   int64
	promised string // the role whose guarantee is claimed; "" for a fair share
	victims  []*modelRun
	on       []HoldOn
}

// mayClaim reports whether a group is entitled to what it would take, and the role
// that it is promised to if it is more than its fair share.
func (c *modelClaim) mayClaim(charge amounts) (promised string, ok bool) {
	held, _, _ := c.m.held(c.g.path())
	within := c.m.dominance(held.add(charge)).Cmp(c.m.dominance(c.fair[c.g.path()])) <= 0
	for name, n := range charge { // commutes: a conjunction
		within = within && (n == 0 || c.m.unmet("", c.g, charge, name) == 0)
	}
	if within {
		return "", true
	}
	for _, role := range rolesAbove(c.g.Role) {
		held, _, _ := c.m.held(role)
		for _, other := range c.m.holders() {
			if other != c.g && slices.Contains(rolesAbove(other.Role), role) {
				held = held.add(times(other.demand().add(amountsOf(c.m.cfg.Executor)), other.together()))
			}
		}
		if c.m.promisedTo(role, held, charge) {
			return role, true
		}
	}
	return "", false
}

// plan chooses for one instance after the other the agent where that costs the least
// work, and reports whether there is anything to end for all of them.
func (c *modelClaim) plan() bool {
	m, g := c.m, c.g
	promised, ok := c.mayClaim(times(g.demand(), g.together()))
	c.promised = promised
	if !ok {
		return false
	}
	was := m.runs
	defer func() { m.runs = was }()
	charge := amounts{}
	for range g.together() {
		a, set := c.cheapest()
		if a == nil {
			return false
		}
		before := c.taking(a, (&modelHold{on: c.on}).at(a.Agent), nil)
		c.victims = append(c.victims, set...)
		c.put(a)
		charge = charge.add(c.taking(a, (&modelHold{on: c.on}).at(a.Agent), nil).less(before))
		m.runs = append(slices.Clone(m.runs), &modelRun{agent: a.Agent, group: g, thought: true})
	}
	m.runs = was
	again, ok := c.mayClaim(charge)
	return len(c.victims) > 0 && ok && again == promised
}

func (c *modelClaim) put(a *modelAgent) {
	if k := slices.IndexFunc(c.on, func(at HoldOn) bool { return at.Agent == a.Agent }); k >= 0 {
		c.on[k].Instances++
		return
	}
	c.on = append(c.on, HoldOn{Agent: a.Agent, Instances: 1})
}
