package agent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/goleak"

	"fairlead/internal/cluster/agent"
	"fairlead/internal/cluster/wire"
)

// TestMain is also the entry of the programs that tests run: executors, and an
// agent to be killed.
func TestMain(m *testing.M) {
	switch mode := os.Getenv(modeVariable); mode {
	case "":
	case "agent":
		os.Exit(runDoomedAgent(os.Getenv("FAIRLEAD_TEST_DIR")))
	default:
		os.Exit(runTestExecutor(mode))
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait; nothing is expected to take that long.
const patience = 60 * time.Second

// upstream records what an agent tells the master, in order.
type upstream struct {
	t  *testing.T
	mu sync.Mutex
	// log has an entry for everything that came, in short form:
	// "update TASK STATE REASON", "exited EXECUTOR STATUS", "message TEXT".
	log     []string
	updates []agent.Update
	ack     func(agent.Update) // nil: updates are left unacknowledged
}

func (u *upstream) note(line string) { u.log = append(u.log, line) }

func (u *upstream) functions() agent.Upstream {
	return agent.Upstream{
		StatusUpdate: func(up agent.Update) {
			u.mu.Lock()
			line := fmt.Sprintf("update %s %s", up.Status.TaskID.Value, up.Status.GetState())
			if up.Status.Reason != nil {
				line += " " + up.Status.GetReason().String()
			}
			u.note(line)
			u.updates = append(u.updates, up)
			ack := u.ack
			u.mu.Unlock()
			if ack != nil {
				ack(up)
			}
		},
		ExecutorExited: func(_, executorID string, status int) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.note(fmt.Sprintf("exited %s %d", executorID, status))
		},
		ExecutorMessage: func(_, _ string, data []byte) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.note("message " + string(data))
		},
	}
}

// entries returns what came so far.
func (u *upstream) entries() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]string(nil), u.log...)
}

// all returns the updates of a task so far, repeats included.
func (u *upstream) all(task string) []agent.Update {
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []agent.Update
	for _, up := range u.updates {
		if up.Status.TaskID.Value == task {
			list = append(list, up)
		}
	}
	return list
}

// update waits for the first update that brings the task to the state.
func (u *upstream) update(task string, state mesos.TaskState) agent.Update {
	u.t.Helper()
	var found agent.Update
	u.eventually(fmt.Sprintf("update %s %s", task, state), func() bool {
		for _, up := range u.all(task) {
			if up.Status.GetState() == state {
				found = up
				return true
			}
		}
		return false
	})
	return found
}

// entry waits for a line of the log that begins with prefix.
func (u *upstream) entry(prefix string) string {
	u.t.Helper()
	var found string
	u.eventually(prefix, func() bool {
		for _, line := range u.entries() {
			if strings.HasPrefix(line, prefix) {
				found = line
				return true
			}
		}
		return false
	})
	return found
}

// eventually polls until the condition holds.
func (u *upstream) eventually(what string, holds func() bool) {
	u.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	u.t.Fatalf("waited in vain for %q; came so far:\n%s", what, strings.Join(u.entries(), "\n"))
}

// position returns where in the log a line with the prefix first stands.
func (u *upstream) position(prefix string) int {
	u.t.Helper()
	for i, line := range u.entries() {
		if strings.HasPrefix(line, prefix) {
			return i
		}
	}
	u.t.Fatalf("%q did not come:\n%s", prefix, strings.Join(u.entries(), "\n"))
	return -1
}

// The ids are those of the recorded framework, so that recorded calls fit.
const (
	agentID     = "7864c435-aac8-479a-8bff-e8a02fec4282-S0"
	frameworkID = "7864c435-aac8-479a-8bff-e8a02fec4282-0000"
)

// testAgent is an agent with its recorder.
type testAgent struct {
	*agent.Agent
	*upstream
	workDir string
}

