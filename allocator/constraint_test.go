package allocator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// TestNoPlacementBreaksAConstraint follows who is where through histories with
// losses, ends and retries, in a world whose agents keep their attributes. At
// all times what constraints forbid is nowhere to be seen.
func TestNoPlacementBreaksAConstraint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{draw: func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }, settled: true}
		h := recordedIn(t, w, rapid.IntRange(1, 200).Draw(t, "events"))
		f := follower{groups: map[groupKey]Group{}, agents: map[string]AgentSeen{}, live: map[RunID]decisionOf{}}
		s := mustNew(t, h.cfg)
		for _, e := range h.events {
			actions, err := s.Step(e)
			if err != nil {
				continue // refused: nothing has changed
			}
			f.fact(e.Fact)
			f.decided(t, actions)
			for key := range f.groups { // commutes: each on its own
				f.check(t, key)
			}
		}
	})
}

// follower knows of a history what a user of the cluster could know.
type follower struct {
	groups map[groupKey]Group
	agents map[string]AgentSeen
	live   map[RunID]decisionOf
}

func (f *follower) fact(fact Fact) {
	switch fact := fact.(type) {
	case AgentSeen:
		f.agents[fact.Agent] = fact
	case OfferAdded:
		f.agents[fact.Agent] = AgentSeen{Host: fact.Host, Attributes: fact.Attributes}
	case GroupForgotten:
		delete(f.groups, groupKey{fact.Framework, fact.Name})
	case GroupSubmitted:
		key := groupKey{fact.Group.Framework, fact.Group.Name}
		if _, ok := f.groups[key]; !ok { // else it is the same again
			f.groups[key] = fact.Group
		}
	}
}

func (f *follower) decided(t fataler, actions []Action) {
	t.Helper()
	var launches []decisionOf
	for _, a := range actions {
		switch a := a.(type) {
		case *Settle:
			delete(f.live, a.Run)
		case *Accept:
			for _, l := range a.Launches {
				launches = append(launches, decisionOf{a.Agent, l})
			}
		}
	}
	slices.SortFunc(launches, func(a, b decisionOf) int { return int(a.Run.Seq()) - int(b.Run.Seq()) })
	for _, d := range launches {
		f.spreads(t, d)
		f.live[d.Run] = d
	}
}

// placed is where the runs of a group are.
func (f *follower) placed(key groupKey) []*AgentSeen {
	var out []*AgentSeen
	for _, d := range f.live { // commutes: a multiset
		if d.Framework == key.framework && d.Group == key.name {
			a := f.agents[d.Agent]
			out = append(out, &a)
		}
	}
	return out
}

// spreads checks GROUP_BY, which is about each launch and not about what is
// left after others have ended.
func (f *follower) spreads(t fataler, d decisionOf) {
	t.Helper()
	key := groupKey{d.Framework, d.Group}
	agent := f.agents[d.Agent]
	for _, c := range f.groups[key].Constraints {
		var values []string
		for _, a := range f.placed(key) {
			values = append(values, fieldOf(c.Field, a))
		}
		here := occurrences(fieldOf(c.Field, &agent), values)
		switch {
		case c.Operator != GroupBy || here == 0:
		case here > fewest(values):
			t.Fatalf("%v: %s: instance %d goes where %d are, though at another value there are fewer: %v", key, c, d.Instance, here, values)
		case len(distinct(values)) < atoi(c.Value):
			t.Fatalf("%v: %s: instance %d takes no new value: %v", key, c, d.Instance, values)
		}
	}
}

// check looks at where the runs of a group are, all at once.
func (f *follower) check(t fataler, key groupKey) {
	t.Helper()
	for _, c := range f.groups[key].Constraints {
		var values []string
		for _, a := range f.placed(key) {
			values = append(values, fieldOf(c.Field, a))
		}
		for _, v := range values {
			n := occurrences(v, values)
			broken := map[Operator]bool{
				Unique:  n > 1,
				MaxPer:  n > atoi(c.Value),
				Cluster: c.Value != "" && v != c.Value || n != len(values),
				Like:    !c.allows(v, nil),
				Unlike:  !c.allows(v, nil),
				Is:      !c.allows(v, nil),
			}[c.Operator]
			if broken || v == absent && c.Operator != Unlike {
				t.Fatalf("%v: %s is broken: its runs are at %v", key, c, values)
			}
		}
	}
}

