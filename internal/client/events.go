package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"fairlead/internal/api"
)

// EventQuery says which events are wanted.
type EventQuery struct {
	After     uint64 // only events with a higher number
	Framework string // of one framework, or all if empty
	Group     string // of groups with this name, or all if empty
}

func (q EventQuery) values(follow bool) url.Values {
	v := url.Values{"after": {strconv.FormatUint(q.After, 10)}, "follow": {strconv.FormatBool(follow)}}
	if q.Framework != "" {
		v.Set("framework", q.Framework)
	}
	if q.Group != "" {
		v.Set("group", q.Group)
	}
	return v
}

// Events returns the events that the server remembers.
func (c *Client) Events(ctx context.Context, q EventQuery) (*api.Events, error) {
	return list[api.Events](ctx, c, "events", q.values(false))
}

// maxEvent bounds one line of the stream.
const maxEvent = 1 << 20

// errEnd says that the server ended the stream on purpose.
var errEnd = errors.New("the server ended the stream")

// Follow hands what the server remembers and everything that happens from then
// on to fn, in order, until fn fails, ctx is done, or the stream ends, which is
// an ErrNoAnswer: begin again after the last event that was seen.
func (c *Client) Follow(ctx context.Context, q EventQuery, fn func(api.Event) error) error {
	response, err := c.send(ctx, request{
		method: http.MethodGet, path: []string{"v1", "events"}, query: q.values(true),
		header: http.Header{"Accept": {"text/event-stream"}},
	})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, maxEvent)
	kind := ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "event":
			kind = value
		case field == "data" && kind == "end":
			return fmt.Errorf("%w %s: %w", ErrNoAnswer, c.Server(), errEnd)
		case field == "data":
			var e api.Event
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				return fmt.Errorf("%w %s: reading an event: %w", ErrNoAnswer, c.Server(), err)
			}
			if err := fn(e); err != nil {
				return err
			}
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w %s: the stream of events broke off: %w", ErrNoAnswer, c.Server(), err)
}
