package allocator

import (
	"fmt"

	"fairlead/drf"
)

// kin is what shapes have in common whose instances fit on the same agents: those
// of gangs of any size, and of single instances.
type kin struct {
	key          kinKey
	limits       *limits // nil if it may go to any agent
	demand       drf.Vector
	withExecutor drf.Vector
	gpus         []drf.Amount // of each task that asks for some, the most first
	wants        fitKey
	index        agentIndex
	own          bool             // it is of one group, and not in shapeTable.kins
	single       *shape           // that of instances which start one by one
	gangs        map[int32]*shape // the others that groups share, by how many start at once
	used         int              // its shapes that something waits for
	full         pq[*shape]       // of them, those that find no room, who need the least first
	at           int              // in shapeTable.full, -1 while none is full
	// For tooMany instances and more plan found nothing, at a value of State.plans
	// and of the limits' version.
	tooMany   int32
	tooManyAt uint64
}

// kinKey tells kins apart.
type kinKey struct {
	demand drf.Vector
	limits string // limits.text
	gpus   string // of several tasks that ask for some
}

func (g *group) kinKey() kinKey {
	key := kinKey{demand: g.demand}
	if len(g.gpus) > 1 {
		key.gpus = fmt.Sprint(g.gpus)
	}
	if g.limits != nil {
		key.limits = g.limits.text
	}
	return key
}

// ofOne reports whether limits are those of one group, and no other's.
func (l *limits) ofOne() bool { return l != nil && (l.counts || l.soft != nil || l.daemon != nil) }

// kinOf is the kin of the shapes that a group has, now and once some of it runs.
func (s *State) kinOf(g *group) *kin {
	own := g.limits.ofOne()
	key := g.kinKey()
	if k, ok := s.shapes.kins[key]; ok && !own {
		return k
	}
	k := &kin{key: key, limits: g.limits, demand: g.demand, gpus: g.gpus, withExecutor: g.demand.Add(s.executor), at: -1, own: own}
	k.single = k.newShape(1, 0)
	if !own {
		s.shapes.kins[key] = k
	}
	return k
}

func (k *kin) newShape(together int32, group uint64) *shape {
	return &shape{kin: k, together: together, group: group, full: -1, opened: -1}
}

// shapeOf is the shape of a group. A gang that room is held for has one to itself:
// it may find room where others of its size find none.
func (k *kin) shapeOf(g *group) *shape {
	n := g.together()
	switch {
	case n == 1:
		return k.single
	case g.hold != nil:
		return k.newShape(n, g.seq)
	}
	sh, ok := k.gangs[n]
	if !ok {
		if k.gangs == nil {
			k.gangs = map[int32]*shape{}
		}
		sh = k.newShape(n, 0)
		k.gangs[n] = sh
	}
	return sh
}
