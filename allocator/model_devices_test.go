package allocator

import (
	"cmp"
	"slices"
)

// gpus is what the tasks of an instance ask for, by task.
func (g *modelGroup) gpus() []int64 {
	var out []int64
	for _, t := range g.Tasks {
		out = append(out, amountsOf(t.Resources)["gpus"])
	}
	return out
}

// parts cuts an amount of GPUs into what each device gives: 2300 is 1000, 1000, 300.
func parts(gpus int64) []int64 {
	var out []int64
	for ; gpus > 0; gpus -= 1000 {
		out = append(out, min(gpus, 1000))
	}
	return out
}

// devices is what is free of each GPU of an agent that is ours alone.
func (m *model) devices(a *modelAgent) []int64 {
	if !a.Owned || a.lost {
		return nil
	}
	free := parts(a.total["gpus"])
	for _, r := range m.runs {
		if r.agent != a.Agent {
			continue
		}
		at := 0
		for t, gpus := range r.group.gpus() {
			for _, part := range parts(gpus) {
				if at < len(r.Devices) && int(r.Devices[at]) < len(free) && !r.ended[int32(t)] {
					free[r.Devices[at]] -= part
				}
				at++
			}
		}
	}
	return free
}

// give chooses the devices of one more instance, the task that asks for most
// first, and takes them out of what is free; false if there are not enough.
func (m *model) give(g *modelGroup, a *modelAgent, cpus int64, free []int64) ([]int32, bool) {
	if free == nil {
		return nil, true
	}
	gpus := g.gpus()
	asking := slices.DeleteFunc(indices(len(gpus)), func(t int) bool { return gpus[t] == 0 })
	slices.SortStableFunc(asking, func(t, u int) int { return cmp.Compare(gpus[u], gpus[t]) })
	given := make([][]int32, len(gpus))
	for _, t := range asking {
		for _, part := range parts(gpus[t]) {
			candidates := slices.DeleteFunc(indices(len(free)), func(n int) bool { return free[n] < part })
			if len(candidates) == 0 {
				return nil, false
			}
			n := slices.MinFunc(candidates, func(x, y int) int {
				one := len(asking) == 1 && gpus[t] < 1000
				if m.cfg.Placement == FGD && one {
					return cmp.Compare(m.fragmentsWith(cpus, free, x, part), m.fragmentsWith(cpus, free, y, part))
				}
				if m.cfg.Placement == Random && one {
					return cmp.Compare(splitmix(m.lot(a)+uint64(x)), splitmix(m.lot(a)+uint64(y)))
				}
				return cmp.Compare(free[x], free[y])
			})
			free[n] -= part
			given[t] = append(given[t], int32(n))
		}
	}
	return slices.Concat(given...), true
}

// modelAsk is what an instance asked for.
type modelAsk struct{ cpus, gpus int64 }

// learnAsk remembers what a group asks for. What is typical is found out anew at
// each eighth more.
func (m *model) learnAsk(g *modelGroup) {
	ask := modelAsk{g.demand()["cpus"], g.demand()["gpus"]}
	if ask.gpus == 0 {
		return
	}
	for range max(g.Instances, 1) { // a daemon group counts once
		m.asked = append(m.asked, ask)
	}
	if n := len(m.typical); n == 0 || len(m.asked) >= n+max(n/8, 1) {
		m.typical = slices.Clone(m.asked)
	}
}

// fragments is what of free GPUs is of no use to what is typical, one by one.
func (m *model) fragments(cpus int64, free []int64) int64 {
	sum := int64(0)
	for _, ask := range m.typical {
		part := parts(ask.gpus)[0]
		enough, all, small := 0, int64(0), int64(0)
		for _, f := range free {
			all += max(f, 0)
			if f >= part {
				enough++
			} else {
				small += max(f, 0)
			}
		}
		if cpus >= ask.cpus && enough >= len(parts(ask.gpus)) {
			sum += small
		} else {
			sum += all
		}
	}
	return sum
}

func (m *model) fragmentsWith(cpus int64, free []int64, n int, part int64) int64 {
	with := slices.Clone(free)
	with[n] -= part
	return m.fragments(cpus, with)
}

// growth is by how much the fragments of an agent grow with one more instance.
func (m *model) growth(g *modelGroup, a *modelAgent, sp *modelSpare) int64 {
	before := m.gpusOf(sp)
	after, cpus := slices.Clone(before), sp.free["cpus"]-m.need(g, sp)["cpus"]
	m.give(g, a, cpus, after)
	return m.fragments(cpus, after) - m.fragments(sp.free["cpus"], before)
}

// gpusOf takes the GPUs of agents of a master to be whole.
func (m *model) gpusOf(sp *modelSpare) []int64 {
	if sp.gpus == nil {
		return append([]int64{}, parts(sp.free["gpus"])...)
	}
	return sp.gpus
}

// packing ranks an agent: GPUs in use, then free ones of an agent in use.
func (m *model) packing(g *modelGroup, a *modelAgent, sp *modelSpare) int64 {
	before := m.gpusOf(sp)
	fresh, left := int64(0), int64(0)
	free := slices.Clone(before)
	gpus := g.gpus()
	slices.SortFunc(gpus, func(x, y int64) int { return cmp.Compare(y, x) })
	for _, ask := range gpus {
		for i, part := range parts(ask) {
			n := tightestOf(part, free)
			if n < 0 { // the GPUs of a master's agent are not cut as it was assumed
				fresh += ask/1000 - min(int64(i), ask/1000)
				break
			}
			if free[n] >= 1000 {
				fresh++
			} else {
				left += free[n]
			}
			free[n] -= part
		}
	}
	switch {
	case g.demand()["gpus"] == 0:
		return 0
	case sp.free["gpus"] >= a.total["gpus"]:
		return 2<<32 + int64(len(before))
	case fresh > 0:
		return 1<<32 + fresh
	}
	return left
}

func tightestOf(part int64, free []int64) int {
	best := -1
	for n, f := range free {
		if f >= part && (best < 0 || f < free[best]) {
			best = n
		}
	}
	return best
}

func indices(n int) []int {
	var out []int
	for i := range n {
		out = append(out, i)
	}
	return out
}
