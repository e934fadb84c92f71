package scheduler_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/allocator"
	"fairlead/scheduler"
)

// conversing is a master that says what it likes: its events go out on the one stream
// that a scheduler holds, and answer hears every other call.
type conversing struct {
	t      *testing.T
	events chan *mesossched.Event
	answer func(*conversing, *mesossched.Call)
}

func newConversing(t *testing.T, answer func(*conversing, *mesossched.Call)) (*conversing, *scheduler.Scheduler) {
	m := &conversing{t: t, events: make(chan *mesossched.Event, 100), answer: answer}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	s, _ := against(t, server.URL)
	return m, s
}

func (m *conversing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call := &mesossched.Call{}
	switch err := call.Unmarshal(body); {
	case r.URL.Path != "/api/v1/scheduler":
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case call.Type != mesossched.Call_SUBSCRIBE:
		m.answer(m, call)
		w.WriteHeader(http.StatusAccepted)
	default:
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.Header().Set("Mesos-Stream-Id", "stream")
		m.write(w, subscribed(m.t))
		for {
			select {
			case <-r.Context().Done():
				return
			case e := <-m.events:
				record, err := e.Marshal()
				if err != nil {
					m.t.Error(err)
				}
				m.write(w, record)
			}
		}
	}
}

func (m *conversing) write(w http.ResponseWriter, record []byte) {
	fmt.Fprintf(w, "%d\n%s", len(record), record)
	w.(http.Flusher).Flush()
}

func (m *conversing) offer() {
	m.events <- &mesossched.Event{Type: mesossched.Event_OFFERS, Offers: &mesossched.Event_Offers{Offers: []mesos.Offer{{
		ID: mesos.OfferID{Value: "O1"}, AgentID: mesos.AgentID{Value: "S1"}, FrameworkID: mesos.FrameworkID{Value: "framework-0000"}, Hostname: "h1",
		Resources: []mesos.Resource{scalar("cpus", 4), scalar("mem", 1024), scalar("disk", 1024)},
	}}}}
}

func scalar(name string, value float64) mesos.Resource {
	return mesos.Resource{Name: name, Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: value}}
}

// failed says that a task has, as the master knows it or, with a uuid, as its agent tells it.
func (m *conversing) failed(task mesos.TaskID, reason mesos.TaskStatus_Reason, message string, uuid []byte) {
	m.events <- &mesossched.Event{Type: mesossched.Event_UPDATE, Update: &mesossched.Event_Update{Status: mesos.TaskStatus{
		TaskID: task, AgentID: &mesos.AgentID{Value: "S1"}, State: mesos.TASK_FAILED.Enum(), Reason: &reason, Message: &message, UUID: uuid,
	}}}
}

// launched is the one task of an ACCEPT.
func launched(c *mesossched.Call) mesos.TaskID {
	return c.Accept.Operations[0].LaunchGroup.TaskGroup.Tasks[0].TaskID
}

// ended waits for the group to end, and tells how it did.
func ended(t *testing.T, s *scheduler.Scheduler) (allocator.Outcome, string) {
	t.Helper()
	var g *allocator.GroupView
	await(t, "the end of the group", func() (over bool) {
		var err error
		if g, err = s.Group(t.Context(), "default", "x"); err != nil {
			t.Fatal(err)
		}
		return g.Outcome != allocator.Unfinished
	})
	return g.Outcome, g.Message
}

// TestAnEndIsTakenFromWhoKnowsWhy: a master that has been asked about a task says that it
// failed before its agent says why. The group ends as the agent tells it.
func TestAnEndIsTakenFromWhoKnowsWhy(t *testing.T) {
	m, s := newConversing(t, func(m *conversing, c *mesossched.Call) {
		if c.Type == mesossched.Call_ACCEPT && len(c.Accept.Operations) > 0 {
			m.failed(launched(c), mesos.REASON_RECONCILIATION, "Reconciliation: Latest task state", nil)
			m.failed(launched(c), mesos.REASON_AGENT_REREGISTERED, "Agent reregistered", nil)
			m.failed(launched(c), mesos.REASON_COMMAND_EXECUTOR_FAILED, "exit status 3", []byte("1234567890123456"))
		}
	})
	submitOne(t, s)
	m.offer()
	if outcome, why := ended(t, s); outcome != allocator.Failed || why != "exit status 3" {
		t.Errorf("the group ended as %s: %s", outcome, why)
	}
}

// TestAnEndThatNobodyExplainsIsOneAllTheSame: the agent never says anything, and the
// master says the same when it is asked again.
func TestAnEndThatNobodyExplainsIsOneAllTheSame(t *testing.T) {
	const message = "Reconciliation: Latest task state"
	m, s := newConversing(t, func(m *conversing, c *mesossched.Call) {
		switch {
		case c.Type == mesossched.Call_ACCEPT && len(c.Accept.Operations) > 0:
			m.failed(launched(c), mesos.REASON_RECONCILIATION, message, nil)
		case c.Type == mesossched.Call_RECONCILE && len(c.Reconcile.Tasks) > 0:
			m.failed(c.Reconcile.Tasks[0].TaskID, mesos.REASON_RECONCILIATION, message, nil)
		}
	})
	submitOne(t, s)
	m.offer()
	if outcome, why := ended(t, s); outcome != allocator.Failed || why != message {
		t.Errorf("the group ended as %s: %s", outcome, why)
	}
}
