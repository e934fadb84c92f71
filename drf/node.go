package drf

// Share is the weighted dominant share of a node and its dominant resource,
// whatever the policy ranks by; for a node that holds nothing the resource
// means nothing.
func (t *Tree) Share(n Node) (Share, Kind) {
	if n == Root {
		return t.shareOf(n) // which nothing is ranked by
	}
	return t.nodes[n].share, t.nodes[n].dominant
}

// Allocated is what a node and everything below it holds.
func (t *Tree) Allocated(n Node) Vector { return t.nodes[n].allocated }

// Placements counts the calls of Charge for a node and everything below it.
func (t *Tree) Placements(n Node) uint64 { return t.nodes[n].placements }

// Running counts the calls of Charge less those of Finish for a node and
// everything below it.
func (t *Tree) Running(n Node) uint64 { return t.nodes[n].running }

// Name is a framework's name, or a role's last component.
func (t *Tree) Name(n Node) string { return t.nodes[n].name }

// Path is a role's full name.
func (t *Tree) Path(n Node) string { return t.nodes[n].path }

// Parent is the role above a node; Root's parent is Root.
func (t *Tree) Parent(n Node) Node { return max(t.nodes[n].parent, Root) }

// Children lists what stands below a role, in order of name. It is the tree's
// own slice: do not change it, and take it again after Add or Remove.
func (t *Tree) Children(n Node) []Node { return t.nodes[n].children }

// IsFramework reports whether a node is a leaf.
func (t *Tree) IsFramework(n Node) bool { return t.nodes[n].leaf }

// Weight is a node's weight among its siblings.
func (t *Tree) Weight(n Node) Weight { return t.nodes[n].weight }

// Active reports whether a node takes part in Next.
func (t *Tree) Active(n Node) bool { return t.nodes[n].active }

// SetPlacements restores a node's count of placements from a snapshot.
func (t *Tree) SetPlacements(n Node, count uint64) {
	t.nodes[n].placements = count
	t.fix(n)
}

// Before reports whether a framework would be served before another one if both
// were active and no other was.
func (t *Tree) Before(a, b Node) bool {
	if a == b {
		return false
	}
	if !t.plain {
		t.policy.settle(t)
	}
	a, b = t.Apart(a, b)
	return t.compare(a, b) < 0
}

// Apart returns the siblings below which two frameworks are: the nodes at which
// the ways to them part.
func (t *Tree) Apart(a, b Node) (Node, Node) {
	if t.nodes[a].parent == t.nodes[b].parent {
		return a, b
	}
	for da, db := t.depth(a), t.depth(b); t.nodes[a].parent != t.nodes[b].parent; {
		switch {
		case da > db:
			a, da = t.nodes[a].parent, da-1
		case db > da:
			b, db = t.nodes[b].parent, db-1
		default:
			a, b, da, db = t.nodes[a].parent, t.nodes[b].parent, da-1, db-1
		}
	}
	return a, b
}

func (t *Tree) depth(n Node) int {
	depth := 0
	for ; n != Root; n = t.nodes[n].parent {
		depth++
	}
	return depth
}
