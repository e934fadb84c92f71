package drf

// Nested reports whether there is a role below another one.
func (t *Tree) Nested() bool { return t.nested > 0 }

// nestedBy is 1 for a role below another one, and 0 for any other node.
func (t *Tree) nestedBy(n *node) int {
	if n.leaf || n.parent == Root {
		return 0
	}
	return 1
}

// SetPolicy ranks by another policy from now on, which must not be in use for
// another tree. What nodes hold, their placements and who is active stay as they
// are. O(nodes).
func (t *Tree) SetPolicy(policy Policy) {
	t.policy, t.plain = policy, policy == DRF() && !t.lately
	t.reorder(Root)
}

// reorder restores the order of all queues, those below first: what a policy
// goes by may be found on top of them.
func (t *Tree) reorder(n Node) {
	for _, c := range t.nodes[n].children {
		t.reorder(c)
	}
	t.changed(n)
	t.heapify(n)
}
