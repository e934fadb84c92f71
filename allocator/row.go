package allocator

import "iter"

// row is the groups of a bucket in the order in which they are to be served.
// They mostly come in that order, so most of them stand in a plain list: to take
// the first one touches no other. Those that come out of order stand in a heap.
type row struct {
	list []*group // in order; nil where one has left, but not at either end
	head int      // where the list begins; those before have left
	cut  int      // how many were cut off before list[0]
	left int      // groups in the list
	heap pq[inLine]
}

func (r *row) len() int { return r.left + r.heap.len() }

// top is the group to serve first. There must be one.
func (r *row) top() *group {
	if r.left == 0 {
		return r.heap.top().group
	}
	first := r.list[r.head]
	if r.heap.len() > 0 && r.heap.top().less(first.inLine()) {
		return r.heap.top().group
	}
	return first
}

func (r *row) push(g *group) {
	if r.left > 0 && !r.list[len(r.list)-1].inLine().less(g.inLine()) {
		g.listed = false
		r.heap.push(g.inLine())
		return
	}
	if r.head > 64 && 2*r.head > len(r.list) {
		r.cutOff()
	}
	g.at, g.listed = r.cut+len(r.list), true
	r.list = append(r.list, g)
	r.left++
}

// cutOff moves what is left of the list to where it began.
func (r *row) cutOff() {
	n := copy(r.list, r.list[r.head:])
	clear(r.list[n:])
	r.cut += r.head
	r.list, r.head = r.list[:n], 0
}

func (r *row) remove(g *group) {
	if !g.listed {
		r.heap.remove(g.at)
		return
	}
	r.list[g.at-r.cut] = nil
	g.at = -1
	if r.left--; r.left == 0 {
		r.cut += len(r.list)
		r.list, r.head = r.list[:0], 0
		return
	}
	for r.list[r.head] == nil {
		r.head++
	}
	for r.list[len(r.list)-1] == nil {
		r.list = r.list[:len(r.list)-1]
	}
}

// all yields the groups in no order that means anything.
func (r *row) all() iter.Seq[*group] {
	return func(yield func(*group) bool) {
		for _, g := range r.list[r.head:] {
			if g != nil && !yield(g) {
				return
			}
		}
		for _, x := range r.heap.items {
			if !yield(x.group) {
				return
			}
		}
	}
}

// inLine is a group in the heap of a row. It holds what its rank depends on
// itself, so that comparing does not reach for the groups all over memory.
type inLine struct {
	group    *group
	seq      uint64
	priority int32
}

func (g *group) inLine() inLine { return inLine{g, g.seq, g.spec.Priority} }

// less is the order inside a framework: priority, then arrival.
func (x inLine) less(y inLine) bool {
	if x.priority != y.priority {
		return x.priority > y.priority
	}
	return x.seq < y.seq
}

func (x inLine) place(i int) { x.group.at = i }
