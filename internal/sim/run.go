package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
)

// Options replace parts of a scenario; zero values replace nothing.
type Options struct {
	Policy    allocator.Policy
	Placement allocator.Placement
	// HalfLifeMillis is that of Scenario.
	HalfLifeMillis int64
	// FairnessKnob is that of Scenario.
	FairnessKnob drf.Amount
	Seed         *int64
	// Placements asks for Result.Placements, Samples for Result.Samples.
	Placements, Samples bool
	// Bins are the upper bounds of Result.SizeBins, rising; nil for 1, 10, 100 and 1,000.
	Bins []uint32
	// Progress is called now and then.
	Progress func(Progress)
	// EachGroup is called with each group when it is over, and at the end with those that are not.
	EachGroup func(*GroupResult)
	// Changes are said in Result.Changes.
	Changes []string
	// Check checks the books of the allocator after each step, which takes very long for large scenarios.
	// Without, they are checked at the end and a few times before.
	Check bool
}

// ErrInvariant is wrapped by the error of a simulation after which the books do not add up.
var ErrInvariant = errors.New("the allocator broke an invariant")

// neverMillis is a time that no simulation lasts for.
const neverMillis = 1 << 50

// firstPort is where the ports of simulated agents begin, as they do on Mesos agents.
const firstPort = 31_000

// Run simulates a scenario until nothing can happen any more or its time is over. The scenario is
// not changed. The error is an ErrInvariant, a scenario that the allocator refuses, or that of ctx;
// only with the last there is a result, of what happened until then.
func Run(ctx context.Context, s *Scenario, opts Options) (*Result, error) {
	e, err := newEngine(s, opts)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	err = e.run(ctx)
	if err == nil {
		return e.result(), nil
	}
	var r *Result
	if err == ctx.Err() {
		r = e.result()
		r.Partial = true
	}
	return r, fmt.Errorf("scenario %s at %s s: %w", s.Name, drf.Amount(e.now), err)
}

// engine is a simulation under way. What it holds grows with what is alive, not with the scenario.
type engine struct {
	scenario Scenario // with the options applied
	options  Options
	state    decider
	core     *allocator.State // state, unless a master decides
	work     *workload
	heap     eventHeap
	now      int64
	runs     runTable
	crowd    *crowd // nil unless agents can be over-committed
	nodes    []node
	names    nodeNames
	places   []int32                // of agents in core to nodes
	broken   eventHeap              // when agents break or come back
	changes  []Change               // that are still to be made
	jobs     map[jobKey]*submission // the groups that the allocator knows
	// awaited counts the groups to come that are after one.
	awaited map[jobKey]int
	// after are the groups that come after one, and are not in line before that has ended.
	after   map[jobKey][]*submission
	arrived []arrival
	parents []jobKey // of groups that came since the last Tick
	ended   []jobKey // jobs that got over since the last Tick
	stats   *stats
	// instances is how many there will be, 0 if that is not known.
	instances int64
	// recurring are the periodic groups that are due again.
	recurring []recurring
	daemons   []*submission // groups on each agent that have not ended
	// updated and submitted are told again and again, so that telling makes no garbage.
	updated   allocator.TaskUpdated
	submitted allocator.GroupSubmitted
	expected  int64 // means nothing: see expect
	// steps counts what the allocator was told, checkAt is when its books are checked next.
	steps, checkAt int64
}

// node is an agent of the scenario.
type node struct {
	agent *Agent
	// up says that it is in the cluster: that is planned, and it is not broken.
	up, planned, broken bool
	// outages counts how often it broke or came back, which is drawn from lives.
	outages int
	lives   source
	room    room // used if agents can be over-committed
}

// jobKey names a group that was submitted.
type jobKey struct{ framework, name string }

func (k jobKey) compare(other jobKey) int {
	return cmp.Or(cmp.Compare(k.framework, other.framework), cmp.Compare(k.name, other.name))
}

