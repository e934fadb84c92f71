package drf

// minmax is the policy of Sequential Minmax.
type minmax struct{ direct }

// Minmax is weighted Sequential Minmax (Parkes, Procaccia and Shah, EC 2012): the
// next task goes to whoever has the least dominant share with it, not before it.
// Small tasks go first so; for indivisible tasks nobody envies another one by more
// than one task, but it pays to ask for less. A role counts with the next task of
// the framework below it that is to be served first (Tree.SetWants). O(depth × log
// siblings) for each change, at each level.
func Minmax() Policy { return minmax{} }

func (p minmax) compare(t *Tree, a, b Node) int { return p.after(t, a).Compare(p.after(t, b)) }

// after is the dominant share of a node with the next task below it.
func (minmax) after(t *Tree, n Node) Share {
	v := t.counts(n).Add(t.nodes[t.first(n)].wants)
	return t.dominantOf(n, &v)
}
