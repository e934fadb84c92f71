package drf

// heap is a role's queue of active children, the least share on top. Each node
// knows its own place in its parent's heap, so that one changed share is
// repaired in O(log siblings) and no update ever searches.
type heap struct {
	items []Node
	at    int32 // where this node stands in its parent's items; -1: nowhere
}

func (t *Tree) parentHeap(n Node) *[]Node { return &t.nodes[t.nodes[n].parent].queue.items }

// push adds a node to its parent's heap.
func (t *Tree) push(n Node) {
	q := t.parentHeap(n)
	*q = append(*q, n)
	t.nodes[n].queue.at = int32(len(*q) - 1)
	t.up(*q, len(*q)-1)
}

// remove takes a node out of its parent's heap.
func (t *Tree) remove(n Node) {
	q := t.parentHeap(n)
	i, last := int(t.nodes[n].queue.at), len(*q)-1
	t.swap(*q, i, last)
	*q = (*q)[:last]
	t.nodes[n].queue.at = -1
	if i < last && !t.up(*q, i) {
		t.down(*q, i)
	}
}

// fix restores the order after a node's share changed.
func (t *Tree) fix(n Node) {
	i := int(t.nodes[n].queue.at)
	if i < 0 {
		return
	}
	q := *t.parentHeap(n)
	if !t.up(q, i) {
		t.down(q, i)
	}
}

// heapify restores the order of a role's whole heap.
func (t *Tree) heapify(role Node) {
	q := t.nodes[role].queue.items
	for i := len(q)/2 - 1; i >= 0; i-- {
		t.down(q, i)
	}
}

func (t *Tree) swap(q []Node, i, j int) {
	q[i], q[j] = q[j], q[i]
	t.nodes[q[i]].queue.at, t.nodes[q[j]].queue.at = int32(i), int32(j)
}

// up moves an item towards the top and reports whether it moved.
func (t *Tree) up(q []Node, i int) bool {
	start := i
	for i > 0 {
		parent := (i - 1) / 2
		if !t.before(q[i], q[parent]) {
			break
		}
		t.swap(q, i, parent)
		i = parent
	}
	return i != start
}

func (t *Tree) down(q []Node, i int) {
	for {
		least := 2*i + 1
		if least >= len(q) {
			return
		}
		if r := least + 1; r < len(q) && t.before(q[r], q[least]) {
			least = r
		}
		if !t.before(q[least], q[i]) {
			return
		}
		t.swap(q, i, least)
		i = least
	}
}
