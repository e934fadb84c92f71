package allocator

import (
	"fmt"
	"strings"
)

// explainRoom says why no agent takes the next instance, if none does.
func (s *State) explainRoom(g *group, e *Explanation) {
	ask := s.kinds.Format(g.demand)
	code, never := s.neverFits(g)
	switch {
	case e.Agents == 0:
		e.because(ReasonNoAgents, "no agent is known: the master has offered none yet")
	case never != "":
		e.because(code, "%s", never)
	case e.Allowed == 0 && s.softRefuses(g): // explainSoft says how
	case e.Allowed == 0:
		e.because(ReasonConstraint, "where its instances are now, its constraints leave none of %d agents to the next one", e.Agents)
	case e.Fit == 0:
		e.because(ReasonNoRoom, "an instance asks for %s, and none of %s has that much left%s", ask, g.agentsNow(e.Allowed, e.Agents), s.lacks(e))
	case g.together() > 1 && s.roomsFor(g) < int64(g.together()):
		e.because(ReasonGang, "%d instances start together, and there is room for %d", g.together(), s.roomsFor(g))
	case g.bucket != nil && g.bucket.shape.full >= 0 && g.together() > 1 && !s.offersMissing(g):
		e.because(ReasonGang, "%d instances start together, and where its constraints allow it there is not room for all of them", g.together())
	case g.bucket != nil && g.bucket.shape.full >= 0:
		e.because(ReasonNoOffer, "%d of %s have room for %s, but the master has not offered it to us%s", e.Fit, g.agentsNow(e.Allowed, e.Agents), ask, s.whenOffered(g))
	default:
		return
	}
	s.explainConstraints(g, e)
}

// whenOffered says what is known of when room that the master has comes back.
func (s *State) whenOffered(g *group) string {
	if s.link.wantRevive && s.hasMaster {
		return fmt.Sprintf("; it is asked for it in %s", howLong(max(s.link.lastRevive+s.cfg.ReviveMillis-s.now, 0)))
	}
	least := int64(0)
	for i := range s.agents {
		a := &s.agents[i]
		if a.seq == 0 || a.lost || !g.allowedOn(a) || !g.demand.FitsIn(s.roomFor(g, a)) {
			continue
		}
		if away := s.keptAway(a); away > 0 && (least == 0 || away < least) {
			least = away
		}
	}
	if least == 0 {
		return ""
	}
	return fmt.Sprintf("; what we gave back it may keep for %s more", howLong(least))
}

// offersMissing reports whether an agent has room for an instance that the master
// has not offered.
func (s *State) offersMissing(g *group) bool {
	return s.countAgents(func(a *agent) bool {
		return !a.owned && g.allowedOn(a) && g.demand.FitsIn(s.roomFor(g, a)) && !g.demand.FitsIn(a.spare.free.Add(a.kept))
	}) > 0
}

// text names an agent for people: by its host, and the end of its id, if that is
// one of those that Mesos makes up.
func (a *agent) text() string {
	const ofMesos = 36 // and more: a UUID and a number
	last := strings.LastIndexByte(a.id, '-')
	if len(a.id) <= ofMesos || last < 0 || a.host == "" {
		return a.id
	}
	return fmt.Sprintf("%s (%s)", a.host, a.id[last+1:])
}

// agentText is text for an agent that may be gone.
func (s *State) agentText(id string) string {
	if i, ok := s.agentIndex[id]; ok {
		return s.agents[i].text()
	}
	return id
}

// agentsNow names n of all agents, those that constraints, and what the group wants of
// agents for now, leave to the next instance.
func (g *group) agentsNow(n, all int) string {
	if g.limits == nil || g.limits.soft == nil || n == all {
		return g.agentsLeft(n, all)
	}
	leave := "that it takes for now"
	if len(g.limits.rules) > 0 {
		leave = "that its constraints leave and " + leave
	}
	return fmt.Sprintf("the agents %s (%d of %d)", leave, n, all)
}

