package sim

import (
	"cmp"
	"slices"

	"fairlead/drf"
)

// revive lets a framework get offers for a group at once.
func (m *master) revive(g *offered) {
	m.wait(g)
	for i := range m.agents {
		m.agents[i].filters = slices.DeleteFunc(m.agents[i].filters, func(f filter) bool { return f.of == g.of })
	}
	m.atOnce = true
}

// stir books that something changed, so that another cycle may bring something.
func (m *master) stir() { m.wanted, m.stirred = true, m.now }

// wait puts a group into the queue of its framework.
func (m *master) wait(g *offered) {
	m.stir()
	if at, there := g.of.find(g); !there {
		g.of.queue = slices.Insert(g.of.queue, at, g)
		g.of.sizes[g.demand]++
	}
	m.tree.Activate(g.of.node)
}

// leaveQueue takes a group with nothing more to start out of the queue, if it is there.
func (m *master) leaveQueue(g *offered) {
	if at, there := g.of.find(g); there {
		g.of.queue = slices.Delete(g.of.queue, at, at+1)
		if g.of.sizes[g.demand]--; g.of.sizes[g.demand] == 0 {
			delete(g.of.sizes, g.demand)
		}
	}
	if len(g.of.queue) == 0 {
		m.tree.Deactivate(g.of.node)
	}
}

// find is where a group is in the queue, or would be.
func (t *taker) find(g *offered) (int, bool) {
	return slices.BinarySearchFunc(t.queue, g, func(a, b *offered) int {
		return cmp.Or(cmp.Compare(b.spec.Priority, a.spec.Priority), cmp.Compare(a.seq, b.seq))
	})
}

// wantsOf reports whether anything that waits fits into so much.
func (t *taker) wantsOf(free drf.Vector) bool {
	for size := range t.sizes { // commutes: whether there is one
		if size.FitsIn(free) {
			return true
		}
	}
	return false
}
