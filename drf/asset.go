package drf

// asset keeps the aggregate share of every node.
type asset struct {
	total Vector
	// worth is what one thousandth of each resource counts: the least common
	// multiple of the totals, divided by this resource's total. So an
	// aggregate share is a whole number, over a denominator that all share.
	worth [MaxKinds]wide
	sum   []wide // by Node
}

// Asset is weighted Asset Fairness (Ghodsi et al., NSDI 2011, section 5.1): the
// least aggregate share is served first, which is the sum of the shares of all
// resources, so that each resource is worth its part of the cluster. It is
// exact. It does not give the sharing incentive (Theorem 1); it is here to be
// compared with. O(log siblings) for each change, at each level.
func Asset() Policy { return &asset{} }

func (p *asset) changed(t *Tree, n Node) {
	if p.total != t.total {
		p.total = t.total
		p.weigh()
	}
	for len(p.sum) < len(t.nodes) {
		p.sum = append(p.sum, wide{})
	}
	var sum wide
	for k, a := range t.counts(n) {
		if a > 0 && t.total[k] > 0 {
			sum = sum.add(p.worth[k].times(uint64(a)))
		}
	}
	p.sum[n] = sum
}

// weigh computes what each resource counts. The factors of the least common
// multiple are found one total after the other: each adds what its total has
// beyond what the totals before it have.
func (p *asset) weigh() {
	multiple := wide{1}
	for _, total := range p.total {
		if total > 0 {
			rest := uint64(total) / gcd(uint64(total), multiple.mod(uint64(total)))
			multiple = multiple.times(rest)
		}
	}
	for k, total := range p.total {
		if total > 0 {
			p.worth[k] = multiple.over(uint64(total))
		}
	}
}

func (p *asset) settle(*Tree) {}

func (p *asset) compare(t *Tree, a, b Node) int {
	v, w := t.nodes[a].weight, t.nodes[b].weight
	if v == w {
		return p.sum[a].compare(p.sum[b])
	}
	left := p.sum[a].times(uint64(v.denominator()) * uint64(w.numerator()))
	right := p.sum[b].times(uint64(w.denominator()) * uint64(v.numerator()))
	return left.compare(right)
}
