package allocator

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/drf"
)

// Image is a State as plain values, for a snapshot. What a new subscription
// makes void is not in it: offers, and what the master was last told.
type Image struct {
	Now       int64
	LastGroup uint64
	LastRun   uint64
	Kinds     []string
	Nodes     []NodeImage  // parents before children
	Roles     []RoleOf     // default roles, by framework name
	Agents    []AgentImage // in the order in which they were seen
	Groups    []GroupImage // by order of submission
	Runs      []RunImage   // by place in the table of runs
	Preempted []int64      // when runs were preempted in the last minute
	Measured  MeasuredImage
	Shrunk    int64      // when surplus was ended for others last, -1: never
	Least     drf.Vector // of each resource the least that any group asked for
	Holds     []Hold     // in the order in which they were made
	Workload  WorkloadImage
}

// NodeImage is a role or a framework of the tree.
type NodeImage struct {
	Role       string
	Framework  string // "" for a role
	Weight     int64
	Placements uint64
	Guarantee  []Quantity // of a role
	Limit      []Quantity // of a role
	Fairness   FairnessSums
	Past       drf.Vector // of a framework: what it held lately, see Config.HalfLifeMillis
}

// MeasuredImage is what was measured of fairness beside the sums of each node;
// the lists are by place in Kinds.
type MeasuredImage struct {
	Millis        int64
	Offers, Holds []ShareTime
}

// RoleOf is the role that a framework's groups get by default.
type RoleOf struct{ Framework, Role string }

// AgentImage is an agent as last seen.
type AgentImage struct {
	Agent, Host string
	Attributes  []Attribute
	Total       []Quantity
	Ports       []PortRange
	Sets        []Set
	Slots       int32
	Owned, Seen bool
	Lost        bool
}

// GroupImage is a group and how far it has come.
type GroupImage struct {
	Spec           Group
	Seq            uint64
	Arrived, Ended int64
	Instances      []InstanceImage
	Again          []int32  // instances that were started once and wait, surplus last
	Unmet          []string // groups it comes after that have not ended as they must
	Dying          bool
	Outcome        Outcome
	Message        string
	History        []Attempt
	Since          int64 // when it came into line, or an instance of it was launched last
	Holds          int32 // how often room was kept for it
	HoldFrom       int64 // not before this may room be kept for it again
	Soft           SoftImage
	Reruns         int32 // how often it was started again
	Periodic       PeriodicImage
	Grown          []drf.Amount // more memory for each task, after it ran out of it
	Trail          []Step
}

// InstanceImage is one started instance.
type InstanceImage struct {
	Run       RunID
	NotBefore int64
	Charged   int32
	Attempts  int32
	Lost      int32
	State     uint8
	Outcome   Outcome
	Dying     bool
	Agent     string // of a daemon group: the one that it is for, "" if that has left
}

// RunImage is one live run.
type RunImage struct {
	Run              RunID
	Framework, Group string
	Instance         int32
	Agent            string
	Slot             bool
	States           []TaskState
	Ports            []uint64
	Items            []string
	Devices          []int32 // GPUs, see Launch
	Overhead         []Quantity
	Started          int64
	KillAt, LostAt   int64 // -1: never
	Outcome          Outcome
	Hopeless         bool
	Preempted        bool
	Cause            KillCause // of the kill, if there was one
	OOM              int32     // the task that ran out of memory, counting from 1
	Grown            drf.Amount
	Message          string
}

// Image copies the State.
func (s *State) Image() *Image {
	m := &Image{Now: s.now, LastGroup: s.lastSeq, LastRun: s.runs.lastSeq, Least: s.least, Shrunk: s.shrunkAt, Preempted: s.preemptedLately()}
	for k := range s.kinds.Len() {
		m.Kinds = append(m.Kinds, s.kinds.Name(drf.Kind(k)))
	}
	s.imageNodes(drf.Root, m)
	for f, r := range s.roleOf { // commutes: sorted below
		m.Roles = append(m.Roles, RoleOf{f, r})
	}
	slices.SortFunc(m.Roles, func(a, b RoleOf) int { return cmp.Compare(a.Framework, b.Framework) })
	for _, i := range s.agentsInOrder() {
		m.Agents = append(m.Agents, s.imageAgent(&s.agents[i]))
	}
	for _, g := range s.groups { // commutes: sorted below
		m.Groups = append(m.Groups, imageGroup(g))
	}
	slices.SortFunc(m.Groups, func(a, b GroupImage) int { return cmp.Compare(a.Seq, b.Seq) })
	for r := range s.runs.all() {
		m.Runs = append(m.Runs, s.imageRun(r))
	}
	s.imageHolds(m)
	s.imageMeasured(m)
	s.imageWorkload(m)
	return m
}

