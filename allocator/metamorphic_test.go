package allocator

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// Metamorphic relations: a history is changed in a way that must not matter,
// or only as said, and decided again.

// TestScaledAmountsDecideAlike multiplies everything but ports and GPUs by k: those are
// handed out one by one. So are the items of sets, which are left out.
func TestScaledAmountsDecideAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		for i := range h.events {
			h.events[i].Fact = scaledFact(h.events[i].Fact, 1)
		}
		h.decide(t)
		k := drf.Amount(rapid.IntRange(2, 1000).Draw(t, "k"))
		cfg := h.cfg
		cfg.Executor = scaled(cfg.Executor, k)
		h.again(t, cfg, func(e Event) Event { return Event{e.At, scaledFact(e.Fact, k)} }, func(a Action) Action { return unscaled(a, k) })
	})
}

func scaled(qs []Quantity, k drf.Amount) []Quantity {
	var out []Quantity
	for _, q := range qs {
		if _, set := SetOf(q.Name); set {
			continue
		}
		if q.Name != "ports" && q.Name != "gpus" {
			q.Amount *= k
		}
		out = append(out, q)
	}
	return out
}

func scaledFact(f Fact, k drf.Amount) Fact {
	switch f := f.(type) {
	case AgentSeen:
		f.Total, f.Sets = scaled(f.Total, k), nil
		return f
	case OfferAdded:
		f.Resources, f.Sets = scaled(f.Resources, k), nil
		return f
	case RoleSet:
		f.Guarantee, f.Limit = scaled(f.Guarantee, k), scaled(f.Limit, k)
		return f
	case GroupSubmitted:
		var tasks []Task
		for _, t := range f.Group.Tasks {
			t.Resources = scaled(t.Resources, k)
			tasks = append(tasks, t)
		}
		f.Group.Tasks = tasks
		f.Group.OnOOM.Max *= k
		return f
	}
	return f
}

func unscaled(a Action, k drf.Amount) Action {
	accept, ok := a.(*Accept)
	if !ok {
		return a
	}
	for i := range accept.Launches {
		charge := &accept.Launches[i].Charge
		for kind := range charge {
			if drf.Kind(kind) != drf.Ports && drf.Kind(kind) != drf.GPUs {
				charge[kind] /= k
			}
		}
	}
	return accept
}

// TestScaledWeightsDecideAlike multiplies every weight by k, also the default.
func TestScaledWeightsDecideAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		k := rapid.Int64Range(2, 1000).Draw(t, "k")
		h.events = append(everyWeight(), h.events...)
		h.decide(t) // anew: there are nested roles from the start now
		h.again(t, h.cfg, func(e Event) Event {
			switch f := e.Fact.(type) {
			case RoleSet:
				e.Fact = RoleSet{f.Role, f.Weight * k, f.Guarantee, f.Limit}
			case FrameworkSet:
				e.Fact = FrameworkSet{f.Framework, f.Role, f.Weight * k}
			}
			return e
		}, sameAction)
	})
}

// everyWeight sets each role and framework of a world to weight 1. The role set last, "*", is the default anyway.
func everyWeight() []Event {
	var out []Event
	for _, role := range []string{"eng", "eng/dev", "ops", "*"} {
		out = append(out, Event{Fact: RoleSet{Role: role, Weight: 1000}})
		for _, framework := range []string{"A", "B", "C"} {
			out = append(out, Event{Fact: FrameworkSet{framework, role, 1000}})
		}
	}
	return out
}

// TestIdleFrameworkChangesNothing adds frameworks that want nothing.
func TestIdleFrameworkChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		for _, role := range []string{"*", "eng", "idle"} {
			h.events = append([]Event{{Fact: FrameworkSet{"0-idle", role, 9000}}}, h.events...)
			h.decided = append([][]Action{nil}, h.decided...)
		}
		h.again(t, h.cfg, sameEvent, sameAction)
	})
}

// TestConstraintThatAllMeetChangesNothing gives every group a constraint that
// refuses nobody. Its groups then have shapes and counts of their own.
func TestConstraintThatAllMeetChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, world{patient: true}) // a group with constraints is one that others can slip by
		more := rapid.SampledFrom([]Constraint{
			{"nowhere", Unlike, "x"}, {"hostname", Like, ".*"}, {"hostname", MaxPer, "1000"},
		}).Draw(t, "constraint")
		h.again(t, h.cfg, func(e Event) Event {
			if f, ok := e.Fact.(GroupSubmitted); ok && !(f.Group.PerAgent && more.Operator == MaxPer) { // which they go without
				f.Group.Constraints = append(slices.Clone(f.Group.Constraints), more)
				e.Fact = f
			}
			return e
		}, sameAction)
	})
}

// TestFactsAboutDifferentAgentsCommute swaps neighbours between two Ticks that
// are about different agents, both known before, and of known resources. Instances of daemon groups are
// numbered as agents turn out to be for them, so there must be no such group.
func TestFactsAboutDifferentAgentsCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		plain, swapped := mustNew(t, h.cfg), mustNew(t, h.cfg)
		for i := 0; i < len(h.events); i++ {
			if i+1 < len(h.events) && commute(plain, h.events[i], h.events[i+1]) {
				at := h.events[i+1].At
				for _, e := range h.events[i : i+2] {
					step(t, plain, Event{at, e.Fact})
				}
				step(t, swapped, Event{at, h.events[i+1].Fact})
				step(t, swapped, Event{at, h.events[i].Fact})
				i++
				continue
			}
			want := step(t, plain, h.events[i])
			if got := step(t, swapped, h.events[i]); !reflect.DeepEqual(got, want) {
				t.Fatalf("event %d:\n got %+v\nwant %+v", i, got, want)
			}
		}
	})
}

func commute(s *State, e, f Event) bool {
	a, b := aboutAgent(s, e.Fact), aboutAgent(s, f.Fact)
	_, known := s.agentIndex[a]
	_, alsoKnown := s.agentIndex[b]
	return known && alsoKnown && a != b && len(s.daemons) == 0 && !namesNew(s, e.Fact) && !namesNew(s, f.Fact)
}

// namesNew reports whether a fact tells of a resource that was never heard of: these are numbered as
// they come.
func namesNew(s *State, f Fact) bool {
	var amounts []Quantity
	var sets []Set
	switch f := f.(type) {
	case AgentSeen:
		amounts, sets = f.Total, f.Sets
	case OfferAdded:
		amounts, sets = f.Resources, f.Sets
	}
	named := map[string]bool{}
	for k := range s.kinds.Len() {
		named[s.kinds.Name(drf.Kind(k))] = true
	}
	return slices.ContainsFunc(amounts, func(q Quantity) bool { return !named[q.Name] }) ||
		slices.ContainsFunc(sets, func(set Set) bool { return !named[set.Name+setMark] })
}

// aboutAgent names the agent that a fact is about, "" for any other fact.
func aboutAgent(s *State, f Fact) string {
	switch f := f.(type) {
	case AgentSeen:
		return f.Agent
	case AgentLost:
		return f.Agent
	case OfferAdded:
		return f.Agent
	case OfferRescinded:
		if i, ok := s.offers[f.Offer]; ok {
			return s.agents[i].id
		}
	case TaskUpdated:
		if r := s.runOf(f.Run); r != nil {
			return s.agents[r.agent].id
		}
	}
	return ""
}
