package allocator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fairlead/drf"
)

// Ahead is a framework with something waiting that is served earlier.
type Ahead struct {
	FrameworkView
	Why string
}

// explainOrder finds the group's place in its framework, and the frameworks
// that are served before it.
func (s *State) explainOrder(g *group, e *Explanation) {
	s.explainLine(g, e)
	seen := map[drf.Node]bool{} // of what both stand below, where they part
	promised := s.promisedFirst(g.queue)
	for _, q := range s.frameworksByName() {
		if q == g.queue || !s.competes(q) {
			continue
		}
		theirs, mine := s.partAt(q.node, g.queue.node)
		why := s.whyAhead(q, theirs, mine, promised)
		if why == "" {
			continue
		}
		e.Before = append(e.Before, Ahead{s.viewFramework(q.node), why})
		if !seen[theirs] {
			e.because(ReasonOrder, "%s, and is served first", why)
		}
		seen[theirs] = true
	}
}

// explainLine finds the group's place in the line of its framework.
func (s *State) explainLine(g *group, e *Explanation) {
	var ahead []inLine
	for _, b := range g.queue.byShape { // commutes: sorted below
		for other := range b.groups.all() {
			if other := other.inLine(); other.less(g.inLine()) {
				ahead = append(ahead, other)
			}
		}
	}
	e.Position = len(ahead) + 1
	if len(ahead) == 0 {
		return
	}
	slices.SortFunc(ahead, func(a, b inLine) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.seq, b.seq))
	})
	const most = 3
	var names []string
	for _, x := range ahead[:min(len(ahead), most)] {
		why := "submitted earlier"
		if x.priority != g.spec.Priority {
			why = fmt.Sprintf("priority %d, its own is %d", x.priority, g.spec.Priority)
		}
		names = append(names, fmt.Sprintf("%s (%s)", x.group.spec.Name, why))
	}
	if len(ahead) > most {
		names = append(names, fmt.Sprintf("and %d more", len(ahead)-most))
	}
	text := fmt.Sprintf("%d groups of framework %s are ahead of it: %s", len(ahead), g.spec.Framework, strings.Join(names, ", "))
	if len(ahead) == 1 {
		text = fmt.Sprintf("1 group of framework %s is ahead of it: %s", g.spec.Framework, names[0])
	}
	e.because(ReasonOrder, "%s", text)
}

// frameworksByName lists the queues by role and name.
func (s *State) frameworksByName() []*queue {
	var out []*queue
	for _, q := range s.queues {
		if q != nil {
			out = append(out, q)
		}
	}
	slices.SortFunc(out, func(a, b *queue) int { return cmp.Or(strings.Compare(a.role, b.role), strings.Compare(a.name, b.name)) })
	return out
}

// partAt finds the siblings by which the order of two frameworks is decided.
func (s *State) partAt(a, b drf.Node) (drf.Node, drf.Node) {
	above := map[drf.Node]drf.Node{} // of each node above b, the one below it on the way
	for n := b; n != drf.Root; n = s.tree.Parent(n) {
		above[s.tree.Parent(n)] = n
	}
	for s.tree.Parent(a) != drf.Root {
		if _, ok := above[s.tree.Parent(a)]; ok {
			break
		}
		a = s.tree.Parent(a)
	}
	return a, above[s.tree.Parent(a)]
}

// promisedFirst reports whether a framework is promised what it waits for first.
func (s *State) promisedFirst(q *queue) bool {
	if len(q.quotas) == 0 || s.policy == DRFLiteral {
		return false
	}
	g := q.first()
	if g == nil {
		return false
	}
	charge := g.demand.Times(int64(g.together()))
	return s.guaranteed(q, &charge)
}

// whyAhead says by what a framework comes before that of a group; "" if it does
// not. What is promised comes first, then the order of the siblings by which
// they part.
func (s *State) whyAhead(q *queue, theirs, mine drf.Node, promised bool) string {
	switch first := s.promisedFirst(q); {
	case first && !promised:
		return fmt.Sprintf("framework %s is promised what it waits for (role %s is below its guarantee)", q.name, s.promiser(q))
	case promised && !first || !s.tree.Ahead(theirs, mine):
		return ""
	case s.cfg.HalfLifeMillis > 0:
		return fmt.Sprintf("%s comes before %s under the policy %s, which counts what was held lately too",
			s.nodeText(theirs), s.nodeText(mine), s.policy)
	case !s.policy.fair() && s.policy != DRFLiteral || s.policy == HDRF && !s.tree.IsFramework(theirs):
		return fmt.Sprintf("%s comes before %s under the policy %s (%s)",
			s.nodeText(theirs), s.nodeText(mine), s.policy, s.policy.Description())
	}
	return fmt.Sprintf("%s has a dominant share of %s, below the %s of %s",
		s.nodeText(theirs), s.weightedText(theirs), s.weightedText(mine), s.nodeText(mine))
}

// promiser is the nearest role above a framework that promises what it waits
// for first.
func (s *State) promiser(q *queue) string {
	g := q.first()
	charge := g.demand.Times(int64(g.together()))
	for _, at := range q.quotas {
		if at.promises(s.tree.Allocated(at.node), &charge) {
			return at.role
		}
	}
	return q.role
}

// nodeText names a node of the tree.
func (s *State) nodeText(n drf.Node) string {
	if s.tree.IsFramework(n) {
		return "framework " + s.tree.Name(n)
	}
	return "role " + s.tree.Path(n)
}

// weightedText is a node's dominant share, over its weight if that is not 1.
func (s *State) weightedText(n drf.Node) string {
	share, _ := s.tree.Share(n)
	if w := s.tree.Weight(n).Amount(); w != drf.Unit {
		return fmt.Sprintf("%s over its weight of %s", share, w)
	}
	return share.String()
}

// competes reports whether a framework waits with something that some agent
// could hold: what fits nowhere is passed over.
func (s *State) competes(q *queue) bool {
	for _, b := range q.byShape { // commutes: whether any one does
		if b.groups.len() > 0 && s.couldHold(b.groups.top()) > 0 {
			return true
		}
	}
	return false
}