func newEngine(s *Scenario, opts Options) (*engine, error) {
	e := &engine{
		scenario: s.with(opts), options: opts, jobs: make(map[jobKey]*submission), awaited: make(map[jobKey]int), after: make(map[jobKey][]*submission), checkAt: 1,
	}
	if e.scenario.Policy.Static() && e.scenario.UntilMillis > 0 {
		return nil, fmt.Errorf("%w: policy %s only fills a cluster once: until must be 0s", allocator.ErrInvalid, e.scenario.Policy)
	}
	e.crowd = newCrowd(&e.scenario)
	var err error
	if e.state, err = e.newDecider(); err != nil {
		return nil, err
	}
	e.core, _ = e.state.(*allocator.State)
	e.stats, e.instances = newStats(&e.scenario, opts), countInstances(s)
	e.stats.judging.judge = e.judge
	if err := e.setUp(); err != nil {
		return nil, err
	}
	for i := range s.Groups {
		spec := s.Groups[i].Spec
		for _, name := range slices.Concat(spec.After, spec.AfterEnd) {
			e.awaited[jobKey{spec.Framework, name}]++
		}
	}
	e.work, err = newWorkload(&e.scenario)
	return e, err
}

// with is the scenario with the parts that options replace.
func (s *Scenario) with(opts Options) Scenario {
	out := *s
	out.Policy, out.Placement = cmp.Or(opts.Policy, s.Policy), cmp.Or(opts.Placement, s.Placement)
	out.HalfLifeMillis, out.FairnessKnob = cmp.Or(opts.HalfLifeMillis, s.HalfLifeMillis), cmp.Or(opts.FairnessKnob, s.FairnessKnob)
	if s.Mode == WholeAgents {
		out.Placement = allocator.Placement(WholeAgents) // the frameworks place
	}
	if opts.Seed != nil {
		out.Seed = *opts.Seed
	}
	return out
}

func (e *engine) newDecider() (decider, error) {
	s := &e.scenario
	if s.Mode == WholeAgents {
		return newMaster(s, e.crowd)
	}
	return allocator.New(allocator.Config{
		Policy: s.Policy, Placement: s.Placement, Executor: e.crowd.toldOf(s.Executor), FairnessKnob: s.FairnessKnob, Seed: s.Seed, HalfLifeMillis: s.HalfLifeMillis,
		ReserveAfterMillis: s.ReserveAfterMillis, HoldMillis: s.HoldMillis, AvoidMillis: s.AvoidMillis, Preemption: s.Preemption,
		ShrinkAfterMillis: s.ShrinkAfterMillis, GrowAfterMillis: s.GrowAfterMillis,
		KillRepeatMillis: neverMillis, // kills arrive
		ReuseActions:     true,
	})
}

// setUp tells the allocator of the cluster, the roles and the frameworks.
func (e *engine) setUp() error {
	var facts []allocator.Fact
	for _, r := range roleSets(e.scenario.Roles) {
		facts = append(facts, r)
	}
	for _, f := range e.scenario.Frameworks {
		facts = append(facts, frameworkSet(f))
	}
	for _, f := range facts {
		if err := e.tell(f); err != nil {
			return err
		}
	}
	e.changes, e.names = allChanges(&e.scenario), newNodeNames(e.scenario.Agents)
	for i := range e.scenario.Agents {
		a := &e.scenario.Agents[i]
		e.nodes = append(e.nodes, node{agent: a})
		if a.JoinsMillis > 0 {
			continue
		}
		if err := e.plan(a.Name, true); err != nil {
			return err
		}
	}
	e.outages()
	return e.measure()
}

// measure looks at how large the agents really are, once the allocator knows those of the start.
func (e *engine) measure() error {
	if e.crowd != nil {
		if err := e.crowd.learn(e.state.View().Kinds, e.scenario.Executor); err != nil {
			return err
		}
		for i := range e.nodes {
			var err error
			if e.nodes[i].room.total, err = e.crowd.vector(drf.Vector{}, e.nodes[i].agent.Resources); err != nil {
				return err
			}
		}
	}
	e.stats.capacity(e.reallyTotal())
	return nil
}

// tell steps a fact.
func (e *engine) tell(f allocator.Fact) error {
	e.steps++
	if _, err := e.state.Step(allocator.Event{At: e.now, Fact: f}); err != nil {
		return err
	}
	if e.options.Check {
		return e.check()
	}
	return nil
}

// patience is how many times are simulated between two looks at the context, and reports of progress.
const patience = 256

