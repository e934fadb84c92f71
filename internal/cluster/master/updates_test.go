package master_test

import (
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/wire"
)

// A terminal update frees the resources at once; its acknowledgement frees the
// id and ends the task's part in implicit reconciliation.
func TestTerminalUpdate(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "one")
	a := newAgent(t, m, "cpus:2;mem:1024")
	launch(t, f, a, "t")
	a.report(f.ID.Value, "t", mesos.TASK_FINISHED)
	finished := f.Update("t")

	o := offerWith(t, f, "cpus(allocated: dev):2")
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("t", o, "true")))
	if got := f.Update("t"); got.GetMessage() != "Task has duplicate ID: t" {
		t.Errorf("reuse before the acknowledgement: %v", got)
	}
	if got := reconciled(f); len(got) != 1 || got["t"] != mesos.TASK_FINISHED {
		t.Errorf("reconciled %v", got)
	}
	wrong := finished
	wrong.UUID = wire.NewUUID()
	f.Acknowledge(wrong)
	if got := reconciled(f); len(got) != 1 {
		t.Errorf("after an acknowledgement with a wrong uuid: %v", got)
	}
	f.Acknowledge(finished)
	if !a.heard("acknowledge t " + string(finished.UUID)) {
		t.Error("the acknowledgement did not reach the agent")
	}
	if got := reconciled(f); len(got) != 0 {
		t.Errorf("after the acknowledgement: %v", got)
	}
	o = f.Offer()
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("t", o, "true")))
	eventually(t, "the id is used again", func() bool { return len(a.launched()) == 2 })
}

// reconciled is the answer to an implicit reconciliation; an explicit one for
// a task that never was marks its end.
func reconciled(f *frameworktest.Framework) map[string]mesos.TaskState {
	f.Call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{}})
	f.Call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{
		Tasks: []scheduler.Call_Reconcile_Task{{TaskID: mesos.TaskID{Value: "the end"}}},
	}})
	states := map[string]mesos.TaskState{}
	for {
		status := f.Update("")
		if status.TaskID.Value == "the end" {
			return states
		}
		if status.GetReason() == mesos.REASON_RECONCILIATION {
			states[status.TaskID.Value] = status.GetState()
		}
	}
}

// Explicit reconciliation answers by what is known of the task and its agent.
func TestExplicitReconciliation(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "asking")
	a := newAgent(t, m, "cpus:2;mem:1024")
	lost := newAgent(t, m, "cpus:2;mem:1024")
	if err := m.MarkUnreachable(lost.id()); err != nil {
		t.Fatal(err)
	}
	o := f.Offer()
	for o.AgentID.Value != a.id() {
		o = f.Offer()
	}
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("new", o, "true")))
	for _, c := range []struct {
		task, agent string
		want        mesos.TaskState
		message     string
	}{
		{"new", a.id(), mesos.TASK_STAGING, "Reconciliation: Latest task state"},
		{"new", "", mesos.TASK_STAGING, "Reconciliation: Latest task state"},
		{"no", a.id(), mesos.TASK_GONE, "Reconciliation: Task is unknown to the agent"},
		{"no", lost.id(), mesos.TASK_UNREACHABLE, "Reconciliation: Task is unreachable"},
		{"no", "nowhere", mesos.TASK_UNKNOWN, "Reconciliation: Task is unknown"},
		{"no", "", mesos.TASK_UNKNOWN, "Reconciliation: Task is unknown"},
	} {
		asked := scheduler.Call_Reconcile_Task{TaskID: mesos.TaskID{Value: c.task}}
		if c.agent != "" {
			asked.AgentID = &mesos.AgentID{Value: c.agent}
		}
		f.Call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{
			Tasks: []scheduler.Call_Reconcile_Task{asked},
		}})
		got := f.Update(c.task)
		if got.GetState() != c.want || got.GetMessage() != c.message || len(got.UUID) > 0 ||
			got.GetSource() != mesos.SOURCE_MASTER {
			t.Errorf("task %q on agent %q: %v", c.task, c.agent, got)
		}
		if (got.UnreachableTime != nil) != (c.want == mesos.TASK_UNREACHABLE) {
			t.Errorf("task %q on agent %q: unreachable since %v", c.task, c.agent, got.UnreachableTime)
		}
	}
}

// A framework without PARTITION_AWARE is told LOST where others hear more.
func TestWithoutPartitionAware(t *testing.T) {
	m := newMaster(t, master.Config{})
	info := &mesos.FrameworkInfo{User: "root", Name: "old", FailoverTimeout: ptr(60.0)}
	f := frameworktest.Subscribe(t, url(m), wire.JSON, info)
	a := newAgent(t, m, "cpus:2;mem:1024")
	o := launch(t, f, a, "t")
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("stale", o, "true")))
	f.Call(&scheduler.Call{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: "no"}}})
	if err := m.MarkUnreachable(a.id()); err != nil {
		t.Fatal(err)
	}
	for _, task := range []string{"stale", "no", "t"} {
		if got := f.Update(task); got.GetState() != mesos.TASK_LOST {
			t.Errorf("task %s is %s", task, got.GetState())
		}
	}
}

