package allocator

import (
	"cmp"
	"slices"

	"fairlead/drf"
)

// workload counts what groups asked for of GPUs, so that placement can keep room
// of the shapes that are asked for. Both its size and its counts are bounded:
// what was rare is forgotten, and what was long ago counts for less.
type workload struct {
	demands []gpuDemand // in the order in which they came up
	index   map[[2]drf.Amount]int
	seen    int64 // the sum of the counts
	// typicalAt is how many have to be seen until the counts are taken for
	// typical anew. In between scores stay as they are, and so do indexes.
	typicalAt int64
	classes   []gpuClass
}

type gpuDemand struct {
	cpus, gpus     drf.Amount
	count, typical int64
}

// gpuClass is the typical demands that want as many devices, and as much of each.
type gpuClass struct {
	devices int
	part    drf.Amount
	total   int64        // how many of them
	cpus    []drf.Amount // that they ask for, ascending
	upTo    []int64      // how many ask for as many CPUs, or fewer
}

const (
	maxGPUDemands = 256
	maxGPUCount   = 1 << 20
)

// add counts instances that ask for GPUs, and reports whether what is typical
// has changed: at each eighth more that was seen.
func (w *workload) add(demand *drf.Vector, instances int32) bool {
	key := [2]drf.Amount{demand[drf.CPUs], demand[drf.GPUs]}
	n := min(int64(instances), maxGPUCount)
	at, ok := w.index[key]
	if !ok {
		at = w.place(key)
	}
	w.demands[at].count += n
	if w.seen += n; w.seen > maxGPUCount {
		w.age()
	}
	if w.seen < w.typicalAt {
		return false
	}
	for k := range w.demands {
		w.demands[k].typical = w.demands[k].count
	}
	w.typicalAt = w.seen + max(w.seen/8, 1)
	w.classify()
	return true
}

// place makes room for another demand.
func (w *workload) place(key [2]drf.Amount) int {
	if len(w.demands) == maxGPUDemands {
		w.age()
	}
	if len(w.demands) == maxGPUDemands { // the rarest goes
		rarest := slices.MinFunc(w.demands, func(a, b gpuDemand) int { return cmp.Compare(a.count, b.count) })
		w.demands[w.index[[2]drf.Amount{rarest.cpus, rarest.gpus}]].count = 0
		w.sweep()
	}
	w.demands = append(w.demands, gpuDemand{cpus: key[0], gpus: key[1]})
	w.index[key] = len(w.demands) - 1
	return len(w.demands) - 1
}

// age halves every count.
func (w *workload) age() {
	for k := range w.demands {
		w.demands[k].count /= 2
	}
	w.sweep()
	w.typicalAt = 0
}

// sweep forgets what is not counted any more.
func (w *workload) sweep() {
	w.demands = slices.DeleteFunc(w.demands, func(d gpuDemand) bool { return d.count == 0 })
	w.index, w.seen = make(map[[2]drf.Amount]int, len(w.demands)), 0
	for k, d := range w.demands {
		w.index[[2]drf.Amount{d.cpus, d.gpus}] = k
		w.seen += d.count
	}
}

// classify sorts what is typical.
func (w *workload) classify() {
	w.classes = nil
	sorted := slices.Clone(w.demands)
	slices.SortStableFunc(sorted, func(a, b gpuDemand) int { return cmp.Compare(a.cpus, b.cpus) })
	for _, d := range sorted {
		if d.typical == 0 {
			continue
		}
		c := w.class(devicesOf(d.gpus), min(d.gpus, drf.Unit))
		c.total += d.typical
		c.cpus, c.upTo = append(c.cpus, d.cpus), append(c.upTo, c.total)
	}
}

func (w *workload) class(devices int, part drf.Amount) *gpuClass {
	for k := range w.classes {
		if c := &w.classes[k]; c.devices == devices && c.part == part {
			return c
		}
	}
	w.classes = append(w.classes, gpuClass{devices: devices, part: part})
	return &w.classes[len(w.classes)-1]
}

// within is how many of a class ask for no more than so many CPUs.
func (c *gpuClass) within(cpus drf.Amount) int64 {
	n, _ := slices.BinarySearch(c.cpus, cpus+1)
	if n == 0 {
		return 0
	}
	return c.upTo[n-1]
}

// fragments is what of free GPUs the typical demands could not use, each for
// itself, added up: all of it if the demand does not fit, else what is on devices
// that have too little for it.
func (w *workload) fragments(cpus drf.Amount, free []drf.Amount) int64 {
	var all, sum int64
	for _, f := range free {
		all += int64(max(f, 0))
	}
	for k := range w.classes {
		c := &w.classes[k]
		enough, small := 0, int64(0)
		for _, f := range free {
			if f >= c.part {
				enough++
			} else {
				small += int64(max(f, 0))
			}
		}
		sum += c.total * all
		if enough >= c.devices {
			sum -= c.within(cpus) * (all - small)
		}
	}
	return sum
}

// WorkloadImage is what groups asked for of GPUs, and how many are seen when what
// is typical is found out anew.
type WorkloadImage struct {
	GPUs      []GPUDemand
	TypicalAt int64
}

// GPUDemand is how often instances asked for so many CPUs and GPUs, and how often
// of that counts as typical.
type GPUDemand struct {
	CPUs, GPUs     drf.Amount
	Count, Typical int64
}

func (s *State) imageWorkload(m *Image) {
	m.Workload.TypicalAt = s.workload.typicalAt
	for _, d := range s.workload.demands {
		m.Workload.GPUs = append(m.Workload.GPUs, GPUDemand{d.cpus, d.gpus, d.count, d.typical})
	}
}

func (w *workload) restore(m *WorkloadImage) {
	for _, d := range m.GPUs {
		w.demands = append(w.demands, gpuDemand{d.CPUs, d.GPUs, d.Count, d.Typical})
	}
	w.sweep()
	w.typicalAt = m.TypicalAt
	w.classify()
}

// noteDemand counts a fresh group.
func (s *State) noteDemand(g *group) {
	if g.demand[drf.GPUs] > 0 && s.workload.add(&g.demand, max(g.spec.Instances, 1)) && s.cfg.Placement == FGD {
		s.epoch++
	}
}
