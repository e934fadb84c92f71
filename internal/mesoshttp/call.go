package mesoshttp

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Call sends a call to the master of this subscription and waits until it has been received, which says nothing
// about its success: results arrive as events. Calls of one goroutine arrive in order. A failed call does not end the
// stream; if the error is ErrNotSubscribed, every further call would fail too. A call that would be refused in
// any case, or crash a master, is not sent (ErrInvalidCall).
func (s *Stream) Call(ctx context.Context, call *scheduler.Call) error {
	name := call.GetType().String()
	if err := checkCall(call); err != nil {
		return fmt.Errorf("%s: %w: %w", name, ErrInvalidCall, err)
	}
	body, err := call.Marshal()
	if err != nil {
		return fmt.Errorf("%s: %w: %w", name, ErrInvalidCall, err)
	}
	if s.ctx.Err() != nil {
		return fmt.Errorf("%s: %w: %w", name, ErrNotSubscribed, context.Cause(s.ctx))
	}
	ctx, cancel := context.WithTimeout(ctx, s.client.config.CallTimeout)
	defer cancel()
	response, err := s.client.post(ctx, s.target, request{name: name, body: body, media: protobufType, streamID: s.id,
		timeout: s.client.config.CallTimeout})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if response.StatusCode != http.StatusAccepted && response.StatusCode != http.StatusOK {
		return statusError(name, response)
	}
	defer response.Body.Close()
	// The connection can serve the next call only when this answer, which is empty, has been read.
	_, _ = io.CopyN(io.Discard, response.Body, maxErrorBody)
	return nil
}

// checkCall refuses what makes a real master die (a call of type UNKNOWN, two tasks with one id in a group) and what
// it takes without a word but can never do anything.
func checkCall(call *scheduler.Call) error {
	switch call.GetType() {
	case scheduler.Call_UNKNOWN:
		return fmt.Errorf("type %d would crash the master", call.GetType())
	case scheduler.Call_SUBSCRIBE:
		return fmt.Errorf("a subscription is made by Client.Subscribe")
	}
	if _, known := scheduler.Call_Type_name[int32(call.GetType())]; !known {
		return fmt.Errorf("type %d is not known", call.GetType())
	}
	if call.GetFrameworkID().GetValue() == "" {
		return fmt.Errorf("framework_id is missing")
	}
	for _, operation := range call.GetAccept().GetOperations() {
		if operation.GetType() != mesos.Offer_Operation_LAUNCH_GROUP {
			continue
		}
		if err := checkGroup(operation.GetLaunchGroup().GetTaskGroup().Tasks); err != nil {
			return err
		}
	}
	return nil
}

func checkGroup(tasks []mesos.TaskInfo) error {
	if len(tasks) == 0 {
		return fmt.Errorf("a task group has no task")
	}
	seen := make(map[string]bool, len(tasks))
	for i := range tasks {
		id := tasks[i].TaskID.Value
		if seen[id] {
			return fmt.Errorf("two tasks of a group have the id %q, which would crash the master", id)
		}
		seen[id] = true
	}
	return nil
}
