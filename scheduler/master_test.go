package scheduler_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap/zaptest"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/cluster/recording"
	"fairlead/internal/journal"
	"fairlead/internal/mesoshttp"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
	"fairlead/scheduler"
)

// scripted is a master that answers each SUBSCRIBE with the next of its
// answers, the last one for ever, and keeps the other calls.
type scripted struct {
	*httptest.Server
	mu      sync.Mutex
	answers []http.HandlerFunc
	calls   []*mesossched.Call
}

func newScripted(t *testing.T, answers ...http.HandlerFunc) *scripted {
	m := &scripted{answers: answers}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/v1/scheduler" {
		http.NotFound(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	call := &mesossched.Call{}
	if err := call.Unmarshal(body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	answer := m.answers[0]
	if call.Type != mesossched.Call_SUBSCRIBE {
		m.calls = append(m.calls, call)
		answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }
	} else if len(m.answers) > 1 {
		m.answers = m.answers[1:]
	}
	m.mu.Unlock()
	answer(w, r)
}

// acknowledged is the set of uuids that were acknowledged.
func (m *scripted) acknowledged() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]bool{}
	for _, c := range m.calls {
		if c.Type == mesossched.Call_ACKNOWLEDGE {
			out[string(c.Acknowledge.UUID)] = true
		}
	}
	return out
}

// stream answers with event records and leaves the stream open.
func stream(records ...[]byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.Header().Set("Mesos-Stream-Id", "stream")
		w.WriteHeader(http.StatusOK)
		for _, rec := range records {
			fmt.Fprintf(w, "%d\n%s", len(rec), rec)
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

func raw(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.Header().Set("Mesos-Stream-Id", "stream")
		io.WriteString(w, body)
	}
}

func subscribed(t *testing.T) []byte {
	e := mesossched.Event{Type: mesossched.Event_SUBSCRIBED, Subscribed: &mesossched.Event_Subscribed{
		FrameworkID: &mesos.FrameworkID{Value: "framework-0000"}, HeartbeatIntervalSeconds: new(15.0),
	}}
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// against runs a scheduler against a master until the test ends; the channel
// has what Run returned. The records are what it finds in its journal.
func against(t *testing.T, masters string, records ...scheduler.Record) (*scheduler.Scheduler, <-chan error) {
	t.Helper()
	j, err := journal.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		data, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Append(data); err != nil {
			t.Fatal(err)
		}
	}
	client, err := mesoshttp.New(mesoshttp.Config{Masters: masters})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scheduler.Open(scheduler.Config{
		Mesos: client, Journal: j, Logger: zaptest.NewLogger(t),
		Framework: mesos.FrameworkInfo{User: "root", Name: "fairlead", Roles: []string{"*"}},
		Allocator: allocator.Config{Executor: overhead}, Executor: scheduler.Executor{Path: "/nowhere", Resources: overhead},
		Retain: retained,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, over := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(over)
		ended <- s.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-over
		client.Close()
		j.Close()
	})
	return s, ended
}

// await polls until ok, for things that happen in other processes' time.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting for %s", what)
		}
	}
}

