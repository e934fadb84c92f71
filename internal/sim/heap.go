package sim

import "fairlead/allocator"

// event is something that will happen to a run.
type event struct {
	at  int64
	seq uint64 // order of events of one time: as they were made
	run allocator.RunID
	how allocator.TaskState
}

// before is the order of events: by time, then as they were made.
func (e *event) before(f *event) bool { return e.at < f.at || e.at == f.at && e.seq < f.seq }

// eventHeap gives events back in order. Each node has four children, which makes it shallow: most of
// the work is to let one event sink from the top to near the bottom.
type eventHeap struct {
	events  []event
	lastSeq uint64
}

const arity = 4

func (h *eventHeap) push(e event) {
	h.lastSeq++
	e.seq = h.lastSeq
	h.events = append(h.events, e)
	i := len(h.events) - 1
	for i > 0 {
		parent := (i - 1) / arity
		if !e.before(&h.events[parent]) {
			break
		}
		h.events[i] = h.events[parent]
		i = parent
	}
	h.events[i] = e
}

// pop takes the first event; there must be one.
func (h *eventHeap) pop() event {
	first, last := h.events[0], len(h.events)-1
	e := h.events[last]
	h.events = h.events[:last]
	if last > 0 {
		h.sink(e)
	}
	return first
}

// sink puts an event into the empty place at the top.
func (h *eventHeap) sink(e event) {
	i := 0
	for {
		child := i*arity + 1
		if child >= len(h.events) {
			break
		}
		for k := child + 1; k < min(child+arity, len(h.events)); k++ {
			if h.events[k].before(&h.events[child]) {
				child = k
			}
		}
		if !h.events[child].before(&e) {
			break
		}
		h.events[i] = h.events[child]
		i = child
	}
	h.events[i] = e
}

// first is the earliest event, and nil if there is none.
func (h *eventHeap) first() *event {
	if len(h.events) == 0 {
		return nil
	}
	return &h.events[0]
}
