package scheduler

import (
	"slices"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/taskgroup"
	"fairlead/proto/executorpb"
)

// A proxy that asks for no port of its own is probed at the group's ports, and
// told them; a task with ports is told its own only.
func TestAProxySeesThePortsOfItsGroup(t *testing.T) {
	specs, err := taskgroup.Parse("g.yaml", []byte(`
name: g
tasks:
  - {name: web, command: a, resources: {cpus: 1, mem: 32, ports: 1}, health: {http: {port: 0}}}
  - {name: api, command: b, resources: {cpus: 1, mem: 32, ports: 1}, health: {http: {port: 0}}}
  - {name: proxy, sidecar: true, command: c, resources: {cpus: 1, mem: 32}, ready: {http: {port: 1, path: /ready}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	scalar := func(name string, v float64) mesos.Resource {
		return mesos.Resource{Name: name, Type: ptr(mesos.SCALAR), Scalar: &mesos.Value_Scalar{Value: v}}
	}
	pool := newPool([]mesos.Resource{scalar("cpus", 8), scalar("mem", 1024), scalar("disk", 10), {
		Name: "ports", Type: ptr(mesos.RANGES), Ranges: &mesos.Value_Ranges{Range: []mesos.Value_Range{{Begin: 31000, End: 31010}}},
	}})
	l := launch{
		Launch: allocator.Launch{Framework: "f", Group: "g", Run: 1 << 24, Ports: []uint64{31000, 31001}}, spec: specs[0], agent: "a",
		executor: Executor{Path: "/x", Resources: []allocator.Quantity{{Name: "cpus", Amount: 10}, {Name: "mem", Amount: 32 * drf.Unit}, {Name: "disk", Amount: 1000}}},
	}
	op, err := l.operation(pool)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		port  uint32
		ports string
	}{{31000, "31000"}, {31001, "31001"}, {31001, "31000,31001"}}
	for i, task := range op.LaunchGroup.TaskGroup.Tasks {
		var spec executorpb.TaskSpec
		if err := spec.Unmarshal(task.Data); err != nil {
			t.Fatal(err)
		}
		got := spec.Health.GetHttp().GetPort() + spec.Ready.GetHttp().GetPort()
		if got != want[i].port || variable(task, "PORTS") != want[i].ports {
			t.Errorf("task %s is probed at %d and told %q, want %d and %q", task.Name, got, variable(task, "PORTS"), want[i].port, want[i].ports)
		}
		owns := slices.ContainsFunc(task.Resources, func(r mesos.Resource) bool { return r.Name == "ports" })
		if owns == strings.HasPrefix(task.Name, "proxy") {
			t.Errorf("task %s has ports among its resources: %t", task.Name, owns)
		}
	}
}

func variable(task mesos.TaskInfo, name string) string {
	for _, v := range task.Command.Environment.Variables {
		if v.Name == name {
			return v.GetValue()
		}
	}
	return ""
}
