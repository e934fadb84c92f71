package master_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/wire"
)

// The answer to SUBSCRIBE: its headers come before any event is due, the
// first events are SUBSCRIBED and HEARTBEAT, heartbeats follow at the interval.
func TestSubscribed(t *testing.T) {
	m := newMaster(t, master.Config{Heartbeat: 30 * time.Millisecond})
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		t.Run(media.String(), func(t *testing.T) {
			f := frameworktest.Open(t, url(m), media, frameworktest.Info("f", "dev"))
			if got := f.Header.Get("Content-Type"); got != media.String() {
				t.Errorf("Content-Type %q", got)
			}
			if f.StreamID == "" || f.Header.Get("Content-Length") != "" {
				t.Errorf("headers %v", f.Header)
			}
			first, second := f.First(), f.First()
			if first.Type != scheduler.Event_SUBSCRIBED || second.Type != scheduler.Event_HEARTBEAT {
				t.Fatalf("first events are %s, %s", first.Type, second.Type)
			}
			if got := first.Subscribed.GetHeartbeatIntervalSeconds(); got != 0.03 {
				t.Errorf("interval %v", got)
			}
			if id := first.Subscribed.FrameworkID.Value; !strings.HasPrefix(id, m.ID()+"-000") {
				t.Errorf("framework id %s", id)
			}
			f.Next(scheduler.Event_HEARTBEAT)
			f.Next(scheduler.Event_HEARTBEAT)
		})
	}
}

// A second subscription with the id of a connected framework wins: the first
// hears ERROR and ends, its offers are gone without RESCIND, tasks go on, its
// late end changes nothing.
func TestFailover(t *testing.T) {
	m := newMaster(t, master.Config{})
	a := newAgent(t, m, "cpus:2;mem:1024")
	first := subscribe(t, m, "failover")
	launch(t, first, a, "t")
	stale := first.Offer()

	info := frameworktest.Info("failover", "dev")
	info.ID, info.FailoverTimeout = &first.ID, ptr(3600.0)
	second := frameworktest.Subscribe(t, url(m), wire.JSON, info)
	if second.ID != first.ID || second.StreamID == first.StreamID {
		t.Errorf("id %s and stream %s after %s and %s", second.ID, second.StreamID, first.ID, first.StreamID)
	}
	if got := first.Next(scheduler.Event_ERROR).Error.Message; got != "Framework failed over" {
		t.Errorf("ERROR %q", got)
	}
	first.Ended()
	if !first.Quiet(scheduler.Event_RESCIND, 0) {
		t.Error("an offer was rescinded")
	}
	if status, body := first.Send(&scheduler.Call{Type: scheduler.Call_REVIVE}); status != http.StatusBadRequest {
		t.Errorf("call with the old stream id: %d %s", status, body)
	}
	eventually(t, "the agent repeats updates", func() bool { return a.heard("subscribed " + first.ID.Value) })

	first.Close()
	second.Accept([]mesos.Offer{stale}, frameworktest.Launch(frameworktest.Task("u", stale, "true")))
	if got := second.Update("u"); got.GetReason() != mesos.REASON_INVALID_OFFERS {
		t.Errorf("launch with an offer of the first subscription: %v", got)
	}
	second.Call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{}})
	if got := second.Update("t"); got.GetState() != mesos.TASK_RUNNING || len(got.UUID) > 0 {
		t.Errorf("the task after failover: %v", got)
	}
}

// With failover_timeout 0 the end of the stream removes the framework: its
// executors are shut down, its id is burned.
func TestDisconnectionWithoutFailoverTimeout(t *testing.T) {
	m := newMaster(t, master.Config{})
	a := newAgent(t, m, "cpus:2;mem:1024")
	info := frameworktest.Info("short", "dev")
	f := frameworktest.Subscribe(t, url(m), wire.Protobuf, info)
	launch(t, f, a, "t")
	f.Close()
	eventually(t, "the framework is shut down", func() bool { return a.heard("shutdown framework " + f.ID.Value) })
	info.ID = &f.ID
	again := frameworktest.Open(t, url(m), wire.Protobuf, info)
	if got := again.Next(scheduler.Event_ERROR).Error.Message; got != "Framework has been removed" {
		t.Errorf("ERROR %q", got)
	}
	again.Ended()
}

// A framework that does not come back in time is removed.
func TestFailoverTimeoutPasses(t *testing.T) {
	m := newMaster(t, master.Config{})
	a := newAgent(t, m, "cpus:2;mem:1024")
	info := frameworktest.Info("late", "dev")
	info.FailoverTimeout = ptr(0.05)
	f := frameworktest.Subscribe(t, url(m), wire.Protobuf, info)
	f.Close()
	eventually(t, "the framework is removed", func() bool { return a.heard("shutdown framework " + f.ID.Value) })
	if status, body := f.Send(&scheduler.Call{Type: scheduler.Call_REVIVE}); status != http.StatusBadRequest {
		t.Errorf("call of a removed framework: %d %s", status, body)
	}
}

