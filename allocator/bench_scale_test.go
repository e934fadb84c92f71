package allocator

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"fairlead/drf"
)

// scale is how large a benchmark is.
type scale struct {
	agents, frameworks, groups int
	load                       load
}

// load is what the groups of a benchmark ask for.
type load struct {
	name string
	of   func(g *Group, i int)
}

// loads are the kinds of load: groups that all ask for the same, for one of
// twenty different demands, and for the same under a constraint.
func loads() []load {
	return []load{
		{"same", func(*Group, int) {}},
		{"mixed", func(g *Group, i int) {
			g.Tasks[0].Resources[0].Amount = drf.Amount(1+i%5) * drf.Unit / 2
			g.Tasks[0].Resources[1].Amount = drf.Amount(1+i/5%4) * 1024 * drf.Unit
		}},
		{"like", func(g *Group, i int) { g.Constraints = []Constraint{{"rack", Like, "r[0-7]"}} }},
	}
}

func (sc scale) String() string {
	return fmt.Sprintf("agents=%d/frameworks=%d/groups=%d/%s", sc.agents, sc.frameworks, sc.groups, sc.load.name)
}

// submit adds the groups, which wait then.
func (sc scale) submit(tb testing.TB, s *State) {
	for i := range sc.groups {
		g := oneCPU(i%sc.frameworks, i, 1)
		sc.load.of(&g, i)
		must(tb, s, &GroupSubmitted{g})
	}
}

// eachScale runs a benchmark in sizes up to a million groups. The large ones
// take minutes; -short leaves them out.
func eachScale(b *testing.B, groupsPerAgent int, run func(*testing.B, scale)) {
	for _, agents := range []int{100, 1000, 10_000, 50_000} {
		for _, frameworks := range []int{1, 10, 1000} {
			for _, l := range loads() {
				sc := scale{agents, frameworks, min(groupsPerAgent*agents, 1_000_000), l}
				b.Run(sc.String(), func(b *testing.B) {
					if testing.Short() && agents > 1000 {
						b.Skip("large")
					}
					run(b, sc)
				})
			}
		}
	}
}

// BenchmarkFill places everything that waits in one Tick, on a cluster that is
// empty before and full, or nearly so, after it.
func BenchmarkFill(b *testing.B) {
	eachScale(b, 32, func(b *testing.B, sc scale) {
		b.ReportAllocs()
		placed, bytes, spent := 0, uint64(0), time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			s := racks(b, sc.agents, 8)
			before := heapInUse()
			sc.submit(b, s)
			bytes = heapInUse() - before
			spent -= cpuTime()
			b.StartTimer()
			must(b, s, Tick{})
			spent += cpuTime()
			placed += s.runs.live
			if s.runs.live < sc.groups/2 {
				b.Fatalf("placed only %d of %d", s.runs.live, sc.groups)
			}
		}
		b.ReportMetric(float64(placed)/b.Elapsed().Seconds(), "placements/s")
		b.ReportMetric(float64(placed)/spent.Seconds(), "placements/cpu-s")
		b.ReportMetric(float64(bytes)/float64(sc.groups), "bytes/group")
	})
}

// cpuTime is what the process has used of the processor. On a machine that is
// shared it says more than the time that has passed.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkTick is one change on a full cluster, with up to a million groups in
// line: a task ends, and a Tick settles its run and serves whoever is next. It
// must grow with the logarithm of agents and of frameworks.
func BenchmarkTick(b *testing.B) {
	eachScale(b, 64, func(b *testing.B, sc scale) {
		s := racks(b, sc.agents, 8)
		for f := range sc.frameworks {
			g := oneCPU(f, sc.groups+f, 64*sc.agents/sc.frameworks)
			sc.load.of(&g, f)
			must(b, s, &GroupSubmitted{g})
		}
		running := must(b, s, Tick{})
		sc.submit(b, s)
		churn(b, s, append(running, must(b, s, Tick{})...))
	})
}

// BenchmarkMemory reports what waiting groups, whose names included, and agents
// cost.
func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	var agents, groups uint64
	for b.Loop() {
		empty := heapInUse()
		s := racks(b, n, 8)
		seen := heapInUse()
		for i := range n {
			must(b, s, GroupSubmitted{oneCPU(i%10, i, 1)})
		}
		agents, groups = seen-empty, heapInUse()-seen
		runtime.KeepAlive(s)
	}
	b.ReportMetric(float64(groups)/n, "bytes/group")
	b.ReportMetric(float64(agents)/n, "bytes/agent")
}