// KILL, SHUTDOWN and MESSAGE reach the agent as they are; for what is not
// there they have no effect.
func TestRequestsReachTheAgent(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "busy")
	a := newAgent(t, m, "cpus:2;mem:1024")
	launch(t, f, a, "t")
	grace := &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: 7}}
	agentID, elsewhere := mesos.AgentID{Value: a.id()}, mesos.AgentID{Value: "elsewhere"}
	executor := mesos.ExecutorID{Value: "ex"}
	for _, call := range []*scheduler.Call{
		{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: "t"}, AgentID: &elsewhere}},
		{Type: scheduler.Call_SHUTDOWN, Shutdown: &scheduler.Call_Shutdown{AgentID: elsewhere, ExecutorID: executor}},
		{Type: scheduler.Call_MESSAGE, Message: &scheduler.Call_Message{AgentID: elsewhere, ExecutorID: executor, Data: []byte("no")}},
	} {
		f.Call(call)
	}
	if a.heard("kill t nil") || a.heard("shutdown ex") || a.heard("message ex no") {
		t.Errorf("requests for another agent arrived: %v", a.said)
	}
	for _, call := range []*scheduler.Call{
		{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: "t"}, KillPolicy: grace}},
		{Type: scheduler.Call_SHUTDOWN, Shutdown: &scheduler.Call_Shutdown{AgentID: agentID, ExecutorID: executor}},
		{Type: scheduler.Call_MESSAGE, Message: &scheduler.Call_Message{AgentID: agentID, ExecutorID: executor, Data: []byte("\x00hi")}},
	} {
		f.Call(call)
	}
	for _, want := range []string{"kill t " + grace.GracePeriod.String(), "shutdown ex", "message ex \x00hi"} {
		if !a.heard(want) {
			t.Errorf("%q did not reach the agent", want)
		}
	}
	m.ExecutorMessage(a.id(), f.ID.Value, "ex", []byte("back\xff"))
	got := f.Next(scheduler.Event_MESSAGE).Message
	if string(got.Data) != "back\xff" || got.ExecutorID != executor || got.AgentID != agentID {
		t.Errorf("message %v", got)
	}
}

// A second group with the same executor goes to the running one, whose
// resources are counted once; its exit is a FAILURE and frees them.
func TestExecutorIsShared(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "groups")
	a := newAgent(t, m, "cpus:0.5;mem:128;disk:64")
	o := f.Offer()
	f.Accept([]mesos.Offer{o}, f.Group("ex", frameworktest.Task("g1", o, "true")))
	o = f.Offer()
	if len(o.ExecutorIDs) != 1 || o.ExecutorIDs[0].Value != "ex" {
		t.Errorf("offer lists executors %v", o.ExecutorIDs)
	}
	if got := wire.Resources(o.Resources).String(); got != "cpus(allocated: dev):0.3; mem(allocated: dev):64; disk(allocated: dev):32" {
		t.Errorf("left for the second group: %s", got)
	}
	f.Accept([]mesos.Offer{o}, f.Group("ex", frameworktest.Task("g2", o, "true"), frameworktest.Task("g3", o, "true")))
	eventually(t, "both groups are launched", func() bool { return a.running("g1") && a.running("g3") })
	for _, task := range []string{"g1", "g2", "g3"} {
		a.report(f.ID.Value, task, mesos.TASK_FINISHED)
	}
	m.ExecutorExited(master.ExecutorExit{AgentID: a.id(), FrameworkID: f.ID.Value, ExecutorID: "ex", WaitStatus: 3 << 8})
	failure := f.Next(scheduler.Event_FAILURE).Failure
	if failure.GetStatus() != 768 || failure.ExecutorID.GetValue() != "ex" || failure.AgentID.GetValue() != a.id() {
		t.Errorf("failure %v", failure)
	}
	offerWith(t, f, "cpus(allocated: dev):0.5")
}

// The group's event at the agent has what the executor needs: each task with
// its executor, allocated and in the new format.
func TestGroupIsComplete(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "groups")
	a := newAgent(t, m, "cpus:1;mem:256;disk:64")
	o := f.Offer()
	f.Accept([]mesos.Offer{o}, f.Group("ex", frameworktest.Task("g1", o, "true")))
	eventually(t, "the group is launched", func() bool { return a.running("g1") })
	got := a.launched()[0]
	if !got.group || got.framework.ID.GetValue() != f.ID.Value || got.executor.ExecutorID.Value != "ex" {
		t.Errorf("launched %+v", got)
	}
	task := got.tasks[0]
	if task.Executor.ExecutorID.Value != "ex" || task.Resources[0].AllocationInfo.GetRole() != "dev" {
		t.Errorf("task %v", task)
	}
}

// Metrics and state follow the tasks.
func TestMetricsFollow(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "counted")
	a := newAgent(t, m, "cpus:2;mem:1024")
	launch(t, f, a, "t")
	if got := frameworktest.Get(t, url(m)+"/metrics/snapshot"); !strings.Contains(got, `"master/tasks_running":1`) {
		t.Errorf("metrics %s", got)
	}
	a.report(f.ID.Value, "t", mesos.TASK_FINISHED)
	f.Acknowledge(f.Update("t"))
	got := frameworktest.Get(t, url(m)+"/metrics/snapshot")
	for _, want := range []string{`"master/tasks_running":0`, `"master/tasks_finished":1`, `"master/cpus_total":2`, `"master/cpus_used":0`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}
