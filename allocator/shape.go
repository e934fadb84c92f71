package allocator

import (
	"cmp"
	"slices"
)

// shape is what instances that wait ask for. All groups share one that ask for the
// same vector, as often at once, under the same constraints: they fit or fail
// together.
type shape struct {
	*kin
	together int32       // how many instances start at once
	group    uint64      // the number of the one group that has it, if it is one's; else 0
	pending  int64       // instances that wait
	ready    int         // buckets that compete
	open     int         // ready, or 0 while the shape is full
	opened   int         // in shapeTable.opened, -1 when it is not there
	sought   uint64      // how often no room was found
	parked   pq[sleeper] // buckets that were found to fit nowhere
	ranks    uint64      // State.ranks for which parked is in order
	full     int         // in kin.full, -1 while the shape may find room
}

func (sh *shape) place(i int) { sh.full = i }

// less puts those first that need the least room.
func (sh *shape) less(other *shape) bool {
	return cmp.Or(cmp.Compare(sh.together, other.together), cmp.Compare(sh.group, other.group)) < 0
}

// shapeTable holds the kins in use, and a few that were in use lately: a
// churning workload asks for the same ones again and again.
type shapeTable struct {
	kins   map[kinKey]*kin
	full   []*kin   // those with shapes that find no room now
	idle   []*kin   // oldest first
	log    []int32  // agents whose spare changed
	base   uint64   // position of log[0] in the endless log
	ready  int      // buckets that compete
	open   int      // of them, those whose shape is not full
	opened []*shape // those shapes
}

// maxIdleKins bounds the memory of indexes that nobody uses.
const maxIdleKins = 64

func newShapeTable() shapeTable { return shapeTable{kins: map[kinKey]*kin{}} }

// useShape returns the shape of a group whose instances begin to wait.
func (s *State) useShape(g *group) *shape {
	sh := s.kinOf(g).shapeOf(g)
	if sh.pending == 0 {
		s.shapes.use(sh.kin)
	}
	return sh
}

// use notes that something waits for one more shape of a kin.
func (t *shapeTable) use(k *kin) {
	if k.used++; k.used > 1 {
		return
	}
	if i := slices.Index(t.idle, k); i >= 0 {
		t.idle = slices.Delete(t.idle, i, i+1)
	}
}

// release notes that nothing waits for a shape any more, if so it is.
func (t *shapeTable) release(sh *shape) {
	if sh.pending > 0 {
		return
	}
	t.unfill(sh)
	k := sh.kin
	if k.gangs[sh.together] == sh {
		delete(k.gangs, sh.together)
	}
	if k.used--; k.used > 0 || k.own {
		return
	}
	t.idle = append(t.idle, k)
	if len(t.idle) > maxIdleKins {
		delete(t.kins, t.idle[0].key)
		t.idle = slices.Delete(t.idle, 0, 1)
	}
}

// fill notes that a shape finds no room: its buckets compete for nothing.
func (t *shapeTable) fill(sh *shape) {
	sh.sought++
	if sh.full >= 0 {
		return // found out for another framework just now
	}
	k := sh.kin
	if k.full.len() == 0 {
		k.at = len(t.full)
		t.full = append(t.full, k)
	}
	k.full.push(sh)
	t.countReady(sh, sh.ready)
}

func (t *shapeTable) unfill(sh *shape) {
	if sh.full < 0 {
		return
	}
	k := sh.kin
	if k.full.remove(sh.full); k.full.len() == 0 {
		last := t.full[len(t.full)-1]
		t.full[k.at], last.at = last, k.at
		t.full[len(t.full)-1] = nil
		t.full, k.at = t.full[:len(t.full)-1], -1
	}
	t.countReady(sh, sh.ready)
}

// countReady books how many buckets of a shape compete, and whether that may
// lead to anything.
func (t *shapeTable) countReady(sh *shape, ready int) {
	t.ready += ready - sh.ready
	sh.ready = ready
	open := ready
	if sh.full >= 0 {
		open = 0
	}
	t.open += open - sh.open
	sh.open = open
	switch last := len(t.opened) - 1; {
	case open > 0 && sh.opened < 0:
		sh.opened = len(t.opened)
		t.opened = append(t.opened, sh)
	case open == 0 && sh.opened >= 0:
		moved := t.opened[last]
		t.opened[sh.opened], moved.opened = moved, sh.opened
		t.opened[last] = nil
		t.opened, sh.opened = t.opened[:last], -1
	}
}

// touch notes that what can be placed on an agent changed.
func (s *State) touch(i int32) {
	s.agents[i].wants.epoch = 0
	t := &s.shapes
	if len(t.log) > 4*len(s.agents)+1024 {
		t.base += uint64(len(t.log))
		t.log = t.log[:0]
	}
	t.log = append(t.log, i)
}

// line is the part of its framework's queue that a bucket is in.
func (b *bucket) line() *pq[*bucket] {
	if b.aside {
		return &b.queue.aside
	}
	return &b.queue.ready
}

// setAside takes a bucket out of those that compete, but not out of the line.
func (s *State) setAside(b *bucket) {
	s.dequeue(b)
	b.aside = true
	b.queue.aside.push(b)
	if !b.shape.own {
		b.asleep = len(b.queue.asleep)
		b.queue.asleep = append(b.queue.asleep, b)
	}
}

// takeBack undoes setAside, but for letting a bucket compete.
func (b *bucket) takeBack() {
	q := b.queue
	q.aside.remove(b.at)
	b.aside = false
	if b.asleep < 0 {
		return
	}
	last := len(q.asleep) - 1
	q.asleep[b.asleep], q.asleep[last].asleep = q.asleep[last], b.asleep
	q.asleep[last] = nil
	q.asleep, b.asleep = q.asleep[:last], -1
}

// enqueue lets a bucket compete in its framework's queue.
func (s *State) enqueue(b *bucket) {
	if b.aside {
		b.takeBack()
	}
	b.queue.ready.push(b)
	s.shapes.countReady(b.shape, b.shape.ready+1)
	s.noteArrival(b.queue)
	s.tree.Activate(b.queue.node)
}

// dequeue takes a bucket out of its framework's queue.
func (s *State) dequeue(b *bucket) {
	b.queue.ready.remove(b.at)
	s.shapes.countReady(b.shape, b.shape.ready-1)
	if b.queue.ready.len() == 0 {
		s.tree.Deactivate(b.queue.node)
	}
	s.noteArrival(b.queue)
}
