package master_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesosmaster "github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/recording"
	"fairlead/internal/cluster/wire"
)

// operator sends an operator call in JSON.
func operator(t *testing.T, m *master.Master, call string) (status int, body string) {
	t.Helper()
	response, err := http.Post(url(m)+"/api/v1", "application/json", strings.NewReader(call))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// Every recorded operator question that this master answers has an answer of
// the recorded shape: the same members, of the same JSON types.
func TestOperatorAnswersHaveTheRecordedShape(t *testing.T) {
	m, _, _, _ := withTaskAndOffer(t)
	for _, path := range recording.Files(t, "operator/v1-master/json", "*.req.json") {
		question, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		recorded, err := os.ReadFile(strings.Replace(path, ".req.json", ".resp.json", 1))
		if err != nil {
			continue // short answers stand in another file
		}
		status, got := operator(t, m, string(question))
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", filepath.Base(path), status, got)
			continue
		}
		if missing := missingMembers(t, string(recorded), got); len(missing) > 0 {
			t.Errorf("%s: the answer lacks %v", filepath.Base(path), missing)
		}
	}
}

// Unversioned endpoints likewise.
func TestEndpointsHaveTheRecordedShape(t *testing.T) {
	m, _, _, _ := withTaskAndOffer(t)
	for path, file := range map[string]string{
		"/state": "01-state", "/master/state": "01-state", "/slaves": "03-slaves", "/frameworks": "05-frameworks",
		"/tasks": "06-tasks", "/state-summary": "10-state-summary",
	} {
		recorded, err := os.ReadFile(filepath.Join(recording.Dir(t), "operator/master", file+".resp.json"))
		if err != nil {
			t.Fatal(err)
		}
		got := frameworktest.Get(t, url(m)+path)
		if missing := missingMembers(t, string(recorded), got); len(missing) > 0 {
			t.Errorf("%s lacks %v", path, missing)
		}
	}
}

// absent are members a real master writes and this one does not, because it
// has nothing to say there.
var absent = []string{
	"git_sha", "build_date", "build_time", // of a build of Mesos
	"domain", "region", "zone", "fault_domain", // no domains are configured
	"offer_constraints", "labels", "principal", "hostname", "webui_url", // not given by this test's framework
	"discovery", "health_check", "healthy", "container_status", "user", "parent", "network_infos",
	"executor_pid", "container_id", "ports", "gpus", "licenses", "zones", "ids", "attributes", "rack", "cores",
	"span", "os", "completed_frameworks", "completed_tasks", "unregistered_time", "reregistered_time",
	"checkpoint", "executor_ids", "executor_id", "reservations", "source", "inverse_offers", "executors",
}

// missingMembers compares the names of members at every level of two JSON
// texts; lists are compared by their first elements.
func missingMembers(t *testing.T, want, got string) []string {
	t.Helper()
	var wanted, found any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &found); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	return missingIn("", wanted, found)
}

func missingIn(path string, want, got any) []string {
	var missing []string
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return []string{path}
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if slices.Contains(absent, name) || path == ".flags" || strings.HasSuffix(path, "reserved_resources") ||
				strings.HasSuffix(path, "reserved_resources_full") {
				continue
			}
			if got[name] == nil {
				missing = append(missing, path+"."+name)
				continue
			}
			missing = append(missing, missingIn(path+"."+name, want[name], got[name])...)
		}
	case []any:
		got, ok := got.([]any)
		if !ok {
			return []string{path + ": not a list"}
		}
		if len(want) > 0 && len(got) > 0 && !strings.HasSuffix(path, "flags") && !strings.HasSuffix(path, "metrics") {
			missing = append(missing, missingIn(path+"[0]", want[0], got[0])...)
		}
	case float64:
		if _, ok := got.(float64); !ok {
			return []string{path + ": not a number"}
		}
	case string:
		if _, ok := got.(string); !ok {
			return []string{path + ": not a text"}
		}
	}
	return missing
}

