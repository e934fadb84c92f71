package allocator

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"fairlead/drf"
)

// cluster returns a State of owned agents with 32 CPUs each.
func cluster(tb testing.TB, agents int) *State {
	tb.Helper()
	s, err := New(Config{MaxPlacements: 1 << 30})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range agents {
		must(tb, s, AgentSeen{Agent: fmt.Sprintf("agent-%05d", i), Owned: true,
			Total: []Quantity{{"cpus", 32 * drf.Unit}, {"mem", 131072 * drf.Unit}}})
	}
	return s
}

// oneCPU is a group of one-CPU instances.
func oneCPU(framework, group, instances int) Group {
	return Group{
		Framework: fmt.Sprintf("framework-%d", framework), Name: fmt.Sprintf("group-%05d", group), Digest: "1",
		Instances: int32(instances), Restart: Restart{Policy: RestartAlways},
		Tasks: []Task{{Name: "main", Resources: []Quantity{{"cpus", drf.Unit}, {"mem", 1024 * drf.Unit}}}},
	}
}

// must is on the measured path: no Helper, which costs as much as a decision.
func must(tb testing.TB, s *State, f Fact) []Action {
	actions, err := s.Step(Event{Fact: f})
	if err != nil {
		tb.Fatal(err)
	}
	return actions
}

// BenchmarkFillConstrained fills 1,000 agents under constraints that all of it
// can meet. Groups with one instance each share an index; of the groups that spread
// their instances each has its own.
func BenchmarkFillConstrained(b *testing.B) {
	for _, c := range []struct {
		groups int
		of     Constraint
	}{
		{32000, Constraint{"rack", Like, "r.*"}},
		{320, Constraint{"rack", Like, "r.*"}},
		{320, Constraint{"hostname", MaxPer, "1"}},
		{320, Constraint{"rack", MaxPer, "10"}},
		{320, Constraint{"rack", GroupBy, "10"}},
		{32, Constraint{"hostname", GroupBy, "1000"}},
	} {
		b.Run(fmt.Sprintf("groups=%d/%s", c.groups, c.of.Operator)+"/"+c.of.Field, func(b *testing.B) {
			spent := time.Duration(0)
			for b.Loop() {
				b.StopTimer()
				s := racks(b, 1000, 10)
				for i := range c.groups {
					g := oneCPU(i%10, i, 32000/c.groups)
					g.Constraints = []Constraint{c.of}
					must(b, s, GroupSubmitted{g})
				}
				runtime.GC()
				spent -= cpuTime()
				b.StartTimer()
				must(b, s, Tick{})
				spent += cpuTime()
				if s.runs.live != 32000 {
					b.Fatalf("placed %d of 32000", s.runs.live)
				}
			}
			b.ReportMetric(32000*float64(b.N)/b.Elapsed().Seconds(), "placements/s")
			b.ReportMetric(32000*float64(b.N)/spent.Seconds(), "placements/cpu-s")
		})
	}
}

// racks is a cluster whose agents stand in racks in turn.
func racks(tb testing.TB, agents, racks int) *State {
	tb.Helper()
	s := cluster(tb, 0)
	for i := range agents {
		id := fmt.Sprintf("agent-%05d", i)
		must(tb, s, AgentSeen{Agent: id, Host: id, Owned: true,
			Attributes: []Attribute{{"rack", fmt.Sprintf("r%d", i%racks)}},
			Total:      []Quantity{{"cpus", 32 * drf.Unit}, {"mem", 131072 * drf.Unit}}})
	}
	return s
}

// churn ends one run after the other, and reports how many others are placed.
func churn(b *testing.B, s *State, actions []Action) {
	var live []RunID
	for _, a := range actions {
		for _, l := range a.(*Accept).Launches {
			live = append(live, l.Run)
		}
	}
	b.ReportAllocs()
	ended := &TaskUpdated{State: TaskFinished}
	next, before, spent := 0, s.runs.lastSeq, -cpuTime()
	for b.Loop() {
		ended.Run = live[next]
		must(b, s, ended)
		live[next] = live[len(live)-1]
		live = live[:len(live)-1]
		for _, a := range must(b, s, Tick{}) {
			if a, ok := a.(*Accept); ok {
				for k := range a.Launches {
					live = append(live, a.Launches[k].Run)
				}
			}
		}
		// A step that is prime to the number of runs visits agents far apart.
		next = (next + 7919) % len(live)
	}
	spent += cpuTime()
	b.ReportMetric(float64(s.runs.lastSeq-before)/b.Elapsed().Seconds(), "placements/s")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// BenchmarkShapes is BenchmarkTick for demands that all differ: every shape in
// use has an index of its own to keep.
func BenchmarkShapes(b *testing.B) {
	for _, shapes := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("shapes=%d", shapes), func(b *testing.B) {
			s := cluster(b, 1000)
			for i := range shapes {
				g := oneCPU(i%10, i, 3*32000/shapes)
				g.Tasks[0].Resources[1].Amount += drf.Amount(i) * drf.Unit
				must(b, s, GroupSubmitted{g})
			}
			churn(b, s, must(b, s, Tick{}))
		})
	}
}

// BenchmarkLifeCycle is everything about one group on a full cluster:
// submitted, placed, ended and forgotten.
func BenchmarkLifeCycle(b *testing.B) {
	s := cluster(b, 1000)
	must(b, s, GroupSubmitted{oneCPU(0, 0, 31999)})
	must(b, s, Tick{})
	groups := make([]Group, 1000)
	for i := range groups {
		groups[i] = oneCPU(i%10, i+1, 1)
		groups[i].Restart = Restart{}
	}
	b.ReportAllocs()
	spent := -cpuTime()
	for i := 0; b.Loop(); i++ {
		g := &groups[i%len(groups)]
		must(b, s, GroupSubmitted{*g})
		placed := must(b, s, Tick{})
		must(b, s, TaskUpdated{Run: placed[0].(*Accept).Launches[0].Run, State: TaskFinished})
		must(b, s, Tick{})
		must(b, s, GroupForgotten{g.Framework, g.Name})
	}
	spent += cpuTime()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "groups/s")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// BenchmarkReplay applies what filled a cluster.
func BenchmarkReplay(b *testing.B) {
	var facts []Fact
	for i := range 32000 {
		facts = append(facts, GroupSubmitted{oneCPU(i%10, i, 1)})
	}
	s := cluster(b, 1000)
	for _, f := range facts {
		must(b, s, f)
	}
	actions := must(b, s, Tick{})
	for b.Loop() {
		b.StopTimer()
		s := cluster(b, 1000)
		b.StartTimer()
		for _, f := range facts {
			must(b, s, f)
		}
		for _, a := range actions {
			if err := s.Apply(0, a); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(32000*float64(b.N)/b.Elapsed().Seconds(), "placements/s")
}
