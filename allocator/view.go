package allocator

import (
	"cmp"
	"slices"

	"fairlead/drf"
)

// View is an immutable copy of a State for readers. Lists are sorted by name,
// agents by the order in which they were seen.
type View struct {
	At         int64
	Policy     Policy   // in force
	Kinds      []string // resource names, the index of every vector
	Total      drf.Vector
	Roles      []RoleView
	Frameworks []FrameworkView
	Agents     []AgentView
	Offers     []OfferView
	Groups     []GroupView
}

// RoleView is one role: the sum of what its frameworks and subroles hold.
type RoleView struct {
	Role      string
	Weight    drf.Amount
	Share     drf.Share
	Dominant  string // "" while it holds nothing
	Allocated drf.Vector
	Guarantee drf.Vector
	Limit     []Quantity // of the resources that have one
}

// FrameworkView is one framework of one role.
type FrameworkView struct {
	Framework  string
	Role       string
	Weight     drf.Amount
	Share      drf.Share
	Dominant   string
	Allocated  drf.Vector
	Placements uint64
	Running    int64 // instances that are alive
	Pending    int64 // instances that wait
}

// AgentView is one agent.
type AgentView struct {
	Agent      string
	Host       string
	Attributes []Attribute
	Total      drf.Vector
	Used       drf.Vector
	Slots      int32
	Runs       int32
	Lost       bool
	Offers     int
}

// OfferView is one offer that is held now.
type OfferView struct {
	Offer, Agent, Host string
	Resources          drf.Vector
}

// GroupView is one task group.
type GroupView struct {
	Framework, Name, Role string
	Digest                string
	Instances             int32
	Surplus               int32 // of the instances, what runs only where nobody else waits
	PerAgent              bool  // it has an instance on each agent that it can run on
	Priority              int32
	Arrived, Ended        int64
	Running, Pending      int32
	Finished, Failed      int32
	Killed                int32
	Reruns                int32      // how often it was started again
	Grown                 drf.Amount // memory that an instance is given beyond the specification, after it ran out of it
	Dying                 bool
	// Scheduled says that a periodic group may run again, Idle that it has not run
	// yet. Queued occurrences wait for the end of the present one.
	Scheduled, Idle bool
	Queued          int
	Due             int64 // when the present occurrence, or the last one, was due
	Next            int64 // when it will be due, 0 if it will not, or that is not known
	Outcome         Outcome
	Message         string
	Runs            []InstanceView // those that were ever started; of a daemon group all
	History         []Attempt
}

// InstanceView is one started instance. State is "running" (or "starting",
// "staging", "killing", "unreachable" while that is true of a task), "waiting",
// "surplus" (it waits for room that nobody else waits for), "backoff", or how it
// ended.
type InstanceView struct {
	Instance  int32
	State     string
	Run       RunID
	Agent     string // of the live run; of a daemon group the one that the instance is for
	Host      string // of the agent of the live run
	Started   int64
	NotBefore int64
	Attempts  int32
	Ports     []uint64
	Items     []Set // of sets, given to the live run
	Tasks     []TaskState
}

// View copies the State for readers: O(everything in it).
func (s *State) View() *View {
	s.syncTotal()
	v := &View{At: s.now, Policy: s.policy, Total: s.total}
	for k := range s.kinds.Len() {
		v.Kinds = append(v.Kinds, s.kinds.Name(drf.Kind(k)))
	}
	s.viewTree(drf.Root, v)
	s.viewAgents(v)
	for _, g := range s.groups { // commutes: sorted below
		v.Groups = append(v.Groups, s.viewGroup(g))
	}
	slices.SortFunc(v.Groups, func(a, b GroupView) int {
		return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(v.Roles, func(a, b RoleView) int { return cmp.Compare(a.Role, b.Role) })
	slices.SortFunc(v.Frameworks, func(a, b FrameworkView) int {
		return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Role, b.Role))
	})
	return v
}

// Total is View().Total, without the rest.
func (s *State) Total() drf.Vector { return s.total }

// Quantities names the amounts of a vector that are not zero.
func (v *View) Quantities(amounts drf.Vector) []Quantity {
	var out []Quantity
	for k, name := range v.Kinds {
		if amounts[k] != 0 {
			out = append(out, Quantity{name, amounts[k]})
		}
	}
	return out
}

