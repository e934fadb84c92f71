package allocator

import (
	"hash/fnv"

	"fairlead/drf"
)

// Placement names the rule that picks one of the agents that can hold a run.
type Placement string

// The placement rules. Ties go to the agent seen first.
const (
	// BestFit takes the agent whose free resources have the shape most like
	// the demand (the heuristic of DRFH, Wang et al. 2014), then the fullest.
	BestFit Placement = "best-fit"
	// FirstFit takes the agent seen first.
	FirstFit Placement = "first-fit"
	// WorstFit takes the agent with the most left.
	WorstFit Placement = "worst-fit"
	// Tetris takes the agent whose free resources are aligned best with the
	// demand (Grandl et al., SIGCOMM 2014). Config.FairnessKnob says among how
	// many frameworks the best aligned group is looked for.
	Tetris Placement = "tetris"
	// DotProduct takes the agent whose free CPUs and GPUs are aligned least with
	// the demand: Tetris' measure turned round, as a baseline of the FGD paper.
	DotProduct Placement = "dot-product"
	// GPUBestFit takes the agent that has the fewest CPUs and GPUs left
	// afterwards: the best fit of the FGD paper.
	GPUBestFit Placement = "gpu-best-fit"
	// GPUPacking takes GPUs in use before free ones, and agents in use before free
	// ones: GPU packing of the FGD paper.
	GPUPacking Placement = "gpu-packing"
	// FGD takes the agent whose free GPUs become useless the least for what is
	// typically asked for: fragmentation gradient descent.
	FGD Placement = "fgd"
	// Random takes any agent, by a hash of Config.Seed, the run and the agent.
	Random Placement = "random"
)

// Placements lists the rules, the default first.
func Placements() []Placement {
	return []Placement{BestFit, FirstFit, WorstFit, Tetris, DotProduct, GPUBestFit, GPUPacking, FGD, Random}
}

// Description says in a line what a placement rule does.
func (p Placement) Description() string {
	switch p {
	case BestFit:
		return "free resources of the shape most like the demand, then the fullest agent"
	case FirstFit:
		return "the agent seen first"
	case WorstFit:
		return "the agent with the most left"
	case Tetris:
		return "free resources aligned best with the demand; see --fairness-knob"
	case DotProduct:
		return "free CPUs and GPUs aligned least with the demand"
	case GPUBestFit:
		return "the fewest CPUs and GPUs left afterwards"
	case GPUPacking:
		return "GPUs in use first, then agents in use"
	case FGD:
		return "where the least of the free GPUs becomes useless for what is usually wanted"
	case Random:
		return "any agent, by the seed"
	}
	return ""
}

// ranked reports whether the rank of an agent stays as it is until the agent
// changes, so that an index can keep it.
func (p Placement) ranked() bool { return p != Random }

// score ranks an agent for a kin that fits on it; the least is best.
func (s *State) score(k *kin, i int32) uint64 {
	a := &s.agents[i]
	switch s.cfg.Placement {
	case FirstFit:
		return 0
	case WorstFit:
		return ^s.freeForm(a).sum
	case Tetris:
		return ^s.aligned(&k.demand, a)
	case DotProduct:
		return s.overlap(k, a)
	case GPUBestFit:
		return s.leftOver(k, a)
	case GPUPacking:
		return s.packing(k, a)
	case FGD:
		return uint64(s.growth(k, a) + 1<<62)
	case Random:
		return s.lot(a)
	}
	if k.wants.epoch != s.epoch {
		k.wants = s.fitKeyOf(&k.demand)
	}
	// The distance of the shapes decides; among equal ones the fuller agent.
	free := s.freeForm(a)
	return distance(&k.wants, free)<<36 | free.sum
}

// alignBits are the binary places of the factors of an alignment: the sum of
// drf.MaxKinds products stays far below 2^64.
const alignBits = 24

// aligned is the dot product of a demand and of what is free on an agent, each
// resource as a part of the most that any agent has, in units of 2^-48.
func (s *State) aligned(demand *drf.Vector, a *agent) uint64 {
	var sum uint64
	for k := range demand {
		sum += alignedIn(demand[k], a.spare.free[k], s.most[k])
	}
	return sum
}

func alignedIn(demand, free, scale drf.Amount) uint64 {
	if demand <= 0 || free <= 0 || scale <= 0 {
		return 0
	}
	return ratio(uint64(min(demand, scale)), uint64(scale), alignBits) * ratio(uint64(min(free, scale)), uint64(scale), alignBits)
}

// overlap is the alignment of CPUs and GPUs alone.
func (s *State) overlap(want *kin, a *agent) uint64 {
	var sum uint64
	for _, k := range []drf.Kind{drf.CPUs, drf.GPUs} {
		sum += alignedIn(want.demand[k], a.spare.free[k], s.most[k])
	}
	return sum
}

// leftOver is what of CPUs and GPUs would be left, each as a part of the most
// that any agent has, added up, in units of 2^-32.
func (s *State) leftOver(want *kin, a *agent) uint64 {
	var sum uint64
	for _, k := range []drf.Kind{drf.CPUs, drf.GPUs} {
		if left := a.spare.free[k] - want.demand[k]; left > 0 && s.most[k] > 0 {
			sum += ratio(uint64(min(left, s.most[k])), uint64(s.most[k]), sizeBits)
		}
	}
	return sum
}

// lot draws a number for an agent and the run that is placed next.
func (s *State) lot(a *agent) uint64 {
	run := s.runs.lastSeq + uint64(len(s.taken))
	return scramble(scramble(uint64(s.cfg.Seed)+run) ^ a.lot)
}

// lotOf is the part of an agent's draws that depends on its name.
func lotOf(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

// scramble spreads the bits of a number (the finalizer of splitmix64).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