// An id this master has never seen belongs to a framework that survived a
// failover of the master: it is accepted.
func TestUnknownIDIsAccepted(t *testing.T) {
	m := newMaster(t, master.Config{})
	info := frameworktest.Info("survivor", "dev")
	info.ID = &mesos.FrameworkID{Value: "of-another-master-0000"}
	f := frameworktest.Subscribe(t, url(m), wire.JSON, info)
	if f.ID != *info.ID {
		t.Errorf("accepted as %s", f.ID.Value)
	}
}

// TEARDOWN is answered 202; the stream ends without an event, tasks are listed
// as killed.
func TestTeardown(t *testing.T) {
	m := newMaster(t, master.Config{})
	a := newAgent(t, m, "cpus:2;mem:1024")
	f := subscribe(t, m, "done")
	launch(t, f, a, "t")
	f.Call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
	f.Ended()
	if !f.Quiet(scheduler.Event_ERROR, 0) || !f.Quiet(scheduler.Event_UPDATE, 0) {
		t.Error("TEARDOWN caused an event")
	}
	eventually(t, "the framework is shut down", func() bool { return a.heard("shutdown framework " + f.ID.Value) })
	state := frameworktest.Get(t, url(m)+"/frameworks")
	for _, want := range []string{`"frameworks":[]`, `"state":"TASK_KILLED"`} {
		if !strings.Contains(state, want) {
			t.Errorf("no %s in %s", want, state)
		}
	}
}

// UPDATE_FRAMEWORK answers 200 with nothing, refuses another user, and
// rescinds offers for a role that is dropped.
func TestUpdateFramework(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "updated")
	newAgent(t, m, "cpus:2;mem:1024")
	o := f.Offer()

	info := *frameworktest.Info("updated", "prod")
	info.ID, info.FailoverTimeout = &f.ID, ptr(3600.0)
	stranger := info
	stranger.User = "nobody"
	status, body := f.Send(&scheduler.Call{
		Type: scheduler.Call_UPDATE_FRAMEWORK, UpdateFramework: &scheduler.Call_UpdateFramework{FrameworkInfo: stranger},
	})
	want := "FrameworkInfo update is not valid: " +
		"Updating 'FrameworkInfo.user' is unsupported; attempted to update from 'root' to 'nobody'"
	if status != http.StatusBadRequest || body != want {
		t.Errorf("another user: %d %q", status, body)
	}
	status, body = f.Send(&scheduler.Call{
		Type: scheduler.Call_UPDATE_FRAMEWORK, UpdateFramework: &scheduler.Call_UpdateFramework{FrameworkInfo: info},
	})
	if status != http.StatusOK || body != "" {
		t.Errorf("update: %d %q", status, body)
	}
	if got := f.Next(scheduler.Event_RESCIND).Rescind.OfferID; got != o.ID {
		t.Errorf("rescinded %s, want %s", got.Value, o.ID.Value)
	}
	if got := f.Offer().AllocationInfo.GetRole(); got != "prod" {
		t.Errorf("offered to role %q", got)
	}
}

// A framework that does not read its events loses the stream, and the master
// goes on.
func TestSlowReaderIsCut(t *testing.T) {
	m := newMaster(t, master.Config{MaxQueued: 4096})
	f := subscribe(t, m, "slow")
	var tasks []scheduler.Call_Reconcile_Task
	for range 2000 {
		tasks = append(tasks, scheduler.Call_Reconcile_Task{TaskID: mesos.TaskID{Value: strings.Repeat("t", 200)}})
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{Tasks: tasks}})
	f.Ended()
	subscribe(t, m, "another")
}

func ptr[T any](v T) *T { return &v }

// On resubscription another user or checkpoint is ignored, other names and
// roles are taken over.
func TestResubscriptionChangesWhatCanChange(t *testing.T) {
	m := newMaster(t, master.Config{})
	info := frameworktest.Info("before", "dev")
	info.FailoverTimeout, info.Checkpoint = ptr(60.0), ptr(true)
	f := frameworktest.Subscribe(t, url(m), wire.JSON, info)
	changed := frameworktest.Info("after", "prod")
	changed.ID, changed.User, changed.Checkpoint, changed.FailoverTimeout = &f.ID, "nobody", ptr(false), ptr(30.0)
	frameworktest.Subscribe(t, url(m), wire.JSON, changed)
	_, body := operator(t, m, `{"type":"GET_FRAMEWORKS"}`)
	for _, want := range []string{`"user":"root"`, `"name":"after"`, `"checkpoint":true`, `"roles":["prod"]`, `"failover_timeout":30.0`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
}

// A framework that authenticates without naming its principal gets it filled in.
func TestPrincipalIsFilledIn(t *testing.T) {
	m := newMaster(t, master.Config{Credentials: map[string]string{"fw": "secret"}})
	call := func(path, body string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url(m)+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("content-type", "application/json")
		request.SetBasicAuth("fw", "secret")
		response, err := http.DefaultClient.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
		return response
	}
	stream := call("/master/api/v1/scheduler", `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}`)
	defer stream.Body.Close()
	answer := call("/master/api/v1", `{"type":"GET_FRAMEWORKS"}`)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(body), `"principal":"fw"`) {
		t.Errorf("%v: %s", err, body)
	}
}
