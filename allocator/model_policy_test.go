package allocator

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"

	"fairlead/drf"
)

// policy is the one in force.
func (m *model) policy() Policy {
	if m.cfg.Policy == Auto && m.nested {
		return HDRF
	}
	return cmp.Or(m.cfg.Policy, DRF)
}

// turn is the framework whose turn it is, of those that have a candidate.
func (m *model) turn(candidates map[string][]*modelGroup) string {
	if m.policy() == HDRF {
		return m.hierarchical(candidates)
	}
	return m.lowest(candidates)
}

// rank is what the policy goes by, of everything at or below a path.
func (m *model) rank(path string, candidates map[string][]*modelGroup) *big.Rat {
	if m.policy() == FIFO {
		return big.NewRat(int64(m.arrival(path, candidates)), 1)
	}
	held, runs, total := m.held(path)
	held = held.add(m.lately(path))
	if m.policy() == Minmax {
		held = held.add(m.wants(candidates[m.lowestBelow(path, candidates)]))
	}
	out := new(big.Rat)
	for k, v := range held { // commutes: a maximum, or a sum
		if total[k] == 0 {
			continue
		}
		part := big.NewRat(v, total[k])
		switch {
		case m.policy() == Asset:
			out.Add(out, part)
		case m.policy() == CPU && k != "cpus", m.policy() == Slots:
		case part.Cmp(out) > 0:
			out = part
		}
	}
	if m.policy() == Slots {
		out = big.NewRat(runs, 1)
	}
	return out.Quo(out, big.NewRat(m.weight(path), 1000))
}

func (m *model) weight(path string) int64 { return cmp.Or(m.weights[path], 1000) }

// held is what everything at or below a path holds, and how many runs that is.
func (m *model) held(path string) (held amounts, runs int64, total amounts) {
	held, total = amounts{}, m.total()
	for _, r := range m.runs {
		if r.group.path() == path || strings.HasPrefix(r.group.path(), path+"/") {
			held.gain(r.holds(m.kinds))
			runs++
		}
	}
	return held, runs, total
}

// arrival is when the first of the groups arrived that a framework at or below
// a path would be served for.
func (m *model) arrival(path string, candidates map[string][]*modelGroup) int {
	first := math.MaxInt
	for at, groups := range candidates { // commutes: a minimum
		if at == path || strings.HasPrefix(at, path+"/") {
			head := slices.MinFunc(groups, func(a, b *modelGroup) int { return cmp.Compare(b.Priority, a.Priority) })
			first = min(first, slices.Index(m.groups, head))
		}
	}
	return first
}

// hierarchical asks a tree that is made for this one question: package drf
// tests what it answers, and here it is what it is asked that counts.
func (m *model) hierarchical(candidates map[string][]*modelGroup) string {
	tree := m.treeOf(candidates)
	node, _ := tree.Next()
	return tree.Path(node)
}

// firstOf is the first in order of some of the frameworks that have a candidate.
func (m *model) firstOf(paths []string, candidates map[string][]*modelGroup) string {
	tree := m.treeOf(candidates)
	return slices.MinFunc(paths, func(a, b string) int { return m.compare(a, b, candidates, tree) })
}

// compare says which of two frameworks is to be served first.
func (m *model) compare(a, b string, candidates map[string][]*modelGroup, tree *drf.Tree) int {
	if m.policy() == HDRF {
		return inTree(tree, a, b)
	}
	a, b = apart(a, b)
	return m.compareSiblings(a, b, candidates)
}

func (m *model) compareSiblings(a, b string, candidates map[string][]*modelGroup) int {
	return cmp.Or(m.rank(a, candidates).Cmp(m.rank(b, candidates)), cmp.Compare(m.placements[a], m.placements[b]), strings.Compare(a, b))
}

// apart is the siblings below which two frameworks are.
func apart(a, b string) (string, string) {
	for at := 0; at < len(a) && at < len(b); at++ {
		i, j := strings.Index(a[at:]+"/", "/"), strings.Index(b[at:]+"/", "/")
		if a[:at+i] != b[:at+j] {
			return a[:at+i], b[:at+j]
		}
		at += i
	}
	return a, b
}

func inTree(tree *drf.Tree, a, b string) int {
	x, _ := tree.Lookup(a)
	y, _ := tree.Lookup(b)
	switch {
	case tree.Before(x, y):
		return -1
	case tree.Before(y, x):
		return 1
	}
	return 0
}

// treeOf is the tree as it is now.
func (m *model) treeOf(candidates map[string][]*modelGroup) *drf.Tree {
	tree := drf.NewTreeOf(m.policy().ranking())
	if err := tree.SetTotal(m.vectorOf(m.total())); err != nil {
		panic(err)
	}
	for _, g := range m.groups {
		m.plant(tree, g, len(candidates[g.path()]) > 0)
	}
	for _, r := range m.runs {
		m.plant(tree, r.group, len(candidates[r.group.path()]) > 0)
		node, _ := tree.Lookup(r.group.path())
		tree.Charge(node, m.vectorOf(r.holds(m.kinds)))
	}
	for path, lately := range m.past { // commutes: each on its own
		m.plant(tree, &modelGroup{Group: Group{Role: parentPath(path), Framework: path[len(parentPath(path))+1:]}}, false)
		node, _ := tree.Lookup(path)
		tree.SetPast(node, m.vectorOf(lately))
	}
	for path, groups := range candidates { // commutes: each on its own
		node, _ := tree.Lookup(path)
		wants := m.vectorOf(m.wants(groups))
		tree.SetWants(node, &wants)
	}
	for path, n := range m.placements { // commutes: each on its own
		if node, ok := tree.Lookup(path); ok {
			tree.SetPlacements(node, uint64(n))
		}
	}
	return tree
}

func (m *model) vectorOf(a amounts) (v drf.Vector) {
	for k, n := range a { // commutes: each on its own
		kind, _ := m.kinds.Lookup(k)
		v[kind] = drf.Amount(n)
	}
	return v
}

// wants is what a framework would be served for, of the groups that it could be.
func (m *model) wants(groups []*modelGroup) amounts {
	head := slices.MinFunc(groups, func(a, b *modelGroup) int { return cmp.Compare(b.Priority, a.Priority) })
	return head.demand().add(amountsOf(m.cfg.Executor))
}

// plant adds the framework of a group to a tree, with the weights on its way.
func (m *model) plant(tree *drf.Tree, g *modelGroup, active bool) {
	if _, ok := tree.Lookup(g.path()); ok {
		return
	}
	role, err := tree.AddRole(g.Role)
	if err != nil {
		panic(err)
	}
	leaf, err := tree.AddFramework(role, g.Framework)
	if err != nil {
		panic(err)
	}
	for at := g.path(); at != ""; at = parentPath(at) {
		node, _ := tree.Lookup(at)
		if err := tree.SetWeight(node, drf.Amount(m.weight(at))); err != nil {
			panic(err)
		}
	}
	if active {
		tree.Activate(leaf)
	}
}
