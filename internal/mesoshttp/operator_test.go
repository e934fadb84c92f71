package mesoshttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/mesos/mesos-go/api/v1/lib/master"
)

const getAgents = "operator/v1-master/protobuf/06-get-agents"

// recordedMaster answers operator calls with a recorded answer, if the request is the recorded one.
func recordedAgents(t *testing.T) http.HandlerFunc {
	want, answer := fixture(t, getAgents+".req.pb"), fixture(t, getAgents+".resp.pb")
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != readExchange(t, getAgents+".http").path || !bytes.Equal(body, want) {
			t.Errorf("asked %s % x, want the recorded request % x", r.URL.Path, body, want)
		}
		w.Header().Set("Content-Type", protobufType)
		_, _ = w.Write(answer)
	}
}

func TestAgentsAreReadFromARecordedAnswer(t *testing.T) {
	server := serve(t, recordedAgents(t))
	agents, err := newClient(t, server.URL).Agents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(agents) != 1 {
		t.Fatalf("%d agents, one was recorded", len(agents))
	}
	a := agents[0]
	if !strings.HasSuffix(a.ID, "-S0") || a.Hostname != "agent0.local" || a.Endpoint != "127.0.0.1:6861" || !a.Active {
		t.Errorf("agent %+v", a)
	}
	var cpus float64
	for _, r := range a.Total {
		if r.Name == "cpus" {
			cpus += r.GetScalar().GetValue()
		}
	}
	if cpus != 9 || len(a.Attributes) == 0 || a.Attributes[0].Name == "" {
		t.Errorf("%v cpus, attributes %v; recorded were 9 cpus, 8 of them unreserved", cpus, a.Attributes)
	}
}

func TestAgentsFollowARedirectToTheLeader(t *testing.T) {
	leader := serve(t, recordedAgents(t))
	standby := serve(t, redirectTo("//"+leader.Listener.Addr().String()+"/api/v1"))
	agents, err := newClient(t, standby.URL).Agents(t.Context())
	if err != nil || len(agents) != 1 {
		t.Errorf("%d agents, error %v", len(agents), err)
	}
}

func TestAgentsThatMayNotBeListed(t *testing.T) {
	for _, code := range []int{401, 403, 404, 400, 500, 503} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		_, err := newClient(t, server.URL).Agents(t.Context())
		if want := code == 401 || code == 403 || code == 404; err == nil || errors.Is(err, ErrNotAllowed) != want {
			t.Errorf("status %d: %v; is ErrNotAllowed: %v, want %v", code, err, !want, want)
		}
	}
}

func TestAnswersThatAreNoListOfAgents(t *testing.T) {
	other, err := (&master.Response{Type: master.Response_GET_HEALTH}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range [][]byte{nil, []byte("<html>"), other} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
		if agents, err := newClient(t, server.URL).Agents(t.Context()); err == nil {
			t.Errorf("%q was taken for the agents %v", body, agents)
		}
	}
}

const readPart = "operator/v1-agent/json/14-read-file-part"

// recordedAgent gives the recorded answers of a real agent to the recorded requests, and 404 to others.
func recordedAgent(t *testing.T) string {
	state, want := fixture(t, "operator/agent/01-state.resp.json"), decoded(t, fixture(t, readPart+".req.json"))
	part := readExchange(t, readPart+".http")
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", jsonType)
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/state":
			_, _ = w.Write(state)
		case r.Method == part.method && r.URL.Path == part.path && reflect.DeepEqual(decoded(t, body), want):
			_, _ = w.Write(part.body)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	return server.Listener.Addr().String()
}

func decoded(t *testing.T, text []byte) (value any) {
	t.Helper()
	if err := json.Unmarshal(text, &value); err != nil {
		t.Error(err)
	}
	return value
}

func TestFilesAreReadAsTheRecordedAgentSendsThem(t *testing.T) {
	c := newClient(t, "127.0.0.1:5050")
	r := FileRange{Agent: recordedAgent(t), Offset: 2, Length: 3,
		Path: "/frameworks/b2eb49b9-06f4-44b6-9352-b8621a22bea1-0000/executors/run/runs/latest/stdout"}
	data, size, err := c.ReadFile(t.Context(), r)
	if string(data) != "llo" || size != 6 || err != nil {
		t.Errorf("%q of %d bytes, error %v; want \"llo\" of 6", data, size, err)
	}
	r.Path = "/somewhere/else"
	if _, _, err := c.ReadFile(t.Context(), r); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestExecutorDirectoryIsFoundInARecordedState(t *testing.T) {
	agent := recordedAgent(t)
	c := newClient(t, "127.0.0.1:5050")
	const framework = "b2eb49b9-06f4-44b6-9352-b8621a22bea1-0000"
	directory, err := c.ExecutorDirectory(t.Context(), agent, framework, "run")
	if err != nil || !strings.Contains(directory, "/executors/run/runs/") {
		t.Errorf("directory %q, error %v", directory, err)
	}
	if _, err := c.ExecutorDirectory(t.Context(), agent, framework, "never"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown executor: %v", err)
	}
	if _, err := c.ExecutorDirectory(t.Context(), agent, "other", "run"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown framework: %v", err)
	}
	if _, err := c.ExecutorDirectory(t.Context(), deadAddress(t), framework, "run"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an agent that is not there: %v", err)
	}
}

func TestLivingExecutorsComeBeforeEndedOnes(t *testing.T) {
	ended := agentExecutor{ID: "e", Directory: "/old"}
	living := agentExecutor{ID: "e", Directory: "/new"}
	state := agentState{
		Frameworks: []agentFramework{{ID: "f", CompletedExecutors: []agentExecutor{ended, {ID: "gone", Directory: "/g"}},
			Executors: []agentExecutor{living}}},
		CompletedFrameworks: []agentFramework{{ID: "f2", CompletedExecutors: []agentExecutor{ended}}},
	}
	for _, c := range []struct{ framework, executor, want string }{
		{"f", "e", "/new"}, {"f", "gone", "/g"}, {"f2", "e", "/old"}, {"f2", "gone", ""},
	} {
		if got, _ := state.directory(c.framework, c.executor); got != c.want {
			t.Errorf("%s of %s is in %q, want %q", c.executor, c.framework, got, c.want)
		}
	}
}
