package agent_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	operator "github.com/mesos/mesos-go/api/v1/lib/agent"

	"fairlead/internal/cluster/wire"
)

// get fetches a page of the agent.
func (a *testAgent) get(path string) (int, string) {
	a.t.Helper()
	resp, err := http.Get("http://" + a.Endpoint() + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// getJSON fetches a page that must be JSON.
func (a *testAgent) getJSON(path string, into any) {
	a.t.Helper()
	code, body := a.get(path)
	if err := json.Unmarshal([]byte(body), into); code != http.StatusOK || err != nil {
		a.t.Fatalf("%s: %d %v %s", path, code, err, body)
	}
}

// ask sends an operator call.
func (a *testAgent) ask(call *operator.Call, media wire.MediaType) *operator.Response {
	a.t.Helper()
	body, err := media.Marshal(call)
	if err != nil {
		a.t.Fatal(err)
	}
	req, _ := http.NewRequest(http.MethodPost, "http://"+a.Endpoint()+"/api/v1", bytes.NewReader(body))
	req.Header.Set("Content-Type", media.String())
	req.Header.Set("Accept", media.String())
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		a.t.Fatalf("%s: %d %s %v", call.Type, resp.StatusCode, text, err)
	}
	answer := &operator.Response{}
	if err := media.Unmarshal(text, answer); err != nil {
		a.t.Fatalf("%s: %v in %s", call.Type, err, text)
	}
	return answer
}

type stateTask struct {
	ID         string
	ExecutorID string `json:"executor_id"`
	State      string
	Resources  map[string]any
	Statuses   []struct{ State string }
}

type stateExecutor struct {
	ID, Directory, Type, Role, Container string
	Resources                            map[string]any
	Tasks                                []stateTask
	QueuedTasks                          []stateTask `json:"queued_tasks"`
	CompletedTasks                       []stateTask `json:"completed_tasks"`
}

type agentState struct {
	ID, PID, Hostname string
	Attributes        map[string]any
	Resources         map[string]any
	Frameworks        []struct {
		ID                 string
		Executors          []stateExecutor
		CompletedExecutors []stateExecutor `json:"completed_executors"`
	}
	CompletedFrameworks []struct{ ID string } `json:"completed_frameworks"`
}

func TestStateLeadsToTheSandbox(t *testing.T) { // 146
	a := startAgent(t)
	a.Run(modern(), testExecutor(t, "x1", "normal", "json"), groupOf("c1"), true)
	a.runCommand(modern(), commandTask("run", "echo hello; exec sleep 1000"), commandTask("done", "true"))
	a.update("c1", mesos.TASK_RUNNING)
	a.update("done", mesos.TASK_FINISHED)
	a.file("run", "stdout")
	var s agentState
	a.eventually("the finished executor to be completed", func() bool {
		s = agentState{}
		a.getJSON("/slave(1)/state", &s)
		return len(s.Frameworks) == 1 && len(s.Frameworks[0].CompletedExecutors) == 1
	})
	if s.ID != agentID || s.PID != a.PID() || s.Hostname != "agent0.local" || s.Attributes["rack"] != "r1" ||
		s.Resources["ports"] != "[31000-31999]" || s.Resources["cpus"] != 4.0 {
		t.Errorf("unexpected state: %+v", s)
	}
	fw := s.Frameworks[0]
	if done := fw.CompletedExecutors[0]; done.ID != "done" || len(done.CompletedTasks) != 1 ||
		done.CompletedTasks[0].State != "TASK_FINISHED" || len(done.CompletedTasks[0].Statuses) != 3 {
		t.Errorf("completed executor: %+v", done)
	}
	if len(fw.Executors) != 2 {
		t.Fatalf("executors: %+v", fw.Executors)
	}
	x1, run := fw.Executors[0], fw.Executors[1]
	if x1.Type != "CUSTOM" || x1.Role != "eng" || x1.Tasks[0].ExecutorID != "x1" || x1.Resources["cpus"] != 0.2 {
		t.Errorf("executor: %+v", x1)
	}
	if run.Tasks[0].ExecutorID != "" || run.Type != "" {
		t.Errorf("command executor: %+v", run)
	}
	for _, dir := range []string{
		run.Directory, filepath.Join(filepath.Dir(run.Directory), "latest"),
		"/frameworks/" + frameworkID + "/executors/run/runs/latest",
	} {
		if code, body := a.get("/files/read?offset=0&path=" + url.QueryEscape(dir+"/stdout")); code != 200 || body != `{"data":"hello\n","offset":0}` {
			t.Errorf("%s: %d %s", dir, code, body)
		}
	}
}

func TestSandboxIsConfined(t *testing.T) { // 144
	a := startAgent(t)
	secret := filepath.Join(a.workDir, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.runCommand(modern(), commandTask("t", "ln -s '"+secret+"' link; mkfifo pipe; mkdir d; ln -s \"$PWD/stdout\" inside; echo out; echo $$ > pid; exec sleep 1000"))
	a.file("t", "pid")
	dir := "/frameworks/" + frameworkID + "/executors/t/runs/latest/"
	for name, want := range map[string]int{
		"link": 404, "../../../../../../../../secret": 404, "pipe": 404, "d": 400, "inside": 200, "stdout": 200, "d/../stdout": 200,
	} {
		if code, body := a.get("/files/read?offset=0&path=" + url.QueryEscape(dir+name)); code != want || strings.Contains(body, "secret") {
			t.Errorf("%s: %d %s, want %d", name, code, body, want)
		}
	}
}

func TestOperatorCalls(t *testing.T) {
	bothMedia(t, func(t *testing.T, media wire.MediaType) {
		a := startAgent(t)
		a.silent()
		a.Run(modern(), executorRunning("x", "exec sleep 1000"), groupOf("q1", "q2"), true)
		a.runCommand(modern(), commandTask("run", "echo hello; exec sleep 1000"), commandTask("done", "true"))
		a.file("run", "stdout")
		a.eventually("done to finish", func() bool {
			for _, up := range a.all("done") {
				a.Acknowledge(frameworkID, "done", up.Status.UUID)
			}
			s := a.ask(&operator.Call{Type: operator.Call_GET_STATE}, media).GetState
			return len(s.GetTasks.CompletedTasks) == 1 && len(s.GetTasks.QueuedTasks) == 2 &&
				len(s.GetTasks.LaunchedTasks) == 1 && *s.GetTasks.LaunchedTasks[0].State == mesos.TASK_RUNNING &&
				len(s.GetExecutors.CompletedExecutors) == 1 && len(s.GetFrameworks.Frameworks) == 1
		})
		if h := a.ask(&operator.Call{Type: operator.Call_GET_HEALTH}, media); !h.GetHealth.Healthy {
			t.Error("not healthy")
		}
		if v := a.ask(&operator.Call{Type: operator.Call_GET_VERSION}, media); v.GetVersion.VersionInfo.Version == "" {
			t.Error("no version")
		}
		if g := a.ask(&operator.Call{Type: operator.Call_GET_AGENT}, media); g.GetAgent.AgentInfo.ID.GetValue() != agentID {
			t.Errorf("agent: %v", g.GetAgent)
		}
		if e := a.ask(&operator.Call{Type: operator.Call_GET_EXECUTORS}, media); len(e.GetExecutors.Executors) != 2 {
			t.Errorf("executors: %v", e.GetExecutors)
		}
		if c := a.ask(&operator.Call{Type: operator.Call_GET_CONTAINERS}, media); len(c.GetContainers.Containers) != 2 {
			t.Errorf("containers: %v", c.GetContainers)
		}
		dir := "/frameworks/" + frameworkID + "/executors/run/runs/latest"
		list := a.ask(&operator.Call{Type: operator.Call_LIST_FILES, ListFiles: &operator.Call_ListFiles{Path: dir}}, media).ListFiles
		if len(list.FileInfos) != 2 || list.FileInfos[1].Path != dir+"/stdout" || list.FileInfos[1].GetMode() != 0o100644 {
			t.Errorf("files: %v", list)
		}
		read := &operator.Call{Type: operator.Call_READ_FILE, ReadFile: &operator.Call_ReadFile{
			Path: dir + "/stdout", Offset: 2, Length: pointer(uint64(3)),
		}}
		if r := a.ask(read, media).ReadFile; r.Size_ != 6 || string(r.Data) != "llo" {
			t.Errorf("file: %v", r)
		}
	})
}

func TestUnversionedPages(t *testing.T) {
	a := startAgent(t)
	a.runCommand(modern(), commandTask("t", "exec sleep 1000"))
	a.update("t", mesos.TASK_RUNNING)
	var metrics map[string]float64
	a.getJSON("/metrics/snapshot", &metrics)
	if metrics["slave/tasks_running"] != 1 || metrics["slave/cpus_used"] != 0.1 || metrics["slave/cpus_total"] != 4 {
		t.Errorf("metrics: %v", metrics)
	}
	var containers []struct {
		ExecutorID  string `json:"executor_id"`
		ContainerID string `json:"container_id"`
	}
	a.getJSON("/containers", &containers)
	if len(containers) != 1 || containers[0].ExecutorID != "t" || containers[0].ContainerID == "" {
		t.Errorf("containers: %v", containers)
	}
	var flags struct{ Flags map[string]string }
	a.getJSON("/flags", &flags)
	if flags.Flags["work_dir"] != a.workDir {
		t.Errorf("flags: %v", flags)
	}
	for _, path := range []string{"/version", "/slave%281%29/state/", "/monitor/statistics", "/files/debug"} {
		var any any
		a.getJSON(path, &any)
	}
	if code, body := a.get("/health"); code != 200 || body != "" {
		t.Errorf("/health: %d %q", code, body)
	}
}
