package sim

import (
	"math/bits"
	"slices"
)

// exactUpTo is how many values a spread keeps as they are.
const exactUpTo = 1_000

// spreadBits are the leading bits of a value that tell its bin: a bin is not wider than 1/128 of its values.
const spreadBits = 8

// spread is how whole numbers of at least 0 are distributed. Up to exactUpTo of them are kept as they
// are. More are counted in bins, so that its size does not grow with their number; count, sum and
// maximum stay exact, and a quantile is off by less than 1/128 of its value.
type spread struct {
	count, sum, most int64
	values           []int64 // in the order in which they came, until there are bins
	bins             []int64
}

func (s *spread) add(value int64) {
	s.count++
	s.sum += value
	s.most = max(s.most, value)
	if s.bins == nil && len(s.values) < exactUpTo {
		s.values = append(s.values, value)
		return
	}
	for _, v := range s.values {
		s.put(v)
	}
	s.values = nil
	s.put(value)
}

// addAll adds what another one holds.
func (s *spread) addAll(o *spread) {
	s.count, s.sum, s.most = s.count+o.count, s.sum+o.sum, max(s.most, o.most)
	s.values = append(s.values, o.values...)
	if s.bins == nil && o.bins == nil && len(s.values) <= exactUpTo {
		return
	}
	if len(o.bins) > len(s.bins) {
		s.bins = append(s.bins, make([]int64, len(o.bins)-len(s.bins))...)
	}
	for bin, n := range o.bins {
		s.bins[bin] += n
	}
	for _, v := range s.values {
		s.put(v)
	}
	s.values = nil
}

func (s *spread) put(value int64) {
	at := binOf(value)
	if at >= len(s.bins) {
		s.bins = append(s.bins, make([]int64, at+1-len(s.bins))...)
	}
	s.bins[at]++
}

// binOf numbers the bins in the order of their values. Small values have a bin each.
func binOf(value int64) int {
	shift := max(0, bits.Len64(uint64(value))-spreadBits)
	return shift<<(spreadBits-1) + int(value>>shift)
}

// leastOf is the least value of a bin.
func leastOf(bin int) int64 {
	const half = 1 << (spreadBits - 1)
	if bin < 2*half {
		return int64(bin)
	}
	shift := bin/half - 1
	return int64(bin-shift*half) << shift
}

// quantile is the least value that at least a part of all values does not exceed: the nearest rank.
func (s *spread) quantile(part, of int64) int64 {
	rank := (s.count*part + of - 1) / of
	if s.count == 0 {
		return 0
	}
	if s.bins == nil {
		return slices.Sorted(slices.Values(s.values))[max(rank, 1)-1]
	}
	for bin, n := range s.bins {
		if rank -= n; rank <= 0 {
			return leastOf(bin)
		}
	}
	return s.most
}

// Spread is how times, or ratios, are distributed. The quantiles are those of the nearest rank: exact
// for up to 1,000 values, and otherwise off by less than 1 %.
type Spread struct {
	Count  int64   `json:"count"`
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// figures are those of values that were counted in thousandths.
func (s *spread) figures() Spread {
	out := Spread{Count: s.count, Max: seconds(s.most)}
	if s.count > 0 {
		out.Mean = rounded(float64(s.sum) / float64(s.count) / 1000)
		out.Median = seconds(s.quantile(50, 100))
		out.P95 = seconds(s.quantile(95, 100))
		out.P99 = seconds(s.quantile(99, 100))
	}
	return out
}
