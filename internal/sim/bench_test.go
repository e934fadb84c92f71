package sim

import (
	"context"
	"fmt"
	"iter"
	"math"
	"testing"

	"fairlead/proto"
)

// BenchmarkChurn fills 1,000 agents of 32 CPUs, and then replaces each run that ends, ten frameworks in all.
func BenchmarkChurn(b *testing.B) {
	for _, agents := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(agents), func(b *testing.B) {
			text := fmt.Sprintf("name: churn\ncluster: {agents: [{name: a, count: %d, resources: {cpus: 32, mem: 65536}}]}\nuntil: 30d\ngroups:\n", agents)
			for i := range 10 {
				text += fmt.Sprintf("  - {framework: f%d, name: g, instances: %d, duration: \"uniform(20s, 40s)\", "+
					"tasks: [{name: t, resources: {cpus: 1, mem: %d}}]}\n", i, 20*agents, 1024+128*(i%3))
			}
			scenarios, err := Parse("churn.yaml", []byte(text))
			if err != nil {
				b.Fatal(err)
			}
			measureRun(b, scenarios[0])
		})
	}
}

// BenchmarkStream runs jobs of one to sixteen instances that arrive one after the other.
func BenchmarkStream(b *testing.B) {
	scenarios, err := Parse("s.yaml", []byte("name: s\ncluster: {agents: [{name: a, count: 500, resources: {cpus: 1}}]}\nuntil: 1000d\ngroups: []\n"))
	if err != nil {
		b.Fatal(err)
	}
	s := scenarios[0]
	s.Arrivals = func() iter.Seq2[Group, error] {
		return func(yield func(Group, error) bool) {
			tasks := []proto.Task{{Name: "t", Resources: []proto.Resource{{Name: "cpus", Milli: 1000}}}}
			for i := range 100_000 {
				g := Group{ArrivalMillis: int64(i) * 10_000, DurationMillis: 60_000 + int64(i*7919%1_000_000), Spec: &proto.TaskGroup{
					Framework: fmt.Sprintf("u%d", i%50), Role: "*", Name: fmt.Sprintf("j%d", i), Instances: 1 << (i % 5), Tasks: tasks,
				}}
				if !yield(g, nil) {
					return
				}
			}
		}
	}
	measureRun(b, s)
}

func measureRun(b *testing.B, s *Scenario) {
	events := int64(0)
	for b.Loop() {
		r, err := Run(context.Background(), s, Options{})
		if err != nil {
			b.Fatal(err)
		}
		events += r.Events
	}
	b.ReportMetric(math.Round(float64(events)/b.Elapsed().Seconds()), "events/s")
}
