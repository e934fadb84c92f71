package allocator

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestExplainingChangesNothing explains every group after every twentieth event, and
// estimates when they start now and then: what is decided stays the same, and an
// explanation has a sentence, and is the same when asked for again.
func TestExplainingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		s := mustNew(t, h.cfg)
		for i, e := range h.events {
			if actions := step(t, s, e); !reflect.DeepEqual(actions, h.decided[i]) {
				t.Fatalf("event %d, %+v: explained, it decided %+v instead of %+v", i, e, actions, h.decided[i])
			}
			if i%20 != 0 {
				continue // it takes its time
			}
			for _, key := range s.groupNames() {
				explainTwice(t, s, key)
			}
			if i%100 == 0 {
				s.estimateAll(t, h.cfg)
			}
		}
	})
}

// groupNames lists the groups in the order of submission.
func (s *State) groupNames() []groupKey {
	var out []groupKey
	for key := range s.groups {
		out = append(out, key)
	}
	slices.SortFunc(out, func(a, b groupKey) int { return int(s.groups[a].seq) - int(s.groups[b].seq) })
	return out
}

func explainTwice(t *rapid.T, s *State, key groupKey) {
	first, err := s.Explain(key.framework, key.name)
	if err != nil {
		t.Fatalf("%v: %v", key, err)
	}
	again, _ := s.Explain(key.framework, key.name)
	if first.Summary == "" || !reflect.DeepEqual(first, again) {
		t.Fatalf("%v: explained as\n%+v\nand then as\n%+v", key, first, again)
	}
	if first.Impossible && first.Pending == 0 {
		t.Fatalf("%v: nothing waits, and it is called impossible", key)
	}
}

// estimateAll says when each group that waits would start: not before now.
func (s *State) estimateAll(t *rapid.T, cfg Config) {
	m := s.ImageToTry()
	for _, key := range s.groupNames() {
		if v, _ := s.Group(key.framework, key.name); v.Pending == 0 {
			continue
		}
		start, err := EstimateStart(cfg, m, key.framework, key.name)
		if err != nil {
			t.Fatalf("%v: %v", key, err)
		}
		if start.Assumes == "" || start.Known && start.At < s.now {
			t.Fatalf("%v: %+v, now is %d", key, start, s.now)
		}
	}
	if again := s.Image(); !reflect.DeepEqual(m, again) {
		t.Fatalf("estimates changed the image that they were made from")
	}
}

// TestNothingIsRefusedThatCouldStart submits each group that Satisfiable refuses
// alone to an empty cluster of the same agents and roles: it does not start.
func TestNothingIsRefusedThatCouldStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		s := mustNew(t, h.cfg)
		for i, e := range h.events {
			f, ok := e.Fact.(GroupSubmitted)
			if ok && s.Admit([]Group{f.Group}) == nil && s.Satisfiable([]Group{f.Group}) != nil {
				f.Group.After, f.Group.AfterEnd = nil, nil
				mustNotStart(t, h.cfg, s.Image(), f)
			}
			if actions := step(t, s, e); !reflect.DeepEqual(actions, h.decided[i]) {
				t.Fatalf("event %d: asked whether it is satisfiable, it decided %+v instead of %+v", i, actions, h.decided[i])
			}
		}
	})
}

func mustNotStart(t *rapid.T, cfg Config, m *Image, f GroupSubmitted) {
	m.Groups, m.Runs, m.Holds = nil, nil, nil
	m.Agents = slices.DeleteFunc(m.Agents, func(a AgentImage) bool { return a.Lost })
	empty, err := restoreOwned(cfg, m)
	if err != nil {
		t.Fatalf("%v", err)
	}
	step(t, empty, Event{At: m.Now, Fact: f})
	step(t, empty, Event{At: m.Now, Fact: Tick{}})
	if v, _ := empty.Group(f.Group.Framework, f.Group.Name); v.Running > 0 {
		t.Fatalf("%+v was refused, and could start", f.Group)
	}
}
