package allocator

import "fairlead/drf"

// Policy names the rule that picks the framework to serve.
type Policy string

// The policies. All but DRFLiteral pass over a framework of whose groups none
// fits.
const (
	// DRF is weighted Dominant Resource Fairness, see drf.DRF.
	DRF Policy = "drf"
	// HDRF is DRF that is fair between nested roles too, see drf.HDRF.
	HDRF Policy = "hdrf"
	// Asset is Asset Fairness, see drf.Asset.
	Asset Policy = "asset"
	// Slots counts running instances, see drf.Slots.
	Slots Policy = "slots"
	// CPU is fairness of CPUs alone, see drf.Single.
	CPU Policy = "cpu"
	// FIFO serves the group submitted first, see drf.FIFO. Within a framework
	// priority still comes before arrival; between frameworks it means nothing.
	FIFO Policy = "fifo"
	// Minmax is Sequential Minmax, see drf.Minmax.
	Minmax Policy = "minmax"
	// CEEI comes as near to a competitive equilibrium of the demands of each Tick as
	// whole runs allow, see drf.Equilibrium. It is for filling a cluster once.
	CEEI Policy = "ceei"
	// DRFLiteral is Algorithm 1 of the paper word for word: the first demand
	// that does not fit ends the round.
	DRFLiteral Policy = "drf-literal"
)

// Auto, the zero value, is DRF as long as no role stands below another one, and
// HDRF as soon as one does, configured or used: DRF can starve frameworks there.
const Auto Policy = ""

// orPlain is the policy of a tree without nested roles.
func (p Policy) orPlain() Policy {
	if p == Auto {
		return DRF
	}
	return p
}

// Policy is the policy in force: Config.Policy, or what Auto stands for now.
func (s *State) Policy() Policy { return s.policy }

// choosePolicy follows the tree if no policy was asked for. So what is in force
// is a function of the roles there are, in a replay too.
func (s *State) choosePolicy() {
	if s.cfg.Policy != Auto {
		return
	}
	policy := DRF
	if s.tree.Nested() {
		policy = HDRF
	}
	if policy != s.policy {
		s.policy = policy
		s.tree.SetPolicy(policy.ranking())
		for _, q := range s.queues {
			if q != nil {
				s.noteArrival(q)
			}
		}
	}
}

// Policies lists the policies by name, the one without nested roles first.
func Policies() []Policy {
	return []Policy{DRF, HDRF, Asset, Slots, CPU, FIFO, Minmax, CEEI, DRFLiteral}
}

// Description says in a line what a policy does.
func (p Policy) Description() string {
	switch p {
	case DRF:
		return "least dominant share first; nested roles as the Mesos master ranks them"
	case HDRF:
		return "least dominant share first, and no starvation in nested roles"
	case Asset:
		return "least sum of the shares of all resources first"
	case Slots:
		return "fewest running instances first, whatever their size"
	case CPU:
		return "least share of the CPUs first; other resources are free"
	case FIFO:
		return "first submitted, first served; no fairness"
	case Minmax:
		return "least dominant share after its next task first, not before it"
	case CEEI:
		return "competitive equilibrium from equal incomes; only to fill a cluster once"
	case DRFLiteral:
		return "drf, but what does not fit ends the round (Algorithm 1 of the paper)"
	}
	return ""
}

// ranking is the policy of the tree.
func (p Policy) ranking() drf.Policy {
	switch p {
	case HDRF:
		return drf.HDRF()
	case Asset:
		return drf.Asset()
	case Slots:
		return drf.Slots()
	case CPU:
		return drf.Single(drf.CPUs)
	case FIFO:
		return drf.FIFO()
	case Minmax:
		return drf.Minmax()
	case CEEI:
		return drf.CEEI()
	}
	return drf.DRF()
}

// needsBlocked reports whether the rank of others depends on what fits. Most
// policies find out that something does not fit when its turn comes. Under HDRF
// who is blocked decides whose turn it is; under FIFO a framework is as early
// as the group that it would be served for, which must be one that fits, and under
// Minmax as poor as with that.
func (p Policy) needsBlocked() bool { return p == HDRF || p == FIFO || p == Minmax }

// Static reports whether a policy is only for filling a cluster once.
func (p Policy) Static() bool { return p == CEEI }

// trade works out what everybody is to come to under CEEI.
func (s *State) trade() {
	if s.policy != CEEI {
		return
	}
	c := claiming{s: s, largest: s.largest()}
	c.below(drf.Root, -1)
	for i, v := range drf.Equilibrium(s.total, c.claims) {
		if s.queueAt(c.nodes[i]) != nil {
			s.tree.SetTarget(c.nodes[i], &v)
		}
	}
}

// shutSome is shutFull, unless nothing is left that fits anywhere: it reports
// false then, and moves nobody. Mostly one instance finds room, and every shape
// is full again.
func (s *State) shutSome() bool {
	if len(s.quotas) > 0 {
		s.shutFull()
		return true
	}
	if !s.fillHopeless(len(s.shapes.opened)) || s.shapes.open < s.shapes.ready {
		if s.shapes.open == 0 {
			return false
		}
		s.shutFull()
	}
	return true
}

// fillHopeless looks at some of the shapes that compete, the last ones, and notes which of
// them find no room, as far as one look tells. It reports false if that does not tell of
// all of these.
func (s *State) fillHopeless(n int) bool {
	all := true
	for k := len(s.shapes.opened) - 1; k >= 0 && n > 0; k, n = k-1, n-1 {
		sh := s.shapes.opened[k]
		switch full, tells := s.looksFull(sh); {
		case !tells:
			all = false
		case full:
			s.shapes.fill(sh)
		}
	}
	return all
}

// looksFull reports whether a shape finds no room, and whether one look tells: a gang does
// not fit because one instance does.
func (s *State) looksFull(sh *shape) (full, tells bool) {
	if sh.together > 1 || sh.own {
		return false, false
	}
	_, fits := s.bestAgent(sh.kin)
	return !fits, true
}

// shutFull sets aside every bucket that fits nowhere: O(frameworks), beside
// what the indexes of shapes have to follow.
func (s *State) shutFull() {
	for _, q := range s.queues {
		for q != nil && q.ready.len() > 0 {
			b := q.ready.top()
			if b.shape.full < 0 {
				if _, ok := s.seekHeld(b.groups.top(), b.shape); ok {
					if !s.refused(q, &s.foundRoom) {
						s.keepFor(b.groups.top())
						break
					}
					s.skip(b)
					continue
				}
				s.shapes.fill(b.shape)
			}
			s.park(b)
		}
	}
}

// noteArrival tells the tree which group a framework would be served for. Only
// some policies want to know, and finding out is felt when many are placed.
func (s *State) noteArrival(q *queue) {
	if q.ready.len() == 0 {
		return
	}
	switch s.policy {
	case FIFO:
		s.tree.SetArrival(q.node, q.ready.top().groups.top().seq)
	case HDRF, Minmax:
		s.tree.SetWants(q.node, &q.ready.top().shape.withExecutor)
	}
}
