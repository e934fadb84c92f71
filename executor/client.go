package executor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

const mediaType = "application/x-protobuf"

// answerTimeout bounds the wait for the header of an answer. An agent that takes longer is treated as lost.
const answerTimeout = 15 * time.Second

// client sends calls to the agent's executor endpoint.
type client struct {
	url   string
	token string
	http  *http.Client
}

func newClient(c Config) *client {
	dialer := &net.Dialer{Timeout: answerTimeout}
	transport := &http.Transport{ // no proxy: the agent is on this machine
		DialContext:           dialer.DialContext,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   1,
		ResponseHeaderTimeout: answerTimeout,
		ReadBufferSize:        2048,
		WriteBufferSize:       2048,
	}
	host := c.Agent
	if c.Socket != "" {
		host = "localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", c.Socket)
		}
	}
	return &client{
		url:   "http://" + host + "/api/v1/executor",
		token: c.Token,
		http:  &http.Client{Transport: transport},
	}
}

// close drops idle connections.
func (c *client) close() { c.http.CloseIdleConnections() }

// statusError is an answer other than the one the API promises.
type statusError struct {
	code int
	text string // first line of the body
}

func (e *statusError) Error() string {
	return fmt.Sprintf("agent answered %d %s: %s", e.code, http.StatusText(e.code), e.text)
}

// refused tells whether asking again is useless: the agent does not know this executor (400), or its
// token is wrong (401, 403). Of a restarting agent come refused connections, 503 and, before its
// routes are set up, 404: none of these is final.
func refused(err error) bool {
	var status *statusError
	if !errors.As(err, &status) {
		return false
	}
	switch status.code {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return true
	}
	return false
}

// send delivers a call other than SUBSCRIBE. A nil error means that the agent has received it, no more.
func (c *client) send(ctx context.Context, call *executor.Call) error {
	answer, err := c.post(ctx, call, http.StatusAccepted)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 4096)) // to use the connection again
	return err
}

// subscribe opens the event stream and calls handle with each event, in order, until the stream ends. It
// never returns nil: io.EOF is an orderly end.
func (c *client) subscribe(ctx context.Context, call *executor.Call, handle func(*executor.Event)) error {
	answer, err := c.post(ctx, call, http.StatusOK)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if got := answer.Header.Get("Content-Type"); got != mediaType {
		return fmt.Errorf("agent answered SUBSCRIBE with content type %q, not %s", got, mediaType)
	}
	records := newRecordReader(answer.Body)
	for {
		record, err := records.next()
		if err != nil {
			return err
		}
		event, err := decodeEvent(record)
		if err != nil {
			return err
		}
		handle(event)
	}
}

// post sends a call and checks the status of the answer, whose body the caller closes.
func (c *client) post(ctx context.Context, call *executor.Call, want int) (*http.Response, error) {
	body, err := call.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", call.Type, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", mediaType)
	request.Header.Set("Accept", mediaType)
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	// Every call may be repeated: updates have a uuid, a subscription replaces the one before. An empty
	// key tells the transport so, without being sent: it then retries when an idle connection was closed.
	request.Header["X-Idempotency-Key"] = nil
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != want {
		defer answer.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 512))
		line, _, _ := strings.Cut(string(text), "\n")
		return nil, &statusError{code: answer.StatusCode, text: line}
	}
	return answer, nil
}
