package master

import (
	"strconv"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/wire"
)

// BenchmarkAllocate is one allocation of 100 agents to 20 frameworks, offers
// encoded, and all of it declined.
func BenchmarkAllocate(b *testing.B) {
	m := unserved()
	rs, err := wire.ParseResources("cpus:8;mem:16384;disk:100000;ports:[31000-31999]")
	if err != nil {
		b.Fatal(err)
	}
	for i := range 100 {
		id := &mesos.AgentID{Value: "S" + strconv.Itoa(i)}
		if err := m.register(&silent{mesos.AgentInfo{ID: id, Resources: rs}}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 20 {
		m.subscribe(&subscription{out: newOutbox(wire.Protobuf, 1<<40), streamID: strconv.Itoa(i)},
			&scheduler.Call_Subscribe{FrameworkInfo: &mesos.FrameworkInfo{User: "u", Name: "n"}})
	}
	b.ResetTimer()
	for b.Loop() {
		m.allocate()
		for _, f := range m.sortedFrameworks() {
			m.dropOffers(f)
			f.out.take()
		}
	}
}
