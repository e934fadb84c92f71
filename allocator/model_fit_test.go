package allocator

import (
	"cmp"
	"math/big"
	"slices"

	"fairlead/drf"
)

// best is the agent for one more run of a group, by the placement rule; nil if
// it fits on none. Among equals it is the one seen first.
func (m *model) best(g *modelGroup, free map[string]*modelSpare) *modelAgent {
	var fit []*modelAgent
	for _, a := range m.agents {
		if sp := free[a.Agent]; sp != nil && sp.usable && !(sp.keptGPUs && g.demand()["gpus"] > 0) && m.need(g, sp).fitsIn(sp.free) && m.meets(g, a) && g.goesOn(a.Agent) && m.softly(g, a) {
			if _, ok := m.give(g, a, sp.free["cpus"]-m.need(g, sp)["cpus"], slices.Clone(sp.gpus)); ok {
				fit = append(fit, a)
			}
		}
	}
	if len(fit) == 0 {
		return nil
	}
	demand := m.form(g.demand())
	return slices.MinFunc(fit, func(a, b *modelAgent) int {
		x, y := m.form(free[a.Agent].free), m.form(free[b.Agent].free)
		switch m.cfg.Placement {
		case FirstFit:
			return 0
		case WorstFit:
			return y.size.Cmp(x.size)
		case Tetris:
			return m.aligned(g, b, free).Cmp(m.aligned(g, a, free))
		case DotProduct, GPUBestFit:
			return m.packed(g, free[a.Agent]).Cmp(m.packed(g, free[b.Agent]))
		case GPUPacking:
			return cmp.Compare(m.packing(g, a, free[a.Agent]), m.packing(g, b, free[b.Agent]))
		case FGD:
			return cmp.Compare(m.growth(g, a, free[a.Agent]), m.growth(g, b, free[b.Agent]))
		case Random:
			return cmp.Compare(m.lot(a), m.lot(b))
		}
		return cmp.Or(demand.distance(x).Cmp(demand.distance(y)), x.size.Cmp(y.size))
	})
}

// form is a vector as fit.go describes it: its size is the sum of its parts of
// the cluster's totals, in units of 2^-32; each part of that, in 2^-20.
type form struct {
	size  *big.Int
	parts map[string]*big.Int
}

func (m *model) form(v amounts) form {
	total := m.total()
	sizes, sum := map[string]*big.Int{}, new(big.Int)
	for k, a := range v { // commutes: a sum
		if a > 0 && total[k] > 0 {
			sizes[k] = part(big.NewInt(min(a, total[k])), big.NewInt(total[k]), 32)
			sum.Add(sum, sizes[k])
		}
	}
	parts := map[string]*big.Int{}
	for k, s := range sizes { // commutes: each on its own
		if s.Sign() > 0 {
			parts[k] = part(s, sum, 20)
		}
	}
	return form{sum, parts}
}

// part is a/b in units of 2^-shift, rounded down.
func part(a, b *big.Int, shift uint) *big.Int {
	return new(big.Int).Quo(new(big.Int).Lsh(a, shift), b)
}

func (f form) distance(g form) *big.Int {
	sum := new(big.Int)
	all := map[string]bool{}
	for k := range f.parts { // commutes: a set
		all[k] = true
	}
	for k := range g.parts { // commutes: a set
		all[k] = true
	}
	for k := range all { // commutes: a sum
		d := new(big.Int)
		if x, ok := f.parts[k]; ok {
			d.Add(d, x)
		}
		if y, ok := g.parts[k]; ok {
			d.Sub(d, y)
		}
		sum.Add(sum, d.Abs(d))
	}
	return sum
}

// launch books one decision.
func (m *model) launch(g *modelGroup, a *modelAgent, sp *modelSpare) decisionOf {
	need := m.need(g, sp)
	l := Launch{Framework: g.Framework, Group: g.Name, Slot: sp.slots > 0}
	for k := range m.kinds.Len() {
		l.Charge[k] = drf.Amount(need[m.kinds.Name(drf.Kind(k))])
	}
	l.Instance = g.nextInstance(a.Agent)
	this := func(n int32) bool { return n == l.Instance }
	if !slices.Contains(slices.Concat(g.again, g.againMore), l.Instance) {
		g.started++
	}
	g.again, g.againMore = slices.DeleteFunc(slices.Clone(g.again), this), slices.DeleteFunc(slices.Clone(g.againMore), this)
	if n := int(need["ports"] / 1000); n > 0 {
		l.Ports = append([]uint64(nil), sp.ports[:n]...)
		sp.ports = sp.ports[n:]
	}
	l.Items = sp.give(g)
	if l.Devices, _ = m.give(g, a, sp.free["cpus"]-need["cpus"], sp.gpus); l.Devices != nil && len(l.Devices) == 0 {
		l.Devices = nil
	}
	m.lastRun++
	l.Run = makeRunID(m.lastRun, m.lowestPlace())
	sp.free = sp.free.less(need)
	if l.Slot {
		sp.slots--
	}
	g.live++
	m.runs = append(m.runs, &modelRun{Launch: l, agent: a.Agent, group: g, ended: map[int32]bool{}, hidden: map[int32]bool{}, grown: g.grownBy(), started: m.now})
	for at := g.path(); at != ""; at = parentPath(at) {
		m.placements[at]++
	}
	return decisionOf{a.Agent, l}
}

// lowestPlace is the place in the table of runs that a new one takes.
func (m *model) lowestPlace() int {
	for p := 0; ; p++ {
		if !slices.ContainsFunc(m.runs, func(r *modelRun) bool { return r.Run.slot() == p }) {
			return p
		}
	}
}
