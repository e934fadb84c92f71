package drf

import "math/bits"

// hierarchical is the policy of H-DRF.
type hierarchical struct {
	nodes []attribution // by Node
	total Vector
	unit  [MaxKinds]uint64 // a whole resource in attributed units; 0 if it is saturated
	shift [MaxKinds]int    // attributed units in a thousandth, as a power of two
}

// attribution is what a node counts as holding of the resources that are not
// saturated: not what it does hold, but less. See HDRF.
type attribution struct {
	held  [MaxKinds]uint64 // in attributed units
	share Share            // the dominant one of held, weighted
	asks  kindSet          // what it asks for, if it is active
	stale bool
}

// HDRF is dynamic Hierarchical DRF (Bhattacharya et al., SoCC 2013, section
// 3.4, Algorithms 2 to 4): DRF over nested roles that starves nobody. From the
// root, the child of least share is served, like in DRF; but what counts as
// the share of an inner node is computed from below as follows.
//
//  1. A leaf counts with what it holds. It is blocked if it is not active, an
//     inner node if all its children are.
//  2. M is the least weighted share of the children that are not blocked.
//  3. Each of these counts with its vector scaled down to the share M, times
//     its weight: what it has beyond the poorest, it has because others could
//     not use it, and it must not make its role look rich. A blocked child
//     counts in full.
//  4. The node's vector is the sum of these; its share is the largest of the
//     resources that are not saturated, that is, not given out completely.
//
// The paper has equal weights and calls the general case direct; here every
// share is divided by its node's weight.
//
// The paper's tasks are slivers as small as one likes, so that siblings that
// want the same rise together. Where tasks are whole, one has its next task
// before the other, and as long as somebody has none, M is 0: a role with more
// frameworks than there is room for would count with nothing, and take
// everything. Therefore a child that stands above M counts, of the resources that
// the poorest ask for (Tree.SetWants), with one of its tasks more than that, the
// average of those that run. It vanishes as tasks get smaller, and leaves what is
// told apart by kind as it is: what the poorest have no use for.
//
// Callers must Deactivate a framework as soon as nothing that it waits for
// fits, not only when its turn comes: whether it is blocked changes the rank of
// the roles above it.
//
// # Exactness
//
// Vectors are kept in whole units of at most 2^-61 of each total, a power of
// two for each thousandth, so that what is not scaled is exact and so are all
// leaves. Scaling rounds down, to a unit of M's resource, then of the
// child's dominant resource, then of each resource. Comparing is exact. The
// order is therefore total and the same on every machine; it departs from
// that of exact fractions only between roles whose shares differ by nearly
// nothing: a few units for each node below them, times the ratio of the weights
// of siblings.
//
// # Cost
//
// Each decision costs O(siblings) at each level on the way to what changed,
// as M scales all of them; only a role without a sibling, which is compared
// with nobody, is spared the arithmetic. When a resource becomes saturated, or
// is so no longer, every node is computed anew.
func HDRF() Policy { return &hierarchical{} }

func (p *hierarchical) changed(t *Tree, n Node) {
	for len(p.nodes) < len(t.nodes) {
		p.nodes = append(p.nodes, attribution{})
	}
	p.nodes[n].stale = true
}

func (p *hierarchical) compare(_ *Tree, a, b Node) int {
	return p.nodes[a].share.Compare(p.nodes[b].share)
}

// settle brings the attributions that anything depends on up to date.
func (p *hierarchical) settle(t *Tree) {
	if p.measure(t) {
		for n := range p.nodes {
			p.nodes[n].stale = true
		}
	}
	p.refresh(t, Root, false)
}

// measure finds the saturated resources, and reports whether they or the
// totals are others than before.
func (p *hierarchical) measure(t *Tree) bool {
	before := p.unit
	for k, total := range t.total {
		p.unit[k] = 0
		if t.nodes[Root].allocated[k] < total {
			p.shift[k] = max(0, 62-bits.Len64(uint64(total)))
			p.unit[k] = uint64(total) << p.shift[k]
		}
	}
	changed := p.unit != before || p.total != t.total
	p.total = t.total
	return changed
}