// agentsInOrder is the places of the agents in the order in which they were
// seen.
func (s *State) agentsInOrder() []int32 {
	order := make([]int32, 0, len(s.agentIndex))
	for i := range s.agents {
		if s.agents[i].seq != 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(i, j int32) int { return cmp.Compare(s.agents[i].seq, s.agents[j].seq) })
	return order
}

func (s *State) quantities(v drf.Vector) []Quantity {
	var out []Quantity
	for k, a := range v {
		if a != 0 {
			out = append(out, Quantity{s.kinds.Name(drf.Kind(k)), a})
		}
	}
	return out
}

func (s *State) imageNodes(n drf.Node, m *Image) {
	for _, c := range s.tree.Children(n) {
		node := NodeImage{Role: s.tree.Path(c), Weight: int64(s.tree.Weight(c).Amount()), Placements: s.tree.Placements(c), Fairness: s.measured.of(c)}
		if s.tree.IsFramework(c) {
			node.Role, node.Framework, node.Past = s.queues[c].role, s.queues[c].name, s.tree.Past(c)
		} else {
			guarantee, limit := s.quotaOf(c)
			node.Guarantee, node.Limit = s.quantities(guarantee), s.limited(limit)
		}
		m.Nodes = append(m.Nodes, node)
		if !s.tree.IsFramework(c) {
			s.imageNodes(c, m)
		}
	}
}

func (s *State) imageAgent(a *agent) AgentImage {
	total := s.withoutItems(a.total) // told by the sets
	total[drf.Ports] = 0             // told by the ranges
	return AgentImage{
		Agent: a.id, Host: a.host, Attributes: a.attributes, Total: s.quantities(total), Ports: slices.Clone(a.given), Sets: s.setsOf(a.givenItems),
		Slots: a.slots, Owned: a.owned, Seen: a.seen, Lost: a.lost,
	}
}

func imageGroup(g *group) GroupImage {
	m := GroupImage{
		Spec: g.group(), Seq: g.seq, Arrived: g.arrived, Ended: g.endedAt, Again: g.allAgain(),
		Unmet: slices.Clone(g.unmet), Dying: g.dying, Outcome: g.outcome, Message: g.message, History: slices.Clone(g.history),
		Since: g.since, Holds: g.holds, HoldFrom: g.holdFrom, Reruns: g.reruns, Periodic: g.imagePeriodic(), Grown: slices.Clone(g.grown), Soft: imageSoft(g), Trail: slices.Clone(g.trail),
	}
	for n, in := range g.instances {
		m.Instances = append(m.Instances, InstanceImage{
			Run: in.run, NotBefore: in.notBefore, Charged: in.charged, Attempts: in.attempts,
			Lost: in.lost, State: uint8(in.state), Outcome: in.outcome, Dying: in.dying, Agent: g.imageAgentOf(n),
		})
	}
	return m
}

func (s *State) imageRun(r *run) RunImage {
	return RunImage{
		Run: r.id, Framework: r.group.spec.Framework, Group: r.group.spec.Name, Instance: r.instance,
		Agent: s.agents[r.agent].id, Slot: r.slot, States: slices.Clone(r.states()), Ports: slices.Clone(r.ports), Items: slices.Clone(r.items), Devices: slices.Clone(r.devices),
		Overhead: s.quantities(r.beyond()), Started: r.started, KillAt: r.killAt, LostAt: r.lostAt,
		Outcome: r.outcome, Hopeless: r.hopeless, Preempted: r.preempted, Cause: r.cause, OOM: r.oom, Grown: r.grown, Message: r.message,
	}
}