// State agrees with what the framework has seen.
func TestState(t *testing.T) {
	m, f, a, o := withTaskAndOffer(t)
	var state struct {
		ID         string
		Slaves     []struct{ ID string }
		Frameworks []struct {
			ID     string
			Tasks  []struct{ ID, State, Role string }
			Offers []struct{ ID string }
			Used   map[string]any `json:"used_resources"`
		}
	}
	if err := json.Unmarshal([]byte(frameworktest.Get(t, url(m)+"/state")), &state); err != nil {
		t.Fatal(err)
	}
	if state.ID != m.ID() || len(state.Slaves) != 1 || state.Slaves[0].ID != a.id() || len(state.Frameworks) != 1 {
		t.Fatalf("state %+v", state)
	}
	got := state.Frameworks[0]
	if got.ID != f.ID.Value || len(got.Tasks) != 1 || got.Tasks[0].State != "TASK_RUNNING" || got.Tasks[0].Role != "dev" ||
		len(got.Offers) != 1 || got.Offers[0].ID != o.ID.Value || got.Used["cpus"] != 0.1 {
		t.Errorf("framework %+v", got)
	}
}

// /tasks is paged and ordered; /slaves and /frameworks can be asked for one.
func TestQueries(t *testing.T) {
	m, f, a, o := withTaskAndOffer(t)
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("u", o, "true")))
	eventually(t, "the second task is launched", func() bool { return a.running("u") })
	for query, want := range map[string]string{
		"/tasks":                                 "u t",
		"/tasks?order=asc":                       "t u",
		"/tasks?limit=1":                         "u",
		"/tasks?limit=1&offset=1":                "t",
		"/tasks?offset=9":                        "",
		"/tasks?task_id=t":                       "t",
		"/tasks?framework_id=nope":               "",
		"/slaves?slave_id=" + a.id():             a.id(),
		"/slaves?slave_id=nope":                  "",
		"/frameworks?framework_id=nope":          "",
		"/frameworks?framework_id=" + f.ID.Value: f.ID.Value,
	} {
		var lists struct{ Tasks, Slaves, Frameworks []struct{ ID string } }
		if err := json.Unmarshal([]byte(frameworktest.Get(t, url(m)+query)), &lists); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, one := range slices.Concat(lists.Tasks, lists.Slaves, lists.Frameworks) {
			ids = append(ids, one.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// An operator's stream begins with the state and a heartbeat and then has one
// event for each change.
func TestOperatorStream(t *testing.T) {
	m := newMaster(t, master.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url(m)+"/api/v1", strings.NewReader(`{"type":"SUBSCRIBE"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Mesos-Stream-Id"); got != "" {
		t.Errorf("stream id %q", got)
	}
	records := recordio.NewReader(bufio.NewReader(response.Body))
	next := func() mesosmaster.Event_Type {
		t.Helper()
		record, err := records.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		var event mesosmaster.Event
		if err := wire.DecodeJSON(record, &event); err != nil {
			t.Fatal(err)
		}
		return event.Type
	}
	expect := func(wanted ...mesosmaster.Event_Type) {
		t.Helper()
		for _, want := range wanted {
			if got := next(); got != want {
				t.Fatalf("event %s, want %s", got, want)
			}
		}
	}
	expect(mesosmaster.Event_SUBSCRIBED, mesosmaster.Event_HEARTBEAT)
	f := subscribe(t, m, "watched")
	expect(mesosmaster.Event_FRAMEWORK_ADDED)
	a := newAgent(t, m, "cpus:2;mem:1024")
	expect(mesosmaster.Event_AGENT_ADDED)
	launch(t, f, a, "t")
	expect(mesosmaster.Event_TASK_ADDED, mesosmaster.Event_TASK_UPDATED)
	f.Call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
	expect(mesosmaster.Event_TASK_UPDATED, mesosmaster.Event_FRAMEWORK_REMOVED)
	if err := m.MarkUnreachable(a.id()); err != nil {
		t.Fatal(err)
	}
	expect(mesosmaster.Event_AGENT_REMOVED)
}

// Operators end a framework by form or by call.
func TestTeardownByOperator(t *testing.T) {
	m := newMaster(t, master.Config{})
	first, second := subscribe(t, m, "first"), subscribe(t, m, "second")
	response, err := http.Post(url(m)+"/master/teardown", "application/x-www-form-urlencoded",
		strings.NewReader("frameworkId="+first.ID.Value))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	first.Ended()
	status, body := operator(t, m, `{"type":"TEARDOWN","teardown":{"framework_id":{"value":"`+second.ID.Value+`"}}}`)
	if response.StatusCode != http.StatusOK || status != http.StatusOK || body != "" {
		t.Errorf("answers %s and %d %q", response.Status, status, body)
	}
	second.Ended()
}
