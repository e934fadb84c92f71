// Package frameworktest is a Mesos framework for tests of the embedded
// cluster: it subscribes over real HTTP, in either coding, sends calls as they
// are, and lets a test wait for the event it expects.
package frameworktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gogo/protobuf/proto"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/wire"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// Framework is one subscription.
type Framework struct {
	t        testing.TB
	url      string
	media    wire.MediaType
	ID       mesos.FrameworkID
	StreamID string
	Header   http.Header
	events   chan *scheduler.Event // closed at the end of the stream
	pending  []*scheduler.Event    // read while waiting for something else
	cancel   context.CancelFunc
}

// Info is a FrameworkInfo with roles and all capabilities a modern framework
// has.
func Info(name string, roles ...string) *mesos.FrameworkInfo {
	info := &mesos.FrameworkInfo{User: "root", Name: name, Roles: roles}
	for _, c := range []mesos.FrameworkInfo_Capability_Type{
		mesos.FrameworkInfo_Capability_MULTI_ROLE, mesos.FrameworkInfo_Capability_PARTITION_AWARE,
		mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT, mesos.FrameworkInfo_Capability_TASK_KILLING_STATE,
	} {
		info.Capabilities = append(info.Capabilities, mesos.FrameworkInfo_Capability{Type: c})
	}
	return info
}

// Open subscribes and returns with the stream at its first event.
func Open(t testing.TB, url string, media wire.MediaType, info *mesos.FrameworkInfo) *Framework {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f := &Framework{t: t, url: url, media: media, events: make(chan *scheduler.Event, 10_000), cancel: cancel}
	call := &scheduler.Call{
		Type: scheduler.Call_SUBSCRIBE, FrameworkID: info.ID,
		Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info},
	}
	response := f.post(ctx, call)
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("subscribe: %s: %s", response.Status, body)
	}
	f.StreamID, f.Header = response.Header.Get("Mesos-Stream-Id"), response.Header
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.read(response.Body)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

// Subscribe opens a stream and takes SUBSCRIBED and HEARTBEAT off it.
func Subscribe(t testing.TB, url string, media wire.MediaType, info *mesos.FrameworkInfo) *Framework {
	t.Helper()
	f := Open(t, url, media, info)
	f.ID = *f.Next(scheduler.Event_SUBSCRIBED).Subscribed.FrameworkID
	f.Next(scheduler.Event_HEARTBEAT)
	return f
}

func (f *Framework) read(body io.ReadCloser) {
	defer close(f.events)
	defer body.Close()
	for reader := recordio.NewReader(body); ; {
		record, err := reader.ReadFrame()
		if err != nil {
			return
		}
		event := &scheduler.Event{}
		if err := f.media.Unmarshal(record, event); err != nil {
			f.t.Errorf("event: %v: %q", err, record)
			return
		}
		f.events <- event
	}
}

// Close drops the connection.
func (f *Framework) Close() { f.cancel() }

