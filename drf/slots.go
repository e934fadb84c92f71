package drf

// slots is fairness of running instances.
type slots struct{ direct }

// Slots is weighted max-min fairness of slots, as in the Hadoop Fair Scheduler
// (NSDI 2011, section 7.2): whatever runs counts as one, however large it is.
// There is no fixed number of slots on an agent; what fits, fits. O(log
// siblings) for each change, at each level.
func Slots() Policy { return slots{} }

func (slots) compare(t *Tree, a, b Node) int {
	return t.weighted(a, t.nodes[a].running, 1).Compare(t.weighted(b, t.nodes[b].running, 1))
}
