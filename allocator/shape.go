package allocator

import (
	"fmt"
	"slices"

	"fairlead/drf"
)

// shape is a distinct demand of one instance. Everything that asks for the
// same vector under the same constraints shares one shape, and so one index
// over the agents.
type shape struct {
	key          shapeKey
	limits       *limits // nil if it may go to any agent
	demand       drf.Vector
	gpus         []drf.Amount // of each task that asks for some, the most first
	withExecutor drf.Vector
	whole        drf.Vector // of what starts together at most, without executors
	wants        fitKey
	pending      int64       // instances that wait
	ready        int         // buckets that compete
	open         int         // ready, or 0 while the shape is full
	opened       int         // in shapeTable.opened, -1 when it is not there
	sought       uint64      // how often no room was found
	parked       pq[sleeper] // buckets that were found to fit nowhere
	ranks        uint64      // State.ranks for which parked is in order
	unplannable  uint64      // State.plans, and the version of limits, for which plan found nothing
	full         int         // in shapeTable.full, -1 while some agent may hold it
	idle         bool        // nothing waits; kept for its index
	index        agentIndex
}

// shapeKey tells shapes apart.
type shapeKey struct {
	demand drf.Vector
	limits string // limits.text
	gpus   string // of several tasks that ask for some
	// group is the number of the one group of the shape, if it is a gang or
	// depends on where that group's instances are; else 0.
	group uint64
}

func (g *group) shapeKey() shapeKey {
	key := shapeKey{demand: g.demand}
	if len(g.gpus) > 1 {
		key.gpus = fmt.Sprint(g.gpus)
	}
	if g.spec.Gang > 1 {
		key.group = g.seq // that one instance fits says nothing of the others
	}
	if g.limits != nil {
		key.limits = g.limits.text
		if g.limits.counts || g.limits.soft != nil || g.limits.daemon != nil {
			key.group = g.seq
		}
	}
	return key
}

// shapeTable holds the shapes in use, and a few that were in use lately: a
// churning workload asks for the same ones again and again.
type shapeTable struct {
	all    map[shapeKey]*shape
	full   []*shape // those that no agent can hold now
	idle   []*shape // oldest first
	log    []int32  // agents whose spare changed
	base   uint64   // position of log[0] in the endless log
	ready  int      // buckets that compete
	open   int      // of them, those whose shape is not full
	opened []*shape // those shapes
}

// maxIdleShapes bounds the memory of indexes that nobody uses.
const maxIdleShapes = 64

func newShapeTable() shapeTable { return shapeTable{all: map[shapeKey]*shape{}} }

// useShape returns the shape of a group whose instances begin to wait.
func (s *State) useShape(g *group) *shape {
	t := &s.shapes
	key := g.shapeKey()
	sh, ok := t.all[key]
	if !ok {
		sh = &shape{key: key, limits: g.limits, demand: g.demand, gpus: g.gpus, withExecutor: g.demand.Add(s.executor), full: -1, opened: -1}
		t.all[key] = sh
	}
	sh.whole = g.whole()
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
	t.unfill(sh)
	if sh.key.group != 0 { // of no use to any other group
		delete(t.all, sh.key)
		return
	}
	sh.idle = true
	t.idle = append(t.idle, sh)
	if len(t.idle) > maxIdleShapes {
		delete(t.all, t.idle[0].key)
		t.idle = slices.Delete(t.idle, 0, 1)
	}
}

// fill notes that no agent can hold a shape: its buckets compete for nothing.
func (t *shapeTable) fill(sh *shape) {
	sh.sought++
	sh.full = len(t.full)
	t.full = append(t.full, sh)
	t.countReady(sh, sh.ready)
}

func (t *shapeTable) unfill(sh *shape) {
	if sh.full < 0 {
		return
	}
	last := t.full[len(t.full)-1]
	t.full[sh.full], last.full = last, sh.full
	t.full[len(t.full)-1] = nil
	t.full = t.full[:len(t.full)-1]
	sh.full = -1
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
}

// enqueue lets a bucket compete in its framework's queue.
func (s *State) enqueue(b *bucket) {
	if b.aside {
		b.queue.aside.remove(b.at)
		b.aside = false
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

// forgetScores drops every index: the totals, which scores are relative to,
// have changed.
func (s *State) forgetScores() {
	s.epoch++
	for _, sh := range s.shapes.all { // commutes: each shape is reset on its own
		sh.index.built = false
	}
}
