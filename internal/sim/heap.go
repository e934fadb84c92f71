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

// digitBits is how much of a time tells the buckets of one level apart.
const digitBits = 4

// eventHeap gives events back by time, those of one time in the order in which they were pushed. It is a
// radix heap: nothing may be pushed that is earlier than what was popped last, which time never is.
// Events stand in buckets by the highest digit in which their time differs from base, the time that
// was reached last: its place is the level, its value the bucket there. When the present is used up, the
// next bucket is spread over those of lower levels. An event so moves a few times through memory that
// is read in order, where an ordinary heap looks at as many places all over it.
type eventHeap struct {
	base    int64
	size    int
	present []event // those of time base
	next    int     // in present
	levels  [64 / digitBits]level
	filled  uint64            // a bit for each level that is not empty
	soon    []allocator.RunID // the runs of events that come next, to be emptied by who was told
	told    int64             // until then the runs have been in soon, but for what was pushed since
}

// level is a place of the digits of times.
type level struct {
	buckets [1 << digitBits][]event
	least   [1 << digitBits]int64 // the earliest time in each that is not empty
	filled  uint64                // a bit for each that is not empty
}

func (h *eventHeap) push(e event) {
	h.size++
	if e.at == h.base {
		h.present = append(h.present, e)
		return
	}
	n := (bits.Len64(uint64(e.at^h.base)) - 1) / digitBits
	l, d := &h.levels[n], e.at>>(n*digitBits)&(1<<digitBits-1)
	if l.filled>>d&1 == 0 {
		l.least[d] = e.at
		l.filled |= 1 << d
		h.filled |= 1 << n
	}
	l.least[d] = min(l.least[d], e.at)
	l.buckets[d] = append(l.buckets[d], e)
}

// lowest is the bucket with the earliest events that are not of the present; there must be one.
func (h *eventHeap) lowest() (n, d int) {
	n = bits.TrailingZeros64(h.filled)
	return n, bits.TrailingZeros64(h.levels[n].filled)
}

// time is that of the earliest event, and false if there is none.
func (h *eventHeap) time() (int64, bool) {
	switch {
	case h.next < len(h.present):
		return h.base, true
	case h.size == 0:
		return 0, false
	}
	n, d := h.lowest()
	return h.levels[n].least[d], true
}

// first is the earliest event; there must be one. From then on nothing may be pushed that is earlier.
func (h *eventHeap) first() *event {
	if h.next == len(h.present) {
		h.spread(h.lowest())
	}
	return &h.present[h.next]
}

// spread moves the events of a bucket to lower levels, at least one of them to the present.
func (h *eventHeap) spread(n, d int) {
	h.present, h.next = h.present[:0], 0
	l := &h.levels[n]
	from := l.buckets[d]
	h.base, l.buckets[d] = l.least[d], from[:0]
	if l.filled &^= 1 << d; l.filled == 0 {
		h.filled &^= 1 << n
	}
	h.size -= len(from)
	for i := range from {
		h.push(from[i])
	}
	if len(from) <= fewSoon && h.base >= h.told {
		h.told = (h.base>>(n*digitBits) + 1) << (n * digitBits)
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
