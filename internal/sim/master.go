package sim

import (
	"fmt"
	"math/bits"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
)

// decider says who runs where: the allocator, or the master of two levels.
type decider interface {
	Step(e allocator.Event) ([]allocator.Action, error)
	NextDeadline() (int64, bool)
	Check() error
	View() *allocator.View
	Total() drf.Vector
	// Pending counts the instances of a group that wait for room.
	Pending(framework, name string) int64
	Policy() allocator.Policy
	// Outcome is that of allocator.State.
	Outcome(framework, name string) (allocator.Outcome, string)
}

// master decides on two levels, as Mesos does. In each allocation cycle it offers all that is free of an
// agent, one agent after the other in an order that is drawn, to the framework that comes first in the
// sorter and has no filter on that; what is offered counts as held. Then each framework answers: it
// launches what it likes, and refuses the rest for a while. Facts and actions are those of the allocator,
// so that everything else of a simulation is the same.
type master struct {
	policy   allocator.Policy
	rules    Offers
	crowd    *crowd             // nil unless agents can be over-committed
	accept   map[string]*Accept // by framework
	from     source             // of the orders of agents
	rescinds source             // of the offers that are taken back
	taken    drf.Amount         // how many of them are
	made     int                // offers
	now      int64
	kinds    *drf.Kinds
	tree     *drf.Tree
	total    drf.Vector
	agents   []offering
	agentOf  map[string]int
	takers   []*taker // in the order in which they came
	takerOf  map[leaf]*taker
	byNode   map[drf.Node]*taker
	groups   map[jobKey]*offered
	lastSeq  uint64
	runs     []mastered // by place
	free     []int      // places of runs
	lastRun  uint64
	ended    []allocator.RunID
	doomed   []*offered
	cycles   int   // that there were
	cycleAt  int64 // of the last cycle
	stirred  int64 // when something changed, or was launched, last
	wanted   bool  // a cycle may bring something
	atOnce   bool  // it need not wait for its time
	launches []launchOn
	backoffs []backoff // in order of time
	// after are the groups that come after one that has not ended; failed are those that never can.
	after  map[jobKey][]*offered
	failed []*offered
}

// offering is an agent, as the master sees it.
type offering struct {
	name    string
	up      bool
	total   drf.Vector
	free    drf.Vector
	filters []filter
}

// filter hides offers of an agent from a framework: those that are no more than what it refused.
type filter struct {
	of      *taker
	refused drf.Vector
	until   int64
}

// taker is a framework of a role, which gets offers.
type taker struct {
	leaf
	node   drf.Node
	least  drf.Vector // it looks at no smaller offer
	most   int64      // instances that it starts on one offer, 0 for as many as fit
	refuse int64      // milliseconds
	queue  []*offered // that wait, in the order in which they are served
	// sizes counts the groups of the queue by what an instance wants.
	sizes map[drf.Vector]int
	live  int64
}

// offered is a group of a taker.
type offered struct {
	spec   allocator.Group
	seq    uint64
	of     *taker
	demand drf.Vector
	tasks  []drf.Vector
	fresh  int32   // the next instance that was never started
	again  []int32 // that run again
	tries  map[int32]tries
	waits  int32 // instances that wait out a back-off
	live   int32
	dying  bool
	behind bool // it comes after a group that has not ended
	bad    allocator.Outcome
	how    allocator.Outcome
}

// mastered is a run.
type mastered struct {
	id       allocator.RunID
	of       *offered
	instance int32
	agent    int
	held     drf.Vector
	states   []allocator.TaskState
	killed   bool
}

type launchOn struct {
	agent int
	allocator.Launch
}

// tries is how often an instance was restarted, and lost in a row.
type tries struct{ charged, lost int32 }

// backoff is an instance that runs again at a time.
type backoff struct {
	at       int64
	of       *offered
	instance int32
}

func newMaster(s *Scenario, c *crowd) (*master, error) {
	ranking, err := rankingOf(s.Policy, c)
	if err != nil {
		return nil, err
	}
	if s.Offers.IntervalMillis <= 0 {
		return nil, fmt.Errorf("%w: the interval of offers must be longer than 0", allocator.ErrInvalid)
	}
	m := &master{
		policy: s.Policy, rules: s.Offers, crowd: c, accept: make(map[string]*Accept),
		kinds: drf.NewKinds(), tree: drf.NewTreeOf(ranking), agentOf: make(map[string]int),
		takerOf: make(map[leaf]*taker), byNode: make(map[drf.Node]*taker), groups: make(map[jobKey]*offered), after: make(map[jobKey][]*offered),
		from: sourceOf(s.Seed, "agents", "", ""), cycleAt: -s.Offers.IntervalMillis,
	}
	if s.Faults != nil {
		m.rescinds, m.taken = sourceOf(s.Seed, "rescinds", "", ""), s.Faults.Rescinds
	}
	for _, f := range s.Frameworks {
		m.accept[f.Name] = f.Accept
	}
	return m, nil
}

