package allocator

import (
	"strings"

	"fairlead/drf"
)

// explainQuota says which quota keeps a group waiting.
func (s *State) explainQuota(g *group, e *Explanation) {
	charge := s.chargeNow(g)
	if at := s.overLimit(g.queue, &charge); at != nil {
		held := s.tree.Allocated(at.node)
		for k, c := range charge {
			if c > 0 && held[k]+c > at.limit[k] {
				e.because(ReasonLimit, "role %s holds %s of its limit of %s %s, and this asks for %s more",
					at.role, held[k], at.limit[k], s.kinds.Name(drf.Kind(k)), c)
			}
		}
		return
	}
	k, taken := s.intoHeadroom(g.queue, &charge)
	if !taken {
		return
	}
	var owed []string
	for _, at := range s.quotas {
		if lacking := lack(at.guarantee, s.tree.Allocated(at.node))[k]; lacking > 0 {
			owed = append(owed, "role "+at.role+" "+lacking.String()+" of "+at.guarantee[k].String())
		}
	}
	left := s.total[k] - s.tree.Allocated(drf.Root)[k]
	e.because(ReasonGuarantee, "of %s %s are left in the cluster, and guarantees are not met yet: %s",
		s.kinds.Name(k), left, strings.Join(owed, ", "))
}

// chargeNow is what the launch of a group would take where it would go now, with the
// executor unless its agent carries that.
func (s *State) chargeNow(g *group) drf.Vector {
	one := g.demand
	if g.bucket != nil {
		if i, ok := s.scan(g.bucket.shape.kin); ok {
			one = *s.agents[i].need(g.bucket.shape.kin)
		}
	}
	return one.Times(int64(g.together()))
}

// QuotaView is the quota of a role, and how much of it is used.
type QuotaView struct {
	Role      string
	Held      []Quantity
	Guarantee []Quantity
	Limit     []Quantity // of the resources that have one
}

// viewQuotas lists the quotas that a group is under.
func (s *State) viewQuotas(g *group, e *Explanation) {
	for _, at := range g.queue.quotas {
		e.Quotas = append(e.Quotas, QuotaView{at.role, s.quantities(s.tree.Allocated(at.node)), s.quantities(at.guarantee), s.limited(at.limit)})
	}
}
