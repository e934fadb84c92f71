package allocator

import (
	"fmt"
	"reflect"
	"testing"

	"fairlead/drf"
)

// TestWorkloadIsBounded asks for more kinds of demands, and for more of one, than
// are counted. What is frequent stays, and an Image has all of it.
func TestWorkloadIsBounded(t *testing.T) {
	s := mustNew(t, Config{Placement: FGD})
	submit := func(name string, gpus drf.Amount, instances int32) {
		t.Helper()
		group := Group{Framework: "A", Name: name, Digest: "1", Instances: instances,
			Tasks: []Task{{Name: "main", Resources: []Quantity{{"cpus", drf.Unit}, {"gpus", gpus}}}}}
		step(t, s, Event{Fact: GroupSubmitted{group}})
	}
	submit("frequent", 1, 1000)
	for n := range 2 * maxGPUDemands {
		submit(fmt.Sprintf("rare-%d", n), drf.Amount(n+2), 1)
		if w := &s.workload; len(w.demands) > maxGPUDemands || len(w.index) != len(w.demands) {
			t.Fatalf("%d demands and %d names", len(w.demands), len(w.index))
		}
	}
	if d := s.workload.demands[0]; d.gpus != 1 || d.count < 100 {
		t.Errorf("the first is %+v, want the frequent one", d)
	}
	for n := range 4 {
		submit(fmt.Sprintf("many-%d", n), 1, MaxInstances)
		if s.workload.seen > maxGPUCount {
			t.Fatalf("%d seen", s.workload.seen)
		}
	}
	restored, err := Restore(s.cfg, s.Image())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(restored.workload, s.workload) {
		t.Errorf("restored:\n got %+v\nwant %+v", restored.workload, s.workload)
	}
}
