package allocator

import (
	"math"
	"slices"

	"fairlead/drf"
)

// Fragmentation gradient descent (Weng et al., USENIX ATC 2023): a run goes where
// it makes the least more of the free GPUs useless for what is typically asked
// for. workload.fragments is the measure. Like the paper's, it looks at CPUs and
// GPUs alone, and not at constraints.

// growth is by how much the fragments of an agent grow when an instance goes
// there.
func (s *State) growth(want *kin, a *agent) int64 {
	free := s.gpusOf(a)
	cpus := a.spare.free[drf.CPUs]
	before := s.workload.fragments(cpus, free)
	cpus -= a.need(want)[drf.CPUs]
	if len(want.gpus) == 1 && want.gpus[0] < drf.Unit {
		least, _ := s.leastFragments(cpus, want.gpus[0], free)
		return least - before
	}
	for _, ask := range want.gpus {
		allot(ask, free, tightest, func(int32) {})
	}
	return s.workload.fragments(cpus, free) - before
}

// leastFragments finds the device whose use for a part of a GPU leaves the least
// fragments. Devices with as much left are alike.
func (s *State) leastFragments(cpus, part drf.Amount, free []drf.Amount) (least int64, device int) {
	least, device = math.MaxInt64, -1
	for n, f := range free {
		if f < part || slices.Contains(free[:n], f) {
			continue
		}
		free[n] -= part
		if sum := s.workload.fragments(cpus, free); sum < least {
			least, device = sum, n
		}
		free[n] += part
	}
	return least, device
}

// gpusOf is what is free of each GPU of an agent; where they are not known one by
// one they are taken to be whole. It is valid until the next call.
func (s *State) gpusOf(a *agent) []drf.Amount {
	out := s.gpuRoom[:0]
	for n := range a.devices {
		out = append(out, a.devices[n].free)
	}
	if a.devices == nil {
		for left := min(a.spare.free[drf.GPUs], maxDevices*drf.Unit); left > 0; left -= drf.Unit {
			out = append(out, min(left, drf.Unit))
		}
	}
	s.gpuRoom = out
	return out
}

// packing ranks an agent as the GPU packing of the FGD paper does: devices that
// are shared already first, those with the least left; then free devices of an
// agent of which some are in use; then agents that are free.
func (s *State) packing(want *kin, a *agent) uint64 {
	free := s.gpusOf(a)
	switch {
	case len(want.gpus) == 0:
		return 0
	case a.spare.free[drf.GPUs] >= a.total[drf.GPUs]:
		return 2<<32 + uint64(len(free))
	}
	fresh, left := uint64(0), uint64(0)
	for _, ask := range want.gpus {
		allot(ask, free, func(rest drf.Amount, free []drf.Amount) int {
			n := tightest(rest, free)
			if n >= 0 && free[n] >= drf.Unit {
				fresh++
			} else if n >= 0 {
				left += uint64(free[n])
			}
			return n
		}, func(int32) {})
		fresh += uint64(ask / drf.Unit)
	}
	if fresh > 0 {
		return 1<<32 + fresh
	}
	return left
}
