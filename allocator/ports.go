package allocator

import (
	"cmp"
	"slices"

	"fairlead/drf"
)

// portSet is a set of port numbers as sorted ranges that neither overlap nor
// touch.
type portSet struct{ ranges []PortRange }

// countPorts is the number of ports as an amount of the resource "ports".
func countPorts(rs []PortRange) drf.Amount {
	var n uint64
	for _, r := range newPortSet(rs).ranges {
		n += r.End - r.Begin + 1
	}
	return drf.Amount(n) * drf.Unit
}

// newPortSet merges ranges; those that end before they begin are left out.
func newPortSet(rs []PortRange) portSet {
	if len(rs) == 0 {
		return portSet{}
	}
	sorted := slices.Clone(rs)
	slices.SortFunc(sorted, func(a, b PortRange) int { return cmp.Compare(a.Begin, b.Begin) })
	var out []PortRange
	for _, r := range sorted {
		switch last := len(out) - 1; {
		case r.End < r.Begin || r.End > 65535:
		case last >= 0 && r.Begin <= out[last].End+1:
			out[last].End = max(out[last].End, r.End)
		default:
			out = append(out, r)
		}
	}
	return portSet{out}
}

// take removes the n lowest ports and returns them; it reports false, and
// takes none, if there are fewer.
func (p *portSet) take(n int) ([]uint64, bool) {
	if n == 0 {
		return nil, true
	}
	var got []uint64
	for _, r := range p.ranges {
		for at := r.Begin; at <= r.End && len(got) < n; at++ {
			got = append(got, at)
		}
	}
	if len(got) < n {
		return nil, false
	}
	for _, at := range got {
		p.remove(at)
	}
	return got, true
}

// remove takes one port out of the set; a port not in it is no error.
func (p *portSet) remove(port uint64) {
	for i, r := range p.ranges {
		if port < r.Begin || port > r.End {
			continue
		}
		var rest []PortRange
		if r.Begin < port {
			rest = append(rest, PortRange{r.Begin, port - 1})
		}
		if port < r.End {
			rest = append(rest, PortRange{port + 1, r.End})
		}
		p.ranges = slices.Replace(slices.Clone(p.ranges), i, i+1, rest...)
		return
	}
}

// add puts one port back.
func (p *portSet) add(port uint64) {
	*p = newPortSet(append(slices.Clone(p.ranges), PortRange{port, port}))
}
