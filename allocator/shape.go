package allocator

import (
	"slices"

	"fairlead/drf"
)

// shape is a distinct demand of one instance. Everything that asks for the
// same vector shares one shape, and so one index over the agents.
type shape struct {
	demand       drf.Vector
	withExecutor drf.Vector
	wants        fitKey
	pending      int64     // instances that wait
	parked       []*bucket // buckets that found no agent
	parkedAt     int       // in shapeTable.parked, -1 when not there
	idle         bool      // nothing waits; kept for its index
	index        agentIndex
}

// shapeTable holds the shapes in use, and a few that were in use lately: a
// churning workload asks for the same ones again and again.
type shapeTable struct {
	all    map[drf.Vector]*shape
	parked []*shape
	idle   []*shape // oldest first
	log    []int32  // agents whose free resources changed
	base   uint64   // position of log[0] in the endless log
}

// maxIdleShapes bounds the memory of indexes that nobody uses.
const maxIdleShapes = 64

func newShapeTable() shapeTable { return shapeTable{all: map[drf.Vector]*shape{}} }

// use returns the shape of a demand for one more waiting instance or more.
func (s *State) useShape(demand drf.Vector) *shape {
	t := &s.shapes
	sh, ok := t.all[demand]
	if !ok {
		sh = &shape{demand: demand, withExecutor: demand.Add(s.executor), parkedAt: -1}
		sh.wants = fitKeyOf(&sh.demand, &s.total)
		t.all[demand] = sh
	}
	if sh.idle {
		sh.idle = false
		t.idle = slices.DeleteFunc(t.idle, func(x *shape) bool { return x == sh })
	}
	return sh
}

// release notes that nothing waits for a shape any more.
func (t *shapeTable) release(sh *shape) {
	if sh.pending > 0 || sh.idle {
		return
	}
	sh.idle = true
	t.idle = append(t.idle, sh)
	if len(t.idle) > maxIdleShapes {
		delete(t.all, t.idle[0].demand)
		t.idle = slices.Delete(t.idle, 0, 1)
	}
}

// park sets a bucket aside until an agent can hold its shape again.
func (t *shapeTable) park(b *bucket) {
	b.parked = true
	b.shape.parked = append(b.shape.parked, b)
	if b.shape.parkedAt < 0 {
		b.shape.parkedAt = len(t.parked)
		t.parked = append(t.parked, b.shape)
	}
}

// unpark takes one bucket back, because it has become empty.
func (t *shapeTable) unpark(b *bucket) {
	b.parked = false
	b.shape.parked = slices.DeleteFunc(b.shape.parked, func(x *bucket) bool { return x == b })
	if len(b.shape.parked) == 0 {
		t.dropParked(b.shape)
	}
}

func (t *shapeTable) dropParked(sh *shape) {
	last := t.parked[len(t.parked)-1]
	t.parked[sh.parkedAt] = last
	last.parkedAt = sh.parkedAt
	t.parked = t.parked[:len(t.parked)-1]
	sh.parkedAt = -1
}

// touch notes that an agent's free resources changed. If they grew, shapes
// that found no agent are tried against this one.
func (s *State) touch(i int32, grew bool) {
	a := &s.agents[i]
	a.wants = fitKey{}
	t := &s.shapes
	if len(t.log) > 4*len(s.agents)+1024 {
		t.base += uint64(len(t.log))
		t.log = t.log[:0]
	}
	t.log = append(t.log, i)
	if !grew {
		return
	}
	for k := len(t.parked) - 1; k >= 0; k-- {
		if sh := t.parked[k]; a.fits(sh) {
			s.wake(sh)
		}
	}
}

// wake lets the buckets of a shape compete again.
func (s *State) wake(sh *shape) {
	s.shapes.dropParked(sh)
	for _, b := range sh.parked {
		b.parked = false
		s.enqueue(b)
	}
	sh.parked = sh.parked[:0]
}

// enqueue lets a bucket compete in its framework's queue.
func (s *State) enqueue(b *bucket) {
	b.queue.ready.push(b)
	s.tree.Activate(b.queue.node)
}

// dequeue takes a bucket out of its framework's queue.
func (s *State) dequeue(b *bucket) {
	b.queue.ready.remove(b.at)
	if b.queue.ready.len() == 0 {
		s.tree.Deactivate(b.queue.node)
	}
}

// forgetScores drops every index: the totals, which scores are relative to,
// have changed.
func (t *shapeTable) forgetScores() {
	for _, sh := range t.all { // commutes: each shape is reset on its own
		sh.index.built = false
		sh.wants = fitKey{}
	}
}
