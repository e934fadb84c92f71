package allocator

import (
	"math/bits"

	"fairlead/drf"
)

// fitKey is the form of a vector as placement sees it: each resource as a part
// of the cluster's total, and these parts as parts of their sum. All integers,
// so that every machine picks the same agent.
type fitKey struct {
	epoch uint32 // of the totals it was made with
	// sum is the vector's size: the sum of its parts of the totals, each in
	// units of 2^-32.
	sum uint64
	// part is each resource's part of the sum, in units of 2^-20.
	part [drf.MaxKinds]uint32
}

const (
	sizeBits = 32
	partBits = 20
)

func (s *State) fitKeyOf(v *drf.Vector) fitKey {
	key, total := fitKey{epoch: s.epoch}, &s.total
	var size [drf.MaxKinds]uint64
	for k, a := range v {
		if a > 0 && total[k] > 0 {
			size[k] = ratio(uint64(min(a, total[k])), uint64(total[k]), sizeBits)
			key.sum += size[k]
		}
	}
	for k, part := range size {
		if part > 0 {
			key.part[k] = uint32(ratio(part, key.sum, partBits))
		}
	}
	return key
}

// ratio is a/b in units of 2^-shift, rounded down; a must not exceed b.
func ratio(a, b uint64, shift uint) uint64 {
	if a == b {
		return 1 << shift
	}
	q, _ := bits.Div64(a>>(64-shift), a<<shift, b)
	return q
}

// freeForm is the form of what is free on an agent.
func (s *State) freeForm(a *agent) *fitKey {
	if a.wants.epoch != s.epoch {
		a.wants = s.fitKeyOf(&a.spare.free)
	}
	return &a.wants
}

// distance is the L1 distance of two forms, at most 2 << partBits.
func distance(x, y *fitKey) uint64 {
	var sum uint64
	for k := range x.part {
		d := int64(x.part[k]) - int64(y.part[k])
		sum += uint64(max(d, -d))
	}
	return sum
}