// run moves from one time at which something happens to the next.
func (e *engine) run(ctx context.Context) error {
	defer e.work.close()
	for n := 0; ; n++ {
		at, ok := e.nextTime()
		if !ok || at > e.scenario.UntilMillis {
			break
		}
		if n%patience == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if e.options.Progress != nil {
				e.options.Progress(e.farNow())
			}
		}
		e.advance(at)
		if err := e.happen(); err != nil {
			return err
		}
	}
	if e.runs.alive > 0 { // they go on to the end
		e.advance(max(e.now, e.scenario.UntilMillis))
	}
	return e.check()
}

// nextTime is when something happens next, and false if nothing does any more.
func (e *engine) nextTime() (int64, bool) {
	at, ok := e.nextPlanned()
	if _, more := e.work.next(); !more && len(e.jobs) == 0 {
		return 0, false // whatever else would happen concerns nobody
	}
	deadline, due := e.state.NextDeadline()
	if m, two := e.state.(*master); two && !ok && e.heap.size == 0 && m.isStuck() {
		return 0, false
	}
	if due && (!ok || deadline < at) {
		at, ok = deadline, true
	}
	for t, any := e.heap.time(); any && (!ok || t <= at); t, any = e.heap.time() {
		first := e.heap.first()
		if len(e.heap.soon) > 0 {
			e.expect()
		}
		if !e.isStale(first) {
			return t, true
		}
		e.heap.pop()
	}
	return max(at, e.now), ok
}

// expect looks at all runs of which something will be heard soon: see allocator.State.Expect.
func (e *engine) expect() {
	for _, id := range e.heap.soon {
		if r := e.runs.get(id); r != nil {
			e.expected += r.ends
		}
	}
	if e.core != nil {
		e.core.Expect(e.heap.soon)
	}
	e.heap.soon = e.heap.soon[:0]
}

// nextPlanned is when the scenario wants something to happen next.
func (e *engine) nextPlanned() (int64, bool) {
	at, ok := e.work.next()
	if len(e.changes) > 0 && (!ok || e.changes[0].AtMillis < at) {
		at, ok = e.changes[0].AtMillis, true
	}
	if t, any := e.broken.time(); any && (!ok || t < at) {
		at, ok = t, true
	}
	for _, r := range e.recurring {
		if !ok || r.next < at {
			at, ok = r.next, true
		}
	}
	return at, ok
}

// isStale tells of the end of a run that was ended before, or ends at another time now.
func (e *engine) isStale(ev *event) bool {
	r := e.runs.get(ev.run)
	return r == nil || (ev.how == allocator.TaskFinished || ev.how == allocator.TaskFailed) && ev.at != r.ends
}

func (e *engine) advance(at int64) {
	e.stats.pass(at)
	e.now = at
}

// happen steps everything of the present time, then lets the allocator decide.
func (e *engine) happen() error {
	for len(e.changes) > 0 && e.changes[0].AtMillis <= e.now {
		if err := e.change(e.changes[0]); err != nil {
			return err
		}
		e.changes = e.changes[1:]
	}
	for t, any := e.broken.time(); any && t <= e.now; t, any = e.broken.time() {
		if err := e.breakOrMend(); err != nil {
			return err
		}
	}
	for at, ok := e.work.next(); ok && at <= e.now; at, ok = e.work.next() {
		if err := e.arrive(); err != nil {
			return err
		}
	}
	if err := e.announce(); err != nil {
		return err
	}
	for t, any := e.heap.time(); any && t <= e.now; t, any = e.heap.time() {
		if err := e.update(e.heap.pop()); err != nil {
			return err
		}
	}
	return e.decide()
}

// decide lets the allocator decide, and does what it says.
func (e *engine) decide() error {
	e.steps++
	actions, err := e.state.Step(allocator.Event{At: e.now, Fact: allocator.Tick{}})
	if err != nil {
		return err
	}
	for _, a := range actions {
		if err := e.carryOut(a); err != nil {
			return err
		}
	}
	e.countDaemons()
	if err := e.forget(); err != nil {
		return err
	}
	e.stats.decided()
	if e.options.Check || e.steps >= e.checkAt {
		return e.check()
	}
	return nil
}

// checkFactor is how many times longer each time it takes until the books are checked again.
const checkFactor = 8

// check looks at everything that the allocator has booked. It does so after more and more steps, so that
// checks take a small part of the time, however large the state is.
func (e *engine) check() error {
	e.checkAt = checkFactor * e.steps
	if err := e.state.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvariant, err)
	}
	return nil
}