// startAgent starts an agent that is closed at the end of the test. By default
// updates are acknowledged as soon as they come.
func startAgent(t *testing.T, change ...func(*agent.Config)) *testAgent {
	t.Helper()
	resources, err := wire.ParseResources("cpus:4;mem:4096;disk:4096;ports:[31000-31999]")
	if err != nil {
		t.Fatal(err)
	}
	cfg := agent.Config{
		ID: agentID, Hostname: "agent0.local", WorkDir: t.TempDir(), Listen: "127.0.0.1:0", Resources: resources,
		Attributes: []mesos.Attribute{{Name: "rack", Type: mesos.TEXT, Text: &mesos.Value_Text{Value: "r1"}}},
	}
	for _, c := range change {
		c(&cfg)
	}
	up := &upstream{t: t}
	a, err := agent.New(cfg, up.functions())
	if err != nil {
		t.Fatal(err)
	}
	up.acknowledging(a)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if err := a.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &testAgent{a, up, cfg.WorkDir}
}

func (u *upstream) acknowledging(a *agent.Agent) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ack = func(up agent.Update) { a.Acknowledge(up.FrameworkID, up.Status.TaskID.Value, up.Status.UUID) }
}

// silent makes the framework stop acknowledging.
func (u *upstream) silent() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ack = nil
}

// framework is a modern framework; without capabilities it is an old one.
func framework(capabilities ...mesos.FrameworkInfo_Capability_Type) mesos.FrameworkInfo {
	checkpoint := true
	fw := mesos.FrameworkInfo{
		User: "", Name: "test", ID: &mesos.FrameworkID{Value: frameworkID}, Checkpoint: &checkpoint, Roles: []string{"eng"},
	}
	for _, c := range capabilities {
		fw.Capabilities = append(fw.Capabilities, mesos.FrameworkInfo_Capability{Type: c})
	}
	return fw
}

func modern() mesos.FrameworkInfo {
	return framework(mesos.FrameworkInfo_Capability_PARTITION_AWARE,
		mesos.FrameworkInfo_Capability_TASK_KILLING_STATE, mesos.FrameworkInfo_Capability_MULTI_ROLE)
}

func resources(role string) []mesos.Resource {
	return wire.NewResources(wire.Scalar("cpus", 0.1), wire.Scalar("mem", 32), wire.Scalar("disk", 1)).Allocate(role)
}

func newTask(id string) mesos.TaskInfo {
	return mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: agentID}, Resources: resources("eng"),
	}
}

// commandTask is a task that runs a shell command.
func commandTask(id, script string) mesos.TaskInfo {
	t := newTask(id)
	t.Command = &mesos.CommandInfo{Value: &script}
	return t
}

// executorRunning describes a custom executor that runs a shell command.
func executorRunning(id, script string) *mesos.ExecutorInfo {
	return &mesos.ExecutorInfo{
		Type: mesos.ExecutorInfo_CUSTOM, ExecutorID: mesos.ExecutorID{Value: id},
		FrameworkID: &mesos.FrameworkID{Value: frameworkID}, Resources: resources("eng"),
		Command: &mesos.CommandInfo{Value: &script},
	}
}

// testExecutor describes the executor inside the test binary.
func testExecutor(t *testing.T, id, mode, coding string) *mesos.ExecutorInfo {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ex := executorRunning(id, "exec '"+self+"'")
	ex.Command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{
		{Name: modeVariable, Value: &mode}, {Name: codingVariable, Value: &coding},
	}}
	return ex
}

// groupOf makes the tasks of a group.
func groupOf(ids ...string) []mesos.TaskInfo {
	var tasks []mesos.TaskInfo
	for _, id := range ids {
		tasks = append(tasks, newTask(id))
	}
	return tasks
}

// sandbox is the directory of an executor's latest run.
func (a *testAgent) sandbox(executorID string) string {
	return filepath.Join(a.workDir, "slaves", agentID, "frameworks", frameworkID, "executors", executorID, "runs", "latest")
}

// file waits for a file in a sandbox to hold something and returns it.
func (a *testAgent) file(executorID, name string) string {
	a.t.Helper()
	var text []byte
	a.eventually("file "+name, func() bool {
		text, _ = os.ReadFile(filepath.Join(a.sandbox(executorID), name))
		return len(text) > 0
	})
	return string(text)
}

// alive says whether a process runs; a zombie doesn't.
func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}
