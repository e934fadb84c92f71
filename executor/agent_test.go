package executor

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// patience bounds every wait of these tests; a wait that succeeds takes milliseconds.
const patience = 60 * time.Second

// testAgent is the executor endpoint of an agent, over real HTTP. It records calls, acknowledges updates as a
// real agent does, and sends the events the test asks for.
type testAgent struct {
	t      *testing.T
	addr   string
	server *http.Server

	mu       sync.Mutex
	changed  *sync.Cond
	calls    []*executor.Call
	headers  []http.Header
	times    []time.Time
	stream   chan []byte // records for the present subscriber
	gone     chan struct{}
	answers  []int // statuses of the next calls; 0 for the right one
	mute     bool  // sends no SUBSCRIBED of its own
	silent   bool  // acknowledges nothing
	killing  bool  // the framework knows TASK_KILLING
	updating int   // UPDATE calls being answered
	overlap  bool  // two were at once
}

func newTestAgent(t *testing.T) *testAgent {
	a := &testAgent{t: t, addr: "127.0.0.1:0"}
	a.changed = sync.NewCond(&a.mu)
	a.listen("tcp")
	t.Cleanup(a.crash)
	return a
}

// listen starts the agent, again under its old address if it had one.
func (a *testAgent) listen(network string) {
	a.t.Helper()
	l, err := net.Listen(network, a.addr)
	if err != nil {
		a.t.Fatal(err)
	}
	a.addr = l.Addr().String()
	a.server = &http.Server{Handler: http.HandlerFunc(a.serve)}
	go a.server.Serve(l)
}

// crash closes the listener and all connections.
func (a *testAgent) crash() {
	a.closeStream()
	a.server.Close()
}

func (a *testAgent) closeStream() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone != nil {
		close(a.gone)
		a.gone, a.stream = nil, nil
	}
}

func (a *testAgent) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	call := new(executor.Call)
	if err == nil {
		err = call.Unmarshal(body)
	}
	if err != nil || r.URL.Path != "/api/v1/executor" || r.Header.Get("Content-Type") != mediaType {
		http.Error(w, fmt.Sprint("bad call: ", err), http.StatusBadRequest)
		return
	}
	switch status := a.record(call, r.Header); {
	case status != 0:
		http.Error(w, "as the test wants", status)
	case call.Type == executor.Call_SUBSCRIBE:
		a.serveStream(w, r)
	default:
		a.confirm(call)
		w.WriteHeader(http.StatusAccepted)
	}
}

// record notes a call and returns the status planned for it.
func (a *testAgent) record(call *executor.Call, header http.Header) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.changed.Broadcast()
	a.calls = append(a.calls, call)
	a.headers = append(a.headers, header)
	a.times = append(a.times, time.Now())
	if len(a.answers) == 0 {
		return 0
	}
	status := a.answers[0]
	a.answers = a.answers[1:]
	return status
}

func (a *testAgent) confirm(call *executor.Call) {
	if call.Type != executor.Call_UPDATE {
		return
	}
	a.mu.Lock()
	a.updating++
	a.overlap = a.overlap || a.updating > 1
	silent := a.silent
	a.mu.Unlock()
	if !silent {
		a.acknowledge(call.Update.Status)
	}
	a.mu.Lock()
	a.updating--
	a.mu.Unlock()
}

func (a *testAgent) acknowledge(status mesos.TaskStatus) {
	a.send(&executor.Event{Type: executor.Event_ACKNOWLEDGED,
		Acknowledged: &executor.Event_Acknowledged{TaskID: status.TaskID, UUID: status.UUID}})
}

