package allocator

import (
	"fairlead/drf"
)

// measured is what was measured of fairness over time.
type measured struct {
	millis        int64
	sums          []FairnessSums // by drf.Node
	offers, holds [drf.MaxKinds]ShareTime
}

// of is what was measured of a node.
func (m *measured) of(n drf.Node) FairnessSums {
	if int(n) >= len(m.sums) {
		return FairnessSums{}
	}
	return m.sums[n]
}

func (m *measured) at(n drf.Node) *FairnessSums {
	for len(m.sums) <= int(n) {
		m.sums = append(m.sums, FairnessSums{})
	}
	return &m.sums[n]
}

// measureUntil is called before time goes from one moment to another one. Fairness is
// measured at each whole multiple of Config.FairnessMillis on the way, as what is
// booked now has it, and counts for that long. So the sums are a function of the
// facts and actions booked and of time, however many events there were.
func (s *State) measureUntil(from, to int64) {
	every := s.cfg.FairnessMillis
	if every <= 0 || s.lastSeq == 0 || to/every == from/every {
		return
	}
	millis := (to/every - from/every) * every
	f := s.judge()
	m := &s.measured
	m.millis += millis
	for i, n := range f.nodes {
		m.at(n).add(&f.judged[i], millis)
	}
	for k, total := range s.total {
		m.offers[k] += ppmOf(f.offers[k], total).over(millis)
		m.holds[k] += ppmOf(f.holds[k], total).over(millis)
	}
}

// judgements is what there is to say about all nodes of the tree.
type judgements struct {
	claiming
	entitled      []drf.Vector
	demands       []drf.Vector
	judged        []Judgement
	offers, holds drf.Vector
}

// judge computes how fairly everybody is served now.
func (s *State) judge() *judgements {
	f := &judgements{claiming: claiming{s: s, largest: s.largest()}}
	f.below(drf.Root, -1)
	f.judged, f.entitled = judge(s.total, f.parties())
	f.demands = make([]drf.Vector, len(f.nodes))
	for i := len(f.nodes) - 1; i >= 0; i-- {
		f.demands[i] = boundedSum(f.demands[i], f.claims[i].Demand)
		if up := f.claims[i].Parent; up >= 0 {
			f.demands[up] = boundedSum(f.demands[up], f.demands[i])
		}
		f.judged[i].Share = min(f.judged[i].Share, 1e6) // what runs on lost agents is no over-commitment
		if q := s.queueAt(f.nodes[i]); q != nil {
			held := s.tree.Allocated(f.nodes[i])
			f.judged[i].Below = q.couldStart(&held, &f.entitled[i])
		}
	}
	f.judgeIdle()
	return f
}

// parties are the claims with what is held of each.
func (c *claiming) parties() []Party {
	out := make([]Party, len(c.claims))
	for i, n := range c.nodes {
		q := c.s.queueAt(n)
		out[i] = Party{Claim: c.claims[i], Framework: q != nil, Held: c.s.tree.Allocated(n), Waits: q != nil && q.waiting > 0}
	}
	return out
}

// boundedSum adds demands up, each to maxDemand at most.
func boundedSum(a, b drf.Vector) drf.Vector {
	for k := range a {
		a[k] = min(a[k]+b[k], maxDemand)
	}
	return a
}

// couldStart reports whether an instance that waits would stay within what its
// framework is entitled to.
func (q *queue) couldStart(held, entitled *drf.Vector) bool {
	for _, b := range q.byShape { // commutes: whether any one does
		if b.waiting > 0 && held.Add(b.shape.withExecutor).FitsIn(*entitled) {
			return true
		}
	}
	return false
}

// judgeIdle finds what lies in offers, and what is kept for groups.
func (f *judgements) judgeIdle() {
	s := f.s
	for i := range s.agents {
		for _, o := range s.agents[i].offers {
			f.offers = f.offers.Add(o.resources)
		}
	}
	if len(s.holds) == 0 {
		return
	}
	s.catchUp() // what is kept is what of it is free
	kept := map[drf.Node]drf.Vector{}
	for _, h := range s.holds {
		n := h.group.queue.node
		for _, at := range h.on {
			kept[n] = kept[n].Add(s.agents[at.agent].kept)
			f.holds = f.holds.Add(s.agents[at.agent].kept)
		}
	}
	for i, n := range f.nodes {
		v := kept[n]
		f.judged[i].Kept = dominantPpm(&s.total, &v)
	}
}

func (s *State) imageMeasured(m *Image) {
	m.Measured.Millis = s.measured.millis
	if s.measured.millis > 0 {
		n := s.kinds.Len()
		m.Measured.Offers = append(m.Measured.Offers, s.measured.offers[:n]...)
		m.Measured.Holds = append(m.Measured.Holds, s.measured.holds[:n]...)
	}
}

func (s *State) restoreMeasured(m *Image) {
	s.measured.millis = m.Measured.Millis
	copy(s.measured.offers[:], m.Measured.Offers)
	copy(s.measured.holds[:], m.Measured.Holds)
}
