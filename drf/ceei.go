package drf

// Equilibrium is what each claim has under Competitive Equilibrium from Equal
// Incomes (Varian 1974; Ghodsi et al., NSDI 2011, section 5.2): everybody starts
// with an equal part of every resource and trades on a perfect market. With
// utilities that are dominant shares this is the Nash bargaining solution, which
// maximises the product of the shares. Incomes are by weight; that of a role is
// divided among the children that ask for anything. Guarantees and limits are not
// read. It is here to be compared with: who lies about its demand can gain by it
// (Theorem 4), and who stays can lose when somebody leaves (Theorem 5).
//
// It is found from the prices. At some prices everybody buys its resources in
// the proportion of its demand until its income, or its demand, is used up; of a
// resource whose price is above 0 exactly all there is must be bought, and of
// the others no more. One price after the other is set so that this holds for its
// resource, again and again: each step lowers a convex function, the dual of
// Eisenberg and Gale's program, to its minimum along one axis, so the prices come
// as near to those of the equilibrium as the unit of 2^-192 allows.
//
// As in FairShares the vectors are rounded down to thousandths. O(frameworks) for
// each trial of a price, of which there may be some ten thousand.
func Equilibrium(total Vector, claims []Claim) []Vector {
	m := &market{filling: newFilling(total, claims), price: portions{}}
	m.earn(claims)
	for range maxSweeps {
		if !m.sweep() {
			break
		}
	}
	out := make([]Vector, len(claims))
	for i := len(claims) - 1; i >= 0; i-- {
		if l := m.leaves[i]; l != nil {
			l.level = m.bought(l)
			out[i] = m.vector(l)
		}
		if up := claims[i].Parent; up >= 0 {
			out[up] = out[up].Add(out[i])
		}
	}
	return out
}

const (
	maxSweeps = 1000
	// pricePlaces is the precision of a price, in binary places.
	pricePlaces = 80
)

// market is a filling in which the level of a leaf is its dominant share.
type market struct {
	*filling
	price  portions
	income map[*leaf]fixed
}

// earn gives everybody who asks for something an income; all together have 1.
func (m *market) earn(claims []Claim) {
	asks := make([]bool, len(claims)+1) // by claim, the root first
	for i := len(claims) - 1; i >= 0; i-- {
		l := m.leaves[i]
		asks[i+1] = asks[i+1] || l != nil && l.to.sign() > 0
		asks[claims[i].Parent+1] = asks[claims[i].Parent+1] || asks[i+1]
	}
	weights := make([]fixed, len(claims)+1) // of the children that ask
	for i, c := range claims {
		if asks[i+1] {
			weights[max(c.Parent, -1)+1] = weights[max(c.Parent, -1)+1].plus(weightOf(c))
		}
	}
	incomes := make([]fixed, len(claims)+1)
	incomes[0], m.income = m.one, map[*leaf]fixed{}
	for i, c := range claims {
		if !asks[i+1] {
			continue
		}
		up := max(c.Parent, -1) + 1
		incomes[i+1] = incomes[up].times(weightOf(c)).over(weights[up])
		if l := m.leaves[i]; l != nil {
			m.income[l] = incomes[i+1]
			for _, k := range m.kinds { // of the dominant share, not of the weighted one
				l.pull[k] = l.pull[k].over(l.weight)
			}
			l.to = l.to.times(l.weight)
		}
	}
}

func weightOf(c Claim) fixed {
	return fixedRatio(uint64(c.Weight.numerator()), 1, uint64(c.Weight.denominator()), 1)
}

// sweep sets each price once, and reports whether any is another one now.
func (m *market) sweep() bool {
	changed := false
	for _, k := range m.kinds {
		before := m.price[k]
		m.settle(k)
		moved := m.price[k].minus(before).max(before.minus(m.price[k]))
		changed = changed || moved.compare(fixedPower(pricePlaces-1)) > 0
	}
	return changed
}

// settle finds the least price of a resource at which no more is bought than there
// is. None is above 1, which is what all together have.
func (m *market) settle(k Kind) {
	low, step := fixed{}, m.one
	m.price[k] = low
	if !m.oversold(k) {
		return
	}
	for i := range uint(pricePlaces) {
		step = fixedPower(i + 1)
		if m.price[k] = low.plus(step); m.oversold(k) {
			low = m.price[k]
		}
	}
	m.price[k] = low.plus(step)
}

// oversold reports whether at the prices of now more is bought than there is.
func (m *market) oversold(k Kind) bool {
	var sum fixed
	for _, l := range m.leaves {
		if l != nil && l.pull[k].sign() > 0 {
			sum = sum.plus(m.bought(l).times(l.pull[k]))
		}
	}
	return sum.compare(m.one) > 0
}

// bought is the dominant share that a framework buys at the prices of now.
func (m *market) bought(l *leaf) fixed {
	var cost fixed
	for _, k := range m.kinds {
		cost = cost.plus(l.pull[k].times(m.price[k]))
	}
	if cost.sign() == 0 {
		return l.to
	}
	return m.income[l].over(cost).min(l.to)
}

// equilibrium is the policy of CEEI.
type equilibrium struct{ direct }

// CEEI serves whoever is farthest from what Equilibrium gives it: the least
// dominant share divided by that of Tree.SetTarget. Roles have no rank of their
// own, their incomes have gone into the targets: one counts as the framework
// below it that is to be served first. O(depth × log siblings) for each change,
// at each level.
func CEEI() Policy { return equilibrium{} }

func (equilibrium) compare(t *Tree, a, b Node) int {
	x, y := &t.nodes[t.first(a)], &t.nodes[t.first(b)]
	return Share{x.share.Num, x.share.Den, x.target}.Compare(Share{y.share.Num, y.share.Den, y.target})
}

// SetTarget tells of which resources and amounts a framework is to come to hold; the
// policy CEEI goes by its dominant share, to nine places.
func (t *Tree) SetTarget(n Node, v *Vector) {
	billionths := uint64(1)
	for k, a := range v {
		if total := t.total[k]; a > 0 && total > 0 {
			billionths = max(billionths, part(uint64(min(a, total)), uint64(MaxWeight), uint64(total)))
		}
	}
	if target, err := NewWeight(Amount(billionths)); err == nil && t.nodes[n].target != target {
		t.nodes[n].target = target
		t.repair(n)
	}
}
