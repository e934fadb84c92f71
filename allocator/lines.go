package allocator

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/drf"
)

// Who has waited for too long is asked in every Tick. To look at each framework
// would be felt when there are thousands, so the queues are kept by when the
// first group of their line will have waited for long enough to hold room. What
// changed about a line is followed when the question is asked.

// lineTable keeps the queues whose first group may hold room, now or later.
type lineTable struct {
	stale []*queue // whose first group, or its time, may be another one now
	by    [4]pq[*queue]
}

// lineSet is one of the sets of a lineTable.
type lineSet int8

const (
	noLine   lineSet = iota - 1
	soonFirm         // served as soon as anything is: it never holds room, but nobody after it may either
	soonSlip         // others can slip by it
	dueFirm
	dueSlip
)

// standing is what a lineTable knows of a queue.
type standing struct {
	due   int64 // when the first group will have waited for long enough
	in    lineSet
	at    int // in that set
	stale bool
}

func (q *queue) less(r *queue) bool {
	return cmp.Or(cmp.Compare(q.line.due, r.line.due), cmp.Compare(q.node, r.node)) < 0
}
func (q *queue) place(i int) { q.line.at = i }

// lineChanged notes that the first group in a line, or what it waits for, may
// have changed.
func (s *State) lineChanged(q *queue) {
	if !q.line.stale {
		q.line.stale = true
		s.lines.stale = append(s.lines.stale, q)
	}
}

// first is the group that a framework waits with and that is to be served
// first, whether or not it fits; nil if there is none.
func (q *queue) first() *group {
	var first *bucket
	if q.ready.len() > 0 {
		first = q.ready.top()
	}
	if q.aside.len() > 0 && (first == nil || q.aside.top().less(first)) {
		first = q.aside.top()
	}
	if first == nil {
		return nil
	}
	return first.groups.top()
}

// followLines brings the sets up to date.
func (s *State) followLines() {
	for _, q := range s.lines.stale {
		q.line.stale = false
		due, in := s.standingOf(q)
		s.moveLine(q, due, in)
	}
	clear(s.lines.stale)
	s.lines.stale = s.lines.stale[:0]
	for _, set := range [...]lineSet{soonFirm, soonSlip} {
		for soon := &s.lines.by[set]; soon.len() > 0 && soon.top().line.due <= s.now; {
			q := soon.top()
			s.moveLine(q, q.line.due, set+dueFirm)
		}
	}
}

// standingOf finds where a queue belongs. One whose first group holds room may
// not have more.
func (s *State) standingOf(q *queue) (due int64, in lineSet) {
	g := q.first()
	if g == nil || g.hold != nil {
		return 0, noLine
	}
	due, in = s.dueAt(g), soonFirm
	if s.canSlipBy(g) {
		in = soonSlip
	}
	if due <= s.now {
		in += dueFirm
	}
	return due, in
}

func (s *State) moveLine(q *queue, due int64, in lineSet) {
	if in == q.line.in {
		q.line.due = due
		if in != noLine {
			s.lines.by[in].fix(q.line.at)
		}
		return
	}
	if q.line.in != noLine {
		s.lines.by[q.line.in].remove(q.line.at)
	}
	q.line.due, q.line.in = due, in
	if in != noLine {
		s.lines.by[in].push(q)
	}
}

// firmLinesChanged notes that others may be able to slip by the first groups
// where that could not be before.
func (s *State) firmLinesChanged() {
	for _, set := range [...]lineSet{soonFirm, dueFirm} {
		for _, q := range s.lines.by[set].items {
			s.lineChanged(q)
		}
	}
}

// dueAt is when a group will have waited for long enough to hold room.
func (s *State) dueAt(g *group) int64 { return max(g.since+s.cfg.ReserveAfterMillis, g.holdFrom) }

// turn is a queue as the tree ranks it, or at a place that was found out before.
type turn struct {
	queue *queue
	tree  *drf.Tree
	place int
}

func (t turn) less(u turn) bool {
	if t.place != u.place {
		return t.place < u.place
	}
	return t.tree.Before(t.queue.node, u.queue.node)
}

// inTurn orders queues as they are to be served that find no room now. Where it
// matters who is blocked, all of them are, and whatever is done for one of them
// later does not change the order of the others.
func (s *State) inTurn(sets ...[]*queue) *heap[turn] {
	s.turns = s.turns[:0]
	for _, qs := range sets {
		for _, q := range qs {
			s.turns = append(s.turns, turn{queue: q, tree: s.tree})
		}
	}
	if !s.policy.needsBlocked() {
		s.turns.order()
		return &s.turns
	}
	place := s.placesBlocked(s.waitingQueues(), (*queue).first)
	for k := range s.turns {
		s.turns[k].place = place[s.turns[k].queue]
	}
	s.turns.order()
	return &s.turns
}

// placesBlocked is the place of each of some frameworks in order, where it matters who
// is blocked, and all are. Those policies that want to know what a framework would be
// served for take that to be its head, and rank a role by these frameworks alone.
func (s *State) placesBlocked(queues []*queue, head func(*queue) *group) map[*queue]int {
	s.shutFull()
	if s.policy != HDRF {
		for _, q := range queues {
			s.rankAs(q, head(q))
		}
	}
	slices.SortFunc(queues, s.inOrder)
	place := make(map[*queue]int, len(queues))
	for k, q := range queues {
		place[q] = k
		if s.policy != HDRF {
			s.tree.Deactivate(q.node)
		}
	}
	s.unskip()
	return place
}

// rankAs lets the tree rank a framework by a group, as if it could be served.
func (s *State) rankAs(q *queue, g *group) {
	if s.policy == FIFO {
		s.tree.SetArrival(q.node, g.seq)
	} else {
		wants := g.demand.Add(s.executor)
		s.tree.SetWants(q.node, &wants)
	}
	s.tree.Activate(q.node)
}

// checkLines looks at what is known of each line that was not noted as changed.
func (s *State) checkLines() error {
	for _, q := range s.queues {
		if q == nil {
			continue
		}
		for _, b := range q.aside.items {
			if b.at < 0 || !b.aside {
				return fmt.Errorf("framework %s: a bucket that is set aside does not know it", q.name)
			}
			if !b.shape.own && (b.asleep < 0 || q.asleep[b.asleep] != b) {
				return fmt.Errorf("framework %s: a bucket that is set aside is not in the list of those with common shapes", q.name)
			}
		}
		due, in := s.standingOf(q)
		late := q.line.in >= 0 && q.line.in < dueFirm && in >= dueFirm // found out when asked
		if late {
			in -= dueFirm
		}
		if !q.line.stale && (in != q.line.in || due != q.line.due) {
			return fmt.Errorf("framework %s: its first group is due at %d in set %d, booked are %d and %d",
				q.name, due, in, q.line.due, q.line.in)
		}
	}
	return nil
}
