package allocator

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"fairlead/drf"
)

// TestLostAgentsAreForgotten lets agents come, work and go for ever: the State
// keeps only those that hold something.
func TestLostAgentsAreForgotten(t *testing.T) {
	s := mustNew(t, Config{})
	for i := range 1000 {
		id := fmt.Sprintf("agent-%d", i)
		step(t, s, Event{Fact: AgentSeen{Agent: id, Owned: true, Total: []Quantity{{"cpus", drf.Unit}}}})
		g := oneCPU(0, i, 1)
		g.Restart, g.Tasks[0].Resources = Restart{}, []Quantity{{"cpus", drf.Unit}}
		step(t, s, Event{Fact: GroupSubmitted{g}})
		placed := step(t, s, Event{Fact: Tick{}})
		step(t, s, Event{Fact: AgentLost{id}})
		step(t, s, Event{Fact: TaskUpdated{Run: placed[0].(*Accept).Launches[0].Run, State: TaskFinished}})
		step(t, s, Event{Fact: Tick{}})
		step(t, s, Event{Fact: GroupForgotten{g.Framework, g.Name}})
	}
	if len(s.agents) != 1 || len(s.agentIndex) != 0 || s.runs.size != 1 || len(s.groups) != 0 {
		t.Fatalf("kept %d agents (%d by name), %d places for runs and %d groups; want 1, 0, 1 and 0",
			len(s.agents), len(s.agentIndex), s.runs.size, len(s.groups))
	}
}

// TestIdleShapesAreBounded asks for ever new demands.
func TestIdleShapesAreBounded(t *testing.T) {
	s := mustNew(t, Config{})
	for i := range 10 * maxIdleKins {
		g := oneCPU(0, i, 1)
		g.Tasks[0].Resources[1].Amount += drf.Amount(i)
		step(t, s, Event{Fact: GroupSubmitted{g}})
		step(t, s, Event{Fact: Tick{}})
		step(t, s, Event{Fact: GroupKilled{g.Framework, g.Name}})
	}
	if n := len(s.shapes.kins); n != maxIdleKins || len(s.shapes.full) != 0 {
		t.Fatalf("%d kins of shapes are kept, %d as full; want %d and 0", n, len(s.shapes.full), maxIdleKins)
	}
}

// TestNewAgentInTheOldPlace forgets an agent, and sees another one that holds
// the same take its place before anybody looked. Among equals the agent that was
// seen first is taken, which the new one is not.
func TestNewAgentInTheOldPlace(t *testing.T) {
	s := mustNew(t, Config{Placement: WorstFit})
	see := func(id string, size drf.Amount) {
		must(t, s, AgentSeen{Agent: id, Owned: true, Total: []Quantity{{"cpus", size * drf.Unit}, {"mem", size * 1024 * drf.Unit}}})
	}
	see("a", 2)
	see("b", 4)
	must(t, s, GroupSubmitted{oneCPU(0, 0, 2)}) // on b, which then has as much left as a
	must(t, s, Tick{})
	must(t, s, AgentLost{"a"})
	see("c", 2)
	must(t, s, GroupSubmitted{oneCPU(0, 1, 1)})
	if got := must(t, s, Tick{})[0].(*Accept).Agent; got != "b" {
		t.Errorf("placed on %s; want b", got)
	}
}

// TestIndexThatFellBehind asks for a shape again after the log of changed
// agents, which is bounded too, has dropped what its index did not see. It
// does without Check until then, which would ask every index at every step.
func TestIndexThatFellBehind(t *testing.T) {
	s := cluster(t, 2)
	sleeper, busy := oneCPU(0, 0, 3), oneCPU(1, 1, 1)
	sleeper.Tasks[0].Resources[0].Amount *= 10
	must(t, s, GroupSubmitted{sleeper})
	must(t, s, Tick{})
	must(t, s, GroupSubmitted{busy})
	for dropped := s.shapes.base; s.shapes.base == dropped; {
		placed := must(t, s, Tick{})
		launches := placed[len(placed)-1].(*Accept).Launches
		must(t, s, TaskUpdated{Run: launches[0].Run, State: TaskFinished})
	}
	sleeping := s.shapes.kins[s.groups[groupKey{sleeper.Framework, sleeper.Name}].kinKey()]
	if !sleeping.index.built || sleeping.index.cursor >= s.shapes.base {
		t.Fatal("the index has not fallen behind")
	}
	sleeper.Name = "again"
	step(t, s, Event{Fact: GroupSubmitted{sleeper}})
	step(t, s, Event{Fact: Tick{}})
}

// TestListsAreEmptyAfterATick makes sure that nothing is collected for ever.
func TestListsAreEmptyAfterATick(t *testing.T) {
	s := mustNew(t, Config{})
	step(t, s, Event{Fact: AgentSeen{Agent: "a", Owned: true, Total: []Quantity{{"cpus", 9 * drf.Unit}}}})
	for i := range 100 {
		g := oneCPU(0, i, 3)
		g.Tasks[0].Resources = g.Tasks[0].Resources[:1]
		step(t, s, Event{Fact: GroupSubmitted{g}})
		step(t, s, Event{Fact: Tick{}})
		step(t, s, Event{Fact: InstanceKilled{g.Framework, g.Name, 0}})
		step(t, s, Event{Fact: GroupKilled{g.Framework, g.Name}})
		for r := range s.runs.all() {
			step(t, s, Event{Fact: TaskUpdated{Run: r.id, State: TaskKilled}})
		}
		step(t, s, Event{Fact: Tick{}})
	}
	step(t, s, Event{At: s.cfg.KillRepeatMillis, Fact: Tick{}})
	if n := len(s.ended) + len(s.doomed) + len(s.decided) + len(s.touched) + len(s.runTimers) + len(s.backoffs); n != 0 {
		t.Fatalf("%d things are left to do, though nothing runs or waits", n)
	}
}

