package sim

import (
	"context"
	"errors"
	"fmt"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/taskgroup"
)

// Options replace parts of a scenario; zero values replace nothing.
type Options struct {
	Policy    allocator.Policy
	Placement allocator.Placement
	// FairnessKnob is that of Scenario.
	FairnessKnob drf.Amount
	Seed         *int64
	// Placements asks for Result.Placements.
	Placements bool
}

// ErrInvariant is wrapped by the error of a simulation after which the books do not add up.
var ErrInvariant = errors.New("the allocator broke an invariant")

// firstPort is where the ports of simulated agents begin, as they do on Mesos agents.
const firstPort = 31_000

// Run simulates a scenario until nothing can happen any more or its time is over. The scenario is
// not changed. The error is an ErrInvariant, a scenario that the allocator refuses, or that of ctx.
func Run(ctx context.Context, s *Scenario, opts Options) (*Result, error) {
	e, err := newEngine(s, opts)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	if err := e.run(ctx); err != nil {
		return nil, fmt.Errorf("scenario %s at %s s: %w", s.Name, drf.Amount(e.now), err)
	}
	return e.result(), nil
}

// engine is a simulation under way.
type engine struct {
	scenario Scenario // with the options applied
	state    *allocator.State
	heap     eventHeap
	now      int64
	runs     map[allocator.RunID]running
	// index finds a group of the scenario by framework and name.
	index map[[2]string]int
	stats *stats
	// unchecked counts the steps since the books were checked.
	unchecked int
}

// running is an instance that was launched and has not ended.
type running struct {
	group    int
	instance int32
	charge   drf.Vector
}

func newEngine(s *Scenario, opts Options) (*engine, error) {
	e := &engine{
		scenario: *s,
		runs:     make(map[allocator.RunID]running),
		index:    make(map[[2]string]int),
	}
	if opts.Policy != "" {
		e.scenario.Policy = opts.Policy
	}
	if opts.Placement != "" {
		e.scenario.Placement = opts.Placement
	}
	if opts.FairnessKnob != 0 {
		e.scenario.FairnessKnob = opts.FairnessKnob
	}
	if opts.Seed != nil {
		e.scenario.Seed = *opts.Seed
	}
	e.scenario.Groups = drawn(s.Groups, e.scenario.Seed)
	var err error
	e.state, err = allocator.New(allocator.Config{
		Policy: e.scenario.Policy, Placement: e.scenario.Placement, Executor: s.Executor,
		FairnessKnob: e.scenario.FairnessKnob, Seed: e.scenario.Seed,
		ReserveAfterMillis: e.scenario.ReserveAfterMillis, Preemption: e.scenario.Preemption,
	})
	if err != nil {
		return nil, err
	}
	e.stats = newStats(&e.scenario, opts.Placements)
	for i, g := range e.scenario.Groups {
		e.index[[2]string{g.Spec.Framework, g.Spec.Name}] = i
		e.heap.push(event{at: g.ArrivalMillis, group: i})
	}
	return e, e.setUp()
}

