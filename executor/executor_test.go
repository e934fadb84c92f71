package executor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

const (
	starting = mesos.TASK_STARTING
	started  = mesos.TASK_RUNNING
	killing  = mesos.TASK_KILLING
	killed   = mesos.TASK_KILLED
	finished = mesos.TASK_FINISHED
	failed   = mesos.TASK_FAILED
)

func TestGroupFromLaunchToExit(t *testing.T) {
	agent := newTestAgent(t)
	r := run(t, agent, func(c *Config) { c.Token = "secret" })
	first := agent.awaitStream(1)
	if s := first.Subscribe; len(s.UnacknowledgedTasks)+len(s.UnacknowledgedUpdates) != 0 {
		t.Errorf("first subscription carries something: %v", s)
	}
	agent.launchGroup(shellTask("a", "echo $MESOS_TASK_ID"), shellTask("b", "sleep 0.1"))
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	agent.wantHistory("a", starting, started, finished)
	agent.wantHistory("b", starting, started, finished)
	if got := r.file("tasks", "a", "stdout"); got != "a\n" {
		t.Errorf("output of a: %q", got)
	}
	agent.set(func(a *testAgent) {
		if a.overlap {
			t.Error("an update was sent before the one before it was answered")
		}
		for i, h := range a.headers {
			if h.Get("Authorization") != "Bearer secret" || h.Get("Accept") != mediaType {
				t.Errorf("headers of call %d: %v", i, h)
			}
		}
	})
	checkUpdates(t, agent.recorded())
}

// checkUpdates holds every update against what an agent refuses and a scheduler relies on.
func checkUpdates(t *testing.T, calls []*executor.Call) {
	t.Helper()
	now := float64(time.Now().Unix())
	updates := 0
	for _, c := range calls {
		if c.ExecutorID.Value != "e" || c.FrameworkID.Value != "f" {
			t.Errorf("ids of %v", c)
		}
		if c.Update == nil {
			continue
		}
		updates++
		s := c.Update.Status
		if s.GetSource() != mesos.SOURCE_EXECUTOR || s.ExecutorID == nil || s.ExecutorID.Value != "e" {
			t.Errorf("source and executor of %v", s)
		}
		if s.Timestamp == nil || *s.Timestamp < now-60 || *s.Timestamp > now+60 {
			t.Errorf("timestamp of %v", s)
		}
		if len(s.UUID) != 16 || s.UUID[6]>>4 != 4 || s.UUID[8]>>6 != 2 {
			t.Errorf("%x is not a version 4 UUID", s.UUID)
		}
	}
	if distinct := len(statuses(calls)); distinct != updates {
		t.Errorf("%d updates with %d uuids", updates, distinct)
	}
}

// Groups are independent, and the executor stays until the last of them has ended.
func TestSeveralGroupsInOneExecutor(t *testing.T) {
	agent := newTestAgent(t)
	r := run(t, agent, nil)
	agent.awaitStream(1)
	agent.launchGroup(shellTask("stays", "sleep 100"))
	agent.launchGroup(shellTask("fails", "exit 1"), shellTask("dies", "sleep 100"))
	agent.send(&executor.Event{Type: executor.Event_LAUNCH, Launch: &executor.Event_Launch{Task: shellTask("alone", "true")}})
	agent.awaitState("dies", killed)
	agent.awaitState("alone", finished)
	agent.launchGroup(shellTask("late", "true"))
	agent.awaitState("late", finished)
	agent.wantHistory("stays", starting, started)
	agent.kill("stays", nil)
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	agent.wantHistory("stays", starting, started, killed)
	if got := agent.awaitState("fails", failed).GetMessage(); got != "exited with status 1" {
		t.Errorf("message of fails: %q", got)
	}
	if got := agent.awaitState("dies", killed).GetMessage(); got !=
		`killed because task "fails" of its group failed: terminated by signal SIGTERM` {
		t.Errorf("message of dies: %q", got)
	}
}

func TestKillingIsSentToFrameworksThatKnowIt(t *testing.T) {
	agent := newTestAgent(t)
	agent.killing = true
	r := run(t, agent, nil)
	agent.awaitStream(1)
	agent.launchGroup(withGrace(shellTask("t", deaf), time.Hour))
	agent.awaitState("t", started)
	r.awaitFile("deaf")
	agent.kill("t", killPolicy(20*time.Millisecond))
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	agent.wantHistory("t", starting, started, killing, killed)
	if got := agent.awaitState("t", killed).GetMessage(); got != "killed on request: terminated by signal SIGKILL" {
		t.Errorf("message: %q", got)
	}
}

