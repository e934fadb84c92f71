package allocator

import (
	"maps"
	"math/big"
	"slices"
	"strings"
)

// decay lets what frameworks held lately follow what they hold: a 64th of a half-life
// at a time each amount comes nearer by the part of the gap that is lost in it, in
// units of 2^-32, but by a thousandth at least.
func (m *model) decay(from, to int64) {
	if m.cfg.HalfLifeMillis == 0 || !m.begun {
		return
	}
	every := (m.cfg.HalfLifeMillis + 63) / 64
	for _, path := range m.frameworks() {
		held, _, _ := m.held(path)
		past := held.less(held).add(m.past[path]) // of all that is in either
		for k := range past {                     // commutes: each on its own
			for step := from / every; step < to/every && past[k] != held[k]; step++ {
				gap := held[k] - past[k]
				part := new(big.Int).Mul(big.NewInt(max(gap, -gap)), big.NewInt(46_265_331))
				move := max(part.Rsh(part, 32).Int64(), 1)
				if gap < 0 {
					move = -move
				}
				past[k] += move
			}
		}
		m.past[path] = past
	}
}

// frameworks is the paths of those that hold something, or did.
func (m *model) frameworks() []string {
	set := map[string]bool{}
	for path := range m.past { // commutes: a set
		set[path] = true
	}
	for _, r := range m.runs {
		set[r.group.path()] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// lately is what everything at or below a path held lately.
func (m *model) lately(path string) amounts {
	sum := amounts{}
	for at, past := range m.past { // commutes: a sum
		if at == path || strings.HasPrefix(at, path+"/") {
			sum = sum.add(past)
		}
	}
	return sum
}
