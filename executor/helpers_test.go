package executor

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

var discard = slog.New(slog.DiscardHandler)

// shellTask is a task that runs line through the shell.
func shellTask(id, line string) mesos.TaskInfo {
	return mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: "a"},
		Command: &mesos.CommandInfo{Value: &line},
	}
}

func withGrace(t mesos.TaskInfo, d time.Duration) mesos.TaskInfo {
	t.KillPolicy = killPolicy(d)
	return t
}

func killPolicy(d time.Duration) *mesos.KillPolicy {
	return &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(d)}}
}

// running is an executor in this process, connected to a testAgent.
type running struct {
	*testAgent
	t       *testing.T
	sandbox string
	result  chan error
	cancel  context.CancelFunc
	e       *Executor
}

// run starts an executor in this process with adjust applied to its configuration, and waits for its subscription.
func run(t *testing.T, agent *testAgent, adjust func(*Config)) *running {
	t.Helper()
	cfg := testConfig(t, agent)
	if adjust != nil {
		adjust(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{testAgent: agent, t: t, sandbox: cfg.Sandbox, result: make(chan error, 1), cancel: cancel}
	e := New(cfg, discard)
	r.e = e
	go func() { r.result <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-e.loop.done:
		case <-time.After(patience):
			t.Error("executor still runs after the test")
		}
	})
	return r
}

func testConfig(t *testing.T, agent *testAgent) Config {
	return Config{
		FrameworkID: "f", ExecutorID: "e", Agent: agent.addr, Sandbox: t.TempDir(), Path: os.Getenv("PATH"),
		ShutdownGrace: 5 * time.Second, Checkpoint: true, RecoveryTimeout: patience, BackoffMax: 100 * time.Millisecond,
	}
}

// end returns what Run returned.
func (r *running) end() error {
	r.t.Helper()
	select {
	case err := <-r.result:
		return err
	case <-time.After(patience):
		r.t.Fatal("the executor does not end")
		return nil
	}
}

// awaitEnd waits until the executor, not necessarily its agent, knows that a task has ended.
func (r *running) awaitEnd(task string) {
	r.t.Helper()
	poll(r.t, "end of "+task, func() bool {
		ended := make(chan bool, 1)
		r.e.loop.post(func() { ended <- r.e.runner.tasks[task].ended })
		select {
		case is := <-ended:
			return is
		case <-r.e.loop.done:
			return true
		}
	})
}

// file returns the content of a file in the sandbox, which is there already.
func (r *running) file(elem ...string) string {
	r.t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{r.sandbox}, elem...)...))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(content)
}

// awaitFile waits until a file of the sandbox holds something, and returns it.
func (r *running) awaitFile(name string) string {
	r.t.Helper()
	var content []byte
	poll(r.t, "content of "+name, func() bool {
		content, _ = os.ReadFile(filepath.Join(r.sandbox, name))
		return len(content) > 0
	})
	return string(content)
}

// poll waits until reached holds.
func poll(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !reached(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
	}
}
