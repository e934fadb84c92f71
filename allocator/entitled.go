package allocator

import (
	"fairlead/drf"
)

// entitled is what each node of the tree is entitled to with the demands of now:
// see drf.FairShares. A framework's demand is what it holds and what it has in
// line; what is asked for that no agent could ever hold does not count.
func (s *State) entitled() map[drf.Node]drf.Vector {
	c := claiming{s: s, largest: s.largest(), hosted: !s.carrying()}
	c.below(drf.Root, -1)
	out := make(map[drf.Node]drf.Vector, len(c.nodes))
	for i, v := range drf.FairShares(s.total, c.claims) {
		out[c.nodes[i]] = v
	}
	return out
}

// claiming lists the claims of the tree, each after the one above it.
type claiming struct {
	s       *State
	largest drf.Vector // the most that an agent has of each resource
	hosted  bool       // runs are charged for their executors: no agent carries any
	nodes   []drf.Node
	claims  []drf.Claim
}

func (c *claiming) below(n drf.Node, parent int) {
	for _, child := range c.s.tree.Children(n) {
		claim, index := drf.Claim{Parent: parent, Weight: c.s.tree.Weight(child)}, len(c.claims)
		leaf := c.s.tree.IsFramework(child)
		if leaf {
			claim.Demand = c.demand(c.s.queues[child])
		} else if q := c.s.quotaAt(child); q != nil {
			claim.Guarantee, claim.Limit = q.guarantee, &q.limit
		}
		c.nodes, c.claims = append(c.nodes, child), append(c.claims, claim)
		if !leaf {
			c.below(child, index)
		}
	}
}

// maxDemand bounds a demand: far more than there is of anything.
const maxDemand = drf.Amount(1) << 52

// largest is the most that an agent has of each resource.
func (s *State) largest() drf.Vector {
	s.syncTotal()
	return s.most
}

// carrying reports whether any agent carries executors on top of what it holds.
func (s *State) carrying() bool {
	for i := range s.agents {
		if s.agents[i].slots > 0 {
			return true
		}
	}
	return false
}

// demand is what a framework holds and what everything in its line asks for.
func (c *claiming) demand(q *queue) drf.Vector {
	sum := c.s.tree.Allocated(q.node)
	for _, b := range q.byShape { // commutes: a sum, or its bound
		each := b.shape.demand
		if c.hosted {
			each = b.shape.withExecutor
		}
		if !each.FitsIn(c.largest) {
			continue
		}
		n := b.waiting
		for _, a := range each {
			if a > 0 {
				n = min(n, int64(maxDemand/a))
			}
		}
		sum = sum.Add(each.Times(n))
		for k := range sum {
			sum[k] = min(sum[k], maxDemand)
		}
	}
	return sum
}

// dominance is the dominant share of a vector in units of 2^-32, at most 1.
func (s *State) dominance(v drf.Vector) uint64 {
	most := uint64(0)
	for k, a := range v {
		if a > 0 && s.total[k] > 0 {
			most = max(most, ratio(uint64(min(a, s.total[k])), uint64(s.total[k]), sizeBits))
		}
	}
	return most
}
