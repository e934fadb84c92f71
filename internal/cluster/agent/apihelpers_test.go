package agent_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"fairlead/internal/cluster/wire"
)

// serveSlowly serves a file of which the second half comes only when released.
func serveSlowly(t *testing.T, release <-chan struct{}) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("first half"))
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/file"
}

// played is an executor played by the test itself: the agent runs a process
// that only sleeps.
type played struct {
	*executorClient
	a *testAgent
	t *testing.T
}

// play has the agent start the executor with a group of tasks.
func play(t *testing.T, a *testAgent, executorID string, media wire.MediaType, tasks ...string) *played {
	t.Helper()
	a.Run(modern(), executorRunning(executorID, "echo $$ > pid; exec sleep 1000"), groupOf(tasks...), true)
	a.file(executorID, "pid")
	return &played{newExecutorClient(a.Endpoint(), executorID, media), a, t}
}

// open subscribes and closes the stream at the end of the test.
func (p *played) open(s *executor.Call_Subscribe) *subscription {
	p.t.Helper()
	if s == nil {
		s = &executor.Call_Subscribe{}
	}
	sub, err := p.subscribe(s)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(sub.cancel)
	return sub
}

// sees waits for the stream to have brought exactly these events, in short
// form.
func (p *played) sees(sub *subscription, want string) {
	p.t.Helper()
	p.a.eventually("events "+want, func() bool { return sub.types() == want })
}

// send sends an update that must be taken.
func (p *played) send(call *executor.Call) {
	p.t.Helper()
	if code, text, err := p.call(call); err != nil || code != http.StatusAccepted {
		p.t.Fatalf("%d %q %v", code, text, err)
	}
}
