package allocator

import (
	"errors"
	"fmt"

	"fairlead/drf"
)

// ErrUnsatisfiable refuses what the agents that are known could never give. Step
// does not: agents come and go, and what a journal holds was accepted. Drivers
// ask Satisfiable and Guaranteeable first.
var ErrUnsatisfiable = errors.New("unsatisfiable")

// Unsatisfiable says of which group, and why. It is an ErrUnsatisfiable.
type Unsatisfiable struct {
	Framework, Group string
	Code             ReasonCode
	Why              string
}

// Error names the group and the reason.
func (u *Unsatisfiable) Error() string {
	return fmt.Sprintf("%s/%s could never start on this cluster: %s", u.Framework, u.Group, u.Why)
}

// Is tells that it is an ErrUnsatisfiable.
func (u *Unsatisfiable) Is(target error) bool { return target == ErrUnsatisfiable }

// Satisfiable reports whether every one of some groups could start if nothing
// else ran: agents are large enough, constraints leave some, a gang fits as a
// whole, and no limit of a role is below what starts at once. Groups that are
// there already pass, and so does everything while it is not known of some agent
// what it holds, or of none at all. The State is unchanged.
func (s *State) Satisfiable(groups []Group) error {
	if !s.knowsAgents() {
		return nil
	}
	for i := range groups {
		g := &groups[i]
		if _, ok := s.groups[groupKey{g.Framework, g.Name}]; ok {
			continue
		}
		code, why, err := s.couldStart(g)
		if err != nil {
			return err
		}
		if why != "" {
			return &Unsatisfiable{g.Framework, g.Name, code, why}
		}
	}
	return nil
}

// knowsAgents reports whether there are agents, and for each it is known what it
// holds.
func (s *State) knowsAgents() bool {
	some := false
	for i := range s.agents {
		if a := &s.agents[i]; a.seq != 0 && !a.lost {
			if !a.seen {
				return false
			}
			some = true
		}
	}
	return some
}

// couldStart is never for a group that is not there.
func (s *State) couldStart(spec *Group) (ReasonCode, string, error) {
	for _, t := range spec.Tasks {
		for _, q := range t.Resources {
			switch _, ok := s.kinds.Lookup(q.Name); {
			case ok || q.Amount == 0:
			case spec.PerAgent:
				return "", "", nil // an agent that has it may join
			default:
				return ReasonTooLarge, fmt.Sprintf("task %q asks for %s, which no agent has", t.Name, q.Name), nil
			}
		}
	}
	t := &template{Group: ownCopy(spec)}
	if err := s.measure(t); err != nil {
		return "", "", err
	}
	g := &group{at: -1}
	s.setTemplate(g, t)
	code, why := s.never(g, s.quotasOfRole(s.resolveRole(spec.Framework, spec.Role)))
	return code, why, nil
}

// quotasOfRole lists the quotas of a role, which may not be there, and of those
// above it.
func (s *State) quotasOfRole(role string) []*quota {
	for ; role != ""; role = parentRole(role) {
		if node, ok := s.tree.Lookup(role); ok {
			return s.quotasAbove(node)
		}
	}
	return nil
}

// Never says why a group that is there could not start even if nothing else ran: "" if it could,
// or while it is not known of some agent what it holds. O(agents).
func (s *State) Never(framework, name string) string {
	g, ok := s.groups[groupKey{framework, name}]
	if !ok || !s.knowsAgents() {
		return ""
	}
	_, why := s.never(g, g.queue.quotas)
	return why
}

// never says why a group could not start even if nothing else ran on the agents
// that are known; "" if it could, or if no agent is known.
func (s *State) never(g *group, quotas []*quota) (ReasonCode, string) {
	if code, why := s.neverFits(g); why != "" {
		return code, why
	}
	charge := g.demand.Times(int64(g.together()))
	for _, at := range quotas {
		for k := range drf.Kind(s.kinds.Len()) {
			if charge[k] > at.limit[k] {
				return ReasonLimit, fmt.Sprintf("role %s has a limit of %s %s, and %s start at once", at.role, at.limit[k],
					s.kinds.Name(k), charge[k])
			}
		}
	}
	return "", ""
}

// neverFits is the part of never that is about agents. A daemon group is there for
// those that may join.
func (s *State) neverFits(g *group) (ReasonCode, string) {
	if g.spec.PerAgent {
		return "", ""
	}
	return s.fitsNone(g)
}

// fitsNone says why the agents that are known could not hold what a group has to
// start at once, even if nothing ran there; "" if they could, or if there are none.
func (s *State) fitsNone(g *group) (ReasonCode, string) {
	n, most := int64(g.together()), s.couldHold(g)
	if most >= n && (n == 1 || g.limits == nil || !g.limits.counts) {
		return "", ""
	}
	agents := s.countAgents(func(*agent) bool { return true })
	possible := s.countAgents(g.possibleOn)
	switch {
	case agents == 0:
		return "", ""
	case possible == 0:
		return ReasonConstraint, s.whyNowhere(g, agents)
	case most == 0:
		return ReasonTooLarge, fmt.Sprintf("an instance asks for %s, which none of %s could hold even if it was empty",
			s.kinds.Format(g.demand), g.agentsLeft(possible, agents))
	case most < n:
		return ReasonTooLarge, fmt.Sprintf("%d instances start together, and an empty cluster has room for %d", n, most)
	}
	for k := range g.limits.rules {
		r := &g.limits.rules[k]
		if room := s.boundOf(g, r); room < n {
			return ReasonConstraint, fmt.Sprintf("%d instances start together, and %s leaves room for %d, even if nothing ran anywhere", n, r.Constraint, room)
		}
	}
	return "", ""
}

// whyNowhere says why no agent would do: one of the constraints may be about an
// attribute that none has.
func (s *State) whyNowhere(g *group, agents int) string {
	if g.limits != nil {
		for k := range g.limits.rules {
			r := &g.limits.rules[k]
			if !r.host && r.Operator != Unlike && s.countAgents(func(a *agent) bool { return r.at(a).known }) == 0 {
				return fmt.Sprintf("none of %d agents has the attribute %s, which %s asks for", agents, r.Field, r.Constraint)
			}
		}
	}
	return fmt.Sprintf("its constraints can't be met: none of %d agents would do, even if nothing ran anywhere", agents)
}

// boundOf bounds how many instances of a group an empty cluster has room for
// under one of its constraints: never too low, so that nothing is refused that
// could start.
func (s *State) boundOf(g *group, r *rule) int64 {
	most, all := int64(g.spec.Instances), int64(0)
	at := map[value]int64{}
	for i := range s.agents {
		a := &s.agents[i]
		if a.seq == 0 || a.lost || !g.possibleOn(a) {
			continue
		}
		n := g.timesOn(a.total, int64(a.slots), most)
		at[r.at(a)] += n
		all += n
	}
	switch r.Operator {
	case Unique, MaxPer:
		all = 0
		for _, n := range at { // commutes: a sum
			all += min(n, int64(r.count))
		}
	case Cluster:
		all = 0
		for _, n := range at { // commutes: the largest
			all = max(all, n)
		}
	}
	return all
}