// serveStream answers SUBSCRIBE until the client goes or the agent closes the stream.
func (a *testAgent) serveStream(w http.ResponseWriter, r *http.Request) {
	a.closeStream() // the new one takes over
	stream, gone := make(chan []byte, 1000), make(chan struct{})
	a.mu.Lock()
	a.stream, a.gone = stream, gone
	call := a.calls[len(a.calls)-1]
	mute, silent, killing := a.mute, a.silent, a.killing
	a.changed.Broadcast()
	a.mu.Unlock()
	if !mute {
		a.send(subscribedEvent(killing))
	}
	for _, u := range call.Subscribe.UnacknowledgedUpdates {
		if !silent {
			a.acknowledge(u.Status)
		}
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(http.StatusOK)
	for {
		w.(http.Flusher).Flush()
		select {
		case record := <-stream:
			w.Write(record)
		case <-gone:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func subscribedEvent(killing bool) *executor.Event {
	s := &executor.Event_Subscribed{
		ExecutorInfo:  mesos.ExecutorInfo{ExecutorID: mesos.ExecutorID{Value: "e"}},
		FrameworkInfo: mesos.FrameworkInfo{User: "u", Name: "f", ID: &mesos.FrameworkID{Value: "f"}},
		AgentInfo:     mesos.AgentInfo{Hostname: "h", ID: &mesos.AgentID{Value: "a"}},
	}
	if killing {
		s.FrameworkInfo.Capabilities = []mesos.FrameworkInfo_Capability{
			{Type: mesos.FrameworkInfo_Capability_TASK_KILLING_STATE}}
	}
	return &executor.Event{Type: executor.Event_SUBSCRIBED, Subscribed: s}
}

// send puts an event on the stream; without a subscriber it is lost, as with a real agent.
func (a *testAgent) send(e *executor.Event) {
	body, err := e.Marshal()
	if err != nil {
		a.t.Error(err)
	}
	a.sendRaw(fmt.Appendf(nil, "%d\n%s", len(body), body))
}

func (a *testAgent) sendRaw(record []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stream != nil {
		a.stream <- record
	}
}

func (a *testAgent) launchGroup(tasks ...mesos.TaskInfo) {
	a.send(&executor.Event{Type: executor.Event_LAUNCH_GROUP,
		LaunchGroup: &executor.Event_LaunchGroup{TaskGroup: mesos.TaskGroupInfo{Tasks: tasks}}})
}

func (a *testAgent) kill(task string, policy *mesos.KillPolicy) {
	a.send(&executor.Event{Type: executor.Event_KILL,
		Kill: &executor.Event_Kill{TaskID: mesos.TaskID{Value: task}, KillPolicy: policy}})
}

func (a *testAgent) shutdown() { a.send(&executor.Event{Type: executor.Event_SHUTDOWN}) }

// set changes the agent's behaviour.
func (a *testAgent) set(f func(*testAgent)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a)
}

// recorded returns the calls so far.
func (a *testAgent) recorded() []*executor.Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// arrivals returns when each call came.
func (a *testAgent) arrivals() []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.times)
}

// await returns what find makes of the calls received as soon as it reports success.
func await[T any](a *testAgent, what string, find func([]*executor.Call) (T, bool)) T {
	a.t.Helper()
	timer := time.AfterFunc(patience, a.changed.Broadcast)
	defer timer.Stop()
	deadline := time.Now().Add(patience)
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		found, ok := find(a.calls)
		if ok {
			return found
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("no %s; calls so far: %v", what, a.calls)
		}
		a.changed.Wait()
	}
}

// awaitStream returns the n-th SUBSCRIBE, counting from 1, once its stream is open.
func (a *testAgent) awaitStream(n int) *executor.Call {
	a.t.Helper()
	return await(a, fmt.Sprint("open subscription ", n), func(calls []*executor.Call) (*executor.Call, bool) {
		all := subscriptions(calls)
		if len(all) < n || a.stream == nil {
			return nil, false
		}
		return all[n-1], true
	})
}

func subscriptions(calls []*executor.Call) []*executor.Call {
	return slices.DeleteFunc(slices.Clone(calls), func(c *executor.Call) bool {
		return c.Type != executor.Call_SUBSCRIBE
	})
}

// awaitState returns the first UPDATE that puts task into state.
func (a *testAgent) awaitState(task string, state mesos.TaskState) *mesos.TaskStatus {
	a.t.Helper()
	return await(a, fmt.Sprint(state, " of ", task), func(calls []*executor.Call) (*mesos.TaskStatus, bool) {
		for _, s := range statuses(calls) {
			if s.TaskID.Value == task && s.GetState() == state {
				return &s, true
			}
		}
		return nil, false
	})
}

// statuses lists the updates in calls, those resent in subscriptions once.
func statuses(calls []*executor.Call) []mesos.TaskStatus {
	var all []mesos.TaskStatus
	seen := make(map[string]bool)
	add := func(s mesos.TaskStatus) {
		if !seen[string(s.UUID)] {
			seen[string(s.UUID)] = true
			all = append(all, s)
		}
	}
	for _, c := range calls {
		for _, u := range c.GetSubscribe().GetUnacknowledgedUpdates() {
			add(u.Status)
		}
		if c.Update != nil {
			add(c.Update.Status)
		}
	}
	return all
}

// history returns the states of one task in the order in which they came.
func (a *testAgent) history(task string) []mesos.TaskState {
	var states []mesos.TaskState
	for _, s := range statuses(a.recorded()) {
		if s.TaskID.Value == task {
			states = append(states, s.GetState())
		}
	}
	return states
}

func (a *testAgent) wantHistory(task string, want ...mesos.TaskState) {
	a.t.Helper()
	if got := a.history(task); !slices.Equal(got, want) {
		a.t.Errorf("states of %s: %v, want %v", task, got, want)
	}
}
