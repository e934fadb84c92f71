package allocator

import (
	"fairlead/drf"
)

// entitled is what each node of the tree is entitled to, with the demands of
// now: what it holds and what it has in line. Each role's part is divided among
// its children like the cluster among the roles (drf.FairShares); guarantees are
// floors and limits are caps.
func (s *State) entitled() map[drf.Node]drf.Vector {
	out := map[drf.Node]drf.Vector{}
	demands := map[drf.Node]drf.Vector{}
	s.demandOf(drf.Root, demands)
	s.divide(drf.Root, s.total, demands, out)
	return out
}

// maxDemand bounds a demand: far more than there is of anything.
const maxDemand = drf.Amount(1) << 56

// demandOf adds up what a node and those below it hold and wait for.
func (s *State) demandOf(n drf.Node, demands map[drf.Node]drf.Vector) drf.Vector {
	var sum drf.Vector
	if n != drf.Root && s.tree.IsFramework(n) {
		sum = s.tree.Allocated(n).Add(s.queues[n].wanted())
	}
	for _, c := range s.tree.Children(n) {
		sum = sum.Add(s.demandOf(c, demands))
		for k := range sum {
			sum[k] = min(sum[k], maxDemand)
		}
	}
	demands[n] = sum
	return sum
}

// wanted is what everything in line of a framework asks for.
func (q *queue) wanted() drf.Vector {
	var sum drf.Vector
	for _, b := range q.byShape { // commutes: a sum, or its bound
		n := b.waiting
		for _, a := range b.shape.withExecutor {
			if a > 0 {
				n = min(n, int64(maxDemand/a))
			}
		}
		sum = sum.Add(b.shape.withExecutor.Times(n))
		for k := range sum {
			sum[k] = min(sum[k], maxDemand)
		}
	}
	return sum
}

func (s *State) divide(n drf.Node, capacity drf.Vector, demands, out map[drf.Node]drf.Vector) {
	var claims []drf.Claim
	var nodes []drf.Node
	for _, c := range s.tree.Children(n) {
		if demands[c].IsZero() {
			continue
		}
		claim := drf.Claim{Demand: demands[c], Weight: s.tree.Weight(c)}
		guarantee, limit := s.quotaOf(c)
		claim.Floor, claim.Cap = map[drf.Kind]drf.Amount{}, map[drf.Kind]drf.Amount{}
		for k := range guarantee {
			if guarantee[k] > 0 {
				claim.Floor[drf.Kind(k)] = guarantee[k]
			}
			if limit[k] != unlimited {
				claim.Cap[drf.Kind(k)] = limit[k]
			}
		}
		claims, nodes = append(claims, claim), append(nodes, c)
	}
	for i, v := range drf.FairShares(s.total, capacity, claims) {
		out[nodes[i]] = v
		if !s.tree.IsFramework(nodes[i]) {
			s.divide(nodes[i], v, demands, out)
		}
	}
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
