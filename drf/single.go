package drf

// single is fairness of one resource.
type single struct {
	direct
	kind Kind
}

// Single is weighted max-min fairness of one resource and no other: the CPU
// fairness that the DRF paper measures itself against (NSDI 2011, section
// 7.2). What a framework holds of other resources is free. O(log siblings) for
// each change, at each level.
func Single(kind Kind) Policy { return single{kind: kind} }

func (p single) compare(t *Tree, a, b Node) int {
	return p.share(t, a).Compare(p.share(t, b))
}

func (p single) share(t *Tree, n Node) Share {
	total := t.total[p.kind]
	if total == 0 {
		return Share{}
	}
	return t.weighted(n, uint64(t.counts(n)[p.kind]), uint64(total))
}
