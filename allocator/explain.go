package allocator

import (
	"fmt"

	"fairlead/drf"
)

// ReasonCode says what kind of thing a group waits for.
type ReasonCode string

// The reasons, in the order in which explanations list them.
const (
	// ReasonNoMaster: there is no subscription with a Mesos master. The driver
	// adds it; the State does not know.
	ReasonNoMaster ReasonCode = "no-master"
	// ReasonDependency: a group it comes after has not finished.
	ReasonDependency ReasonCode = "dependency"
	// ReasonBackoff: an instance waits out the time before its next run.
	ReasonBackoff ReasonCode = "backoff"
	// ReasonNoAgents: no agent is known.
	ReasonNoAgents ReasonCode = "no-agents"
	// ReasonConstraint: constraints of the group refuse agents. One for each
	// constraint that does follows whatever else is said of agents.
	ReasonConstraint ReasonCode = "constraint"
	// ReasonTooLarge: no known agent could hold an instance even if it was empty.
	ReasonTooLarge ReasonCode = "too-large"
	// ReasonNoRoom: agents are large enough, but what they have left is not.
	ReasonNoRoom ReasonCode = "no-room"
	// ReasonNoOffer: an agent has room, but the master has not offered it.
	ReasonNoOffer ReasonCode = "no-offer"
	// ReasonLimit: a role would pass its limit.
	ReasonLimit ReasonCode = "limit"
	// ReasonGuarantee: what is left is kept for the guarantees of others.
	ReasonGuarantee ReasonCode = "guarantee"
	// ReasonGang: instances that start together do not find room together.
	ReasonGang ReasonCode = "gang"
	// ReasonHeld: room is kept, for this group or for others.
	ReasonHeld ReasonCode = "held"
	// ReasonPreemption: what preemption does, or would do.
	ReasonPreemption ReasonCode = "preemption"
	// ReasonOrder: others are served first.
	ReasonOrder ReasonCode = "order"
)

// Reason is one thing that keeps a group waiting, with the amounts.
type Reason struct {
	Code    ReasonCode
	Message string
}

// Lack says on how many agents one resource is too small, and where the most
// of it is.
type Lack struct {
	Resource string
	Agents   int        // agents that have too little of it left
	Need     drf.Amount // what an instance asks for, the executor included
	Most     drf.Amount // the most that any agent has left
	Agent    string     // which one
}

// Explanation answers why a group does, or does not, run.
type Explanation struct {
	Framework, Group, Role string
	State                  string
	Instances              int32
	Running, Pending       int32
	Reasons                []Reason
	// Position is the group's place among what waits in its framework, from 1;
	// 0 if it is not in line.
	Position int
	Share    drf.Share
	Dominant string
	// Before are frameworks with something waiting that are served earlier.
	Before []FrameworkView
	Agents int // known agents
	// Allowed are the agents that the constraints leave to the next instance.
	Allowed int
	Fit     int // agents that have room for one instance and meet the constraints
	// Lacks are about the agents that are allowed.
	Lacks []Lack
	// Attempts are the runs that ended, the latest last.
	Attempts []Attempt
	Message  string // why it ended as it did
}

// Explain says what a group waits for: O(agents + groups of the framework).
func (s *State) Explain(framework, name string) (*Explanation, error) {
	g, ok := s.groups[groupKey{framework, name}]
	if !ok {
		return nil, fmt.Errorf("%w: task group %s/%s", ErrUnknown, framework, name)
	}
	s.syncTotal()
	v := s.viewGroup(g)
	share, kind := s.tree.Share(g.queue.node)
	e := &Explanation{
		Framework: framework, Group: name, Role: g.spec.Role, State: v.State(), Instances: v.Instances,
		Running: v.Running, Pending: v.Pending, Share: share, Attempts: v.History, Message: g.message,
	}
	if share.Num > 0 {
		e.Dominant = s.kinds.Name(kind)
	}
	s.explainFit(g, e)
	if v.Pending > 0 {
		s.explainWait(g, e)
	}
	return e, nil
}

// State is where a group stands, in one word.
func (v *GroupView) State() string {
	switch {
	case v.Outcome != Unfinished:
		return v.Outcome.String()
	case v.Dying:
		return "killing"
	case v.Running > 0:
		return "running"
	}
	return "waiting"
}

func (s *State) explainWait(g *group, e *Explanation) {
	if g.blocked() {
		s.explainDependency(g, e)
		return
	}
	s.explainBackoff(g, e)
	if g.pending() == 0 {
		return
	}
	s.explainRoom(g, e)
	s.explainQuota(g, e)
	s.explainHolds(g, e)
	s.explainPreemption(g, e)
	s.explainOrder(g, e)
}

func (e *Explanation) because(code ReasonCode, format string, args ...any) {
	e.Reasons = append(e.Reasons, Reason{code, fmt.Sprintf(format, args...)})
}

