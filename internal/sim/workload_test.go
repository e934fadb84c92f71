package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fairlead/allocator"
	"fairlead/proto"
)

func TestEventsComeInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h eventHeap
		var want []event
		now := int64(0)
		byTime := func(a, b event) int { return cmp.Compare(a.at, b.at) }
		for i := range rapid.IntRange(0, 200).Draw(t, "events") {
			e := event{at: now + rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64Range(0, 1<<40)).Draw(t, "later"), run: allocator.RunID(i)}
			h.push(e)
			want = append(want, e)
			slices.SortStableFunc(want, byTime)
			for len(want) > 0 && rapid.IntRange(0, 2).Draw(t, "pop") == 0 {
				if at, ok := h.time(); !ok || at != want[0].at {
					t.Fatalf("the first is at %d, want %d", at, want[0].at)
				}
				if got := h.pop(); got != want[0] {
					t.Fatalf("popped %v, want %v", got, want[0])
				}
				now, want = want[0].at, want[1:]
			}
		}
		for _, w := range want {
			if got := h.pop(); got != w {
				t.Fatalf("popped %v, want %v", got, w)
			}
		}
		if _, ok := h.time(); ok || h.size != 0 {
			t.Fatal("the heap is not empty")
		}
	})
}

// What a simulation in the steady state does: for each event that is over another one comes, later.
func TestEventsOfManyRunsComeInOrder(t *testing.T) {
	const runs, rounds = 20_000, 200_000
	r := rand.New(rand.NewPCG(1, 2))
	var h eventHeap
	for range runs {
		h.push(event{at: int64(r.IntN(40_000))})
	}
	last := event{}
	for i := range rounds {
		e := h.pop()
		if e.at < last.at || e.at == last.at && e.run < last.run {
			t.Fatalf("event %d is %v, after %v", i, e, last)
		}
		last = e
		h.push(event{at: e.at + 20_000 + int64(r.IntN(20_000)), run: allocator.RunID(i)})
	}
}

// streamed is the same scenario with its groups in Arrivals.
func streamed(s *Scenario) *Scenario {
	out := *s
	groups := slices.Clone(s.Groups)
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(a.ArrivalMillis, b.ArrivalMillis) })
	out.Groups = nil
	out.Arrivals = func() iter.Seq2[Group, error] {
		return func(yield func(Group, error) bool) {
			for _, g := range groups {
				if !yield(g, nil) {
					return
				}
			}
		}
	}
	return &out
}

// A stream of groups is simulated like a file of them, as often as is asked for, and nothing is left
// of it in the end.
func TestAStreamIsLikeAFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScenario(t)
		want, err := Run(context.Background(), s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		stream := streamed(s)
		for range 2 {
			e, err := newEngine(stream, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := e.run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := e.result().Digest; got != want.Digest {
				t.Fatalf("digest %s, want %s", got, want.Digest)
			}
			if left := len(e.state.View().Groups); s.UntilMillis == endless && (left > 0 || len(e.jobs) > 0 || e.runs.alive > 0) {
				t.Fatalf("at the end there are %d groups, %d jobs and %d runs", left, len(e.jobs), e.runs.alive)
			}
		}
	})
}

func TestWhatIsWrongWithAStreamIsSaid(t *testing.T) {
	g := func(name string, at int64, after ...string) Group {
		return Group{ArrivalMillis: at, DurationMillis: 1, Spec: &proto.TaskGroup{
			Framework: "A", Role: "*", Name: name, Instances: 1, After: after,
			Tasks: []proto.Task{{Name: "t", Resources: []proto.Resource{{Name: "cpus", Milli: 1000}}}},
		}}
	}
	broken := errors.New("line 7 is broken")
	for want, groups := range map[string][]Group{
		"task group A/b arrives at 1 ms, after one that arrives at 2 ms":   {g("a", 2), g("b", 1)},
		"task group A/a arrives twice":                                     {g("a", 1), g("a", 1)},
		"task group A/b comes after a, which is not there when it arrives": {g("a", 1), g("b", 9, "a")},
		broken.Error(): {g("a", 1)},
	} {
		s := parseOne(t, "name: s\ncluster: {agents: [{name: a, resources: {cpus: 2}}]}\nuntil: 1h\ngroups: []\n")
		s.Arrivals = func() iter.Seq2[Group, error] {
			return func(yield func(Group, error) bool) {
				for _, g := range groups {
					if !yield(g, nil) {
						return
					}
				}
				if want == broken.Error() {
					yield(Group{}, broken)
				}
			}
		}
		if _, err := Run(context.Background(), s, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Of 20,000 jobs that pass through, a few at a time, no more is held than of those few.
func TestWhatIsHeldIsWhatIsAlive(t *testing.T) {
	s := parseOne(t, "name: s\ncluster: {agents: [{name: a, resources: {cpus: 8}}]}\nuntil: 1000d\ngroups: "+
		"[{framework: B, name: b, instances: 5000, arrival: poisson(1/s), duration: 2s, tasks: [{name: t, resources: {cpus: 1}}]}]\n")
	s.Arrivals = func() iter.Seq2[Group, error] {
		return func(yield func(Group, error) bool) {
			for i := range 15_000 {
				if !yield(Group{ArrivalMillis: int64(i) * 1000, DurationMillis: 3000, Spec: &proto.TaskGroup{
					Framework: "A", Role: "*", Name: fmt.Sprintf("j%d", i), Instances: 1,
					Tasks: []proto.Task{{Name: "t", Resources: []proto.Resource{{Name: "cpus", Milli: 500}}}},
				}}, nil) {
					return
				}
			}
		}
	}
	e, err := newEngine(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for at, ok := e.nextTime(); ok; at, ok = e.nextTime() {
		e.advance(at)
		if err := e.happen(); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(e.jobs), len(e.work.line), len(e.runs.runs), e.heap.size)
	}
	if r := e.result(); r.Decisions != 20_000 || most > 50 {
		t.Errorf("%d placements, and at most %d of anything at a time; want 20000 and about 10", r.Decisions, most)
	}
}

func TestAgentsAreFoundByTheirNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab]-?[0-9]{0,2}(-[1-9])?`), 1, 30, rapid.ID[string]).Draw(t, "names")
		var agents []Agent
		for _, name := range names {
			agents = append(agents, Agent{Name: name})
		}
		n := newNodeNames(agents)
		for i, name := range names {
			if got := n.find(name); got != int32(i) {
				t.Fatalf("%s of %q is found at %d, want %d", name, names, got, i)
			}
		}
	})
}
