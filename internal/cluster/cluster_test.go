package cluster_test

import (
	"context"
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

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}
