package mesoshttp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Conditions to act on, found with errors.Is.
var (
	// ErrNoLeader: no master answered, or none knows a leader, or the leader is not ready. It passes: try again.
	ErrNoLeader = errors.New("no leading Mesos master")
	// ErrNotSubscribed: the master does not (or no longer) take calls of this subscription. Subscribe again.
	ErrNotSubscribed = errors.New("not subscribed with the Mesos master")
	// ErrNotAllowed: the master does not let us see this (401, 403), or does not have it (404).
	ErrNotAllowed = errors.New("not allowed by Mesos")
	// ErrHeartbeatTimeout: five heartbeat intervals passed without an event.
	ErrHeartbeatTimeout = errors.New("the Mesos master fell silent")
	// ErrStreamEnded: the master ended the subscription in order, for example after TEARDOWN or an ERROR event.
	ErrStreamEnded = errors.New("the Mesos master ended the subscription")
	// ErrClosed: Close was called on the stream.
	ErrClosed = errors.New("the subscription was closed")
	// ErrInvalidCall: the call was not sent, because a master would refuse it or crash on it.
	ErrInvalidCall = errors.New("invalid Mesos call")

	errNoAnswer = errors.New("no answer in time")
)

// maxErrorBody bounds how much of an error's text is kept; Mesos' own are a line or two.
const maxErrorBody = 4 << 10

// StatusError is an answer that is not a success.
type StatusError struct {
	Request string // what was asked: "ACCEPT", "GET_AGENTS", "/state"
	Master  string // host:port that answered
	Code    int    // HTTP status
	Body    string // its text, at most 4 KiB
}

// Error implements error.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: %s answered %d %s", e.Request, e.Master, e.Code, http.StatusText(e.Code))
	if body := strings.TrimSpace(e.Body); body != "" {
		text += ": " + body
	}
	return text
}

// Is says which of the conditions above the status means.
func (e *StatusError) Is(target error) bool {
	switch target {
	case ErrNotSubscribed:
		return e.notSubscribed()
	case ErrNotAllowed:
		return e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden || e.Code == http.StatusNotFound
	case ErrNoLeader:
		return e.Code == http.StatusServiceUnavailable
	}
	return false
}

// notSubscribed knows a lost subscription by the status, or by the text, where Mesos answers 400 both to a stale
// stream and to a malformed call. 403 to UPDATE_FRAMEWORK means that the change is not authorised.
func (e *StatusError) notSubscribed() bool {
	switch e.Code {
	case http.StatusTemporaryRedirect, http.StatusServiceUnavailable:
		return true
	case http.StatusForbidden:
		return e.Request != scheduler.Call_UPDATE_FRAMEWORK.String()
	case http.StatusBadRequest:
		return strings.Contains(e.Body, "stream ID") || strings.Contains(e.Body, "Mesos-Stream-Id") ||
			strings.Contains(e.Body, "Framework cannot be found")
	}
	return false
}

// RecordError says that the event stream is not what a master sends. The subscription is of no more use.
type RecordError struct {
	Offset int64 // where in the stream the record begins, in bytes
	Reason string
}

// Error implements error.
func (e *RecordError) Error() string {
	return fmt.Sprintf("broken event stream: record at byte %d: %s", e.Offset, e.Reason)
}
