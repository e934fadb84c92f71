package allocator

import "cmp"

// store hands out pieces of arrays that are made for many at once. No piece is
// handed out twice, so what a Tick has returned stays as it is for good.
type store[T any] struct {
	rest []T
	size int // how many values are made at once; 0 means storeSize
}

// storeSize is how many values are made at once. All of them stay while one is
// in use.
const storeSize = 256

// take returns n zero values.
func (st *store[T]) take(n int) []T {
	if n > len(st.rest) {
		size := cmp.Or(st.size, storeSize)
		if n >= size {
			return make([]T, n)
		}
		st.rest = make([]T, size)
	}
	piece := st.rest[:n:n]
	st.rest = st.rest[n:]
	return piece
}

// one returns one zero value.
func (st *store[T]) one() *T { return &st.take(1)[0] }

// stores back the actions that Ticks return.
type stores struct {
	actions  store[Action]
	accepts  store[Accept]
	launches store[Launch]
	offers   store[string]
	settles  store[Settle]
}
