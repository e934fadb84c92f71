package master_test

import (
	"net/http"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/master"
)

// withTaskAndOffer is a framework with a running task and an outstanding offer
// of the same agent.
func withTaskAndOffer(t *testing.T) (*master.Master, *frameworktest.Framework, *recordingAgent, mesos.Offer) {
	t.Helper()
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "unlucky")
	a := newAgent(t, m, "cpus:2;mem:1024;disk:100")
	launch(t, f, a, "t")
	return m, f, a, f.Offer()
}

// An unreachable agent: UPDATE, RESCIND and FAILURE in this order. The task
// may come back, so it is no longer reconciled implicitly, its id stays taken,
// and KILL is answered UNREACHABLE.
func TestAgentUnreachable(t *testing.T) {
	m, f, a, o := withTaskAndOffer(t)
	if err := m.MarkUnreachable(a.id()); err != nil {
		t.Fatal(err)
	}
	var types []scheduler.Event_Type
	for len(types) < 3 {
		event := f.First()
		types = append(types, event.Type)
		switch event.Type {
		case scheduler.Event_UPDATE:
			status := event.Update.Status
			if status.GetState() != mesos.TASK_UNREACHABLE || status.GetReason() != mesos.REASON_AGENT_REMOVED ||
				status.GetMessage() != "health check timed out" || status.UnreachableTime == nil || len(status.UUID) > 0 {
				t.Errorf("update %v", status)
			}
		case scheduler.Event_RESCIND:
			if event.Rescind.OfferID != o.ID {
				t.Errorf("rescinded %v", event.Rescind)
			}
		case scheduler.Event_FAILURE:
			if event.Failure.AgentID.GetValue() != a.id() || event.Failure.ExecutorID != nil {
				t.Errorf("failure %v", event.Failure)
			}
		}
	}
	if types[0] != scheduler.Event_UPDATE || types[1] != scheduler.Event_RESCIND || types[2] != scheduler.Event_FAILURE {
		t.Errorf("order of events: %v", types)
	}
	if got := reconciled(f); len(got) != 0 {
		t.Errorf("implicit reconciliation mentions %v", got)
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: "t"}}})
	if got := f.Update("t"); got.GetState() != mesos.TASK_UNREACHABLE {
		t.Errorf("KILL of an unreachable task: %v", got)
	}
	other := newAgent(t, m, "cpus:2;mem:1024")
	o = f.Offer()
	task := frameworktest.Task("t", o, "true")
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(task))
	if got := f.Update("t"); got.GetMessage() != "Task reuses the ID of an unreachable task: t" {
		t.Errorf("reuse of the id: %v", got)
	}
	if other.running("t") {
		t.Error("two tasks of one id")
	}
}

// What happened at an agent while it was unreachable is told on its return.
func TestAgentReturns(t *testing.T) {
	m, f, a, _ := withTaskAndOffer(t)
	if err := m.MarkUnreachable(a.id()); err != nil {
		t.Fatal(err)
	}
	f.Update("t")
	a.report(f.ID.Value, "t", mesos.TASK_FINISHED)
	if err := m.AddAgent(a); err != nil {
		t.Fatal(err)
	}
	back := f.Update("t")
	if back.GetState() != mesos.TASK_FINISHED || back.GetReason() != mesos.REASON_AGENT_REREGISTERED || len(back.UUID) > 0 {
		t.Errorf("on the agent's return: %v", back)
	}
	eventually(t, "the agent repeats updates", func() bool { return a.heard("subscribed " + f.ID.Value) })
	offerWith(t, f, "cpus(allocated: dev):2")
}

// A returning agent's running task and executor hold their resources again.
func TestRunningTaskReturns(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "patient")
	a := newAgent(t, m, "cpus:2;mem:1024;disk:100")
	o := f.Offer()
	f.Accept([]mesos.Offer{o}, f.Group("ex", frameworktest.Task("t", o, "true")))
	eventually(t, "the group is launched", func() bool { return a.running("t") })
	a.report(f.ID.Value, "t", mesos.TASK_RUNNING)
	f.Acknowledge(f.Update("t"))
	if err := m.MarkUnreachable(a.id()); err != nil {
		t.Fatal(err)
	}
	f.Update("t")
	if err := m.AddAgent(a); err != nil {
		t.Fatal(err)
	}
	if got := f.Update("t"); got.GetState() != mesos.TASK_RUNNING {
		t.Errorf("on the agent's return: %v", got)
	}
	offerWith(t, f, "cpus(allocated: dev):1.8")
	if got := reconciled(f); got["t"] != mesos.TASK_RUNNING {
		t.Errorf("reconciled %v", got)
	}
	if err := m.AddAgent(a); err == nil {
		t.Error("an agent was registered twice")
	}
}