// agentsLeft names n of all agents, those that constraints leave if there are any.
func (g *group) agentsLeft(n, all int) string {
	switch {
	case g.limits == nil || g.daemon != nil && len(g.limits.rules) == 0 && g.size() == 0:
		return fmt.Sprintf("%d agents", n)
	case g.daemon != nil && g.size() > 0:
		return fmt.Sprintf("the agents that are to get an instance (%d of %d)", n, all)
	}
	return fmt.Sprintf("the agents that its constraints leave (%d of %d)", n, all)
}

func (s *State) lacks(e *Explanation) string {
	out := ""
	for _, l := range e.Lacks {
		out += fmt.Sprintf("; %s: %d of %d agents have less than %s, the most is %s on %s",
			l.Resource, l.Agents, e.Allowed, l.Need, l.Most, s.agentText(l.Agent))
	}
	return out
}

// possibleOn reports whether the constraints allow an agent to a group of which
// nothing runs.
func (g *group) possibleOn(a *agent) bool { return g.limits == nil || g.limits.possible(a) }

// allowedOn reports whether the constraints allow an agent to the next instance.
func (g *group) allowedOn(a *agent) bool { return g.limits == nil || g.limits.allow(a) }

// countAgents counts the agents of which a condition holds.
func (s *State) countAgents(holds func(*agent) bool) int {
	n := 0
	for i := range s.agents {
		if a := &s.agents[i]; a.seq != 0 && !a.lost && holds(a) {
			n++
		}
	}
	return n
}

// couldHold counts the instances that empty agents have room for, while nothing
// of the group runs: at most as many as the group has. Constraints that depend
// on where the others are may allow fewer.
func (s *State) couldHold(g *group) int64 {
	most, sum := g.spec.most(), int64(0)
	for i := range s.agents {
		a := &s.agents[i]
		if a.seq == 0 || a.lost || sum >= most || !g.possibleOn(a) {
			continue
		}
		times := g.timesOn(a.total, int64(a.slots), most)
		if len(g.gpus) > 0 && a.devices != nil {
			times = timesOnDevices(g.gpus, a.emptyDevices(), times)
		}
		sum += times
	}
	return min(sum, most)
}

// FailedConstraint says how many agents fail one of a group's constraints, and
// what the first of them has instead.
type FailedConstraint struct {
	Constraint string // as a person would write it
	Agents     int
	Example    string
}

// explainConstraints says of each constraint how many agents fail it, and what
// the first of them has instead.
func (s *State) explainConstraints(g *group, e *Explanation) {
	if g.limits == nil {
		return
	}
	order := s.agentsInOrder()
	for k := range g.limits.rules {
		r := &g.limits.rules[k]
		failing, first := 0, (*agent)(nil)
		for _, i := range order {
			a := &s.agents[i]
			if v := r.at(a); a.lost || r.possible(v) && r.open(v) {
				continue
			}
			if failing++; first == nil {
				first = a
			}
		}
		if failing > 0 {
			f := FailedConstraint{r.Constraint.String(), failing, r.refusal(first)}
			e.Constraints = append(e.Constraints, f)
			e.because(ReasonConstraint, "%d of %d agents fail %s: %s", failing, e.Agents, f.Constraint, f.Example)
		}
	}
}

// refusal says why an agent fails the rule.
func (r *rule) refusal(a *agent) string {
	v := r.at(a)
	if !v.known {
		return fmt.Sprintf("%s has no %s", a.text(), r.Field)
	}
	text := fmt.Sprintf("%s has %s %q", a.text(), r.Field, v.text)
	switch {
	case !r.possible(v):
		return text
	case r.Operator == Cluster:
		return text + ", and those that run do not"
	case r.Operator != GroupBy:
		return fmt.Sprintf("%s, instances there: %d", text, r.tally.at[v])
	case len(r.tally.at) < int(r.count):
		return fmt.Sprintf("%s, instances there: %d, and only %d of %d values are taken", text, r.tally.at[v], len(r.tally.at), r.count)
	}
	return fmt.Sprintf("%s, instances there: %d, elsewhere: %d", text, r.tally.at[v], r.tally.least)
}
