package allocator

import (
	"cmp"
	"slices"

	"fairlead/drf"
)

// maxPort is the highest port number.
const maxPort = 65535

// portSet is a set of port numbers as sorted ranges that neither overlap nor
// touch. Sets share memory: none of the methods changes its receiver.
type portSet []PortRange

// newPortSet merges ranges; those that are no range of ports are left out.
func newPortSet(rs []PortRange) portSet {
	if len(rs) == 0 {
		return nil
	}
	sorted := slices.Clone(rs)
	slices.SortFunc(sorted, func(a, b PortRange) int { return cmp.Compare(a.Begin, b.Begin) })
	var out portSet
	for _, r := range sorted {
		switch last := len(out) - 1; {
		case r.End < r.Begin || r.End > maxPort:
		case last >= 0 && r.Begin <= out[last].End+1:
			out[last].End = max(out[last].End, r.End)
		default:
			out = append(out, r)
		}
	}
	return out
}

// count is the number of ports as an amount of the resource "ports".
func (p portSet) count() drf.Amount {
	var n uint64
	for _, r := range p {
		n += r.End - r.Begin + 1
	}
	return drf.Amount(n) * drf.Unit
}

// lowest returns the n lowest ports, or all if there are fewer.
func (p portSet) lowest(n int) []uint64 {
	got := make([]uint64, 0, n)
	for _, r := range p {
		for at := r.Begin; at <= r.End && len(got) < n; at++ {
			got = append(got, at)
		}
	}
	return got
}

// find returns the place of the range that a port is in, or would be before.
func (p portSet) find(port uint64) (int, bool) {
	i, _ := slices.BinarySearchFunc(p, port, func(r PortRange, port uint64) int { return cmp.Compare(r.End, port) })
	return i, i < len(p) && p[i].Begin <= port
}

// without is the set less some ports; it need not hold them.
func (p portSet) without(ports ...uint64) portSet {
	if len(ports) == 0 {
		return p
	}
	out := slices.Clone(p)
	for _, port := range ports {
		i, ok := out.find(port)
		if !ok {
			continue
		}
		r := out[i]
		switch {
		case r.Begin == r.End:
			out = slices.Delete(out, i, i+1)
		case port == r.Begin:
			out[i].Begin++
		case port == r.End:
			out[i].End--
		default:
			out[i].End = port - 1
			out = slices.Insert(out, i+1, PortRange{port + 1, r.End})
		}
	}
	return out
}

// with is the set and some ports more.
func (p portSet) with(ports ...uint64) portSet {
	ranges := slices.Clone(p)
	for _, port := range ports {
		ranges = append(ranges, PortRange{port, port})
	}
	return newPortSet(ranges)
}

// holding is those of the ports that the set holds.
func (p portSet) holding(ports []uint64) []uint64 {
	return slices.DeleteFunc(slices.Clone(ports), func(port uint64) bool {
		_, ok := p.find(port)
		return !ok
	})
}