// refresh computes the stale attributions below n, then that of n itself if
// its vector is wanted. A node's vector is wanted if that of the node above
// it is, or if it is to be compared with a sibling.
func (p *hierarchical) refresh(t *Tree, n Node, wanted bool) {
	if !p.nodes[n].stale {
		return
	}
	d := &t.nodes[n]
	below := wanted || len(d.children) > 1
	for _, c := range d.children {
		p.refresh(t, c, below)
	}
	switch {
	case wanted:
		p.attribute(t, n)
		p.nodes[n].stale = false
		t.fix(n)
	case n == Root:
		p.nodes[n].stale = false
	}
}

// attribute computes what a node counts as holding: a leaf, or an inner node
// whose children are up to date.
func (p *hierarchical) attribute(t *Tree, n Node) {
	d, at := &t.nodes[n], &p.nodes[n]
	if d.leaf {
		p.leaf(t, n, at)
		at.asks = kindsOf(&d.wants)
	} else {
		p.sum(t, d, at)
	}
	at.share = Share{Weight: d.weight}
	for k, held := range at.held {
		s := Share{held, p.unit[k], d.weight}
		if held > 0 && s.Compare(at.share) > 0 {
			at.share = s
		}
	}
}

func (p *hierarchical) leaf(t *Tree, n Node, at *attribution) {
	for k, a := range t.counts(n) {
		at.held[k] = 0
		if p.unit[k] > 0 {
			at.held[k] = shifted(uint64(a), p.shift[k])
		}
	}
}

// shifted is a × 2^n, or all that there is in 64 bits: with what was held lately
// somebody may count as holding many times the total.
func shifted(a uint64, n int) uint64 {
	if bits.Len64(a)+n > 64 {
		return ^uint64(0)
	}
	return a << n
}

func sumOf(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry > 0 {
		return ^uint64(0)
	}
	return sum
}

// sum is Algorithm 3 for one inner node.
func (p *hierarchical) sum(t *Tree, d *node, at *attribution) {
	at.held = [MaxKinds]uint64{}
	least, poorest := p.poorest(d)
	at.asks = 0
	for _, c := range d.children {
		child := &p.nodes[c]
		num, den, runs := uint64(1), uint64(1), uint64(0)
		if t.nodes[c].active {
			num, den = child.share.scale(least)
			at.asks |= child.asks
			runs = t.nodes[c].running
		}
		if num == 0 && runs == 0 {
			continue
		}
		for k, held := range child.held {
			if held == 0 {
				continue
			}
			counts := part(held, num, den)
			if runs > 0 && poorest.has(Kind(k)) {
				counts = min(held, sumOf(counts, held/runs))
			}
			at.held[k] = sumOf(at.held[k], counts)
		}
	}
}

// poorest is M of a role, and what those that have no more ask for.
func (p *hierarchical) poorest(d *node) (least Share, asks kindSet) {
	queue := d.queue.items
	if len(queue) > 0 {
		least = p.nodes[queue[0]].share
	}
	for _, c := range queue {
		if p.nodes[c].share.Compare(least) <= 0 {
			asks |= p.nodes[c].asks
		}
	}
	return least, asks
}

// scale is the factor num/den, at most 1, that takes s down to the weighted
// share least.
func (s Share) scale(least Share) (num, den uint64) {
	if least.Num == 0 || s.Num == 0 {
		return 0, 1
	}
	num = least.Num
	if s.Weight != least.Weight {
		// least.Num / least.Weight × s.Weight, of at most 40 bits each.
		num = part(num, uint64(s.Weight.num)*uint64(least.Weight.den), uint64(least.Weight.num)*uint64(s.Weight.den))
	}
	if s.Den != least.Den {
		num = part(num, s.Den, least.Den)
	}
	return num, s.Num
}

// part is a × num / den, rounded down; it must fit in 64 bits.
func part(a, num, den uint64) uint64 {
	if num == den {
		return a
	}
	hi, lo := bits.Mul64(a, num)
	q, _ := bits.Div64(hi, lo, den)
	return q
}
