package mesoshttp_test

import (
	"context"
	"errors"
	"io/fs"
	"os/user"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster"
	"fairlead/internal/mesoshttp"
)

// framework is the smallest framework there is, on a whole cluster of real processes.
type framework struct {
	*testing.T
	client *mesoshttp.Client
	stream *mesoshttp.Stream
	id     *mesos.FrameworkID
}

func startFramework(t *testing.T) *framework {
	t.Helper()
	c, err := cluster.Start(t.Context(), cluster.Config{Resources: "cpus:2;mem:512;disk:512;ports:[31000-31009]",
		AllocationInterval: 20 * time.Millisecond, WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	client, err := mesoshttp.New(mesoshttp.Config{Masters: c.URL()})
	if err != nil {
		t.Fatal(err)
	}
	f := &framework{T: t, client: client}
	f.stream = f.subscribe()
	t.Cleanup(func() {
		f.stream.Close()
		client.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the test's own context has ended
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *framework) subscribe() *mesoshttp.Stream {
	f.Helper()
	me, err := user.Current()
	if err != nil {
		f.Fatal(err)
	}
	timeout := 3600.0
	call := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE, FrameworkID: f.id, Subscribe: &scheduler.Call_Subscribe{
		FrameworkInfo: &mesos.FrameworkInfo{ID: f.id, User: me.Username, Name: "test", Roles: []string{"dev"}, FailoverTimeout: &timeout,
			Capabilities: []mesos.FrameworkInfo_Capability{{Type: mesos.FrameworkInfo_Capability_MULTI_ROLE}}}}}
	stream, err := f.client.Subscribe(f.Context(), call)
	if err != nil {
		f.Fatal(err)
	}
	event, err := stream.Next()
	if err != nil || event.Type != scheduler.Event_SUBSCRIBED {
		f.Fatalf("first comes %v, %v", event, err)
	}
	f.id = event.Subscribed.FrameworkID
	return stream
}

// until skips to the next event of a type.
func (f *framework) until(want scheduler.Event_Type) *scheduler.Event {
	f.Helper()
	for {
		event, err := f.stream.Next()
		if err != nil {
			f.Fatalf("waiting for %s: %v", want, err)
		}
		if event.Type == want {
			return event
		}
	}
}

func (f *framework) send(call *scheduler.Call) {
	f.Helper()
	call.FrameworkID = f.id
	if err := f.stream.Call(f.Context(), call); err != nil {
		f.Fatal(err)
	}
}

// run launches a shell command on the first offer, acknowledges its updates and returns the last one.
func (f *framework) run(id, command string) mesos.TaskStatus {
	f.Helper()
	offer := f.until(scheduler.Event_OFFERS).Offers.Offers[0]
	f.send(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{
		OfferIDs: []mesos.OfferID{offer.ID},
		Operations: []mesos.Offer_Operation{{Type: mesos.Offer_Operation_LAUNCH, Launch: &mesos.Offer_Operation_Launch{
			TaskInfos: []mesos.TaskInfo{{Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: offer.AgentID,
				Command: &mesos.CommandInfo{Value: &command}, Resources: offer.Resources}}}}},
	}})
	for {
		status := f.until(scheduler.Event_UPDATE).Update.Status
		if len(status.UUID) > 0 {
			f.send(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{
				AgentID: *status.AgentID, TaskID: status.TaskID, UUID: status.UUID}})
		}
		switch status.GetState() {
		case mesos.TASK_STAGING, mesos.TASK_STARTING, mesos.TASK_RUNNING:
		default:
			return status
		}
	}
}

// What a task prints is read back byte by byte, also what is no text.
func TestAFrameworkRunsATaskAndReadsItsOutput(t *testing.T) {
	f := startFramework(t)
	status := f.run("t1", `printf 'a\377\000\303'; printf '\244z'`)
	if status.GetState() != mesos.TASK_FINISHED {
		t.Fatalf("the task ended as %s: %s", status.GetState(), status.GetMessage())
	}
	agents, err := f.client.Agents(t.Context())
	if err != nil || len(agents) != 1 || agents[0].ID != status.AgentID.Value || !agents[0].Active {
		t.Fatalf("agents %+v, error %v; the task ran on %s", agents, err, status.AgentID.Value)
	}
	directory, err := f.client.ExecutorDirectory(t.Context(), agents[0].Endpoint, f.id.Value, "t1")
	if err != nil {
		t.Fatal(err)
	}
	const want = "a\xff\x00\xc3\xa4z"
	file := mesoshttp.FileRange{Agent: agents[0].Endpoint, Path: directory + "/stdout", Length: 4}
	var got []byte
	for {
		data, size, err := f.client.ReadFile(t.Context(), file)
		if err != nil || size != int64(len(want)) {
			t.Fatalf("at %d: size %d, error %v; want size %d", file.Offset, size, err, len(want))
		}
		if len(data) == 0 {
			break
		}
		got, file.Offset = append(got, data...), file.Offset+int64(len(data))
	}
	if string(got) != want {
		t.Errorf("read %q, want %q", got, want)
	}
	file.Path = directory + "/nothing"
	if _, _, err := f.client.ReadFile(t.Context(), file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestASecondSubscriptionEndsTheFirst(t *testing.T) {
	f := startFramework(t)
	first := f.stream
	f.stream = f.subscribe()
	defer first.Close()
	var last *scheduler.Event
	for {
		event, err := first.Next()
		if err != nil {
			if !errors.Is(err, mesoshttp.ErrStreamEnded) {
				t.Errorf("the first stream ends with %v", err)
			}
			break
		}
		last = event
	}
	if last == nil || last.Type != scheduler.Event_ERROR || last.Error.Message != "Framework failed over" {
		t.Errorf("the last event of the first stream is %v", last)
	}
	f.until(scheduler.Event_OFFERS)
	f.send(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
	for {
		if _, err := f.stream.Next(); err != nil {
			if !errors.Is(err, mesoshttp.ErrStreamEnded) {
				t.Errorf("after TEARDOWN the stream ends with %v", err)
			}
			return
		}
	}
}

func TestACallOfAStaleSubscriptionIsNotSubscribed(t *testing.T) {
	f := startFramework(t)
	stale := f.stream
	defer stale.Close()
	f.stream = f.subscribe()
	revive := &scheduler.Call{Type: scheduler.Call_REVIVE, FrameworkID: f.id}
	if err := stale.Call(t.Context(), revive); !errors.Is(err, mesoshttp.ErrNotSubscribed) {
		t.Errorf("error %v, want ErrNotSubscribed", err)
	}
	f.send(revive)
}