// TestRecordedStreamsAreLivedThrough feeds everything that a real master sent
// to the schedulers of the recordings through the live loop: each update that
// has a uuid is acknowledged, ERROR ends the scheduler, and nothing else does.
func TestRecordedStreamsAreLivedThrough(t *testing.T) {
	for _, path := range recording.Files(t, "scheduler", "*.stream") {
		if !strings.Contains(path, "/protobuf/") {
			continue
		}
		_, name, _ := strings.Cut(path, "/scheduler/")
		t.Run(name, func(t *testing.T) {
			records := recording.Records(t, path)
			want, fatal := map[string]bool{}, false
			for _, r := range records {
				var e mesossched.Event
				if err := e.Unmarshal(r); err != nil {
					t.Fatal(err)
				}
				if u := e.GetUpdate(); u != nil && len(u.Status.UUID) > 0 && !fatal {
					want[string(u.Status.UUID)] = true
				}
				fatal = fatal || e.Type == mesossched.Event_ERROR
			}
			m := newScripted(t, stream(records...))
			s, ended := against(t, m.URL)
			if fatal {
				if err := <-ended; err == nil {
					t.Error("the scheduler went on after an ERROR event")
				}
				return
			}
			await(t, "every update to be acknowledged", func() bool { return len(m.acknowledged()) == len(want) })
			for uuid := range m.acknowledged() {
				if !want[uuid] {
					t.Errorf("acknowledged %x, which no update had", uuid)
				}
			}
			if _, err := s.View(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestABadMasterIsWaitedOut gives the scheduler every kind of bad answer first
// and a good one then. Meanwhile it takes submissions, and says what it waits
// for.
func TestABadMasterIsWaitedOut(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", code) }
	}
	for name, bad := range map[string]http.HandlerFunc{
		"HTTP 500":          status(500),
		"HTTP 503":          status(503),
		"HTTP 401":          status(401),
		"garbage":           raw("garbage on the stream\n"),
		"bad protobuf":      raw("5\n\xff\xff\xff\xff\xff"),
		"a poisoned length": raw("10\n\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
		"truncated record":  raw("100\nonly this"),
		"absurd length":     raw("99999999999999\nx"),
		"empty stream":      raw(""),
		"a web page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>hello</html>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newScripted(t, bad, stream(subscribed(t)))
			s, _ := against(t, m.URL)
			await(t, "the error", func() bool { st := s.Status(); return st.Connected || st.LastError != "not yet connected" })
			submitOne(t, s)
			await(t, "the subscription", func() bool { return s.Status().Connected })
			if v, err := s.View(t.Context()); err != nil || len(v.Groups) != 1 {
				t.Errorf("the group that was accepted is gone: %v, %v", v, err)
			}
		})
	}
}

func submitOne(t *testing.T, s *scheduler.Scheduler) {
	t.Helper()
	groups, err := taskgroup.Parse("x.yaml", []byte("{name: x, tasks: [{name: m, command: sleep 1, resources: {cpus: 1, mem: 32}}]}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Submit(t.Context(), groups, false); err != nil {
		t.Fatal(err)
	}
}

func TestAnUnreachableMasterIsAWaitingReason(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close() // nobody listens there now
	s, _ := against(t, address)
	submitOne(t, s)
	await(t, "the error", func() bool { return strings.Contains(s.Status().LastError, "refused") })
	e, err := s.Explain(t.Context(), "default", "x")
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Reasons) == 0 || e.Reasons[0].Code != allocator.ReasonNoMaster || !strings.Contains(e.Reasons[0].Message, "refused") {
		t.Errorf("the explanation does not name the master: %+v", e.Reasons)
	}
}

// parsed is a task group, as it is submitted and as the allocator is told of it.
func parsed(t *testing.T, text string) ([]*proto.TaskGroup, allocator.Group) {
	t.Helper()
	specs, err := taskgroup.Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	group, err := taskgroup.Core(specs[0])
	if err != nil {
		t.Fatal(err)
	}
	return specs, group
}

// Offers end with the process that held them, however that ended: no task can be launched on them.
func TestOffersOfBeforeARestartAreVoid(t *testing.T) {
	specs, group := parsed(t, "{name: x, instances: 2, gang: true, tasks: [{name: m, command: sleep 1, resources: {cpus: 3, mem: 32}}]}")
	now, total := time.Now().UnixMilli(), []allocator.Quantity{{Name: "cpus", Amount: 4 * drf.Unit}, {Name: "mem", Amount: 1000 * drf.Unit}, {Name: "disk", Amount: 1000 * drf.Unit}}
	held := scheduler.Record{
		At: now, Specs: specs,
		Facts: []allocator.Fact{
			allocator.Connected{}, allocator.AgentSeen{Agent: "a1", Host: "a1", Total: total}, allocator.AgentSeen{Agent: "a2", Host: "a2", Total: total},
			allocator.OfferAdded{Offer: "o1", Agent: "a1", Host: "a1", Resources: total}, allocator.GroupSubmitted{Group: group},
		},
		Actions: []allocator.Action{allocator.Hold{
			Framework: "default", Group: "x", Until: now + 600_000,
			On: []allocator.HoldOn{{Agent: "a1", Instances: 1}, {Agent: "a2", Instances: 1}},
		}},
	}
	m := newScripted(t, stream(subscribed(t)))
	s, _ := against(t, m.URL, held)
	await(t, "the subscription", func() bool { return s.Status().Connected })
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Offers) > 0 || len(v.Groups) != 1 || v.Groups[0].Pending != 2 {
		t.Errorf("offers %+v, groups %+v: want no offer, and two that wait", v.Offers, v.Groups)
	}
}

// tape records what a scheduler would have booked and decided, one record a call.
type tape struct {
	*testing.T
	state   *allocator.State
	now     int64
	records []scheduler.Record
}

func (t *tape) at(specs []*proto.TaskGroup, facts ...allocator.Fact) []allocator.Action {
	t.Helper()
	t.now++
	r := scheduler.Record{At: t.now, Facts: facts, Specs: specs}
	for _, f := range append(facts[:len(facts):len(facts)], allocator.Tick{}) {
		actions, err := t.state.Step(allocator.Event{At: t.now, Fact: f})
		if err != nil {
			t.Fatal(err)
		}
		r.Actions = append(r.Actions, actions...)
	}
	t.records = append(t.records, r)
	return r.Actions
}

// An instance that was killed in another life of its group is nothing to a scheduler that starts anew.
func TestKillsOfBeforeARestartAreOver(t *testing.T) {
	specs, group := parsed(t, "{name: x, tasks: [{name: m, command: sleep 1, resources: {cpus: 1, mem: 32}}]}")
	state, err := allocator.New(allocator.Config{Executor: overhead})
	if err != nil {
		t.Fatal(err)
	}
	d := &tape{T: t, state: state, now: time.Now().UnixMilli()}
	total := []allocator.Quantity{{Name: "cpus", Amount: 4 * drf.Unit}, {Name: "mem", Amount: 1000 * drf.Unit}, {Name: "disk", Amount: 1000 * drf.Unit}}
	actions := d.at(specs, allocator.Connected{}, allocator.OfferAdded{Offer: "o1", Agent: "a1", Host: "a1", Resources: total}, allocator.GroupSubmitted{Group: group})
	run := actions[0].(*allocator.Accept).Launches[0].Run
	d.at(nil, allocator.TaskUpdated{Run: run, State: allocator.TaskRunning}, allocator.InstanceKilled{Framework: "default", Name: "x"})
	d.at(nil, allocator.TaskUpdated{Run: run, State: allocator.TaskKilled})
	d.at(nil, allocator.GroupRerun{Framework: "default", Name: "x"})

	m := newScripted(t, stream(subscribed(t)))
	s, _ := against(t, m.URL, d.records...)
	await(t, "the subscription", func() bool { return s.Status().Connected })
	v, err := s.View(t.Context())
	if err != nil || len(v.Groups) != 1 || v.Groups[0].Pending != 1 {
		t.Errorf("%+v, %v: want the group to wait again", v, err)
	}
}