func (s *State) viewTree(n drf.Node, v *View) {
	for _, c := range s.tree.Children(n) {
		if s.tree.IsFramework(c) {
			v.Frameworks = append(v.Frameworks, s.viewFramework(c))
			continue
		}
		share, dominant := s.viewShare(c)
		guarantee, limit := s.quotaOf(c)
		v.Roles = append(v.Roles, RoleView{s.tree.Path(c), s.tree.Weight(c).Amount(), share, dominant, s.tree.Allocated(c), guarantee, s.limited(limit)})
		s.viewTree(c, v)
	}
}

func (s *State) viewFramework(n drf.Node) FrameworkView {
	q := s.queues[n]
	share, dominant := s.viewShare(n)
	return FrameworkView{
		Framework: q.name, Role: q.role, Weight: s.tree.Weight(n).Amount(), Share: share, Dominant: dominant,
		Allocated: s.tree.Allocated(n), Placements: s.tree.Placements(n), Running: q.live, Pending: q.waiting,
	}
}

// viewShare is a node's share and the name of its dominant resource, "" while
// it holds nothing.
func (s *State) viewShare(n drf.Node) (drf.Share, string) {
	share, kind := s.tree.Share(n)
	if share.Num == 0 {
		return share, ""
	}
	return share, s.kinds.Name(kind)
}

func (s *State) viewAgents(v *View) {
	for _, i := range s.agentsInOrder() {
		a := &s.agents[i]
		v.Agents = append(v.Agents, AgentView{
			Agent: a.id, Host: a.host, Attributes: a.attributes, Total: a.total, Used: a.used,
			Slots: a.slots, Runs: a.runs, Lost: a.lost, Offers: len(a.offers),
		})
		for _, o := range a.offers {
			v.Offers = append(v.Offers, OfferView{o.id, a.id, a.host, o.resources})
		}
	}
}

func (s *State) viewGroup(g *group) GroupView {
	v := GroupView{
		Framework: g.spec.Framework, Name: g.spec.Name, Role: g.spec.Role, Digest: g.spec.Digest,
		Instances: g.size(), PerAgent: g.spec.PerAgent, Surplus: g.spec.Surplus, Priority: g.spec.Priority, Arrived: g.arrived, Ended: g.endedAt,
		Running: g.live, Finished: g.finished, Failed: g.failed, Killed: g.killed,
		Reruns: g.reruns, Dying: g.dying, Outcome: g.outcome, Message: g.message, History: slices.Clone(g.history),
	}
	v.Grown = g.grownBy()
	if p := g.periodic; p != nil {
		v.Scheduled, v.Idle, v.Queued, v.Due = g.scheduled(), p.idle, len(p.due), p.at
		if v.Scheduled {
			v.Next = p.next
		}
	}
	if !g.dying && !g.over() && !g.isIdle() {
		v.Pending = g.pending() + g.backoff
	}
	if g.daemon != nil && g.blocked() {
		v.Pending = int32(s.countAgents(g.attends))
	}
	for n := range g.instances {
		if g.hasInstance(int32(n)) {
			v.Runs = append(v.Runs, s.viewInstance(g, int32(n)))
		}
	}
	return v
}

func (s *State) viewInstance(g *group, n int32) InstanceView {
	in := &g.instances[n]
	v := InstanceView{Instance: n, Run: in.run, NotBefore: in.notBefore, Attempts: in.attempts}
	if g.daemon != nil {
		v.Agent = g.daemon.agents[n]
	}
	switch in.state {
	case instanceLive:
		r := s.runOf(in.run)
		v.State, v.Agent, v.Host, v.Started = r.stage(), s.agents[r.agent].id, s.agents[r.agent].host, r.started
		v.Ports, v.Tasks = slices.Clone(r.ports), slices.Clone(r.states())
		v.Items = s.setsOf(r.itemsOf(func(int32) bool { return true }))
	case instanceWaiting:
		v.State = "waiting"
		if g.isSurplus(n) {
			v.State = "surplus"
		}
	case instanceBackoff:
		v.State = "backoff"
	case instanceOver:
		v.State = in.outcome.String()
	}
	return v
}

// stage is the state of a live run: that of its least advanced task, unless
// one is being killed or out of sight.
func (r *run) stage() string {
	least := TaskRunning
	for _, st := range r.states() {
		switch {
		case st == TaskUnreachable || st == TaskKilling:
			return st.String()
		case st < least:
			least = st
		}
	}
	if r.killAt != never {
		return TaskKilling.String()
	}
	return least.String()
}
