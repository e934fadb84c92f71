package executor

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

func TestBackoffGrowsToItsLimit(t *testing.T) {
	const limit = 2 * time.Second
	for n, bound := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond,
		800 * time.Millisecond, 1600 * time.Millisecond, limit, limit} {
		for range 200 {
			if d := backoff(n, limit); d < bound/2 || d > bound {
				t.Fatalf("backoff(%d) = %v, want within half and full %v", n, d, bound)
			}
		}
	}
	if d := backoff(1<<40, limit); d > limit {
		t.Errorf("after many attempts: %v", d)
	}
	if d := backoff(0, 0); d > time.Millisecond {
		t.Errorf("without a limit worth the name: %v", d)
	}
}

// Of an agent that is starting come refused connections, 404 and 503: the executor comes again.
func TestFirstSubscriptionIsRepeated(t *testing.T) {
	agent := newTestAgent(t)
	agent.answers = []int{http.StatusServiceUnavailable, http.StatusNotFound, http.StatusInternalServerError}
	agent.crash()
	r := run(t, agent, nil)
	time.AfterFunc(50*time.Millisecond, func() { agent.listen("tcp") })
	agent.awaitStream(4)
	agent.launchGroup(shellTask("t", "true"))
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestRefusedSubscriptionEndsTheExecutor(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			agent := newTestAgent(t)
			r := run(t, agent, nil)
			agent.awaitStream(1)
			agent.launchGroup(shellTask("t", "echo $$ > pid; exec sleep 100"))
			agent.awaitState("t", started) // the last call before the next subscription
			r.awaitFile("pid")
			agent.set(func(a *testAgent) { a.answers = []int{status} })
			agent.closeStream()
			err := r.end()
			if !errors.Is(err, errLost) || !strings.Contains(err.Error(), "as the test wants") {
				t.Errorf("Run: %v", err)
			}
			wantGone(t, filepath.Join(r.sandbox, "pid"))
		})
	}
}

// An agent is restarted: tasks run on, and the next subscription carries the tasks and updates of which the
// agent has confirmed nothing.
func TestAgentRestart(t *testing.T) {
	agent := newTestAgent(t)
	r := run(t, agent, nil)
	agent.awaitStream(1)
	agent.launchGroup(shellTask("known", "until [ -e go ]; do sleep 0.01; done"))
	agent.awaitState("known", started)
	agent.set(func(a *testAgent) { a.silent = true })
	agent.launchGroup(shellTask("new", "sleep 100"))
	agent.awaitState("new", started)

	agent.crash()
	if err := os.WriteFile(filepath.Join(r.sandbox, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.awaitEnd("known")
	agent.set(func(a *testAgent) { a.silent = false })
	agent.listen("tcp")

	again := agent.awaitStream(2).Subscribe
	if len(again.UnacknowledgedTasks) != 1 || again.UnacknowledgedTasks[0].TaskID.Value != "new" {
		t.Errorf("unacknowledged tasks: %v, want new", again.UnacknowledgedTasks)
	}
	var updates []string
	for _, u := range again.UnacknowledgedUpdates {
		updates = append(updates, u.Status.TaskID.Value+" "+u.Status.GetState().String())
	}
	if got := strings.Join(updates, ", "); got != "new TASK_STARTING, new TASK_RUNNING, known TASK_FINISHED" {
		t.Errorf("unacknowledged updates: %s", got)
	}
	agent.kill("new", nil)
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	agent.wantHistory("known", starting, started, finished)
	agent.wantHistory("new", starting, started, killed)
	for _, c := range agent.recorded() {
		if c.Type == executor.Call_UPDATE && c.Update.Status.GetState() == finished {
			t.Error("the update in the subscription was sent once more")
		}
	}
}

// A call that fails costs the stream; the update comes with the next subscription.
func TestFailedUpdateIsRepeated(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusForbidden, http.StatusBadRequest} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			agent := newTestAgent(t)
			agent.answers = []int{0, status} // SUBSCRIBE, STARTING
			r := run(t, agent, nil)
			agent.awaitStream(1)
			agent.launchGroup(shellTask("t", "sleep 0.05"))
			if err := r.end(); err != nil {
				t.Errorf("Run: %v", err)
			}
			agent.wantHistory("t", starting, started, finished)
			calls := agent.recorded()
			if calls[2].Type != executor.Call_SUBSCRIBE {
				t.Fatalf("the failed update is followed by %v: RUNNING may overtake STARTING", calls[2])
			}
			got := calls[2].Subscribe.UnacknowledgedUpdates
			if len(got) == 0 || !bytes.Equal(got[0].Status.UUID, calls[1].Update.Status.UUID) {
				t.Errorf("unacknowledged updates: %v, want first the failed one", got)
			}
		})
	}
}