func (s *State) explainDependency(g *group, e *Explanation) {
	for _, name := range g.unmet {
		switch parent, ok := s.groups[groupKey{g.spec.Framework, name}]; {
		case !ok:
			e.because(ReasonDependency, "it comes after task group %s, which has not been submitted", name)
		case !parent.over():
			e.because(ReasonDependency, "it comes after task group %s, which has not %s", name, g.spec.must(name))
		}
	}
}

func (s *State) explainBackoff(g *group, e *Explanation) {
	for n := range g.instances {
		if in := &g.instances[n]; in.state == instanceBackoff {
			e.because(ReasonBackoff, "instance %d runs again in %.1f s, after run %d ended as %s",
				n, float64(max(in.notBefore-s.now, 0))/1000, in.attempts, in.outcome)
		}
	}
}

// room is what an agent would have left if all that is not ours was offered.
func (s *State) room(a *agent) drf.Vector {
	var left drf.Vector
	for k := range left {
		left[k] = max(a.total[k]-a.used[k], 0)
	}
	return left
}

// roomFor is what of that room is not kept for another group.
func (s *State) roomFor(g *group, a *agent) drf.Vector {
	left := s.room(a)
	if a.hold != nil && a.hold.group != g {
		for k := range left {
			left[k] = max(left[k]-a.wanted[k], 0)
		}
	}
	return left
}

// explainFit counts the agents that lack each resource, and finds the nearest.
func (s *State) explainFit(g *group, e *Explanation) {
	sh := &shape{demand: g.demand, withExecutor: g.demand.Add(s.executor)}
	lacks := map[drf.Kind]*Lack{}
	for i := range s.agents {
		a := &s.agents[i]
		if a.lost || a.seq == 0 {
			continue
		}
		e.Agents++
		if !g.allowedOn(a) {
			continue
		}
		e.Allowed++
		need, left := &sh.withExecutor, s.roomFor(g, a)
		if a.slots > a.carried {
			need = &sh.demand
		}
		if need.FitsIn(left) {
			e.Fit++
		}
		for k := range need {
			if need[k] > 0 {
				noteLack(lacks, drf.Kind(k), Lack{Resource: s.kinds.Name(drf.Kind(k)), Need: need[k], Most: left[k], Agent: a.id})
			}
		}
	}
	for k := range s.kinds.Len() {
		if l := lacks[drf.Kind(k)]; l != nil && l.Agents > 0 {
			e.Lacks = append(e.Lacks, *l)
		}
	}
}

// noteLack counts one agent, of which seen says what it has left.
func noteLack(lacks map[drf.Kind]*Lack, k drf.Kind, seen Lack) {
	l, ok := lacks[k]
	if !ok {
		l = &seen
		lacks[k] = l
	}
	if seen.Most < seen.Need {
		l.Agents++
	}
	if seen.Most > l.Most {
		l.Most, l.Agent = seen.Most, seen.Agent
	}
}

// explainOrder finds the group's place in its framework, and the frameworks
// that are served before it.
func (s *State) explainOrder(g *group, e *Explanation) {
	e.Position = 1
	for _, b := range g.queue.byShape { // commutes: counts
		for _, other := range b.groups.items {
			if other.less(g.inLine()) {
				e.Position++
			}
		}
	}
	if e.Position > 1 {
		e.because(ReasonOrder, "%d groups of framework %s are ahead of it", e.Position-1, g.spec.Framework)
	}
	for _, c := range s.tree.Children(s.tree.Parent(g.queue.node)) {
		if c == g.queue.node || !s.tree.IsFramework(c) || !s.competes(s.queues[c]) {
			continue
		}
		if s.tree.Ahead(c, g.queue.node) {
			e.Before = append(e.Before, s.viewFramework(c))
			e.because(ReasonOrder, "%s, and is served first", s.whyAhead(c, g))
		}
	}
}

// whyAhead says by what a framework comes before that of a group.
func (s *State) whyAhead(c drf.Node, g *group) string {
	if s.policy == DRF || s.policy == DRFLiteral {
		share, _ := s.tree.Share(c)
		mine, _ := s.tree.Share(g.queue.node)
		return fmt.Sprintf("framework %s has a dominant share of %s, below the %s of %s", s.tree.Name(c), share, mine, g.spec.Framework)
	}
	return fmt.Sprintf("framework %s comes before %s under the policy %s (%s)",
		s.tree.Name(c), g.spec.Framework, s.policy, s.policy.Description())
}

// competes reports whether a framework waits with something that some agent
// could hold: what fits nowhere is passed over.
func (s *State) competes(q *queue) bool {
	for _, b := range q.byShape { // commutes: whether any one does
		if b.groups.len() > 0 && s.couldHold(b.groups.top().group) > 0 {
			return true
		}
	}
	return false
}
