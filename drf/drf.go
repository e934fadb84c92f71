package drf

// leastDominant is the policy of DRF.
type leastDominant struct{ direct }

// DRF is weighted Dominant Resource Fairness (Ghodsi et al., NSDI 2011,
// section 4.1, Algorithm 1, and section 4.3 for weights): the least dominant
// share is served first. It is the order of the Mesos DRF sorter
// (src/master/allocator/mesos/sorter/drf). An inner node holds the sum of its
// subtree, so with nested roles this is the naive hierarchical DRF of
// Bhattacharya et al. (SoCC 2013, section 3.3), which can starve a leaf; with
// one level of roles there is no better. O(log siblings) for each change, at
// each level.
func DRF() Policy { return leastDominant{} }

// compare uses the dominant share that the Tree keeps for every node, unless the
// past counts too.
func (leastDominant) compare(t *Tree, a, b Node) int {
	if t.lately {
		v, w := t.counts(a), t.counts(b)
		return t.dominantOf(a, &v).Compare(t.dominantOf(b, &w))
	}
	return t.nodes[a].share.Compare(t.nodes[b].share)
}