// Restore makes the State that an Image was taken of. Its next decisions are
// those that the imaged State would have made after a reconnection.
func Restore(cfg Config, m *Image) (*State, error) {
	s, err := New(cfg)
	if err != nil {
		return nil, err
	}
	s.now, s.lastSeq, s.runs.lastSeq, s.least = m.Now, m.LastGroup, m.LastRun, m.Least
	s.workload.restore(&m.Workload)
	s.preempted, s.shrunkAt = slices.Clone(m.Preempted), m.Shrunk
	for _, name := range m.Kinds {
		if _, err := s.kinds.Intern(name); err != nil {
			return nil, err
		}
	}
	for _, restore := range []func(*Image) error{s.restoreNodes, s.restoreAgents, s.restoreGroups, s.restoreRuns, s.restoreHolds} {
		if err := restore(m); err != nil {
			return nil, fmt.Errorf("restoring a snapshot: %w", err)
		}
	}
	return s, s.restoreCounts(m)
}

func (s *State) restoreNodes(m *Image) error {
	for _, n := range m.Nodes {
		var err error
		if n.Framework == "" {
			err = s.applyRoleSet(RoleSet{n.Role, n.Weight, n.Guarantee, n.Limit})
		} else {
			err = s.applyFrameworkSet(FrameworkSet{n.Framework, n.Role, n.Weight})
		}
		if err != nil {
			return err
		}
	}
	clear(s.roleOf)
	for _, r := range m.Roles {
		s.roleOf[r.Framework] = r.Role
	}
	return nil
}

// restoreCounts sets the counts of placements last: booking the runs raised
// them.
func (s *State) restoreCounts(m *Image) error {
	for _, n := range m.Nodes {
		node, ok := s.tree.Lookup(n.Role)
		if n.Framework != "" && ok {
			q, err := s.queueOf(n.Role, n.Framework)
			if err != nil {
				return err
			}
			node = q.node
		}
		s.tree.SetPlacements(node, n.Placements)
		s.ranks++
		*s.measured.at(node) = n.Fairness
		if n.Framework != "" {
			s.tree.SetPast(node, n.Past)
		}
	}
	s.restoreMeasured(m)
	s.syncTotal()
	return nil
}

func (s *State) restoreAgents(m *Image) error {
	for _, a := range m.Agents {
		s.applyAgentSeen(AgentSeen{a.Agent, a.Host, a.Attributes, a.Total, a.Ports, a.Sets, a.Slots, a.Owned})
		restored := &s.agents[s.agentIndex[a.Agent]]
		restored.seen, restored.lost = a.Seen, a.Lost
	}
	return nil
}

func (s *State) restoreGroups(m *Image) error {
	for _, im := range m.Groups {
		g := &group{
			spec: spec{Framework: im.Spec.Framework, Name: im.Spec.Name, Digest: im.Spec.Digest}, seq: im.Seq, at: -1, arrived: im.Arrived, endedAt: im.Ended,
			unmet: slices.Clone(im.Unmet), dying: im.Dying, outcome: im.Outcome, message: im.Message, history: slices.Clone(im.History),
			reruns: im.Reruns,
		}
		t, err := s.templateOf(&im.Spec)
		if err != nil {
			return err
		}
		s.setTemplate(g, t)
		g.restoreAgain(im.Again)
		s.setSoft(g)
		s.restorePeriodic(g, im.Periodic)
		if im.Grown != nil {
			s.setGrown(g, slices.Clone(im.Grown))
		}
		q, err := s.queueOf(im.Spec.Role, im.Spec.Framework)
		if err != nil {
			return err
		}
		g.queue = q
		s.useDaemon(g)
		for n, in := range im.Instances {
			s.restoreInstance(g, int32(n), in)
		}
		s.groups[groupKey{im.Spec.Framework, im.Spec.Name}] = g
	}
	for _, im := range m.Groups { // all names are known now
		g := s.groups[groupKey{im.Spec.Framework, im.Spec.Name}]
		if g.dying {
			s.doomed = append(s.doomed, doom{g, -1})
		}
		s.adopt(g)
		g.since, g.holds, g.holdFrom = im.Since, im.Holds, im.HoldFrom
		s.restoreSoft(g, &im.Soft)
	}
	return nil
}

