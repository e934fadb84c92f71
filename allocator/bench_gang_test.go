package allocator

import (
	"fmt"
	"testing"
	"time"

	"fairlead/drf"
)

// waitingGangs is a cluster of 100 agents of one CPU that a gang of one framework
// has filled, and that many gangs of two to 51 instances in line behind it, of 50
// other frameworks.
func waitingGangs(tb testing.TB, gangs int) (*State, []RunID) {
	s, err := New(Config{KillRepeatMillis: 1 << 50})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range 100 {
		must(tb, s, AgentSeen{Agent: fmt.Sprintf("agent-%02d", i), Owned: true, Total: []Quantity{{"cpus", drf.Unit}}})
	}
	submit := func(framework string, i, size int) {
		must(tb, s, GroupSubmitted{Group{
			Framework: framework, Name: fmt.Sprintf("gang-%d", i), Digest: "1", Instances: int32(size), Gang: int32(size),
			Tasks: []Task{{Name: "main", Resources: []Quantity{{"cpus", drf.Unit}}}},
		}})
	}
	submit("first", 0, 100)
	var live []RunID
	for _, a := range must(tb, s, Tick{}) {
		live = append(live, a.(*Accept).Launches[0].Run)
	}
	for i := range gangs {
		submit(fmt.Sprintf("framework-%d", i%50), i, 2+i%50)
	}
	must(tb, s, Tick{})
	return s, live
}

// BenchmarkWaitingGangs ends what fills a cluster, run by run, while many gangs
// wait, long enough for some to have room held: what a Tick costs depends on what
// changed, not on how many wait.
func BenchmarkWaitingGangs(b *testing.B) {
	for _, gangs := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(gangs), func(b *testing.B) {
			ticks, spent := 0, time.Duration(0)
			for b.Loop() {
				b.StopTimer()
				s, live := waitingGangs(b, gangs)
				at := s.cfg.ReserveAfterMillis
				spent -= cpuTime()
				b.StartTimer()
				for _, id := range live {
					at++
					for _, f := range []Fact{TaskUpdated{Run: id, State: TaskFinished}, Tick{}} {
						if _, err := s.Step(Event{At: at, Fact: f}); err != nil {
							b.Fatal(err)
						}
					}
				}
				spent += cpuTime()
				ticks += len(live)
				if s.runs.live < 50 {
					b.Fatalf("only %d run", s.runs.live)
				}
			}
			b.ReportMetric(float64(spent.Microseconds())/float64(ticks), "cpu-us/tick")
		})
	}
}

// TestGangsOfOneSizeShareAShape keeps what a Tick looks at bounded by the sizes of
// gangs, not by their number. One that room is held for is looked at by itself.
func TestGangsOfOneSizeShareAShape(t *testing.T) {
	s, live := waitingGangs(t, 500)
	if n := len(s.shapesInUse()); n != 50 || len(s.shapes.kins) != 1 {
		t.Errorf("%d shapes of %d kins; want one for each of 50 sizes, all of one kin", n, len(s.shapes.kins))
	}
	step(t, s, Event{At: s.cfg.ReserveAfterMillis, Fact: Tick{}})
	own := 0
	for sh := range s.shapesInUse() {
		if sh.group != 0 {
			own++
		}
	}
	if own == 0 || own != len(s.holds) {
		t.Errorf("%d shapes are of one gang, and %d hold room", own, len(s.holds))
	}
	for _, id := range live {
		step(t, s, Event{Fact: TaskUpdated{Run: id, State: TaskFinished}})
		step(t, s, Event{Fact: Tick{}})
	}
	if s.runs.live < 50 {
		t.Errorf("only %d run where 100 ran", s.runs.live)
	}
}