func (f *Framework) post(ctx context.Context, call *scheduler.Call) *http.Response {
	f.t.Helper()
	body, err := f.media.Marshal(call)
	if err != nil {
		f.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url+"/api/v1/scheduler", bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Content-Type", f.media.String())
	request.Header.Set("Accept", f.media.String())
	if call.Type != scheduler.Call_SUBSCRIBE {
		request.Header.Set("Mesos-Stream-Id", f.StreamID)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	return response
}

// Send sends a call and returns the answer's status and body.
func (f *Framework) Send(call *scheduler.Call) (status int, body string) {
	f.t.Helper()
	call.FrameworkID = &f.ID
	response := f.post(context.Background(), call)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// Call sends a call that must be accepted.
func (f *Framework) Call(call *scheduler.Call) {
	f.t.Helper()
	if status, body := f.Send(call); status != http.StatusAccepted {
		f.t.Fatalf("%s: %d %s", call.Type, status, body)
	}
}

// errEnded and errNothing are the two ways of not getting an event.
var (
	errEnded   = errors.New("the stream has ended")
	errNothing = errors.New("nothing came in time")
)

// find returns the first event that fits, leaving others for later.
func (f *Framework) find(wait time.Duration, fits func(*scheduler.Event) bool) (*scheduler.Event, error) {
	for i, event := range f.pending {
		if fits(event) {
			f.pending = append(f.pending[:i:i], f.pending[i+1:]...)
			return event, nil
		}
	}
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for {
		select {
		case <-deadline.C:
			return nil, errNothing
		case event, open := <-f.events:
			switch {
			case !open:
				return nil, errEnded
			case fits(event):
				return event, nil
			}
			f.pending = append(f.pending, event)
		}
	}
}

// Next waits for the next event of a type; events of other types stay.
func (f *Framework) Next(want scheduler.Event_Type) *scheduler.Event {
	f.t.Helper()
	event, err := f.find(patience, func(e *scheduler.Event) bool { return e.Type == want })
	if err != nil {
		f.t.Fatalf("waiting for %s: %v; seen besides: %s", want, err, f.seen())
	}
	return event
}

func (f *Framework) seen() string {
	text := ""
	for _, e := range f.pending {
		text += proto.CompactTextString(e) + "\n"
	}
	return text
}

// First waits for the next event, whatever it is.
func (f *Framework) First() *scheduler.Event {
	f.t.Helper()
	event, err := f.find(patience, func(*scheduler.Event) bool { return true })
	if err != nil {
		f.t.Fatal(err)
	}
	return event
}

// Quiet reports whether no event of a type comes within a time.
func (f *Framework) Quiet(unwanted scheduler.Event_Type, wait time.Duration) bool {
	_, err := f.find(wait, func(e *scheduler.Event) bool { return e.Type == unwanted })
	return err != nil
}

// Ended waits for the end of the stream; events before it stay.
func (f *Framework) Ended() {
	f.t.Helper()
	if _, err := f.find(patience, func(*scheduler.Event) bool { return false }); !errors.Is(err, errEnded) {
		f.t.Fatalf("waiting for the end of the stream: %v", err)
	}
}

// Offer waits for an offer and takes the first of the event.
func (f *Framework) Offer() mesos.Offer {
	f.t.Helper()
	return f.Next(scheduler.Event_OFFERS).Offers.Offers[0]
}

// Update waits for the next update of a task, or of any if id is empty.
func (f *Framework) Update(id string) mesos.TaskStatus {
	f.t.Helper()
	event, err := f.find(patience, func(e *scheduler.Event) bool {
		return e.Type == scheduler.Event_UPDATE && (id == "" || e.Update.Status.TaskID.Value == id)
	})
	if err != nil {
		f.t.Fatalf("waiting for an update of %q: %v; seen besides: %s", id, err, f.seen())
	}
	return event.Update.Status
}

// Until acknowledges updates of a task until it has the state.
func (f *Framework) Until(id string, state mesos.TaskState) mesos.TaskStatus {
	f.t.Helper()
	for {
		status := f.Update(id)
		f.Acknowledge(status)
		if status.GetState() == state {
			return status
		}
		if status.GetState() == mesos.TASK_ERROR {
			f.t.Fatalf("task %s: %s", id, status.GetMessage())
		}
	}
}

// Acknowledge acknowledges an update if it has a uuid.
func (f *Framework) Acknowledge(status mesos.TaskStatus) {
	f.t.Helper()
	if len(status.UUID) > 0 {
		f.Call(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{
			AgentID: *status.AgentID, TaskID: status.TaskID, UUID: status.UUID,
		}})
	}
}

// Accept accepts offers with operations, refusing the rest for no time.
func (f *Framework) Accept(offers []mesos.Offer, operations ...mesos.Offer_Operation) {
	f.t.Helper()
	zero := 0.0
	accept := &scheduler.Call_Accept{Operations: operations, Filters: &mesos.Filters{RefuseSeconds: &zero}}
	for _, o := range offers {
		accept.OfferIDs = append(accept.OfferIDs, o.ID)
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: accept})
}

// Decline declines an offer for a time.
func (f *Framework) Decline(o mesos.Offer, seconds float64) {
	f.t.Helper()
	f.Call(&scheduler.Call{Type: scheduler.Call_DECLINE, Decline: &scheduler.Call_Decline{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: &mesos.Filters{RefuseSeconds: &seconds},
	}})
}

// Task is a command task of a tenth of a cpu.
func Task(id string, o mesos.Offer, command string) mesos.TaskInfo {
	return mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: o.AgentID,
		Command:   &mesos.CommandInfo{Value: &command},
		Resources: []mesos.Resource{wire.Scalar("cpus", 0.1), wire.Scalar("mem", 32)},
	}
}

// Launch is a LAUNCH operation.
func Launch(tasks ...mesos.TaskInfo) mesos.Offer_Operation {
	return mesos.Offer_Operation{
		Type: mesos.Offer_Operation_LAUNCH, Launch: &mesos.Offer_Operation_Launch{TaskInfos: tasks},
	}
}

// Group is a LAUNCH_GROUP operation with the default executor.
func (f *Framework) Group(executor string, tasks ...mesos.TaskInfo) mesos.Offer_Operation {
	return mesos.Offer_Operation{
		Type: mesos.Offer_Operation_LAUNCH_GROUP,
		LaunchGroup: &mesos.Offer_Operation_LaunchGroup{
			Executor: mesos.ExecutorInfo{
				Type: mesos.ExecutorInfo_DEFAULT, ExecutorID: mesos.ExecutorID{Value: executor}, FrameworkID: &f.ID,
				Resources: []mesos.Resource{wire.Scalar("cpus", 0.1), wire.Scalar("mem", 32), wire.Scalar("disk", 32)},
			},
			TaskGroup: mesos.TaskGroupInfo{Tasks: tasks},
		},
	}
}

// Get reads a JSON endpoint.
func Get(t testing.TB, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(fmt.Errorf("%s: %s: %w", url, response.Status, err))
	}
	return string(body)
}
