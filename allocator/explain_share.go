package allocator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fairlead/drf"
)

// Entitlement is what a framework is entitled to with the demands of now, and
// who holds it; docs/fairness.md says how it is computed. Shares are dominant
// ones, in millionths of the cluster.
type Entitlement struct {
	Held, Fair int64
	// Owed says that the group, or one more instance of it, would be within the
	// fair share.
	Owed bool
	// Holders are the frameworks above their fair share, the farthest first.
	Holders []Holder
}

// Holder is a framework that holds more than it is entitled to.
type Holder struct {
	Framework, Role string
	Held, Fair      int64 // millionths of the cluster
}

// explainShare says what the framework is entitled to; nothing under policies
// that entitle to nothing.
func (s *State) explainShare(g *group, e *Explanation) {
	if !s.policy.fair() {
		return
	}
	fair := s.entitled()
	mine := g.queue.node
	e.Entitled = &Entitlement{
		Held: millionths(s.dominance(s.tree.Allocated(mine))), Fair: s.fairShare(mine, fair),
		Owed: s.dominance(s.tree.Allocated(mine).Add(g.demand.Times(int64(g.together())))) <= s.dominance(fair[mine]),
	}
	for _, q := range s.frameworksByName() {
		h := Holder{q.name, q.role, millionths(s.dominance(s.tree.Allocated(q.node))), s.fairShare(q.node, fair)}
		if q != g.queue && h.Held > h.Fair {
			e.Entitled.Holders = append(e.Entitled.Holders, h)
		}
	}
	slices.SortStableFunc(e.Entitled.Holders, func(a, b Holder) int { return cmp.Compare(b.Held-b.Fair, a.Held-a.Fair) })
	s.explainPreemption(g, e, fair)
}

// fairShare is the dominant share of what is fair for a node, in millionths. That
// was rounded down to thousandths of each resource; who holds these as well is
// not above it.
func (s *State) fairShare(n drf.Node, fair map[drf.Node]drf.Vector) int64 {
	most := fair[n]
	for k := range most {
		if most[k] > 0 {
			most[k]++
		}
	}
	held, share := s.dominance(s.tree.Allocated(n)), s.dominance(fair[n])
	if share < held && held <= s.dominance(most) {
		share = held
	}
	return millionths(share)
}

// millionths turns units of 2^-32 into millionths, rounded.
func millionths(share uint64) int64 { return int64((share*1_000_000 + 1<<(sizeBits-1)) >> sizeBits) }

// percentOf prints millionths: "33.3 %".
func percentOf(share int64) string {
	tenths := (share + 500) / 1000
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// clause says in half a sentence who holds what a framework is entitled to.
func (t *Entitlement) clause(framework string) string {
	if t == nil {
		return ""
	}
	text := fmt.Sprintf("%s holds %s of a fair %s", framework, percentOf(t.Held), percentOf(t.Fair))
	switch {
	case t.Held >= t.Fair:
		text = fmt.Sprintf("%s holds its fair share of %s", framework, percentOf(t.Fair))
	case !t.Owed:
		text += ", and would hold more with this"
	case len(t.Holders) == 0:
		text += ", and nobody holds more than is fair"
	}
	const most = 3
	var who []string
	for _, h := range t.Holders[:min(len(t.Holders), most)] {
		who = append(who, fmt.Sprintf("%s holds %s of a fair %s", h.Framework, percentOf(h.Held), percentOf(h.Fair)))
	}
	if n := len(t.Holders) - most; n > 0 {
		who = append(who, fmt.Sprintf("and %d more frameworks are above theirs", n))
	}
	if len(who) > 0 {
		text += ", while " + strings.Join(who, ", ")
	}
	return text
}

// Victim is a run that preemption would end for a group.
type Victim struct {
	Framework, Group string
	Instance         int32
	Agent            string
	// Shares of the victim's framework before and after, and what is fair, in
	// millionths of the cluster.
	Before, After, Fair int64
}

// explainPreemption says what would be ended to make room for a group, also
// while preemption is off.
func (s *State) explainPreemption(g *group, e *Explanation, fair map[drf.Node]drf.Vector) {
	if g.hold == nil && (g.bucket == nil || g.bucket.shape.full < 0) {
		return
	}
	p, wait := s.planPreemption(g, fair, s.cfg.PreemptMinRunMillis), ""
	if p == nil {
		p, wait = s.planPreemption(g, fair, 0), fmt.Sprintf(", once they have run for %s", howLong(s.cfg.PreemptMinRunMillis))
	}
	if p == nil {
		s.explainNoVictims(g, e, fair)
		return
	}
	if due := g.since + s.cfg.PreemptAfterMillis; due > s.now && s.cfg.Preemption {
		wait += fmt.Sprintf(", not before it has waited for %s more", howLong(due-s.now))
	}
	var runs []string
	for _, r := range p.victims {
		v := s.victimOf(p, r, fair)
		e.Victims = append(e.Victims, v)
		runs = append(runs, fmt.Sprintf("%s/%s/%d on %s", v.Framework, v.Group, v.Instance, s.agents[r.agent].text()))
	}
	verb := "would end"
	if s.cfg.Preemption {
		verb = "can end"
	}
	e.because(ReasonPreemption, "its framework is below its fair share: preemption %s %s for it%s", verb, strings.Join(runs, ", "), wait)
}

// explainNoVictims says why preemption ends nothing, or nothing more, for a group whose
// framework is below its fair share.
func (s *State) explainNoVictims(g *group, e *Explanation, fair map[drf.Node]drf.Vector) {
	if _, ok := s.mayClaim(g, g.demand.Times(int64(g.together())), fair); !ok || !s.cfg.Preemption {
		return
	}
	ending, safe := 0, 0
	for r := range s.runs.all() {
		switch {
		case r.killAt != never && r.preempted && g.hold != nil && s.agents[r.agent].hold == g.hold:
			ending++
		case r.group.spec.NotPreemptible && r.group.queue != g.queue && g.allowedOn(&s.agents[r.agent]):
			safe++
		}
	}
	const none = "its framework is below its fair share, but preemption finds no room for it"
	switch {
	case ending > 0:
		e.because(ReasonPreemption, "preemption is ending %s for it", countOf(ending, "run"))
	case len(e.Entitled.Holders) == 0:
	case safe > 0:
		e.because(ReasonPreemption, "%s beside %s of groups with preemptible: false", none, countOf(safe, "run"))
	default:
		e.because(ReasonPreemption, "%s: who holds more than is fair can't spare enough whole runs", none)
	}
}

func (s *State) victimOf(p *preemption, r *run, fair map[drf.Node]drf.Vector) Victim {
	q := r.group.queue
	return Victim{
		Framework: r.group.spec.Framework, Group: r.group.spec.Name, Instance: r.instance, Agent: s.agents[r.agent].id,
		Before: millionths(s.dominance(s.tree.Allocated(q.node))), After: millionths(s.dominance(s.leftWithout(p, q))),
		Fair: s.fairShare(q.node, fair),
	}
}
