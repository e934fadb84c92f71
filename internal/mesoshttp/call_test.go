package mesoshttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

func launchGroup(ids ...string) *scheduler.Call {
	group := new(mesos.TaskGroupInfo)
	for _, id := range ids {
		group.Tasks = append(group.Tasks, mesos.TaskInfo{Name: id, TaskID: mesos.TaskID{Value: id}})
	}
	return &scheduler.Call{Type: scheduler.Call_ACCEPT, FrameworkID: &mesos.FrameworkID{Value: "f-0000"},
		Accept: &scheduler.Call_Accept{Operations: []mesos.Offer_Operation{{Type: mesos.Offer_Operation_LAUNCH_GROUP,
			LaunchGroup: &mesos.Offer_Operation_LaunchGroup{TaskGroup: *group}}}}}
}

func TestCallsThatCrashAMasterOrCanNeverWorkAreNotSent(t *testing.T) {
	master := newRecorder(t, leading(t))
	s := subscribe(t, newClient(t, master.URL))
	refused := map[string]*scheduler.Call{
		"no call at all":        nil,
		"type UNKNOWN":          {FrameworkID: &mesos.FrameworkID{Value: "f"}},
		"a type nobody knows":   {Type: 99, FrameworkID: &mesos.FrameworkID{Value: "f"}},
		"a second SUBSCRIBE":    subscribeCall(),
		"no framework id":       {Type: scheduler.Call_REVIVE},
		"an empty group":        launchGroup(),
		"two tasks with one id": launchGroup("a", "b", "a"),
		"a LAUNCH_GROUP of nothing": {Type: scheduler.Call_ACCEPT, FrameworkID: &mesos.FrameworkID{Value: "f"},
			Accept: &scheduler.Call_Accept{Operations: []mesos.Offer_Operation{{Type: mesos.Offer_Operation_LAUNCH_GROUP}}}},
	}
	for name, call := range refused {
		if err := s.Call(t.Context(), call); !errors.Is(err, ErrInvalidCall) {
			t.Errorf("%s: %v, want ErrInvalidCall", name, err)
		}
	}
	if n := len(master.requests); n != 1 {
		t.Errorf("the master got %d requests, want only SUBSCRIBE", n)
	}
	if err := s.Call(t.Context(), launchGroup("a", "b")); err != nil {
		t.Errorf("a group of two tasks: %v", err)
	}
}

// The one recorded ACCEPT after which the master process ended must be refused here.
func TestTheRecordedCallThatEndedTheMasterIsNotSent(t *testing.T) {
	found := 0
	for line := range bytes.Lines(fixture(t, "task-errors.jsonl")) {
		var e struct {
			Name   string                `json:"name"`
			Status int                   `json:"http_status"`
			Accept scheduler.Call_Accept `json:"accept"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		call := &scheduler.Call{Type: scheduler.Call_ACCEPT, FrameworkID: &mesos.FrameworkID{Value: "f"}, Accept: &e.Accept}
		err := checkCall(call)
		if e.Status == 0 {
			found++
		}
		if e.Status == 0 && err == nil {
			t.Errorf("%s would be sent, and ended the master", e.Name)
		}
		if e.Status != 0 && err != nil && e.Name != "group-empty" {
			t.Errorf("%s was answered %d and would be refused: %v", e.Name, e.Status, err)
		}
	}
	if found == 0 {
		t.Error("no recorded call ended the master; is the recording complete?")
	}
}

func TestNoCallIsPassedOnAnotherMaster(t *testing.T) {
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the other master was asked") })
	master := newRecorder(t, func(w http.ResponseWriter, call *scheduler.Call) {
		if call.Type == scheduler.Call_SUBSCRIBE {
			leading(t)(w, call)
			return
		}
		redirectTo("//"+other.Listener.Addr().String()+schedulerPath)(w, nil)
	})
	s := subscribe(t, newClient(t, master.URL))
	if err := s.Call(t.Context(), reviveCall()); !errors.Is(err, ErrNotSubscribed) {
		t.Errorf("error %v, want ErrNotSubscribed", err)
	}
}

func TestForbiddenMeansNotSubscribedExceptForUpdateFramework(t *testing.T) {
	for _, kind := range []scheduler.Call_Type{scheduler.Call_ACCEPT, scheduler.Call_UPDATE_FRAMEWORK} {
		err := error(&StatusError{Request: kind.String(), Code: http.StatusForbidden})
		if got, want := errors.Is(err, ErrNotSubscribed), kind != scheduler.Call_UPDATE_FRAMEWORK; got != want {
			t.Errorf("403 to %s: not subscribed = %v, want %v", kind, got, want)
		}
	}
}

func TestSuccessHasTwoStatuses(t *testing.T) {
	for _, code := range []int{http.StatusOK, http.StatusAccepted} {
		master := newRecorder(t, func(w http.ResponseWriter, call *scheduler.Call) {
			if call.Type == scheduler.Call_SUBSCRIBE {
				leading(t)(w, call)
				return
			}
			w.WriteHeader(code)
		})
		if err := subscribe(t, newClient(t, master.URL)).Call(t.Context(), reviveCall()); err != nil {
			t.Errorf("status %d: %v", code, err)
		}
	}
}

func TestCallsOfOneGoroutineArriveInOrderOverOneConnection(t *testing.T) {
	master := newRecorder(t, leading(t))
	s := subscribe(t, newClient(t, master.URL))
	var want []string
	for i := range 100 {
		id := fmt.Sprint("task-", i)
		want = append(want, id)
		call := &scheduler.Call{Type: scheduler.Call_KILL, FrameworkID: &mesos.FrameworkID{Value: "f-0000"},
			Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: id}}}
		if err := s.Call(t.Context(), call); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	connections := map[string]bool{}
	for i, body := range master.bodies[1:] {
		var call scheduler.Call
		if err := call.Unmarshal(body); err != nil {
			t.Fatal(err)
		}
		got = append(got, call.Kill.TaskID.Value)
		connections[master.requests[i+1].RemoteAddr] = true
	}
	if !slices.Equal(got, want) || len(connections) != 1 {
		t.Errorf("%d calls over %d connections, in order: %v", len(got), len(connections), slices.Equal(got, want))
	}
}

func TestSubscribeRefusesAnotherCall(t *testing.T) {
	c := newClient(t, "127.0.0.1:1")
	for _, call := range []*scheduler.Call{nil, reviveCall(), {Type: scheduler.Call_SUBSCRIBE}} {
		if _, err := c.Subscribe(t.Context(), call); !errors.Is(err, ErrInvalidCall) {
			t.Errorf("%v: %v, want ErrInvalidCall", call, err)
		}
	}
}

func TestErrorsReadLikeSentences(t *testing.T) {
	err := &StatusError{Request: "ACCEPT", Master: "10.0.0.1:5050", Code: 400, Body: "Framework cannot be found\n"}
	if got, want := err.Error(), "ACCEPT: 10.0.0.1:5050 answered 400 Bad Request: Framework cannot be found"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.Contains((&RecordError{Offset: 7, Reason: "it is empty"}).Error(), "record at byte 7: it is empty") {
		t.Error("a RecordError does not name its place")
	}
}