// setUp tells the allocator of the cluster, the roles and the frameworks.
func (e *engine) setUp() error {
	var facts []allocator.Fact
	for _, r := range roleSets(e.scenario.Roles) {
		facts = append(facts, r)
	}
	for _, f := range e.scenario.Frameworks {
		facts = append(facts, allocator.FrameworkSet{Framework: f.Name, Role: f.Role, Weight: int64(f.Weight)})
	}
	for _, a := range e.scenario.Agents {
		seen := allocator.AgentSeen{
			Agent: a.Name, Host: a.Name, Attributes: a.Attributes, Total: a.Resources, Owned: true,
		}
		if a.Ports > 0 {
			seen.Ports = []allocator.PortRange{{Begin: firstPort, End: firstPort + uint64(a.Ports) - 1}}
		}
		facts = append(facts, seen)
	}
	for _, f := range facts {
		if _, err := e.step(f); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) step(f allocator.Fact) ([]allocator.Action, error) {
	e.stats.events++
	e.unchecked++
	return e.state.Step(allocator.Event{At: e.now, Fact: f})
}

// run moves from one time at which something happens to the next.
func (e *engine) run(ctx context.Context) error {
	for {
		at, ok := e.nextTime()
		if !ok || at > e.scenario.UntilMillis {
			break
		}
		e.advance(at)
		if err := e.happen(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if len(e.runs) > 0 { // they go on to the end
		e.advance(max(e.now, e.scenario.UntilMillis))
	}
	return e.check()
}

func (e *engine) nextTime() (int64, bool) {
	at, ok := e.heap.next()
	for ok && e.isStale(e.heap.events[0]) {
		e.heap.pop()
		at, ok = e.heap.next()
	}
	if deadline, has := e.state.NextDeadline(); has && (!ok || deadline < at) {
		return max(deadline, e.now), true
	}
	return at, ok
}

// isStale reports whether an event is the end of a run that was killed before.
func (e *engine) isStale(ev event) bool {
	_, alive := e.runs[ev.run]
	return ev.run != 0 && !alive
}

func (e *engine) advance(at int64) {
	e.stats.pass(at - e.now)
	e.now = at
}

// happen steps everything of the present time, then lets the allocator decide.
func (e *engine) happen() error {
	for at, ok := e.heap.next(); ok && at <= e.now; at, ok = e.heap.next() {
		if err := e.occur(e.heap.pop()); err != nil {
			return err
		}
	}
	actions, err := e.step(allocator.Tick{})
	if err != nil {
		return err
	}
	for _, a := range actions {
		if err := e.carryOut(a); err != nil {
			return err
		}
	}
	// A check looks at everything there is, so it is due after as many steps.
	if e.unchecked > len(e.scenario.Agents)+len(e.scenario.Groups)+len(e.runs) {
		return e.check()
	}
	return nil
}

func (e *engine) check() error {
	e.unchecked = 0
	if err := e.state.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvariant, err)
	}
	return nil
}

func (e *engine) occur(ev event) error {
	if ev.run == 0 {
		group, err := taskgroup.Core(e.scenario.Groups[ev.group].Spec)
		if err != nil {
			return err
		}
		_, err = e.step(allocator.GroupSubmitted{Group: group})
		return err
	}
	if e.isStale(ev) {
		return nil
	}
	r := e.runs[ev.run]
	if ev.killed {
		return e.end(ev.run, r, allocator.TaskKilled)
	}
	return e.end(ev.run, r, allocator.TaskFinished)
}

// end tells the allocator how all tasks of a run ended.
func (e *engine) end(id allocator.RunID, r running, state allocator.TaskState) error {
	for i := range e.scenario.Groups[r.group].Spec.Tasks {
		f := allocator.TaskUpdated{Run: id, Task: int32(i), State: state}
		if _, err := e.step(f); err != nil {
			return err
		}
	}
	return nil
}

// carryOut does what the allocator decided. There is no master to talk to, and nothing fails in a
// simulation, so that only these actions can come. Room that is held is the allocator's own business.
func (e *engine) carryOut(a allocator.Action) error {
	switch a := a.(type) {
	case allocator.Accept:
		for _, l := range a.Launches {
			e.launch(a.Agent, l)
		}
	case allocator.Settle:
		r := e.runs[a.Run]
		delete(e.runs, a.Run)
		e.stats.ended(e.now, r, a.Outcome)
	case allocator.Preempt:
		e.heap.push(event{at: e.now, run: a.Run, killed: true})
	case allocator.Kill:
		e.heap.push(event{at: e.now, run: a.Run, killed: true})
	case allocator.Hold, allocator.Release:
	default:
		return fmt.Errorf("unexpected action %T", a)
	}
	return nil
}

func (e *engine) launch(agent string, l allocator.Launch) {
	r := running{group: e.index[[2]string{l.Framework, l.Group}], instance: l.Instance, charge: l.Charge}
	e.runs[l.Run] = r
	e.stats.started(e.now, agent, r)
	if d := e.scenario.Groups[r.group].lasts(l.Instance); d > 0 {
		e.heap.push(event{at: e.now + d, run: l.Run})
	}
}