func TestGarbageOnTheStreamCostsOnlyTheStream(t *testing.T) {
	for name, garbage := range map[string]string{
		"no length":           "HTTP/1.1 200 OK\n",
		"endless length":      strings.Repeat("9", 50),
		"not protobuf":        "3\n\xff\xff\xff",
		"overflow in a field": "10\n\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	} {
		t.Run(name, func(t *testing.T) {
			agent := newTestAgent(t)
			r := run(t, agent, nil)
			agent.awaitStream(1)
			agent.launchGroup(shellTask("t", "sleep 100"))
			agent.awaitState("t", started)
			agent.sendRaw([]byte(garbage))
			agent.awaitStream(2)
			agent.wantHistory("t", starting, started)
			agent.kill("t", nil)
			if err := r.end(); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

func TestWithoutCheckpointingTasksEndWithTheConnection(t *testing.T) {
	agent := newTestAgent(t)
	r := run(t, agent, func(c *Config) { c.Checkpoint = false })
	agent.awaitStream(1)
	agent.launchGroup(shellTask("t", "echo $$ > pid; exec sleep 100"))
	r.awaitFile("pid")
	agent.closeStream()
	if err := r.end(); !errors.Is(err, errLost) {
		t.Errorf("Run: %v", err)
	}
	wantGone(t, filepath.Join(r.sandbox, "pid"))
}

func TestTasksEndWhenTheRecoveryTimeoutIsOver(t *testing.T) {
	agent := newTestAgent(t)
	r := run(t, agent, func(c *Config) { c.RecoveryTimeout = 300 * time.Millisecond })
	agent.awaitStream(1)
	agent.launchGroup(shellTask("t", "echo $$ > pid; exec sleep 100"))
	r.awaitFile("pid")
	agent.crash()
	if err := r.end(); !errors.Is(err, errLost) {
		t.Errorf("Run: %v", err)
	}
	wantGone(t, filepath.Join(r.sandbox, "pid"))
}

func TestEventsOfAnOlderStreamAreDropped(t *testing.T) {
	agent := newTestAgent(t)
	cfg := testConfig(t, agent)
	e := New(cfg, discard)
	old := &stream{cancel: func() {}}
	e.link.stream = &stream{cancel: func() {}}
	e.disconnected(old, errors.New("late news"))
	if e.link.stream == nil {
		t.Error("the end of an older stream ended the present one")
	}
}

func TestDomainSocket(t *testing.T) {
	agent := newTestAgent(t)
	agent.crash()
	agent.addr = filepath.Join(t.TempDir(), "agent.sock")
	agent.listen("unix")
	r := run(t, agent, func(c *Config) { c.Socket, c.Agent = agent.addr, "" })
	agent.awaitStream(1)
	agent.launchGroup(shellTask("t", "true"))
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	agent.wantHistory("t", starting, started, finished)
}

func TestAnswerMustBeProtobuf(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
	}))
	defer server.Close()
	c := newClient(Config{Agent: server.Listener.Addr().String()})
	defer c.close()
	err := c.subscribe(t.Context(), &executor.Call{Type: executor.Call_SUBSCRIBE}, func(*executor.Event) {})
	if err == nil || !strings.Contains(err.Error(), `content type "application/json"`) {
		t.Errorf("subscribe: %v", err)
	}
}

// The agent closes a kept connection just when the executor uses it again: the call is made once more on a
// new one, for every call may be repeated.
func TestCallOnAConnectionThatTheAgentCloses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			if r, err := http.ReadRequest(in); err == nil { // the first call on a connection is answered
				io.Copy(io.Discard, r.Body)
				io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
			}
			in.ReadByte() // the second is not
			conn.Close()
		}
	}()
	c := newClient(Config{Agent: l.Addr().String()})
	defer c.close()
	for i := range 3 {
		if err := c.send(t.Context(), &executor.Call{Type: executor.Call_HEARTBEAT}); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
}