func (s *State) restoreInstance(g *group, n int32, in InstanceImage) {
	g.instances = append(g.instances, instance{
		run: in.Run, notBefore: in.NotBefore, charged: in.Charged, attempts: in.Attempts,
		lost: in.Lost, state: instanceState(in.State), outcome: in.Outcome, dying: in.Dying,
	})
	gone := g.restoreDaemon(n, in.Agent)
	switch instanceState(in.State) {
	case instanceLive:
		g.live++
		g.queue.live++
		if in.Dying {
			s.doomed = append(s.doomed, doom{g, n})
		}
	case instanceBackoff:
		g.backoff++
		s.backoffs.push(backoffTimer{in.NotBefore, g.seq, g, n})
	case instanceOver:
		if !gone {
			g.count(in.Outcome, 1)
		}
	}
}

func (s *State) restoreRuns(m *Image) error {
	for _, im := range m.Runs {
		g, ok := s.groups[groupKey{im.Framework, im.Group}]
		i, seen := s.agentIndex[im.Agent]
		if !ok || !seen || im.Instance < 0 || int(im.Instance) >= len(g.instances) ||
			len(im.States) != len(g.tasks) || len(im.Ports) != unit(g.demand, drf.Ports) || !g.givenItems(im.Items) || !g.givenDevices(im.Devices) {
			return fmt.Errorf("%w: run %s of %s/%s on agent %s", ErrUnknown, im.Run, im.Framework, im.Group, im.Agent)
		}
		if err := s.runs.claim(im.Run); err != nil {
			return err
		}
		if err := s.restoreRun(g, i, im); err != nil {
			return err
		}
	}
	return nil
}

func (s *State) restoreRun(g *group, i int32, im RunImage) error {
	overhead, err := s.vector(im.Overhead)
	if err != nil {
		return err
	}
	held := overhead
	r := s.runs.put(im.Run, g)
	r.instance, r.agent, r.slot, r.started = im.Instance, i, im.Slot, im.Started
	if r.overhead = &overhead; overhead.IsZero() {
		r.overhead = nil
	}
	r.outcome, r.cause = im.Outcome, im.Cause
	u := r.own()
	u.ports, u.devices, u.killAt, u.lostAt = slices.Clone(im.Ports), slices.Clone(im.Devices), im.KillAt, im.LostAt
	u.items = slices.Clone(im.Items)
	u.hopeless, u.preempted, u.message, u.oom, u.grown = im.Hopeless, im.Preempted, im.Message, im.OOM, im.Grown
	a := &s.agents[i]
	copy(r.states(), im.States)
	for t, st := range r.states() {
		if st.Final() {
			r.final++
		} else {
			held = held.Add(g.tasks[t])
		}
	}
	a.ports, a.items = a.ports.without(r.heldPorts()...), a.items.without(r.heldItems())
	s.restoreDevices(r)
	if int(r.final) == len(g.tasks) {
		s.ended = append(s.ended, r.id)
	}
	s.restoreTimers(r)
	a.runs++
	if r.slot {
		a.carried++
	}
	a.used = a.used.Add(held)
	if r.stays() {
		s.stay(g, a, held, r.slot)
	}
	s.tree.Charge(g.queue.node, held)
	s.count(g, a, 1)
	s.tellFollowers(g, a, 1)
	return nil
}

func (s *State) restoreTimers(r *run) {
	if r.killAt != never {
		s.runTimers.push(runTimer{r.killAt + s.cfg.KillRepeatMillis, r.id})
	}
	if r.lostAt != never {
		s.runTimers.push(runTimer{r.lostAt + s.cfg.UnreachableMillis, r.id})
	}
	if limit := r.group.spec.MaxRuntimeMillis; limit > 0 {
		s.runTimers.push(runTimer{r.started + limit, r.id})
	}
}
