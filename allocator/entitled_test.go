package allocator

import (
	"testing"

	"fairlead/drf"
)

// TestEntitledInATree is Figure 4 of the paper on hierarchical DRF: n22, which has
// no rival for the GPUs, is entitled to all of them, although n2 is to half of the
// CPUs; and what no agent can hold does not count as a demand.
func TestEntitledInATree(t *testing.T) {
	s := mustNew(t, Config{})
	step := func(f Fact) {
		if _, err := s.Step(Event{Fact: f}); err != nil {
			t.Fatal(err)
		}
	}
	submit := func(role, framework, name string, instances int32, want ...Quantity) {
		step(GroupSubmitted{Group{Framework: framework, Name: name, Role: role, Digest: "1", Instances: instances,
			Tasks: []Task{{Name: "t", Resources: want}}}})
	}
	many, unit := int32(100), drf.Unit
	submit("n1", "n11", "g", many, Quantity{"cpus", unit})
	submit("n1", "n11", "licence", many, Quantity{"cpus", unit}, Quantity{"licences", unit})
	submit("n1", "n11", "large", many, Quantity{"cpus", 6 * unit}, Quantity{"gpus", 6 * unit})
	submit("n2", "n21", "g", many, Quantity{"cpus", unit})
	submit("n2", "n22", "g", many, Quantity{"gpus", unit})
	for _, a := range []string{"a", "b"} {
		step(AgentSeen{Agent: a, Host: a, Owned: true, Total: []Quantity{{"cpus", 5 * unit}, {"gpus", 5 * unit}}})
	}
	step(Tick{})
	fair := s.entitled()
	for _, c := range []struct {
		role, framework string
		want            drf.Vector
	}{
		{"n1", "n11", drf.Vector{drf.CPUs: 5 * unit}},
		{"n2", "n21", drf.Vector{drf.CPUs: 5 * unit}},
		{"n2", "n22", drf.Vector{drf.GPUs: 10 * unit}},
	} {
		if got := fair[s.queueIndex[queueKey{c.role, c.framework}].node]; got != c.want {
			t.Errorf("%s is entitled to %v, want %v", c.framework, got, c.want)
		}
	}
	if n2, _ := s.tree.Lookup("n2"); fair[n2] != (drf.Vector{drf.CPUs: 5 * unit, drf.GPUs: 10 * unit}) {
		t.Errorf("n2 is entitled to %v", fair[n2])
	}
}
