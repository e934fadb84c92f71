package drf

// fifo is the order of arrival.
type fifo struct{ direct }

// FIFO serves what arrived first (Tree.SetArrival), whatever anybody holds; a
// role counts as the earliest of what is active below it. Weights mean nothing
// to it. O(depth × log siblings) for each change, at each level.
func FIFO() Policy { return fifo{} }

func (fifo) compare(t *Tree, a, b Node) int {
	return cmp64(t.nodes[t.first(a)].arrival, t.nodes[t.first(b)].arrival)
}

// first is the leaf below n that its queues have on top; n itself if it is a
// leaf or nothing below it is active.
func (t *Tree) first(n Node) Node {
	for len(t.nodes[n].queue.items) > 0 {
		n = t.nodes[n].queue.items[0]
	}
	return n
}