// rankingOf is the sorter of a policy. Where agents have slots, the master knows of nothing else.
func rankingOf(p allocator.Policy, c *crowd) (drf.Policy, error) {
	if p == allocator.Slots && c == nil {
		return nil, fmt.Errorf("%w: policy %q: with mode offers it needs overcommit: {slots: ...}, the number of slots of an agent", allocator.ErrInvalid, p)
	}
	switch p {
	case allocator.DRF, allocator.Slots:
		return drf.DRF(), nil
	case allocator.HDRF:
		return drf.HDRF(), nil
	case allocator.Asset:
		return drf.Asset(), nil
	case allocator.CPU:
		return drf.Single(drf.CPUs), nil
	}
	return nil, fmt.Errorf("%w: policy %q: with mode offers, expected drf, hdrf, asset, cpu or slots", allocator.ErrInvalid, p)
}

// Policy is the policy of the sorter.
func (m *master) Policy() allocator.Policy { return m.policy }

// Total is what all agents have.
func (m *master) Total() drf.Vector { return m.total }

// Pending counts the instances of a group that wait for an offer.
func (m *master) Pending(framework, name string) int64 {
	if g := m.groups[jobKey{framework, name}]; g != nil && !g.behind {
		return int64(g.pending())
	}
	return 0
}

// Step books a fact, or decides.
func (m *master) Step(e allocator.Event) ([]allocator.Action, error) {
	m.now = max(m.now, e.At)
	switch f := e.Fact.(type) {
	case allocator.Tick:
		return m.decide(), nil
	case allocator.AgentSeen:
		return nil, m.agentSeen(f)
	case allocator.AgentLost:
		return nil, m.agentLost(f.Agent)
	case allocator.RoleSet:
		node, err := m.tree.AddRole(f.Role)
		if err != nil {
			return nil, err
		}
		return nil, m.tree.SetWeight(node, drf.Amount(f.Weight))
	case allocator.FrameworkSet:
		t, err := m.taker(f.Framework, f.Role)
		if err != nil {
			return nil, err
		}
		return nil, m.tree.SetWeight(t.node, drf.Amount(f.Weight))
	case *allocator.GroupSubmitted:
		return nil, m.submitted(f.Group)
	case allocator.GroupKilled:
		m.killed(m.groups[jobKey{f.Framework, f.Name}])
		return nil, nil
	case allocator.GroupForgotten:
		delete(m.groups, jobKey{f.Framework, f.Name})
		return nil, nil
	case *allocator.TaskUpdated:
		m.updated(*f)
		return nil, nil
	}
	return nil, fmt.Errorf("%w: fact %T", allocator.ErrInvalid, e.Fact)
}

func (m *master) vector(all []allocator.Quantity) (drf.Vector, error) {
	var v drf.Vector
	for _, q := range all {
		k, err := m.kinds.Intern(q.Name)
		if err != nil {
			return v, fmt.Errorf("%w: %w", allocator.ErrInvalid, err)
		}
		v[k] += q.Amount
	}
	return v, nil
}

// agentSeen books an agent that comes, or comes back.
func (m *master) agentSeen(f allocator.AgentSeen) error {
	total, err := m.vector(f.Total)
	if err != nil {
		return err
	}
	for _, r := range f.Ports {
		total[drf.Ports] += drf.Amount(r.End-r.Begin+1) * drf.Unit
	}
	i, ok := m.agentOf[f.Agent]
	if !ok {
		i = len(m.agents)
		m.agentOf[f.Agent] = i
		m.agents = append(m.agents, offering{name: f.Agent})
	}
	m.agents[i] = offering{name: f.Agent, up: true, total: total, free: total}
	m.total = m.total.Add(total)
	m.stir()
	m.atOnce = true
	return m.tree.SetTotal(m.total)
}

// agentLost books an agent that goes; what runs there is reported lost, run by run.
func (m *master) agentLost(name string) error {
	a := &m.agents[m.agentOf[name]]
	left, ok := m.total.Sub(a.total)
	if !ok {
		return fmt.Errorf("%w: agent %s has more than all together", ErrInvariant, name)
	}
	m.total = left
	a.up, a.filters = false, nil
	return m.tree.SetTotal(m.total)
}

