package drf

// Policy is the rule by which a Tree ranks siblings. Nodes that a policy ranks
// as equal are served by fewest placements first, then by name; so every
// policy gives a total order, the same on every machine.
//
// The methods take the Tree, which calls them; a Policy keeps what it has
// computed for the nodes of one tree.
type Policy interface {
	// changed is called when something has changed on which the rank of n may
	// depend: what it holds or runs, its weight, the totals, or what is active
	// or held below it. The nodes above n follow, from below.
	changed(t *Tree, n Node)
	// settle is called before the order is read. A policy whose ranks depend
	// on more than one node leaves its work until then.
	settle(t *Tree)
	// compare is negative if a is served before b.
	compare(t *Tree, a, b Node) int
}

// direct is embedded by policies that read all they need off the Tree.
type direct struct{}

func (direct) changed(*Tree, Node) {}
func (direct) settle(*Tree)        {}

// weighted is the share of a node for which it holds num of den.
func (t *Tree) weighted(n Node, num, den uint64) Share { return Share{num, den, t.nodes[n].weight} }
