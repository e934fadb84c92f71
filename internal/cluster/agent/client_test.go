package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"

	"fairlead/internal/cluster/wire"
)

// executorClient is the executor's side of the v1 executor API, in one coding.
// It is used by the executor program of the tests and by tests that play an
// executor themselves.
type executorClient struct {
	endpoint, frameworkID, executorID string
	media                             wire.MediaType
	http                              *http.Client
}

func newExecutorClient(endpoint, executorID string, media wire.MediaType) *executorClient {
	return &executorClient{
		endpoint: endpoint, frameworkID: frameworkID, executorID: executorID, media: media,
		http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// post sends a call and returns the response with its body open.
func (c *executorClient) post(ctx context.Context, call *executor.Call) (*http.Response, error) {
	call.ExecutorID.Value, call.FrameworkID.Value = c.executorID, c.frameworkID
	body, err := c.media.Marshal(call)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.endpoint+"/api/v1/executor", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", c.media.String())
	req.Header.Set("Accept", c.media.String())
	return c.http.Do(req)
}

// call sends a call that isn't SUBSCRIBE and returns status and text.
func (c *executorClient) call(call *executor.Call) (int, string, error) {
	resp, err := c.post(context.Background(), call)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func (c *executorClient) update(status mesos.TaskStatus) (int, string, error) {
	return c.call(&executor.Call{Type: executor.Call_UPDATE, Update: &executor.Call_Update{Status: status}})
}

// status makes a complete update.
func (c *executorClient) status(task string, state mesos.TaskState) mesos.TaskStatus {
	source := mesos.SOURCE_EXECUTOR
	return mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: task}, State: &state, Source: &source, UUID: wire.NewUUID(),
		ExecutorID: &mesos.ExecutorID{Value: c.executorID},
	}
}

// subscription is an open event stream and what came of it.
type subscription struct {
	cancel context.CancelFunc
	mu     sync.Mutex
	events []executor.Event
	ended  bool
}

// subscribe opens a stream and reads it in the background.
func (c *executorClient) subscribe(s *executor.Call_Subscribe) (*subscription, error) {
	ctx, cancel := context.WithCancel(context.Background())
	resp, err := c.post(ctx, &executor.Call{Type: executor.Call_SUBSCRIBE, Subscribe: s})
	if err != nil {
		cancel()
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		cancel()
		return nil, fmt.Errorf("%d %s", resp.StatusCode, text)
	}
	if got := resp.Header.Get("Content-Type"); got != c.media.String() {
		cancel()
		return nil, fmt.Errorf("stream has Content-Type %q", got)
	}
	sub := &subscription{cancel: cancel}
	go sub.read(resp.Body, c.media)
	return sub, nil
}

func (s *subscription) read(body io.ReadCloser, media wire.MediaType) {
	defer body.Close()
	reader := recordio.NewReader(body)
	for {
		record, err := reader.ReadFrame()
		if err != nil {
			s.mu.Lock()
			s.ended = true
			s.mu.Unlock()
			return
		}
		var ev executor.Event
		if err := media.Unmarshal(record, &ev); err != nil {
			panic(fmt.Sprintf("event %q: %v", record, err))
		}
		s.mu.Lock()
		s.events = append(s.events, ev)
		s.mu.Unlock()
	}
}

// seen returns the events so far and whether the stream has ended.
func (s *subscription) seen() ([]executor.Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]executor.Event(nil), s.events...), s.ended
}

// types lists the events so far by name; ACKNOWLEDGED with its task.
func (s *subscription) types() string {
	events, ended := s.seen()
	var names []string
	for _, ev := range events {
		name := ev.Type.String()
		if ev.Acknowledged != nil {
			name += ":" + ev.Acknowledged.TaskID.Value
		}
		names = append(names, name)
	}
	if ended {
		names = append(names, "END")
	}
	return strings.Join(names, " ")
}
