package allocator

import "cmp"

// store hands out pieces of arrays that are made for many at once. No piece is
// handed out twice, so what a Tick has returned stays as it is for good, unless
// reuse is called.
type store[T any] struct {
	rest []T
	made []T // the array that rest is the end of
	size int // how many values are made at once; 0 means storeSize
}

// storeSize is how many values are made at once. All of them stay while one is
// in use.
const storeSize = 256

// take returns n values, to be written to whole: after reuse they are what they were.
func (st *store[T]) take(n int) []T {
	if n > len(st.rest) {
		size := cmp.Or(st.size, storeSize)
		if n >= size {
			return make([]T, n)
		}
		st.made = make([]T, size)
		st.rest = st.made
	}
	piece := st.rest[:n:n]
	st.rest = st.rest[n:]
	return piece
}

// one returns one value, to be written to whole.
func (st *store[T]) one() *T { return &st.take(1)[0] }

// reuse takes back what was handed out of the present array.
func (st *store[T]) reuse() {
	st.rest = st.made
}

// stores back the actions that Ticks return.
type stores struct {
	actions  store[Action]
	accepts  store[Accept]
	launches store[Launch]
	offers   store[string]
	settles  store[Settle]
}

func (st *stores) reuse() {
	st.actions.reuse()
	st.accepts.reuse()
	st.launches.reuse()
	st.offers.reuse()
	st.settles.reuse()
}
