package cluster_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"fairlead/internal/cluster"
	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/wire"
)

func start(t *testing.T, cfg cluster.Config) *cluster.Cluster {
	t.Helper()
	cfg.WorkDir, cfg.Logger = t.TempDir(), zaptest.NewLogger(t)
	cfg.AllocationInterval = 50 * time.Millisecond
	c, err := cluster.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}

// endsSoon is a context that is cancelled while somebody uses it.
type endsSoon struct {
	context.Context
	left int // how often it is asked until then
}

func (e *endsSoon) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

// A cluster of many agents can be interrupted while it starts, and leaves nothing behind.
func TestStartingCanBeCancelled(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	c, err := cluster.Start(&endsSoon{context.Background(), 3}, cluster.Config{Agents: 50, Resources: "cpus:1;mem:32"})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, %v", c, err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A command task runs as a real process, from offer to acknowledged end.
func TestCommandTask(t *testing.T) {
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		t.Run(media.String(), func(t *testing.T) {
			c := start(t, cluster.Config{Resources: "cpus:2;mem:512;disk:512;ports:[31000-31099]"})
			f := frameworktest.Subscribe(t, c.URL(), media, frameworktest.Info("command", "dev"))
			o := f.Offer()
			f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("t1", o, "exit 3")))
			if got := f.Until("t1", mesos.TASK_FAILED); got.GetMessage() != "Command exited with status 3" {
				t.Errorf("message %q", got.GetMessage())
			}
		})
	}
}

// A task group runs under the default executor; its exit is a FAILURE.
func TestTaskGroup(t *testing.T) {
	c := start(t, cluster.Config{Resources: "cpus:2;mem:512;disk:512"})
	f := frameworktest.Subscribe(t, c.URL(), wire.Protobuf, frameworktest.Info("group", "dev"))
	o := f.Offer()
	f.Accept([]mesos.Offer{o}, f.Group("ex",
		frameworktest.Task("a", o, "exit 0"), frameworktest.Task("b", o, "sleep 0.2")))
	f.Until("a", mesos.TASK_FINISHED)
	f.Until("b", mesos.TASK_FINISHED)
	failure := f.Next(scheduler.Event_FAILURE).Failure
	if failure.ExecutorID.GetValue() != "ex" || failure.GetStatus() != 0 {
		t.Errorf("failure %v", failure)
	}
}

// An agent that is cut off and comes back: its task went on meanwhile, and what
// it did there is told on the return.
func TestPartitionHeals(t *testing.T) {
	c := start(t, cluster.Config{Agents: 2, Resources: "cpus:1;mem:256;disk:128"})
	f := frameworktest.Subscribe(t, c.URL(), wire.Protobuf, frameworktest.Info("partition", "dev"))
	o := f.Offer()
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("t", o, "sleep 0.3")))
	f.Until("t", mesos.TASK_RUNNING)
	cut := slices.Index(c.AgentIDs(), o.AgentID.Value)
	if err := c.Partition(cut); err != nil {
		t.Fatal(err)
	}
	if got := f.Update("t"); got.GetState() != mesos.TASK_UNREACHABLE {
		t.Errorf("cut off, the task is %s", got.GetState())
	}
	if got := f.Next(scheduler.Event_FAILURE).Failure; got.AgentID.GetValue() != o.AgentID.Value {
		t.Errorf("failure %v", got)
	}
	if err := c.Heal(cut); err != nil {
		t.Fatal(err)
	}
	if got := f.Update("t"); got.GetReason() != mesos.REASON_AGENT_REREGISTERED {
		t.Errorf("on the return: %v", got)
	}
	f.Until("t", mesos.TASK_FINISHED)
	if c.Partition(7) == nil || c.Heal(-1) == nil {
		t.Error("agents that are not there were cut off and healed")
	}
}

// All agents are on one host: no port is offered twice. Executors' room comes
// on top of each agent's resources.
func TestAgentsShareThePorts(t *testing.T) {
	c := start(t, cluster.Config{
		Agents: 3, Resources: "cpus:1;mem:100;ports:[31000-31009]",
		ExecutorSlots: 2, ExecutorOverhead: "cpus:0.01;mem:32;disk:1", Attributes: []string{"rack:a", "rack:b"},
	})
	f := frameworktest.Subscribe(t, c.URL(), wire.JSON, frameworktest.Info("ports", "dev"))
	offered := map[string]string{}
	for len(offered) < 3 {
		for _, o := range f.Next(scheduler.Event_OFFERS).Offers.Offers {
			offered[o.AgentID.Value] = wire.Resources(o.Resources).Unallocate().String() + " " + o.Attributes[0].Text.Value
		}
	}
	want := []string{
		"cpus:1.02; mem:164; ports:[31000-31002]; disk:2 a",
		"cpus:1.02; mem:164; ports:[31003-31005]; disk:2 b",
		"cpus:1.02; mem:164; ports:[31006-31009]; disk:2 a",
	}
	for i, id := range c.AgentIDs() {
		if offered[id] != want[i] {
			t.Errorf("agent %d offers %s, want %s", i, offered[id], want[i])
		}
	}
}

// Without configuration there is one agent with something of this machine.
func TestDefaults(t *testing.T) {
	c := start(t, cluster.Config{})
	f := frameworktest.Subscribe(t, c.URL(), wire.JSON, frameworktest.Info("default", "dev"))
	rs := wire.Resources(f.Offer().Resources)
	if cpus, _ := rs.Sum("cpus"); cpus < 10 || rs.PortCount() != 1000 {
		t.Errorf("offered %s", rs)
	}
}

// What cannot be understood is an error at the start, and nothing keeps running.
func TestBadConfig(t *testing.T) {
	for name, cfg := range map[string]cluster.Config{
		"listen":     {Listen: "nowhere"},
		"resources":  {Resources: "cpus"},
		"nothing":    {Resources: "cpus:0"},
		"overhead":   {Resources: "cpus:1", ExecutorSlots: 1, ExecutorOverhead: "x"},
		"attributes": {Resources: "cpus:1", Attributes: []string{"rack:"}},
		"address":    {Listen: "192.0.2.1:0", Resources: "cpus:1"},
	} {
		if c, err := cluster.Start(context.Background(), cfg); err == nil {
			t.Errorf("%s: a cluster at %s", name, c.URL())
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := cluster.Start(ctx, cluster.Config{}); err == nil {
		t.Error("a cluster was started for a cancelled context")
	}
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}
