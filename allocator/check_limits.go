package allocator

import (
	"fmt"
	"maps"
)

// checkLimits recounts where the instances of each group are, by the fields
// that its constraints count.
func (s *State) checkLimits() error {
	counted := map[*tally]map[value]int32{}
	for r := range s.runs.all() {
		if r.group.limits == nil {
			continue
		}
		for k := range r.group.limits.rules {
			rule := &r.group.limits.rules[k]
			if rule.tally == nil {
				continue
			}
			if counted[rule.tally] == nil {
				counted[rule.tally] = map[value]int32{}
			}
			counted[rule.tally][rule.at(&s.agents[r.agent])]++
		}
	}
	for key, g := range s.groups { // commutes: any one error will do
		if g.limits == nil {
			continue
		}
		for k := range g.limits.rules {
			r := &g.limits.rules[k]
			if err := r.tally.check(counted[r.tally]); err != nil {
				return fmt.Errorf("group %v: constraint %s: %w", key, r.Constraint, err)
			}
		}
	}
	return nil
}

// check holds a tally against a recount; none at all is right if nothing counts.
func (t *tally) check(want map[value]int32) error {
	if t == nil {
		return nil
	}
	least := int32(0)
	sizes := map[int32]int32{}
	for _, n := range want { // commutes: a minimum and counts
		if least == 0 || n < least {
			least = n
		}
		sizes[n]++
	}
	if !maps.Equal(t.at, want) || t.least != least || !maps.Equal(t.sizes, sizes) {
		return fmt.Errorf("counted %v, at least %d; booked %v, at least %d, sizes %v", want, least, t.at, t.least, t.sizes)
	}
	return nil
}
