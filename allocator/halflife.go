package allocator

import "fairlead/drf"

// decayUntil is called before time goes from one moment to another one. What each
// framework held lately follows what it holds now, in steps at whole multiples of
// a 64th of the half-life; so, like what is measured, it is a function of the facts
// and actions booked and of time alone.
func (s *State) decayUntil(from, to int64) {
	if s.cfg.HalfLifeMillis <= 0 || s.lastSeq == 0 {
		return
	}
	every := (s.cfg.HalfLifeMillis + drf.HalfLifeSteps - 1) / drf.HalfLifeSteps
	steps := to/every - from/every
	if steps == 0 {
		return
	}
	for _, q := range s.queues {
		if q != nil {
			s.decay(q.node, steps)
		}
	}
}

func (s *State) decay(n drf.Node, steps int64) {
	past, held := s.tree.Past(n), s.tree.Allocated(n)
	for ; steps > 0 && past != held; steps-- {
		past = drf.Decay(past, held)
	}
	s.tree.SetPast(n, past)
}
