package allocator

import (
	"fmt"
	"slices"

	"fairlead/drf"
)

// Buckets of a full shape are parked. When an agent could hold the shape again,
// all of them compete; but mostly one is placed, and the shape is full again.
// With thousands of frameworks, to take all of them back would cost far more
// than the decision. Where the order of frameworks allows it, such a shape is only
// drowsy: a bucket of it is taken back when it is the first in order of all that
// compete and of all that are parked in drowsy shapes, and if there is room for it.

// sleeper is a parked bucket, ordered by its framework.
type sleeper struct {
	bucket *bucket
	tree   *drf.Tree
}

func (x sleeper) less(y sleeper) bool {
	return x.tree.Before(x.bucket.queue.node, y.bucket.queue.node)
}
func (x sleeper) place(i int) { x.bucket.parked = i }

// setOneByOne decides, for a Tick, whether shapes take their buckets back one by
// one. That needs an order in which nothing changes but the place of a framework
// that is given something or gives it back, and nobody who asks for all that fit.
func (s *State) setOneByOne() {
	for _, sh := range s.drowsy {
		if sh.full < 0 { // since the last Tick, in which others may have become the first
			s.wakeAll(sh)
		}
	}
	clear(s.drowsy)
	s.drowsy = s.drowsy[:0]
	now := s.policy == DRF && !s.nested && len(s.quotas) == 0 && !s.cfg.loosened() && s.cfg.HalfLifeMillis == 0
	if now != s.oneByOne {
		s.oneByOne = now
		s.ranks++
	}
}

// park sets a bucket of a full shape aside. Only those that stand in the way
// of others are: while everything that competes is full, nobody moves.
func (s *State) park(b *bucket) {
	s.setAside(b)
	sh := b.shape
	if x := (sleeper{b, s.tree}); s.oneByOne && sh.ranks == s.ranks {
		sh.parked.push(x)
	} else {
		sh.ranks = 0
		sh.parked.items = append(sh.parked.items, x)
		x.place(sh.parked.len() - 1)
	}
}

// unpark takes one bucket back, because it has become empty.
func (s *State) unpark(b *bucket) {
	b.shape.ranks = 0
	q := b.shape.parked.items
	last := len(q) - 1
	q[b.parked] = q[last]
	q[b.parked].place(b.parked)
	q[last] = sleeper{}
	b.shape.parked.items = q[:last]
	b.parked = -1
	b.takeBack()
}

// wakeFor lets every full shape that may find room on an agent now compete again:
// of gangs those for which enough is free in all, and those with room that is
// held for them, which is not free.
func (s *State) wakeFor(a *agent) {
	full := s.shapes.full
	for i := len(full) - 1; i >= 0; i-- {
		k := full[i]
		if !a.fits(k) {
			continue
		}
		for k.full.len() > 0 && s.roomForAll(k.full.top()) {
			s.wake(k.full.top())
		}
	}
	for _, h := range s.holds {
		if sh := h.group.bucket.shape; sh.full >= 0 && (a.hold == h || a.fits(sh.kin)) {
			s.wake(sh)
		}
	}
}

func (s *State) wake(sh *shape) {
	s.shapes.unfill(sh)
	if !s.oneByOne || sh.parked.len() < 2 {
		s.wakeAll(sh)
		return
	}
	s.drowsy = append(s.drowsy, sh)
}

func (s *State) wakeAll(sh *shape) {
	for _, x := range sh.parked.items {
		x.bucket.parked = -1
		s.enqueue(x.bucket)
	}
	clear(sh.parked.items)
	sh.parked.items = sh.parked.items[:0]
}

// wakeFirst takes back the first in order of what is parked in drowsy shapes, unless
// what competes comes before it. A shape that it finds full is drowsy no more.
func (s *State) wakeFirst() {
	for len(s.drowsy) > 0 {
		sh := s.firstDrowsy()
		if sh == nil {
			return
		}
		b := sh.parked.top().bucket
		if node, ok := s.tree.Next(); ok && s.tree.Before(node, b.queue.node) {
			return
		}
		if s.isHopeless(b) {
			s.shapes.fill(sh)
			s.fillDrowsy()
			continue
		}
		sh.parked.remove(0)
		s.enqueue(b)
		return
	}
}

// fillDrowsy looks at the other drowsy shapes, once one of them was found full: mostly what
// little room there was is gone, and all of them are.
func (s *State) fillDrowsy() {
	if len(s.holds) > 0 {
		return
	}
	for _, sh := range s.drowsy {
		if sh.full < 0 && sh.parked.len() > 0 && s.isHopeless(sh.parked.top().bucket) {
			s.shapes.fill(sh)
		}
	}
}

// isHopeless reports whether there is no room for what a bucket waits with, as far as
// one look tells.
func (s *State) isHopeless(b *bucket) bool {
	if b.groups.top().hold != nil {
		return false
	}
	full, _ := s.looksFull(b.shape)
	return full
}

// firstDrowsy is the drowsy shape with the bucket to be served first, nil if none has any.
func (s *State) firstDrowsy() (first *shape) {
	kept := s.drowsy[:0]
	for _, sh := range s.drowsy {
		if sh.full >= 0 || sh.parked.len() == 0 {
			continue
		}
		kept = append(kept, sh)
		s.orderParked(sh)
		if first == nil || sh.parked.top().before(first.parked.top()) {
			first = sh
		}
	}
	clear(s.drowsy[len(kept):])
	s.drowsy = kept
	return first
}

// before is less, and among buckets of one framework the order of their first groups.
func (x sleeper) before(y sleeper) bool {
	if x.bucket.queue == y.bucket.queue {
		return x.bucket.less(y.bucket)
	}
	return x.less(y)
}

// orderParked makes the first in order of what a shape has parked its top.
func (s *State) orderParked(sh *shape) {
	if sh.ranks == s.ranks {
		return
	}
	sh.ranks = s.ranks
	for i := sh.parked.len()/2 - 1; i >= 0; i-- {
		sh.parked.down(i)
	}
}

// reranked restores the order of what a framework has parked, once its place has
// changed.
func (s *State) reranked(q *queue) {
	if !s.oneByOne {
		return
	}
	for _, b := range q.asleep {
		if sh := b.shape; b.parked >= 0 && sh.ranks == s.ranks && sh.parked.len() > 1 {
			sh.parked.fix(b.parked)
		}
	}
}

func (s *State) checkParked(sh *shape) error {
	for i, x := range sh.parked.items {
		if x.bucket.parked != i || !x.bucket.aside {
			return fmt.Errorf("shape %s: parked bucket %d does not know it", s.kinds.Format(sh.demand), i)
		}
		if s.oneByOne && sh.ranks == s.ranks && i > 0 && x.less(sh.parked.items[(i-1)/2]) {
			return fmt.Errorf("shape %s: parked buckets are out of order at %d", s.kinds.Format(sh.demand), i)
		}
	}
	// Who was taken back may have been withdrawn: the next Tick takes back the others.
	if sh.full < 0 && sh.parked.len() > 0 && (!s.oneByOne || !slices.Contains(s.drowsy, sh)) {
		return fmt.Errorf("shape %s is not full, but %d buckets are parked", s.kinds.Format(sh.demand), sh.parked.len())
	}
	return nil
}
