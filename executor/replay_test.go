package executor

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// recordings is where streams of a real Mesos 1.12 agent are kept, beside the project; its README tells how they
// were made.
const recordings = "../../shared/fixtures/mesos-1.12/executor"

// recordedStream reads the events of one recorded subscription, with their exact bytes.
func recordedStream(t *testing.T, name string) (records [][]byte, events []*executor.Event) {
	t.Helper()
	file, err := os.Open(filepath.Join(recordings, name))
	if os.IsNotExist(err) {
		t.Skipf("no recordings of a real agent here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := newRecordReader(file)
	for {
		record, err := reader.next()
		if err == io.EOF {
			return records, events
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		event, err := decodeEvent(record)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		records, events = append(records, bytes.Clone(record)), append(events, event)
	}
}

func tasksOf(e *executor.Event) []mesos.TaskInfo {
	switch {
	case e.Launch != nil:
		return []mesos.TaskInfo{e.Launch.Task}
	case e.LaunchGroup != nil:
		return e.LaunchGroup.TaskGroup.Tasks
	}
	return nil
}

// replay sends a recorded stream to the executor on its n-th subscription. Two things differ from the record:
// tasks get a command, for what the recorded executor did stood in their data; and an order that ends tasks
// waits until all run, as it did then.
func (r *running) replay(n int, name string) {
	r.t.Helper()
	records, events := recordedStream(r.t, name)
	r.awaitStream(n)
	var launched []string
	for i, e := range events {
		tasks := tasksOf(e)
		for j := range tasks {
			line := "exec sleep 100"
			tasks[j].Command, tasks[j].Data = &mesos.CommandInfo{Value: &line}, nil
			launched = append(launched, tasks[j].TaskID.Value)
		}
		switch {
		case e.Launch != nil:
			e.Launch.Task = tasks[0]
			r.send(e)
		case tasks != nil:
			r.send(e)
		default:
			if e.Type == executor.Event_KILL || e.Type == executor.Event_SHUTDOWN {
				r.awaitRunning(launched)
			}
			r.sendRaw(fmt.Appendf(nil, "%d\n%s", len(records[i]), records[i]))
		}
	}
	r.awaitRunning(launched)
}

func (r *running) awaitRunning(tasks []string) {
	r.t.Helper()
	for _, task := range tasks {
		r.awaitState(task, started)
	}
}

// replayed starts an executor whose agent will say what a recording says.
func replayed(t *testing.T, first string) *running {
	recordedStream(t, first) // skips if there are no recordings
	agent := newTestAgent(t)
	agent.mute = true
	return run(t, agent, nil)
}

// Two groups and a single task; one group is killed; the stream is closed and opened again; SHUTDOWN.
func TestReplayGroups(t *testing.T) {
	r := replayed(t, "groups/protobuf/x1/01-subscribe.stream")
	r.replay(1, "groups/protobuf/x1/01-subscribe.stream")
	r.awaitState("g2b", killed)
	r.closeStream()
	r.replay(2, "groups/protobuf/x1/17-subscribe.stream")
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	for _, task := range []string{"g1a", "g1b", "g2a", "g2b", "l1"} {
		r.wantHistory(task, starting, started, killing, killed) // the framework knows TASK_KILLING
	}
	if got := r.awaitState("g2a", killed).GetMessage(); got != "killed on request: terminated by signal SIGTERM" {
		t.Errorf("g2a: %q", got)
	}
}

// The agent is killed while the tasks run, and comes back.
func TestReplayAgentRestart(t *testing.T) {
	r := replayed(t, "agent-restart/protobuf/r1/01-subscribe.stream")
	r.replay(1, "agent-restart/protobuf/r1/01-subscribe.stream")
	r.set(func(a *testAgent) { a.answers = []int{503} })
	r.crash()
	r.listen("tcp")
	r.replay(2, "agent-restart/protobuf/r1/04-subscribe.stream")
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	for _, task := range []string{"ra", "rs", "rb"} {
		r.wantHistory(task, starting, started, killing, killed)
	}
}

func TestReplayShutdownOnly(t *testing.T) {
	r := replayed(t, "groups/protobuf/x3/01-subscribe.stream")
	r.replay(1, "groups/protobuf/x3/01-subscribe.stream")
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// A stream of half an hour, with its HEARTBEAT.
func TestReplayHeartbeat(t *testing.T) {
	r := replayed(t, "heartbeat/protobuf/01-subscribe.stream")
	r.replay(1, "heartbeat/protobuf/01-subscribe.stream")
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	r.wantHistory("hb-protobuf", starting, started, killing, killed)
}

// What a real agent gives an executor is enough for FromEnv.
func TestRecordedEnvironment(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(recordings, "agent-restart/protobuf/r1/environment.txt"))
	if os.IsNotExist(err) {
		t.Skipf("no recordings of a real agent here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	env := make(map[string]string)
	for line := range bytes.Lines(content) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte("="))
		env[string(name)] = string(value)
	}
	cfg, err := FromEnv(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Agent != "127.0.0.1:6761" || cfg.ExecutorID != "r1" || !cfg.Checkpoint || cfg.BackoffMax.Seconds() != 3 ||
		cfg.RecoveryTimeout.Minutes() != 15 || cfg.ShutdownGrace.Seconds() != 5 || cfg.Sandbox == "" {
		t.Errorf("%+v", cfg)
	}
}
