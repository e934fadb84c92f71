package executor

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap"

	"fairlead/internal/cluster"
	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/wire"
	"fairlead/proto/executorpb"
)

// onCluster starts an embedded cluster and a framework, takes an offer, and launches a group of the tasks that
// tasks makes of it under fairlead-executor.
func onCluster(t *testing.T, tasks func(mesos.Offer) []mesos.TaskInfo) *frameworktest.Framework {
	t.Helper()
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Start(t.Context(), cluster.Config{
		Resources: "cpus:2;mem:512;disk:512", WorkDir: t.TempDir(), AllocationInterval: 50 * time.Millisecond, Logger: zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	f := frameworktest.Subscribe(t, c.URL(), wire.Protobuf, frameworktest.Info("group", "dev"))
	offer := f.Offer()
	shell := false
	group := f.Group("run", tasks(offer)...)
	group.LaunchGroup.Executor.Type = mesos.ExecutorInfo_CUSTOM
	group.LaunchGroup.Executor.Command = &mesos.CommandInfo{Shell: &shell, Value: &path, Arguments: []string{"fairlead-executor"}}
	f.Accept([]mesos.Offer{offer}, group)
	return f
}

// A group with a sidecar on an agent of ours, from offer to the exit of the executor.
func TestGroupOnACluster(t *testing.T) {
	f := onCluster(t, func(o mesos.Offer) []mesos.TaskInfo {
		return []mesos.TaskInfo{
			frameworktest.Task("train", o, "test -e ready"),
			withSpec(t, frameworktest.Task("envoy", o, "touch ready; exec sleep 100"),
				&executorpb.TaskSpec{Sidecar: true, Ready: whenExists("ready", patience)}),
		}
	})
	f.Until("train", mesos.TASK_FINISHED)
	end := f.Until("envoy", mesos.TASK_FINISHED)
	if got := end.GetMessage(); got != served+"terminated by signal SIGTERM" {
		t.Errorf("envoy: %q", got)
	}
	exit := f.Next(scheduler.Event_FAILURE).Failure
	if exit.ExecutorID.GetValue() != "run" || exit.GetStatus() != 0 {
		t.Errorf("exit of the executor: %v", exit)
	}
}

func TestKillOnACluster(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	f := onCluster(t, func(o mesos.Offer) []mesos.TaskInfo {
		return []mesos.TaskInfo{
			frameworktest.Task("a", o, "sleep 100"),
			frameworktest.Task("b", o, "echo $$ > "+pid+"; exec sleep 100"),
		}
	})
	f.Until("a", mesos.TASK_RUNNING)
	f.Until("b", mesos.TASK_RUNNING)
	awaitPid(t, pid)
	f.Call(&scheduler.Call{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: "a"}}})
	f.Until("a", mesos.TASK_KILLING)
	f.Until("a", mesos.TASK_KILLED)
	f.Until("b", mesos.TASK_KILLED)
	wantGone(t, pid)
	if exit := f.Next(scheduler.Event_FAILURE).Failure; exit.GetStatus() != 0 {
		t.Errorf("exit of the executor: %v", exit)
	}
}
