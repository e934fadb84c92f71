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

// pop takes the least value out; the heap must not be empty.
func (h *heap[T]) pop() T {
	q := *h
	least, last := q[0], len(q)-1
	q[0] = q[last]
	var zero T
	q[last] = zero
	q = q[:last]
	*h = q
	for i := 0; ; {
		next := 2*i + 1
		if next >= last {
			return least
		}
		if next+1 < last && q[next+1].less(q[next]) {
			next++
		}
		if !q[next].less(q[i]) {
			return least
		}
		q[i], q[next] = q[next], q[i]
		i = next
	}
}
