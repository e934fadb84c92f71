package allocator

import (
	"cmp"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestNobodyWaitsForEver offers a cluster more small groups than it can ever
// run, of random run times up to D, most of them with a max_runtime, and one gang
// in the midst of them. It must start within the bound of docs/fairness.md, and by
// the time for which its hold is known to be complete, if there is one.
func TestNobodyWaitsForEver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st := &stream{t: t, longest: rapid.Int64Range(1000, 3_000_000).Draw(t, "D"), ends: map[RunID]int64{}, of: map[RunID]groupKey{}, limits: map[string]int64{}}
		st.unlimited = rapid.IntRange(0, 3).Draw(t, "parts of four without max_runtime")
		st.s = mustNew(t, Config{})
		agents := rapid.Int32Range(1, 4).Draw(t, "agents")
		for i := range agents {
			st.fact(AgentSeen{Agent: fmt.Sprint("a", i), Host: fmt.Sprint("a", i), Total: []Quantity{{"cpus", 4000}}, Owned: true})
		}
		for range 8 * agents {
			st.submit()
		}
		st.tick()
		n := rapid.Int32Range(1, agents).Draw(t, "gang")
		st.fact(GroupSubmitted{Group{Framework: "gang", Name: "g", Digest: "1", Instances: n, Gang: n,
			Tasks: []Task{{Name: "main", Resources: []Quantity{{"cpus", 4000}}}}}})
		const reserveAfter, pauses = 30_000, 10 * 30_000
		deadline := st.now + 4*st.longest + reserveAfter + pauses
		for !st.started {
			st.next()
			for _, h := range st.s.holds {
				if h.completeBy > 0 && h.completeBy < st.now {
					t.Fatalf("at %d ms a gang of %d on %d agents has not started, and was to have its room by %d", st.now, n, agents, h.completeBy)
				}
			}
			if st.now > deadline {
				t.Fatalf("a gang of %d on %d agents has not started after %d ms; runs last at most %d ms", n, agents, st.now, st.longest)
			}
		}
	})
}

// stream is a State under a load that never ends.
type stream struct {
	t       *rapid.T
	s       *State
	now     int64
	longest int64
	groups  int
	ends    map[RunID]int64
	of      map[RunID]groupKey
	started bool
	// limits is the max_runtime of the small groups, unlimited how many of four
	// have none.
	limits    map[string]int64
	unlimited int
}

func (st *stream) fact(f Fact) {
	if _, err := st.s.Step(Event{At: st.now, Fact: f}); err != nil {
		st.t.Fatalf("%#v: %v", f, err)
	}
}

// submit adds a small group of one of two frameworks.
func (st *stream) submit() {
	st.groups++
	name := fmt.Sprint("s", st.groups)
	if rapid.IntRange(1, 4).Draw(st.t, "limited") > st.unlimited {
		st.limits[name] = rapid.Int64Range(1, st.longest).Draw(st.t, "max_runtime")
	}
	st.fact(GroupSubmitted{Group{
		Framework: []string{"A", "B"}[rapid.IntRange(0, 1).Draw(st.t, "framework")], Name: name, Digest: "1", Instances: 1,
		MaxRuntimeMillis: st.limits[name],
		Tasks:            []Task{{Name: "main", Resources: []Quantity{{"cpus", 1000}}}},
	}})
}

func (st *stream) tick() {
	actions := step(st.t, st.s, Event{At: st.now, Fact: Tick{}})
	for _, a := range actions {
		a, ok := a.(*Accept)
		if !ok {
			continue
		}
		for _, l := range a.Launches {
			st.started = st.started || l.Framework == "gang"
			st.of[l.Run] = groupKey{l.Framework, l.Group}
			longest := cmp.Or(st.limits[l.Group], st.longest)
			st.ends[l.Run] = st.now + rapid.Int64Range(1, longest).Draw(st.t, "run time")
		}
	}
}

// next goes on to the end of the run that ends first, or to the time for which
// the State asks. Each small group that ends is replaced.
func (st *stream) next() {
	var first RunID
	for id, at := range st.ends { // commutes: the least is unique by id
		if first == 0 || at < st.ends[first] || at == st.ends[first] && id < first {
			first = id
		}
	}
	if at, ok := st.s.NextDeadline(); ok && (first == 0 || at < st.ends[first]) {
		st.now = max(st.now, at)
		st.tick()
		return
	}
	st.now = st.ends[first]
	delete(st.ends, first)
	st.fact(TaskUpdated{Run: first, State: TaskFinished})
	st.submit()
	st.tick()
	if g := st.of[first]; !st.started { // what is over would only make every check longer
		delete(st.of, first)
		st.fact(GroupForgotten{g.framework, g.name})
	}
}