// Every way to end an executor gives its tasks a terminal update within the shutdown grace period, also those
// that do not want to end.
func TestOrderedEnd(t *testing.T) {
	tests := []struct {
		name    string
		end     func(*running)
		because string
		wantErr string
	}{
		{"SHUTDOWN", func(r *running) { r.shutdown() }, "killed because the agent ended the executor", ""},
		{"a signal to the executor", func(r *running) { r.cancel() }, "killed because the executor was told to end", ""},
		{"ERROR", func(r *running) {
			r.send(&executor.Event{Type: executor.Event_ERROR, Error: &executor.Event_Error{Message: "no"}})
		}, "killed because the agent reported an error to the executor", "agent reports an error: no"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // each waits until the deaf one is killed
			agent := newTestAgent(t)
			r := run(t, agent, func(c *Config) {
				// The good one has 5 s to end, and its last update all the time that anything has here.
				c.ShutdownGrace, c.lastWords = patience, patience-5*time.Second
			})
			agent.awaitStream(1)
			agent.launchGroup(withGrace(shellTask("deaf", deaf), time.Hour))
			agent.launchGroup(withGrace(shellTask("good", "sleep 100"), time.Hour))
			agent.awaitState("good", started)
			r.awaitFile("deaf")
			test.end(r)
			err := r.end()
			if test.wantErr == "" && err != nil || test.wantErr != "" && (err == nil || err.Error() != test.wantErr) {
				t.Errorf("Run: %v, want %q", err, test.wantErr)
			}
			for task, signal := range map[string]string{"deaf": "SIGKILL", "good": "SIGTERM"} {
				got := agent.awaitState(task, killed).GetMessage()
				if want := test.because + ": terminated by signal " + signal; got != want {
					t.Errorf("message of %s: %q, want %q", task, got, want)
				}
			}
		})
	}
}

func TestShutdownAsTheOnlyEvent(t *testing.T) {
	agent := newTestAgent(t)
	agent.mute = true
	r := run(t, agent, nil)
	agent.awaitStream(1)
	agent.shutdown()
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestEventsWithoutMeaningAreIgnored(t *testing.T) {
	agent := newTestAgent(t)
	r := run(t, agent, nil)
	agent.awaitStream(1)
	for _, e := range []*executor.Event{
		{Type: executor.Event_HEARTBEAT},
		{Type: executor.Event_UNKNOWN},
		{Type: 4711},
		{Type: executor.Event_MESSAGE, Message: &executor.Event_Message{Data: []byte{0xff}}},
		{Type: executor.Event_LAUNCH},
		{Type: executor.Event_LAUNCH_GROUP},
		{Type: executor.Event_KILL},
		{Type: executor.Event_ACKNOWLEDGED},
		{Type: executor.Event_SUBSCRIBED},
		{Type: executor.Event_KILL, Kill: &executor.Event_Kill{TaskID: mesos.TaskID{Value: "nobody"}}},
		{Type: executor.Event_ACKNOWLEDGED, Acknowledged: &executor.Event_Acknowledged{
			TaskID: mesos.TaskID{Value: "nobody"}, UUID: newUUID()}},
	} {
		agent.send(e)
	}
	agent.launchGroup(shellTask("t", "sleep 0.05"))
	agent.launchGroup(shellTask("t", "exit 1"), shellTask("twin", "true")) // a used id: not started again
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	agent.wantHistory("t", starting, started, finished)
	agent.wantHistory("twin")
}

// The executor must not leave before the agent has stored the last update, but it cannot wait for ever.
func TestExitWaitsForAcknowledgements(t *testing.T) {
	agent := newTestAgent(t)
	agent.silent = true
	r := run(t, agent, func(c *Config) { c.ShutdownGrace = 500 * time.Millisecond })
	agent.awaitStream(1)
	agent.launchGroup(shellTask("t", "true"))
	last := agent.awaitState("t", finished)
	select {
	case err := <-r.result:
		t.Fatalf("ended with unacknowledged updates: %v", err)
	default:
	}
	for _, s := range statuses(agent.recorded())[:2] {
		agent.acknowledge(s)
	}
	agent.acknowledge(*last)
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestExitDoesNotWaitForEver(t *testing.T) {
	tests := []struct {
		name  string
		begin func(*Executor)
		want  time.Duration
	}{
		{"after the last task", func(*Executor) {}, ackTimeout},
		{"after an order to end", func(e *Executor) { e.stop("the end", nil) }, 5 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := New(Config{ShutdownGrace: 5 * time.Second}, discard)
				e.launched = true
				e.update(change{task: "t", state: finished})
				test.begin(e)
				begin := time.Now()
				e.loop.run(e.settle)
				if took := time.Since(begin); took != test.want || !errors.Is(e.failure, errAcks) {
					t.Errorf("ended after %v with %v, want %v", took, e.failure, test.want)
				}
			})
		})
	}
}

// A new group revokes the decision to leave.
func TestLaunchWhileWaitingForAcknowledgements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(Config{}, discard)
		e.launched = true
		e.update(change{task: "t", state: finished})
		begin := time.Now()
		e.loop.after(ackTimeout/2, func() { e.runner.live++ })
		e.loop.after(2*ackTimeout, func() { e.runner.live-- })
		e.loop.run(e.settle)
		if took := time.Since(begin); took != 3*ackTimeout {
			t.Errorf("ended after %v, want %v", took, 3*ackTimeout)
		}
	})
}

// If clean-up hangs, Run still returns, so that the process can end.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(Config{Socket: "/nonexistent", ShutdownGrace: 5 * time.Second, RecoveryTimeout: time.Hour},
			discard)
		hang := make(chan struct{})
		go e.loop.post(func() { <-hang })
		result := make(chan error)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		go func() { result <- e.Run(ctx) }()
		if err := <-result; !errors.Is(err, errHangs) {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(begin); took != time.Minute+6*time.Second {
			t.Errorf("returned after %v", took)
		}
		close(hang)
		<-e.loop.done
	})
}