// TestPatternsMatchWholeValues holds LIKE, UNLIKE and IS to the details.
func TestPatternsMatchWholeValues(t *testing.T) {
	for _, test := range []struct {
		constraint Constraint
		value      string
		want       bool
	}{
		{Constraint{"f", Like, "rack"}, "rack-1", false},
		{Constraint{"f", Like, "rack.*"}, "rack-1", true},
		{Constraint{"f", Like, "a|b"}, "ab", false},
		{Constraint{"f", Like, "(?i)RACK"}, "rack", true},
		{Constraint{"f", Like, "(?m)a"}, "a\nb", false},
		{Constraint{"f", Like, ".*"}, "", true},
		{Constraint{"f", Unlike, "rack"}, "rack-1", true},
		{Constraint{"f", Unlike, "rack.*"}, "rack-1", false},
		{Constraint{"f", Is, "3"}, "3.0", true},
		{Constraint{"f", Is, "-3.50"}, "-3.5", true},
		{Constraint{"f", Is, "3"}, "-3", false},
		{Constraint{"f", Is, "3"}, "3x", false},
		{Constraint{"f", Is, "[1-3]"}, "[1-3]", true},
		{Constraint{"f", Is, "[1-3]"}, "2", false},
	} {
		r, err := newRule(test.constraint)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.possible(value{test.value, true}); got != test.want {
			t.Errorf("%s of %q: %t, want %t", test.constraint, test.value, got, test.want)
		}
	}
}

// TestBadConstraintsAreRefused names what is wrong with each.
func TestBadConstraintsAreRefused(t *testing.T) {
	s := mustNew(t, Config{})
	for _, test := range []struct {
		constraint Constraint
		want       string
	}{
		{Constraint{"", Unique, ""}, "it names no field"},
		{Constraint{"@zone", Unique, ""}, "only @hostname is known"},
		{Constraint{"rack", 0, ""}, "operator 0"},
		{Constraint{"rack", Is + 1, "x"}, "unknown operator"},
		{Constraint{"rack", Unique, "x"}, "UNIQUE takes no value"},
		{Constraint{"rack", Like, ""}, "LIKE needs a value"},
		{Constraint{"rack", MaxPer, ""}, "MAX_PER needs a value"},
		{Constraint{"rack", MaxPer, "0"}, "expected a count of at least 1"},
		{Constraint{"rack", GroupBy, "99999999999"}, "expected a count of at least 1"},
		{Constraint{"rack", Unlike, "("}, "not a regular expression"},
		{Constraint{"rack", Like, "a)|(b"}, "not a regular expression"},
		{Constraint{"rack", Like, strings.Repeat("a", maxPattern+1)}, "longer than 1000 bytes"},
	} {
		g := oneCPU(0, 0, 1)
		g.Constraints = []Constraint{test.constraint}
		_, err := s.Step(Event{Fact: GroupSubmitted{g}})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%+v: got %v, want a refusal that says %q", test.constraint, err, test.want)
		}
	}
	g := oneCPU(0, 0, 1)
	g.Constraints = slices.Repeat([]Constraint{{"rack", Unique, ""}}, MaxConstraints+1)
	if _, err := s.Step(Event{Fact: GroupSubmitted{g}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%d constraints: got %v, want a refusal", len(g.Constraints), err)
	}
}

// TestSameConstraintsShareAnIndex keeps the memory of many alike groups bounded,
// while those that count instances have shapes of their own, and only as long
// as something waits.
func TestSameConstraintsShareAnIndex(t *testing.T) {
	s := mustNew(t, Config{})
	for i := range 20 {
		like, unique := oneCPU(0, i, 1), oneCPU(1, i, 1)
		like.Constraints = []Constraint{{"rack", Like, "r[12]"}}
		unique.Constraints = []Constraint{{"rack", Unique, ""}}
		step(t, s, Event{Fact: GroupSubmitted{like}})
		step(t, s, Event{Fact: GroupSubmitted{unique}})
	}
	if n := len(s.shapesInUse()); n != 1+20 {
		t.Errorf("%d shapes for 20 groups that share one and 20 that do not; want 21", n)
	}
	step(t, s, Event{Fact: AgentSeen{Agent: "a", Owned: true, Attributes: []Attribute{{"rack", "r1"}},
		Total: []Quantity{{"cpus", 40 * drf.Unit}, {"mem", 40960 * drf.Unit}}}})
	step(t, s, Event{Fact: Tick{}})
	if n := len(s.shapes.kins); n != 1 || len(s.shapes.idle) != 1 || s.pending != 0 {
		t.Errorf("%d kins, %d of them idle, with %d instances waiting; want the shared one, idle", n, len(s.shapes.idle), s.pending)
	}
}
