package allocator

import (
	"slices"

	"fairlead/drf"
)

// bundle is what one framework of a role holds, as shares of the cluster in
// units of 2^-32, and in what proportion it asks for resources.
type bundle struct {
	of      *Judgement
	parts   [drf.MaxKinds]uint64
	largest uint64               // of parts
	asks    [drf.MaxKinds]uint64 // relative to its dominant one, in units of 2^-32
	enough  uint64               // the dominant share of all it asks for
	waits   bool
	weight  uint64 // in thousandths
	share   drf.Share
}

// judgeEnvy finds for each framework that waits the sibling whose bundle it would
// like best: the one with which, weights considered, it would have the largest
// share of what it asks for (Ghodsi et al., NSDI 2011, section 3).
func judgeEnvy(total *drf.Vector, parties []Party, judged []Judgement) {
	siblings := map[int][]bundle{}
	for i := range parties {
		if p := &parties[i]; p.Framework {
			siblings[p.Parent] = append(siblings[p.Parent], p.bundle(total, &judged[i]))
		}
	}
	for _, role := range siblings { // commutes: each role on its own
		slices.SortStableFunc(role, func(a, b bundle) int { return b.share.Compare(a.share) })
		for i := range role {
			role[i].envy(role)
		}
	}
}

func (p *Party) bundle(total *drf.Vector, of *Judgement) bundle {
	b := bundle{of: of, waits: p.Waits, weight: uint64(p.Weight.Amount())}
	for k, total := range total {
		if total <= 0 {
			continue
		}
		b.parts[k] = mulDiv(uint64(p.Held[k]), 1<<sizeBits, uint64(total))
		b.asks[k] = mulDiv(uint64(p.Demand[k]), 1<<sizeBits, uint64(total))
		b.largest, b.enough = max(b.largest, b.parts[k]), max(b.enough, b.asks[k])
	}
	b.share = drf.Share{Num: b.largest, Den: 1 << sizeBits, Weight: p.Weight}
	if b.enough > 0 {
		for k := range b.asks {
			b.asks[k] = mulDiv(b.asks[k], 1<<sizeBits, b.enough)
		}
	}
	return b
}

// envy looks through siblings in order of weighted share until none can be worth
// more than what was found.
func (b *bundle) envy(siblings []bundle) {
	if !b.waits || b.enough == 0 {
		return
	}
	own := b.worth(b)
	best := own
	for i := range siblings {
		c := &siblings[i]
		if mulDiv(c.largest, b.weight, c.weight) <= best {
			break
		}
		best = max(best, min(mulDiv(b.worth(c), b.weight, c.weight), b.enough))
	}
	b.of.Envy = Ppm(mulDiv(best-own, 1e6, 1<<sizeBits))
}

// worth is the dominant share that b would have of a bundle, if it used no more
// of any resource than it asks for with it.
func (b *bundle) worth(c *bundle) uint64 {
	least := ^uint64(0)
	for k, ask := range b.asks {
		if ask > 0 {
			least = min(least, mulDiv(c.parts[k], 1<<sizeBits, ask))
		}
	}
	return least
}
