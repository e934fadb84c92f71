package sim

import (
	"math/bits"

	"fairlead/allocator"
)

// event is something that will happen to a run.
type event struct {
	at  int64
	run allocator.RunID
	how allocator.TaskState
}

// fewSoon is how many events that are close together are told of in advance.
const fewSoon = 128

// eventHeap gives events back by time, those of one time in the order in which they were pushed. It is a
// radix heap: nothing may be pushed that is earlier than what was popped last, which time never is.
// Events stand in buckets by the highest bit in which their time differs from base, the time that
// was reached last. When the first bucket is used up, the next one is spread over those below it. An
// event so moves a few times through memory that is read in order, where an ordinary heap looks at
// as many places all over it.
type eventHeap struct {
	base    int64
	size    int
	next    int // in buckets[0], whose events are all of time base
	buckets [65][]event
	soon    []allocator.RunID // the runs of events that come next, to be emptied by who was told
	least   [65]int64         // the earliest time in each bucket that is not empty
}

func (h *eventHeap) push(e event) {
	b := bits.Len64(uint64(e.at ^ h.base))
	if len(h.buckets[b]) == 0 || e.at < h.least[b] {
		h.least[b] = e.at
	}
	h.buckets[b] = append(h.buckets[b], e)
	h.size++
}

// lowest is the first bucket that is not used up; there must be one.
func (h *eventHeap) lowest() int {
	if h.next < len(h.buckets[0]) {
		return 0
	}
	for b := 1; ; b++ {
		if len(h.buckets[b]) > 0 {
			return b
		}
	}
}

// time is that of the earliest event, and false if there is none.
func (h *eventHeap) time() (int64, bool) {
	if h.size == 0 {
		return 0, false
	}
	return h.least[h.lowest()], true
}

// first is the earliest event; there must be one. From then on nothing may be pushed that is earlier.
func (h *eventHeap) first() *event {
	if b := h.lowest(); b > 0 {
		h.spread(b)
	}
	return &h.buckets[0][h.next]
}

// spread moves the events of a bucket to those below it, at least one of them to the first.
func (h *eventHeap) spread(b int) {
	h.buckets[0], h.next = h.buckets[0][:0], 0
	from := h.buckets[b]
	h.base = h.least[b]
	h.buckets[b] = from[:0]
	h.size -= len(from)
	for i := range from {
		h.push(from[i])
	}
	if len(from) <= fewSoon {
		h.soon = h.soon[:0]
		for i := range from {
			h.soon = append(h.soon, from[i].run)
		}
	}
}

// pop takes the first event; there must be one.
func (h *eventHeap) pop() event {
	e := *h.first()
	h.next++
	h.size--
	return e
}
