package allocator

// ordered is what a heap holds: values of a total order, so that what comes
// out does not depend on the order in which it went in.
type ordered[T any] interface{ less(T) bool }

// heap is a binary heap of values, the least on top.
type heap[T ordered[T]] []T

func (h *heap[T]) push(x T) {
	*h = append(*h, x)
	q := *h
	for i := len(q) - 1; i > 0 && q[i].less(q[(i-1)/2]); i = (i - 1) / 2 {
		q[i], q[(i-1)/2] = q[(i-1)/2], q[i]
	}
}

// order makes a heap of values that were appended in any order: O(n), where to push
// each of them takes O(n × log n).
func (h heap[T]) order() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

// pop takes the least value out; the heap must not be empty.
func (h *heap[T]) pop() T {
	q := *h
	least, last := q[0], len(q)-1
	q[0] = q[last]
	var zero T
	q[last] = zero
	*h = q[:last]
	h.down(0)
	return least
}

func (h heap[T]) down(i int) {
	for {
		next := 2*i + 1
		if next >= len(h) {
			return
		}
		if next+1 < len(h) && h[next+1].less(h[next]) {
			next++
		}
		if !h[next].less(h[i]) {
			return
		}
		h[i], h[next] = h[next], h[i]
		i = next
	}
}
