package allocator

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// ask is one task group of a framework.
type ask struct {
	framework, name string
	instances       int32
	wants           []Quantity
}

// filled is a State with one agent on which everybody was given what there was.
func filled(t fataler, policy Policy, agent AgentSeen, asks ...ask) *State {
	t.Helper()
	s := mustNew(t, Config{Policy: policy})
	agent.Agent, agent.Owned = "a", true
	step(t, s, Event{Fact: agent})
	for _, a := range asks {
		step(t, s, Event{Fact: GroupSubmitted{Group{Framework: a.framework, Name: a.name, Digest: "1", Instances: a.instances,
			Tasks: []Task{{Name: "t", Resources: a.wants}}}}})
	}
	step(t, s, Event{Fact: Tick{}})
	return s
}

// TestSplittingAFrameworkDoesNotPay submits what A wants as one group, and as many
// groups of smaller instances: B has no less, but for one instance of A's.
func TestSplittingAFrameworkDoesNotPay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wants := func(label string, div int64) (a, b []Quantity) {
			for _, name := range []string{"cpus", "mem", "gpus"} {
				units := drf.Amount(rapid.Int64Range(0, 3).Draw(t, label+" "+name)) * 12 * drf.Unit
				a = append(a, Quantity{name, units})
				b = append(b, Quantity{name, units / drf.Amount(div)})
			}
			return a, b
		}
		div := rapid.SampledFrom([]int64{1, 2, 3, 12}).Draw(t, "smaller by")
		groups := rapid.Int32Range(1, 12).Draw(t, "groups")
		whole, part := wants("A", div)
		other, _ := wants("B", 1)
		whole[0].Amount = max(whole[0].Amount, 12*drf.Unit)
		part[0].Amount = whole[0].Amount / drf.Amount(div)
		other[1].Amount = max(other[1].Amount, 12*drf.Unit)
		policy := rapid.SampledFrom([]Policy{DRF, HDRF}).Draw(t, "policy")
		agent := AgentSeen{Total: []Quantity{{"cpus", 360 * drf.Unit}, {"mem", 480 * drf.Unit}, {"gpus", 240 * drf.Unit}}}
		b := ask{"B", "b", 200, other}
		before := filled(t, policy, agent, b, ask{"A", "a", 120, whole})
		asks := []ask{b}
		for i := range groups {
			asks = append(asks, ask{"A", fmt.Sprintf("a%d", i), 120 * int32(div) / groups, part})
		}
		after := filled(t, policy, agent, asks...)
		node := func(s *State) int64 { return int64(s.tree.Running(s.queueIndex[queueKey{"*", "B"}].node)) }
		// What A leaves over may be up to one of its instances of each resource.
		slack := int64(0)
		for k, w := range whole {
			if other[k].Amount > 0 {
				slack = max(slack, int64((w.Amount+other[k].Amount-1)/other[k].Amount)+1)
			}
		}
		if had, has := node(before), node(after); has+slack < had {
			t.Fatalf("B had %d instances of %v, and %d after A with %v came as %d groups of %v", had, other, has, whole, groups, part)
		}
	})
}

// TestEveryResourceCounts lets a greedy framework and a modest one compete for one
// resource: each has half of it.
func TestEveryResourceCounts(t *testing.T) {
	ten := []Quantity{{"cpus", 10_000}, {"mem", 10_000}, {"disk", 10_000}, {"gpus", 10_000}, {"licences", 10_000}}
	agent := AgentSeen{Total: ten, Ports: []PortRange{{31000, 31009}}}
	for _, policy := range []Policy{DRF, HDRF, Asset} {
		for _, name := range []string{"cpus", "mem", "disk", "gpus", "ports", "licences"} {
			one := []Quantity{{name, drf.Unit}}
			s := filled(t, policy, agent, ask{"A", "greedy", 100, one}, ask{"B", "b", 5, one})
			for _, f := range s.View().Frameworks {
				if f.Running != 5 || f.Share.String() != "1/2" || f.Dominant != name {
					t.Errorf("%s, %s: %s runs %d, and holds %s of %s; want 5 and half of it", policy, name, f.Framework, f.Running, f.Share, f.Dominant)
				}
			}
		}
	}
}
