package mesoshttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap"

	"fairlead/internal/mesosproto"
)

// missedHeartbeats is how many intervals may pass without an event, as the Mesos documentation recommends.
const missedHeartbeats = 5

// defaultHeartbeat is assumed until SUBSCRIBED tells the interval.
const defaultHeartbeat = 15 * time.Second

// maxHeartbeat is an interval that no master means.
const maxHeartbeat = 24 * time.Hour

// maxStreamID bounds the opaque id that names a subscription.
const maxStreamID = 128

// Stream is one subscription with one master. Next is for one goroutine; Call and Close may be used beside it.
type Stream struct {
	client  *Client
	target  *url.URL // where SUBSCRIBE was answered; all calls go there
	id      string   // Mesos-Stream-Id
	body    io.ReadCloser
	records *recordReader

	ctx     context.Context // ends with the stream; its cause is the reason
	cancel  context.CancelCauseFunc
	silence time.Duration // how long Next waits for an event
	failed  error         // what ended the stream, once Next has seen it
}

// Subscribe sends a SUBSCRIBE call to the leading master and returns as soon as it is accepted. The context governs
// the whole stream. A refusal by the leader is a StatusError; if there is no leader, the error is ErrNoLeader.
//
// A master checks most of FrameworkInfo only afterwards: then the first event is ERROR, and the stream ends.
func (c *Client) Subscribe(ctx context.Context, call *scheduler.Call) (*Stream, error) {
	if call.GetType() != scheduler.Call_SUBSCRIBE || call.GetSubscribe() == nil {
		return nil, fmt.Errorf("%w: Subscribe needs a SUBSCRIBE call, not %s", ErrInvalidCall, call.GetType())
	}
	body, err := call.Marshal()
	if err != nil {
		return nil, fmt.Errorf("SUBSCRIBE: %w: %w", ErrInvalidCall, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	response, err := c.askLeader(ctx, request{name: "SUBSCRIBE", path: schedulerPath, body: body, media: protobufType,
		timeout: c.config.SubscribeTimeout})
	if err != nil {
		cancel(nil)
		return nil, err
	}
	if err := checkSubscribed(response); err != nil {
		cancel(nil)
		return nil, err
	}
	s := &Stream{client: c, target: response.Request.URL, id: response.Header.Get(streamIDHeader), body: response.Body,
		records: newRecordReader(response.Body), ctx: ctx, cancel: cancel, silence: missedHeartbeats * defaultHeartbeat}
	c.config.Logger.Info("subscribed", zap.String("master", s.Master()))
	return s, nil
}

// checkSubscribed closes an answer that is no event stream and says why.
func checkSubscribed(response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return statusError("SUBSCRIBE", response)
	}
	media, id := response.Header.Get("Content-Type"), response.Header.Get(streamIDHeader)
	if media == protobufType && id != "" && len(id) <= maxStreamID {
		return nil
	}
	err := fmt.Errorf("SUBSCRIBE: %s answers with Content-Type %q and Mesos-Stream-Id %.140q: not a Mesos master",
		response.Request.URL.Host, media, id)
	return errors.Join(err, response.Body.Close())
}

// Master is the host:port of the master that holds this subscription.
func (s *Stream) Master() string { return s.target.Host }

// Next waits for the next event. An event of a type that this build does not know has the type UNKNOWN: skip it.
//
// An error ends the stream, and every further Next returns the same one: ErrStreamEnded, ErrHeartbeatTimeout if the
// master was silent for five heartbeat intervals while Next waited, ErrClosed, RecordError, the cause of the
// context given to Subscribe, or what went wrong in reading.
func (s *Stream) Next() (*scheduler.Event, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	event, err := s.read()
	if err != nil {
		s.failed = s.reason(err)
		s.end(s.failed)
		return nil, s.failed
	}
	if seconds := event.GetSubscribed().GetHeartbeatIntervalSeconds(); seconds > 0 && seconds < maxHeartbeat.Seconds() {
		s.silence = time.Duration(missedHeartbeats * seconds * float64(time.Second))
	}
	return event, nil
}

// read waits for one record. The watchdog runs only meanwhile: a slow reader is not a silent master.
func (s *Stream) read() (*scheduler.Event, error) {
	watchdog := time.AfterFunc(s.silence, func() { s.end(ErrHeartbeatTimeout) })
	offset := s.records.offset
	record, err := s.records.next()
	watchdog.Stop()
	if err != nil {
		return nil, err
	}
	event := new(scheduler.Event)
	if err := mesosproto.Unmarshal(record, event); err != nil {
		return nil, &RecordError{Offset: offset, Reason: "it is not an event: " + err.Error()}
	}
	if _, known := scheduler.Event_Type_name[int32(event.Type)]; !known {
		event.Type = scheduler.Event_UNKNOWN
	}
	return event, nil
}

// reason prefers why the stream was ended on our side to what reading it said then.
func (s *Stream) reason(err error) error {
	var broken *RecordError
	switch {
	case s.ctx.Err() != nil:
		return fmt.Errorf("events from %s: %w", s.Master(), context.Cause(s.ctx))
	case err == io.EOF:
		return fmt.Errorf("events from %s: %w", s.Master(), ErrStreamEnded)
	case errors.As(err, &broken):
		return err
	}
	return fmt.Errorf("events from %s: %w", s.Master(), err)
}

// Close ends the subscription and wakes a waiting Next. The master takes it for the loss of the connection.
func (s *Stream) Close() { s.end(ErrClosed) }

// end cancels the request first: closing the body of a request in progress would wait for more of it.
func (s *Stream) end(reason error) {
	s.cancel(reason)
	s.body.Close()
}