// taker returns a framework in a role, making it if need be.
func (m *master) taker(framework, role string) (*taker, error) {
	key := leaf{framework, role}
	if t, ok := m.takerOf[key]; ok {
		return t, nil
	}
	above, err := m.tree.AddRole(role)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", allocator.ErrInvalid, err)
	}
	node, err := m.tree.AddFramework(above, framework)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", allocator.ErrInvalid, err)
	}
	t := &taker{leaf: key, node: node, refuse: m.rules.RefuseMillis, sizes: make(map[drf.Vector]int)}
	if a := m.accept[framework]; a != nil {
		t.most = a.Instances
		if a.RefuseMillis >= 0 {
			t.refuse = a.RefuseMillis
		}
		if t.least, err = m.vector(m.crowd.toldOf(a.Least)); err != nil {
			return nil, err
		}
	}
	m.takers = append(m.takers, t)
	m.takerOf[key], m.byNode[node] = t, t
	return t, nil
}

// submitted lets a framework want more: it revives, so its filters end, and it gets offers at once.
func (m *master) submitted(spec allocator.Group) error {
	t, err := m.taker(spec.Framework, spec.Role)
	if err != nil {
		return err
	}
	m.lastSeq++
	g := &offered{spec: spec, seq: m.lastSeq, of: t}
	for _, task := range spec.Tasks {
		v, err := m.vector(task.Resources)
		if err != nil {
			return err
		}
		g.tasks = append(g.tasks, v)
		g.demand = g.demand.Add(v)
	}
	m.groups[jobKey{spec.Framework, spec.Name}] = g
	if m.comesAfter(g) {
		return nil
	}
	m.revive(g)
	return nil
}

func (g *offered) pending() int32 { return g.spec.Instances - g.fresh + int32(len(g.again)) }

func (m *master) killed(g *offered) {
	if g == nil || g.dying {
		return
	}
	g.dying, g.behind, g.again, g.fresh = true, false, nil, g.spec.Instances
	m.backoffs, g.waits = slices.DeleteFunc(m.backoffs, func(b backoff) bool { return b.of == g }), 0
	m.leaveQueue(g)
	m.doomed = append(m.doomed, g)
	m.closeIfOver(g)
}

// updated books how a task is. What it held is free when it is over.
func (m *master) updated(f allocator.TaskUpdated) {
	r := m.run(f.Run)
	if r == nil || !f.State.Final() || r.states[f.Task].Final() {
		return
	}
	r.states[f.Task] = f.State
	m.release(r, r.of.tasks[f.Task])
	if !slices.ContainsFunc(r.states, func(s allocator.TaskState) bool { return !s.Final() }) {
		m.ended = append(m.ended, r.id)
	}
}

func (m *master) release(r *mastered, v drf.Vector) {
	m.tree.Refund(r.of.of.node, v)
	r.held, _ = r.held.Sub(v)
	if a := &m.agents[r.agent]; a.up {
		a.free = a.free.Add(v)
		m.stir()
	}
}

// run finds a run that has not ended.
func (m *master) run(id allocator.RunID) *mastered {
	if p := id.Place(); p < len(m.runs) && m.runs[p].id == id {
		return &m.runs[p]
	}
	return nil
}

// start makes a run; false if no more can be alive.
func (m *master) start(g *offered, agent int) bool {
	var place int
	switch last := len(m.free) - 1; {
	case last >= 0:
		place, m.free = m.free[last], m.free[:last]
	case len(m.runs) > allocator.MaxRuns:
		return false
	default:
		place = len(m.runs)
		m.runs = append(m.runs, mastered{})
	}
	m.lastRun++
	r := &m.runs[place]
	*r = mastered{
		id: allocator.RunID(m.lastRun<<bits.Len(allocator.MaxRuns) | uint64(place)),
		of: g, agent: agent, held: g.demand, states: make([]allocator.TaskState, len(g.tasks)),
	}
	if len(g.again) > 0 {
		r.instance, g.again = g.again[0], g.again[1:]
	} else {
		r.instance = g.fresh
		g.fresh++
	}
	g.live++
	g.of.live++
	m.launches = append(m.launches, launchOn{agent, allocator.Launch{
		Run: r.id, Framework: g.spec.Framework, Group: g.spec.Name, Instance: r.instance, Charge: g.demand,
	}})
	return true
}
