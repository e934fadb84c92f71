package drf

// Claim is a node of a tree that is to be divided: a role, or a framework and
// what it asks for.
type Claim struct {
	// Parent is the index of the role above, which comes earlier; negative at
	// the top.
	Parent int
	// Weight is its weight among its siblings; the zero value counts as One.
	Weight Weight
	// Demand is what a framework holds and what it waits for, together. That of
	// a role is the sum of those below it, whatever is said here.
	Demand Vector
	// Guarantee is what a role and all below it are promised, and Limit, unless
	// it is nil, what they may have at most. Those of frameworks are not read.
	Guarantee Vector
	Limit     *Vector
}

// FairShares is what each claim is entitled to under weighted hierarchical DRF
// if tasks can be divided at will: Static H-DRF (Bhattacharya et al., SoCC
// 2013, Algorithm 1) in the limit of infinitely small slivers. In one level
// that is progressive filling (Ghodsi et al., NSDI 2011, appendix A.1): all
// weighted dominant shares rise together, and who needs a resource that is used
// up stops.
//
//  1. Each framework is given its resources in the proportion of its demand,
//     and stops when it has all of it, or when a resource that it needs is used
//     up.
//  2. In a role, the children of least weighted dominant share that can still
//     rise do so, all at the same rate; those that stand higher wait for them.
//  3. A role holds what its children hold. Its dominant share is the largest
//     over the resources that are not used up, as in Algorithm 3; children whose
//     rise leaves the share of their role as it is rise before others.
//  4. A role stops for all that needs a resource of which it has reached its
//     limit.
//  5. First only those frameworks rise that are promised more: a role above has
//     none of its guarantees of what they need exhausted, and at least one of
//     them. Then all do, and of a resource only what guarantees that are not
//     met yet leave over is given to those who are not below them.
//
// Everything is given out that anybody can use, except what is kept for
// guarantees. The vectors are rounded down to thousandths, those of frameworks
// first, and a role's is the sum of them; so together they never hold more than
// the total.
//
// # Exactness
//
// It is computed in whole units of 2^-192 of the total, and what differs by less
// than 2^-128 counts as equal. So the answer is the same on every machine, and
// is that of exact fractions, unless two of them come closer to each other, or
// an amount to a whole thousandth, than anything that can be told apart.
//
// # Cost
//
// O(frameworks × log frameworks), and for each change of who rises, of which
// there are at most two for each framework and a few for each role, O(roles).
func FairShares(total Vector, claims []Claim) []Vector {
	f := newFilling(total, claims)
	f.promising = true
	if f.promises {
		f.fill()
	}
	f.promising = false
	f.fill()
	out := make([]Vector, len(claims))
	for i := len(claims) - 1; i >= 0; i-- {
		if l := f.leaves[i]; l != nil {
			out[i] = f.vector(l)
		}
		if up := claims[i].Parent; up >= 0 {
			out[up] = out[up].Add(out[i])
		}
	}
	return out
}

// filling is a cluster that is being divided. Shares are parts of the total.
type filling struct {
	total     Vector
	kinds     []Kind         // of which there is something
	leaves    []*leaf        // by claim; nil for roles
	roles     []*role        // the root, and the others in the order of the claims
	used      [MaxKinds]bool // up
	promises  bool           // there are guarantees
	promising bool           // only those rise that are promised more
	one       fixed
	slack     fixed // what differs by less is equal
}

// portions are parts of each resource.
type portions [MaxKinds]fixed

func newFilling(total Vector, claims []Claim) *filling {
	f := &filling{total: total, leaves: make([]*leaf, len(claims)), one: fixedPower(0), slack: fixedPower(128)}
	f.roles = []*role{{weight: f.one}}
	for k, a := range total {
		if f.used[k] = a <= 0; a > 0 {
			f.kinds = append(f.kinds, Kind(k))
		}
	}
	above := make([]bool, len(claims))
	for _, c := range claims {
		if c.Parent >= 0 {
			above[c.Parent] = true
		}
	}
	roles := make([]*role, len(claims))
	for i, c := range claims {
		parent := f.roles[0]
		if c.Parent >= 0 {
			parent = roles[c.Parent]
		}
		weight := fixedRatio(uint64(c.Weight.numerator()), 1, uint64(c.Weight.denominator()), 1)
		if above[i] {
			roles[i] = f.addRole(c, &role{parent: parent, weight: weight})
		} else {
			f.leaves[i] = f.addLeaf(c.Demand, &leaf{role: parent, weight: weight})
		}
	}
	return f
}

func (f *filling) addRole(c Claim, r *role) *role {
	r.parent.below = append(r.parent.below, r)
	f.roles = append(f.roles, r)
	r.limited = c.Limit != nil
	for _, k := range f.kinds {
		f.promises = f.promises || c.Guarantee[k] > 0
		r.guarantee[k] = f.part(c.Guarantee[k], k)
		if r.limited {
			r.limit[k] = f.part(c.Limit[k], k)
		}
	}
	return r
}

// part is an amount as a part of the total.
func (f *filling) part(a Amount, k Kind) fixed {
	return fixedRatio(uint64(a), 1, uint64(f.total[k]), 1)
}

// addLeaf finds the dominant resource of a framework's demand, and what it gets
// of the others with it.
func (f *filling) addLeaf(d Vector, l *leaf) *leaf {
	l.demand = d
	var most Share
	dominant := CPUs
	for _, k := range f.kinds {
		if share := (Share{Num: uint64(d[k]), Den: uint64(f.total[k])}); share.Compare(most) > 0 {
			most, dominant = share, k
		}
	}
	if most.Num == 0 {
		return l // it never rises
	}
	for _, k := range f.kinds {
		if d[k] > 0 {
			l.pull[k] = fixedRatio(uint64(d[k]), uint64(f.total[dominant]), uint64(f.total[k]), uint64(d[dominant])).times(l.weight)
		}
	}
	l.to = f.part(d[dominant], dominant).over(l.weight)
	l.role.peers.members = append(l.role.peers.members, l)
	return l
}

// vector is what a framework has, rounded down, unless all that it is short of a
// thousandth is what was rounded before.
func (f *filling) vector(l *leaf) Vector {
	if l.to.sign() > 0 && l.level.plus(f.slack).compare(l.to) >= 0 {
		return l.demand
	}
	var v Vector
	for _, k := range f.kinds {
		amount := l.level.times(l.pull[k]).times(fixedRatio(uint64(f.total[k]), 1, 1, 1))
		v[k] = Amount(amount.plus(fixedPower(64)).floor())
	}
	return v
}
