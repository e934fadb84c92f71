package allocator

// placed is what a pq holds: ordered things that remember where they stand.
type placed[T any] interface {
	less(T) bool
	place(int)
}

// pq is a binary heap, least on top, whose items know their own index, so that
// any of them can be removed or repaired in O(log n).
type pq[T placed[T]] struct{ items []T }

func (q *pq[T]) len() int { return len(q.items) }
func (q *pq[T]) top() T   { return q.items[0] }

func (q *pq[T]) push(x T) {
	q.items = append(q.items, x)
	x.place(len(q.items) - 1)
	q.up(len(q.items) - 1)
}

func (q *pq[T]) remove(i int) {
	last := len(q.items) - 1
	q.items[i].place(-1)
	if i != last {
		q.items[i] = q.items[last]
		q.items[i].place(i)
	}
	var zero T
	q.items[last] = zero
	q.items = q.items[:last]
	if i < last {
		q.fix(i)
	}
}

func (q *pq[T]) fix(i int) {
	if !q.up(i) {
		q.down(i)
	}
}

func (q *pq[T]) set(i int, x T) {
	q.items[i] = x
	x.place(i)
}

// up moves an item towards the top and reports whether it moved.
func (q *pq[T]) up(i int) bool {
	x, start := q.items[i], i
	for i > 0 && x.less(q.items[(i-1)/2]) {
		q.set(i, q.items[(i-1)/2])
		i = (i - 1) / 2
	}
	if i != start {
		q.set(i, x)
	}
	return i != start
}

func (q *pq[T]) down(i int) {
	x, start := q.items[i], i
	for {
		least := 2*i + 1
		if least >= len(q.items) {
			break
		}
		if r := least + 1; r < len(q.items) && q.items[r].less(q.items[least]) {
			least = r
		}
		if !q.items[least].less(x) {
			break
		}
		q.set(i, q.items[least])
		i = least
	}
	if i != start {
		q.set(i, x)
	}
}
