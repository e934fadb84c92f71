package allocator

// timer is a time at which a Tick has something to do. Timers are hints: when
// one is due, what it points at is looked at again.
type timer struct {
	at       int64
	seq      uint64
	run      RunID  // a Kill to repeat, or a run out of sight
	group    *group // or an instance whose back-off is over
	instance int32
}

// timerHeap orders timers by time, then by when they were set.
type timerHeap struct {
	items []timer
	seq   uint64
}

func (h *timerHeap) less(i, j int) bool {
	if h.items[i].at != h.items[j].at {
		return h.items[i].at < h.items[j].at
	}
	return h.items[i].seq < h.items[j].seq
}

func (h *timerHeap) push(t timer) {
	h.seq++
	t.seq = h.seq
	h.items = append(h.items, t)
	for i := len(h.items) - 1; i > 0 && h.less(i, (i-1)/2); i = (i - 1) / 2 {
		h.items[i], h.items[(i-1)/2] = h.items[(i-1)/2], h.items[i]
	}
}

// pop returns a timer that is due.
func (h *timerHeap) pop(now int64) (timer, bool) {
	if len(h.items) == 0 || h.items[0].at > now {
		return timer{}, false
	}
	due, last := h.items[0], len(h.items)-1
	h.items[0] = h.items[last]
	h.items[last] = timer{}
	h.items = h.items[:last]
	for i := 0; ; {
		least := 2*i + 1
		if least >= last {
			return due, true
		}
		if least+1 < last && h.less(least+1, least) {
			least++
		}
		if !h.less(least, i) {
			return due, true
		}
		h.items[i], h.items[least] = h.items[least], h.items[i]
		i = least
	}
}

// NextDeadline is the next time at which a Tick has something to do although
// no fact came in, and false if there is none.
func (s *State) NextDeadline() (int64, bool) {
	at, ok := int64(0), false
	if len(s.timers.items) > 0 {
		at, ok = s.timers.items[0].at, true
	}
	if s.link.wantRevive && s.waiting() {
		if revive := s.link.lastRevive + s.cfg.ReviveMillis; !ok || revive < at {
			at, ok = revive, true
		}
	}
	return at, ok
}
