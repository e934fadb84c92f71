package allocator

import (
	"cmp"
	"hash/fnv"
	"maps"
	"math/big"

	"fairlead/drf"
)

// aligned is the dot product that the placement Tetris goes by: of the demand
// and of what is free, each as a part of the most that an agent has, in units of 2^-48.
func (m *model) aligned(g *modelGroup, a *modelAgent, free map[string]*modelSpare) *big.Int {
	sum := new(big.Int)
	for k, d := range g.demand() { // commutes: a sum
		sum.Add(sum, product(d, free[a.Agent].free[k], m.most(k)))
	}
	return sum
}

func (m *model) most(resource string) int64 {
	most := int64(0)
	for _, a := range m.agents {
		if !a.lost {
			most = max(most, a.total[resource])
		}
	}
	return most
}

func product(x, y, scale int64) *big.Int {
	if scale == 0 {
		return new(big.Int)
	}
	return new(big.Int).Mul(part(big.NewInt(min(x, scale)), big.NewInt(scale), 24), part(big.NewInt(min(y, scale)), big.NewInt(scale), 24))
}

// packed is what DotProduct and GPUBestFit go by: CPUs and GPUs, as parts of the
// most that an agent has.
func (m *model) packed(g *modelGroup, sp *modelSpare) *big.Int {
	sum, demand := new(big.Int), g.demand()
	for _, k := range []string{"cpus", "gpus"} {
		most := m.most(k)
		switch left := sp.free[k] - demand[k]; {
		case most == 0:
		case m.cfg.Placement == DotProduct:
			sum.Add(sum, product(demand[k], sp.free[k], most))
		case left > 0:
			sum.Add(sum, part(big.NewInt(min(left, most)), big.NewInt(most), 32))
		}
	}
	return sum
}

// lot is the number that an agent draws for the run that is placed next.
func (m *model) lot(a *modelAgent) uint64 {
	h := fnv.New64a()
	h.Write([]byte(a.Agent))
	return splitmix(splitmix(uint64(m.cfg.Seed)+m.lastRun) ^ h.Sum64())
}

func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// loosened is the framework to serve: whose turn it is, or under Tetris the one
// among the first whose group is aligned best.
func (m *model) loosened(candidates map[string][]*modelGroup, free map[string]*modelSpare) string {
	f := max(m.cfg.FairnessKnob, 0)
	if m.cfg.Placement != Tetris || f == drf.Unit || m.cfg.Policy == DRFLiteral {
		return m.turn(candidates)
	}
	n := len(candidates) * int(drf.Unit-f)
	left, best := maps.Clone(candidates), ""
	var most *big.Int
	for at := 0; best == "" || at < n; at += int(drf.Unit) {
		path := m.turn(left)
		delete(left, path)
		best = cmp.Or(best, path)
		g, view := candidates[path][0], m.beside(free, nil) // what is kept for a group is looked at in its turn
		on := m.roomsIn(g, view)
		if on == nil {
			continue
		}
		if score := m.aligned(g, on[0], view); most == nil || score.Cmp(most) > 0 {
			best, most = path, score
		}
	}
	return best
}
