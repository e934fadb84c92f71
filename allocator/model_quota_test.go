package allocator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rolesAbove lists a role and those above it.
func rolesAbove(role string) []string {
	out := []string{role}
	for {
		at := strings.LastIndex(role, "/")
		if at < 0 {
			return out
		}
		role = role[:at]
		out = append(out, role)
	}
}

// charges is what the rooms that were found for a group take.
func (m *model) charges(g *modelGroup, on []*modelAgent, free map[string]*modelSpare) amounts {
	sum, slots := amounts{}, map[string]int32{}
	for _, a := range on {
		if slots[a.Agent] < free[a.Agent].slots {
			slots[a.Agent]++
			sum = sum.add(g.demand())
		} else {
			sum = sum.add(g.demand()).add(amountsOf(m.cfg.Executor))
		}
	}
	return sum
}

// overLimit reports whether a role would hold more than its limit.
func (m *model) overLimit(g *modelGroup, charge amounts) bool {
	for _, role := range rolesAbove(g.Role) {
		if len(m.quotas[role].Limit) == 0 {
			continue
		}
		held, _, _ := m.held(role)
		for _, l := range m.quotas[role].Limit {
			if charge[l.Name] > 0 && held[l.Name]+charge[l.Name] > int64(l.Amount) {
				return true
			}
		}
	}
	return false
}

// promised reports whether a charge stays within the guarantee of a role.
func (m *model) promised(g *modelGroup, charge amounts) bool {
	return slices.ContainsFunc(rolesAbove(g.Role), func(role string) bool {
		if len(m.quotas[role].Guarantee) == 0 {
			return false
		}
		held, _, _ := m.held(role)
		return m.promisedTo(role, held, charge)
	})
}

// promisedTo reports whether a charge is within the guarantee of a role that holds
// so much.
func (m *model) promisedTo(role string, held, charge amounts) bool {
	within, some := true, false
	for _, q := range m.quotas[role].Guarantee {
		if q.Amount > 0 && charge[q.Name] > 0 {
			some = true
			within = within && held[q.Name]+charge[q.Name] <= int64(q.Amount)
		}
	}
	return some && within
}

// unmet is what a role and those below it lack of a guarantee, with a charge
// added to the roles above a group.
func (m *model) unmet(role string, g *modelGroup, charge amounts, name string) int64 {
	below := int64(0)
	for child := range m.quotas { // commutes: a sum
		if parentPath(child) == role {
			below += m.unmet(child, g, charge, name)
		}
	}
	if amountIn(m.quotas[role].Guarantee, name) == 0 {
		return below
	}
	held, _, _ := m.held(role)
	if g.Role == role || strings.HasPrefix(g.Role, role+"/") {
		held = held.add(charge)
	}
	return max(int64(amountIn(m.quotas[role].Guarantee, name))-held[name], 0, below)
}

// refused reports whether quota keeps a group from what was found for it.
func (m *model) refused(g *modelGroup, charge amounts) bool {
	if m.overLimit(g, charge) {
		return true
	}
	return len(m.headroomLacks(g, charge)) > 0
}

// headroomLacks is what would have to come free so that guarantees have what they lack.
func (m *model) headroomLacks(g *modelGroup, charge amounts) amounts {
	lacks := amounts{}
	if m.promised(g, charge) {
		return lacks
	}
	used := m.used()
	for name, c := range charge { // commutes: each by itself
		unmet := m.unmet("", g, charge, name)
		if short := c + unmet + used[name] - m.total()[name]; c > 0 && unmet > 0 && short > 0 {
			lacks[name] = short
		}
	}
	return lacks
}

// limited says whether any role has a quota.
func (m *model) limited() bool {
	for _, q := range m.quotas { // commutes: a disjunction
		if len(q.Guarantee)+len(q.Limit) > 0 {
			return true
		}
	}
	return false
}

// used is what everybody holds.
func (m *model) used() amounts {
	all := amounts{}
	for _, r := range m.runs {
		all.gain(r.holds(m.kinds))
	}
	return all
}

// kindOf names what is refused together: groups of one framework that ask for
// the same under the same conditions.
func (m *model) kindOf(g *modelGroup) string {
	own := ""
	if l, _ := newLimits(g.Constraints); l != nil && l.counts || m.soft(g) || g.PerAgent {
		own = g.Name
	}
	gpus := slices.DeleteFunc(g.gpus(), func(n int64) bool { return n == 0 })
	slices.Sort(gpus)
	demand := g.demand()
	maps.DeleteFunc(demand, func(_ string, n int64) bool { return n == 0 })
	return fmt.Sprint(g.path(), demand, gpus, g.Constraints, g.together(), own)
}

// placePromised serves what roles are promised, before everything else. It
// reports whether anything is not promised because of its executor.
func (m *model) placePromised(out []decisionOf) ([]decisionOf, bool) {
	free, skipped := m.free, map[string]bool{}
	if m.policy() == DRFLiteral || !m.limited() {
		return out, false
	}
	for !m.full(out) {
		m.skipRefused(free, skipped, func(g *modelGroup) bool { // what is promised is looked at in its turn, unless it matters who is blocked
			return m.policy().needsBlocked() || !m.promised(g, times(g.demand(), g.together()))
		})
		heads, promised := map[string][]*modelGroup{}, []string(nil)
		for _, g := range m.heads(free, skipped) {
			heads[g.path()] = []*modelGroup{g}
			if m.promised(g, times(g.demand(), g.together())) {
				promised = append(promised, g.path())
			}
		}
		if len(promised) == 0 {
			break
		}
		g := heads[m.firstOf(promised, heads)][0]
		on := m.rooms(g, free)
		if charge := m.charges(g, on, free); m.overLimit(g, charge) || !m.promised(g, charge) {
			skipped[m.kindOf(g)] = true
			continue
		}
		out = m.placeOn(out, g, on)
	}
	return out, len(skipped) > 0
}

// skipRefused takes out what is first of its framework and what quota refuses: it
// hides nothing behind it, and the policy may have to know who can be served.
func (m *model) skipRefused(free map[string]*modelSpare, skipped map[string]bool, may func(*modelGroup) bool) {
	for again := m.limited(); again; {
		again = false
		for _, g := range m.heads(free, skipped) {
			if may(g) && m.refused(g, m.charges(g, m.rooms(g, free), free)) {
				skipped[m.kindOf(g)], again = true, true
			}
		}
	}
}

func times(a amounts, n int) amounts {
	out := amounts{}
	for k, v := range a { // commutes: each on its own
		out[k] = v * int64(n)
	}
	return out
}

// heads is the first group of each framework that finds room.
func (m *model) heads(free map[string]*modelSpare, skipped map[string]bool) []*modelGroup {
	first := map[string]*modelGroup{}
	var out []*modelGroup
	for _, g := range m.groups {
		h := first[g.path()]
		if !g.competes() || skipped[m.kindOf(g)] || h != nil && h.Priority >= g.Priority || m.rooms(g, free) == nil {
			continue
		}
		first[g.path()] = g
	}
	for _, g := range m.groups {
		if first[g.path()] == g {
			out = append(out, g)
		}
	}
	return out
}