// MARK_AGENT_GONE ends its tasks as GONE_BY_OPERATOR; the agent may never
// return under its id.
func TestMarkAgentGone(t *testing.T) {
	m, f, a, _ := withTaskAndOffer(t)
	status, body := operator(t, m, `{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":{"value":"`+a.id()+`"}}}`)
	if status != http.StatusOK || body != "" {
		t.Fatalf("MARK_AGENT_GONE: %d %s", status, body)
	}
	got := f.Update("t")
	if got.GetState() != mesos.TASK_GONE_BY_OPERATOR || got.GetReason() != mesos.REASON_AGENT_REMOVED_BY_OPERATOR {
		t.Errorf("update %v", got)
	}
	f.Next(scheduler.Event_RESCIND)
	f.Next(scheduler.Event_FAILURE)
	if err := m.AddAgent(a); err == nil {
		t.Error("a gone agent came back")
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{
		Tasks: []scheduler.Call_Reconcile_Task{{TaskID: mesos.TaskID{Value: "t"}, AgentID: a.info.ID}},
	}})
	if got := f.Update("t"); got.GetState() != mesos.TASK_GONE_BY_OPERATOR {
		t.Errorf("reconciled %v", got)
	}
}

// An agent that shuts down in order takes its tasks along: LOST even for
// frameworks that know more.
func TestAgentShutsDown(t *testing.T) {
	m, f, a, _ := withTaskAndOffer(t)
	if err := m.RemoveAgent(a.id()); err != nil {
		t.Fatal(err)
	}
	if got := f.Update("t"); got.GetState() != mesos.TASK_LOST || got.GetMessage() != "Agent agent.local removed: the agent unregistered" {
		t.Errorf("update %v", got)
	}
	if err := m.AddAgent(a); err == nil {
		t.Error("a removed agent came back under its id")
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{
		Tasks: []scheduler.Call_Reconcile_Task{{TaskID: mesos.TaskID{Value: "t"}, AgentID: a.info.ID}},
	}})
	if got := f.Update("t"); got.GetState() != mesos.TASK_UNKNOWN {
		t.Errorf("reconciled %v", got)
	}
}

// A deactivated agent's offers are rescinded and none are made until it is
// reactivated; its tasks go on.
func TestDeactivatedAgent(t *testing.T) {
	m, f, a, o := withTaskAndOffer(t)
	id := `":{"agent_id":{"value":"` + a.id() + `"}}}`
	if status, body := operator(t, m, `{"type":"DEACTIVATE_AGENT","deactivate_agent`+id); status != http.StatusOK {
		t.Fatalf("DEACTIVATE_AGENT: %d %s", status, body)
	}
	if got := f.Next(scheduler.Event_RESCIND).Rescind.OfferID; got != o.ID {
		t.Errorf("rescinded %v", got)
	}
	if !f.Quiet(scheduler.Event_OFFERS, long) {
		t.Error("a deactivated agent was offered")
	}
	if status, body := operator(t, m, `{"type":"REACTIVATE_AGENT","reactivate_agent`+id); status != http.StatusOK {
		t.Fatalf("REACTIVATE_AGENT: %d %s", status, body)
	}
	f.Offer()
	if got := reconciled(f); got["t"] != mesos.TASK_RUNNING {
		t.Errorf("reconciled %v", got)
	}
}

// State endpoints show an unreachable agent's tasks as such.
func TestStateOfUnreachable(t *testing.T) {
	m, f, a, _ := withTaskAndOffer(t)
	if err := m.MarkUnreachable(a.id()); err != nil {
		t.Fatal(err)
	}
	f.Update("t")
	state := frameworktest.Get(t, url(m)+"/state")
	for _, want := range []string{`"unreachable_slaves":1.0`, `"activated_slaves":0.0`, `"state":"TASK_UNREACHABLE"`} {
		if !strings.Contains(state, want) {
			t.Errorf("no %s in %s", want, state)
		}
	}
}
