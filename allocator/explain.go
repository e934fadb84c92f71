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
	// ReasonAvoided: runs of it failed on an agent lately.
	ReasonAvoided ReasonCode = "avoided"
	// ReasonPreference: it waits for agents that it prefers, for a while.
	ReasonPreference ReasonCode = "preference"
	// ReasonPreemption: what preemption does, or would do.
	ReasonPreemption ReasonCode = "preemption"
	// ReasonMemory: a task ran out of memory, and is given more of it since.
	ReasonMemory ReasonCode = "memory"
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
	// Summary is the whole in one sentence.
	Summary string
	// Impossible says that it could not start on this cluster even if nothing
	// else ran.
	Impossible       bool
	State            string
	Instances        int32
	Running, Pending int32
	Reasons          []Reason
	// Position is the group's place among what waits in its framework, from 1;
	// 0 if it is not in line.
	Position int
	Share    drf.Share
	Dominant string
	// Before are frameworks with something waiting that are served earlier.
	Before []Ahead
	Agents int // known agents
	// Allowed are the agents that the constraints leave to the next instance.
	Allowed int
	Fit     int // agents that have room for one instance and meet the constraints
	// Lacks are about the agents that are allowed.
	Lacks []Lack
	// Constraints are those of the group that agents fail now.
	Constraints []FailedConstraint
	// Nearest is the agent that is closest to taking the next instance; nil if
	// one takes it, or none is known.
	Nearest *Miss
	// Quotas are those of the roles above that have one, the nearest first.
	Quotas []QuotaView
	// Entitled says what the framework is entitled to, and who holds it.
	Entitled *Entitlement
	// Victims are the runs that preemption would end for the group.
	Victims []Victim
	// Trail is what happened to the group so far, the latest last.
	Trail []Step
	// Sought is how often room for an instance was sought and not found since
	// the group came into line last.
	Sought int64
	// Start is when the next instance starts; Explain leaves it to EstimateStart.
	Start *Estimate
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
	s.viewQuotas(g, e)
	if v.Pending > 0 {
		s.explainWait(g, e)
		e.leadWithFirst()
	}
	e.Impossible = v.Pending > 0 && s.impossible(g)
	if n := g.grownBy(); n > 0 && !g.over() {
		e.because(ReasonMemory, "each instance that starts is given %s MiB of memory more than was asked for: a task ran out of it", n)
	}
	s.trailOf(g, e)
	s.summarize(g, e)
	return e, nil
}

// State is where a group stands, in one word.
func (v *GroupView) State() string {
	switch {
	case v.Scheduled && (v.Idle || v.Outcome != Unfinished):
		return "scheduled"
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
	s.explainSoft(g, e)
	s.explainQuota(g, e)
	s.explainHolds(g, e)
	s.explainShare(g, e)
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
			e.because(ReasonBackoff, "instance %d runs again in %s, after run %d ended as %s",
				n, howLong(max(in.notBefore-s.now, 0)), in.attempts, in.outcome)
		}
	}
}
