package allocator

import (
	"fmt"
	"runtime"
	"testing"

	"fairlead/drf"
)

// filled returns a State of owned agents with 32 CPUs and one-CPU groups, ten
// frameworks, everything submitted and nothing placed.
func filled(tb testing.TB, agents, groups int) *State {
	tb.Helper()
	s, err := New(Config{MaxPlacements: 1 << 30})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range agents {
		must(tb, s, AgentSeen{Agent: fmt.Sprintf("agent-%04d", i), Owned: true,
			Total: []Quantity{{"cpus", 32 * drf.Unit}, {"mem", 131072 * drf.Unit}}})
	}
	for i := range groups {
		must(tb, s, GroupSubmitted{Group{
			Framework: fmt.Sprintf("framework-%d", i%10), Name: fmt.Sprintf("group-%05d", i), Digest: "1", Instances: 1,
			Tasks: []Task{{Name: "main", Resources: []Quantity{{"cpus", drf.Unit}, {"mem", 1024 * drf.Unit}}}},
		}})
	}
	return s
}

func must(tb testing.TB, s *State, f Fact) {
	tb.Helper()
	if _, err := s.Step(Event{Fact: f}); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkFill places 32,000 one-CPU groups of ten frameworks on 1,000 agents
// of 32 CPUs, from an empty cluster to a full one.
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s := filled(b, 1000, 32000)
		b.StartTimer()
		if _, err := s.Step(Event{Fact: Tick{}}); err != nil {
			b.Fatal(err)
		}
		if s.runs.live != 32000 {
			b.Fatalf("placed %d of 32000", s.runs.live)
		}
	}
	b.ReportMetric(32000*float64(b.N)/b.Elapsed().Seconds(), "placements/s")
}

// BenchmarkChurn ends one run at a time on a full cluster and serves whoever
// is next: a fact, a Tick, one settled run and one placement.
func BenchmarkChurn(b *testing.B) {
	s := filled(b, 1000, 32000)
	must(b, s, Tick{})
	var ids []RunID
	for r := range s.runs.all() {
		ids = append(ids, r.id)
	}
	next, submitted := 0, 32000
	for b.Loop() {
		must(b, s, TaskUpdated{Run: ids[next%len(ids)], State: TaskFinished})
		must(b, s, GroupSubmitted{Group{
			Framework: fmt.Sprintf("framework-%d", submitted%10), Name: fmt.Sprintf("group-%d", submitted), Digest: "1", Instances: 1,
			Tasks: []Task{{Name: "main", Resources: []Quantity{{"cpus", drf.Unit}, {"mem", 1024 * drf.Unit}}}},
		}})
		submitted++
		actions, _ := s.Step(Event{Fact: Tick{}})
		for _, a := range actions {
			if acc, ok := a.(Accept); ok {
				ids[next%len(ids)] = acc.Launches[0].Run
			}
		}
		next++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "placements/s")
}

// BenchmarkPendingMemory reports what a group costs while it waits.
func BenchmarkPendingMemory(b *testing.B) {
	const n = 100_000
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := filled(b, 0, n)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(s)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "bytes/group")
}
