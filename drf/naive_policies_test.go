package drf

import (
	"cmp"
	"math"
	"math/big"
	"strings"
)

// rank is what a policy goes by, computed anew from what the leaves hold.
func (m *naive) rank(n *naiveNode) *big.Rat {
	var r *big.Rat
	switch m.policy {
	case "drf":
		r, _ = m.dominant(n, n.counts())
		return r
	case "fifo":
		return new(big.Rat).SetUint64(n.firstArrival())
	case "slots":
		r = big.NewRat(n.runs(), 1)
	case "cpu":
		r = m.part(n.counts(), CPUs)
	case "asset":
		r = new(big.Rat)
		for k := range Kind(MaxKinds) {
			r.Add(r, m.part(n.counts(), k))
		}
	case "minmax":
		next := n.counts()
		if n.active() {
			next = next.Add(m.sorted(n)[0].asks)
		}
		r = new(big.Rat)
		for k := range Kind(MaxKinds) {
			if part := m.part(next, k); part.Cmp(r) > 0 {
				r = part
			}
		}
	case "ceei":
		leaf := n
		if n.active() {
			leaf = m.sorted(n)[0]
		}
		r, _ = m.share(leaf)
		r = new(big.Rat).Mul(r, ratio(leaf.weight, Unit)) // not divided by its weight
		return r.Quo(r, cmp.Or(leaf.target, big.NewRat(1, 1)))
	case "hdrf":
		r = new(big.Rat).Set(m.attributed(n, true).share)
	}
	return r.Quo(r, big.NewRat(int64(n.weight), int64(Unit)))
}

func (n *naiveNode) runs() int64 {
	sum := n.running
	for _, c := range n.children {
		sum += c.runs()
	}
	return sum
}

// firstArrival is the earliest of the active leaves at or below n.
func (n *naiveNode) firstArrival() uint64 {
	if n.leaf {
		return n.arrival
	}
	first := uint64(math.MaxUint64)
	for _, c := range n.children {
		if c.active() {
			first = min(first, c.firstArrival())
		}
	}
	return first
}

// part is one resource's part of the total.
func (m *naive) part(v Vector, k Kind) *big.Rat {
	if m.total[k] == 0 {
		return new(big.Rat)
	}
	return ratio(v[k], m.total[k])
}

// credit is what a node counts as holding under H-DRF, in parts of the totals
// of those resources that are not saturated.
type credit struct {
	parts [MaxKinds]*big.Rat
	share *big.Rat // the largest part, unweighted
	kind  Kind     // the first that is so large
}

func (m *naive) saturated(k Kind) bool { return m.root.allocated()[k] >= m.total[k] }

// attributed is the recursion of H-DRF in exact fractions. Rounded, it is what
// HDRF promises to the last digit; else it is the paper's.
func (m *naive) attributed(n *naiveNode, rounded bool) credit {
	var out credit
	for k := range out.parts {
		out.parts[k] = new(big.Rat)
		if n.leaf && !m.saturated(Kind(k)) {
			out.parts[k] = m.part(n.counts(), Kind(k))
		}
	}
	credits := make([]credit, len(n.children))
	for i, c := range n.children {
		credits[i] = m.attributed(c, rounded)
	}
	least, first := m.least(n, credits)
	asked := m.askedByPoorest(n, credits, least)
	for i, c := range n.children {
		for k, part := range credits[i].parts {
			if c.active() {
				s := scaling{part, Kind(k), c, credits[i], least, first, rounded}
				counts := m.scaled(s)
				if asked[k] > 0 {
					counts = add(counts, m.task(s))
				}
				if counts.Cmp(part) < 0 {
					part = counts
				}
			}
			out.parts[k] = add(out.parts[k], part)
		}
	}
	out.share = new(big.Rat)
	for k, part := range out.parts {
		if part.Cmp(out.share) > 0 {
			out.share, out.kind = part, Kind(k)
		}
	}
	return out
}

// least is M: the least weighted share of the active children, and the resource
// of the child that has it.
func (m *naive) least(n *naiveNode, credits []credit) (least *big.Rat, kind Kind) {
	var poorest *naiveNode
	for i, c := range n.children {
		if !c.active() {
			continue
		}
		share := new(big.Rat).Quo(credits[i].share, ratio(c.weight, Unit))
		if poorest == nil || cmp.Or(share.Cmp(least), cmp.Compare(c.placed, poorest.placed), strings.Compare(c.name, poorest.name)) < 0 {
			poorest, least, kind = c, share, credits[i].kind
		}
	}
	return least, kind
}

// askedByPoorest is what the active children that have no more than M ask for.
func (m *naive) askedByPoorest(n *naiveNode, credits []credit, least *big.Rat) (sum Vector) {
	for i, c := range n.children {
		if c.active() && new(big.Rat).Quo(credits[i].share, ratio(c.weight, Unit)).Cmp(least) == 0 {
			sum = sum.Add(c.asksFor())
		}
	}
	return sum
}

func (n *naiveNode) asksFor() (sum Vector) {
	if n.leaf {
		return n.asks
	}
	for _, c := range n.children {
		if c.active() {
			sum = sum.Add(c.asksFor())
		}
	}
	return sum
}

// task is one of the tasks of a child, on average.
func (m *naive) task(s scaling) *big.Rat {
	if s.part.Sign() == 0 || s.child.runs() == 0 {
		return new(big.Rat)
	}
	one := new(big.Rat).Quo(s.part, big.NewRat(s.child.runs(), 1))
	if s.rounded {
		one = m.round(one, s.kind)
	}
	return one
}

// scaling is one part of an active child, to be scaled to M.
type scaling struct {
	part    *big.Rat
	kind    Kind
	child   *naiveNode
	credit  credit
	least   *big.Rat
	first   Kind // the resource of M
	rounded bool
}

func (m *naive) scaled(s scaling) *big.Rat {
	if s.part.Sign() == 0 {
		return s.part // of a resource that there may be none of
	}
	round := func(r *big.Rat, k Kind) *big.Rat { return r }
	if s.rounded {
		round = m.round
	}
	target := round(mul(s.least, ratio(s.child.weight, Unit)), s.first)
	target = round(target, s.credit.kind)
	return round(mul(s.part, new(big.Rat).Quo(target, s.credit.share)), s.kind)
}

// round rounds down to the unit of a resource: the least power of two of a
// thousandth of which the total has less than 2^62.
func (m *naive) round(r *big.Rat, k Kind) *big.Rat {
	if r.Sign() == 0 {
		return r
	}
	units := big.NewInt(int64(m.total[k]))
	for units.BitLen() < 62 {
		units.Lsh(units, 1)
	}
	whole := new(big.Int).Mul(r.Num(), units)
	return new(big.Rat).SetFrac(whole.Quo(whole, r.Denom()), units)
}
