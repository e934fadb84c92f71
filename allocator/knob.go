package allocator

import (
	"slices"

	"fairlead/drf"
)

// loosened reports whether others than the first framework in order may be
// served, because a group of theirs is aligned better with an agent.
func (c *Config) loosened() bool {
	return c.Placement == Tetris && c.FairnessKnob < drf.Unit && c.Policy != DRFLiteral
}

// turn is the framework to serve: the first in order, or under a loosened
// fairness knob the one among the first whose group is aligned best with the
// agent that it would go to. O(frameworks in line × log) then.
func (s *State) turn() (drf.Node, bool) {
	node, ok := s.tree.Next()
	if !ok || !s.cfg.loosened() {
		return node, ok
	}
	best, first := uint64(0), true
	for _, q := range s.furthestBelow() {
		b := q.ready.top()
		on, fits := s.seek(b.groups.top(), b.shape)
		if !fits {
			continue // it is the first: its turn ends like any other's
		}
		if score := s.aligned(&b.shape.demand, &s.agents[on[0]]); first || score > best {
			node, best, first = q.node, score, false
		}
	}
	return node, true
}

// furthestBelow lists the first of the frameworks in line, in order: the part of
// them that the fairness knob leaves, at least one.
func (s *State) furthestBelow() []*queue {
	line := s.inLine[:0]
	for _, q := range s.queues {
		if q != nil && q.ready.len() > 0 {
			line = append(line, q)
		}
	}
	s.inLine = line
	slices.SortFunc(line, func(a, b *queue) int {
		if s.tree.Before(a.node, b.node) {
			return -1
		}
		return 1
	})
	f := max(s.cfg.FairnessKnob, 0)
	n := (int64(len(line))*int64(drf.Unit-f) + int64(drf.Unit) - 1) / int64(drf.Unit)
	return line[:max(n, 1)]
}
