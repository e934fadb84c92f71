package sim

import (
	"cmp"
	"container/heap"

	"fairlead/allocator"
)

// event is something that will happen: a group is submitted, or a run ends.
type event struct {
	at  int64
	seq uint64 // order of events of one time: as they were made
	run allocator.RunID
	// group is an index into Scenario.Groups if run is 0.
	group int
	// killed says that the run does not end by itself.
	killed bool
}

// eventHeap gives events back by time, then in the order in which they were pushed.
type eventHeap struct {
	events  events
	lastSeq uint64
}

func (h *eventHeap) push(e event) {
	h.lastSeq++
	e.seq = h.lastSeq
	heap.Push(&h.events, e)
}

func (h *eventHeap) pop() event { return heap.Pop(&h.events).(event) }

// next is the time of the earliest event, and false if there is none.
func (h *eventHeap) next() (int64, bool) {
	if len(h.events) == 0 {
		return 0, false
	}
	return h.events[0].at, true
}

// events implements heap.Interface.
type events []event

func (e events) Len() int { return len(e) }

func (e events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(e[i].at, e[j].at), cmp.Compare(e[i].seq, e[j].seq)) < 0
}

func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push is called by container/heap.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop is called by container/heap.
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}