// TestApplyRefusesWhatDoesNotFit holds a replay to the State it is applied to:
// a journal that belongs to another history is an error and no panic.
func TestApplyRefusesWhatDoesNotFit(t *testing.T) {
	s := mustNew(t, Config{})
	step(t, s, Event{Fact: AgentSeen{Agent: "a", Owned: true, Total: []Quantity{{"cpus", 9 * drf.Unit}}}})
	g := oneCPU(0, 0, 2)
	g.Tasks[0].Resources = append(g.Tasks[0].Resources[:1], Quantity{"ports", drf.Unit})
	step(t, s, Event{Fact: GroupSubmitted{g}})
	good := Launch{Run: makeRunID(1, 0), Framework: g.Framework, Group: g.Name,
		Charge: drf.Vector{drf.CPUs: drf.Unit, drf.Ports: drf.Unit}, Ports: []uint64{31000}}
	if err := s.Apply(0, &Accept{Agent: "a", Launches: []Launch{good}}); err != nil {
		t.Fatal(err)
	}
	bad := func(change func(*Launch)) Action {
		l := good
		l.Run, l.Instance = makeRunID(2, 1), 1
		change(&l)
		return &Accept{Agent: "a", Launches: []Launch{l}}
	}
	for name, a := range map[string]Action{
		"an agent nobody has seen":    &Accept{Agent: "b"},
		"a group nobody submitted":    bad(func(l *Launch) { l.Group = "other" }),
		"an instance that is live":    bad(func(l *Launch) { l.Instance = 0 }),
		"an instance too many":        bad(func(l *Launch) { l.Instance = 2 }),
		"an instance below the first": bad(func(l *Launch) { l.Instance = -1 }),
		"less than the group needs":   bad(func(l *Launch) { l.Charge = drf.Vector{} }),
		"a port too few":              bad(func(l *Launch) { l.Ports = nil }),
		"a place that is taken":       bad(func(l *Launch) { l.Run = makeRunID(2, 0) }),
		"a run that has no number":    bad(func(l *Launch) { l.Run = makeRunID(0, 1) }),
		"the end of no run":           &Settle{Run: makeRunID(7, 0)},
		"the end of no group":         Abandon{Framework: "x", Group: "y"},
		"no action at all":            nil,
	} {
		if err := s.Apply(0, a); !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v; want a refusal", name, err)
		}
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
}

// TestRestoreRefusesWhatDoesNotFit does the same for a damaged image.
func TestRestoreRefusesWhatDoesNotFit(t *testing.T) {
	s := mustNew(t, Config{})
	step(t, s, Event{Fact: AgentSeen{Agent: "a", Owned: true, Total: []Quantity{{"cpus", 9 * drf.Unit}, {"mem", 9999 * drf.Unit}}}})
	step(t, s, Event{Fact: GroupSubmitted{oneCPU(0, 0, 2)}})
	step(t, s, Event{Fact: Tick{}})
	for name, damage := range map[string]func(*Image){
		"a run of no group":        func(m *Image) { m.Runs[0].Group = "other" },
		"a run on no agent":        func(m *Image) { m.Runs[0].Agent = "b" },
		"a run of no instance":     func(m *Image) { m.Runs[0].Instance = 9 },
		"a task too many":          func(m *Image) { m.Runs[0].States = make([]TaskState, 2) },
		"a port too many":          func(m *Image) { m.Runs[0].Ports = []uint64{1} },
		"two runs in one place":    func(m *Image) { m.Runs[1].Run = m.Runs[0].Run },
		"a weight of nothing":      func(m *Image) { m.Nodes[0].Weight = 0 },
		"a role without a name":    func(m *Image) { m.Nodes[0].Role = "" },
		"more names than a vector": func(m *Image) { m.Kinds = append(m.Kinds, "1", "2", "3", "4") },
	} {
		m := s.Image()
		damage(m)
		if _, err := Restore(Config{}, m); err == nil {
			t.Errorf("%s: restored without an error", name)
		}
	}
}

// TestExpectChangesNothing tells of runs that live, that have ended and that never were.
func TestExpectChangesNothing(t *testing.T) {
	s := cluster(t, 2)
	must(t, s, GroupSubmitted{oneCPU(0, 0, 3)})
	launches := must(t, s, Tick{})[0].(*Accept).Launches
	ended := launches[0].Run
	must(t, s, TaskUpdated{Run: ended, State: TaskFinished})
	must(t, s, Tick{})
	before := s.Image()
	s.Expect([]RunID{0, ended, launches[1].Run, makeRunID(99, 5000)})
	if after := s.Image(); !reflect.DeepEqual(before, after) {
		t.Errorf("before: %+v\nafter: %+v", before, after)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}
