package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"fairlead/scheduler"
)

// keepAlive is how often an idle stream shows that it lives.
const keepAlive = 15 * time.Second

// eventFilter is what of the events a client wants.
type eventFilter struct{ framework, group string }

func (f eventFilter) wants(e scheduler.Event) bool {
	return (f.framework == "" || e.Framework == f.framework) && (f.group == "" || e.Group == f.group)
}

// events sends what happened since the event that Last-Event-ID (or ?after=)
// names, as far as it is remembered, and then what happens: as server-sent
// events, or with ?follow=false as one JSON object of what is there already.
// A reader that can't keep up, like every reader of a scheduler that stops, is
// sent an event of type "end"; it may come back with the last id that it saw.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	after, err := lastEventID(r)
	if err != nil {
		return err
	}
	follow, err := boolParam(r, "follow", true)
	if err != nil {
		return err
	}
	filter := eventFilter{r.URL.Query().Get("framework"), r.URL.Query().Get("group")}
	events := s.cfg.Scheduler.Events(r.Context(), after)
	if !follow {
		writeJSON(w, http.StatusOK, past(events, filter))
		return nil
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	sse := &sseWriter{w: w, out: http.NewResponseController(w)}
	sse.send(": fairlead events\n\n")
	return sse.copy(r, events, filter)
}

func lastEventID(r *http.Request) (uint64, error) {
	text, field := r.Header.Get("Last-Event-ID"), "Last-Event-ID"
	if q := r.URL.Query().Get("after"); q != "" {
		text, field = q, "after"
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, badRequest(field, fmt.Sprintf("%q is not the number of an event", text))
	}
	return n, nil
}

// past takes the events that are there without waiting for more.
func past(events <-chan scheduler.Event, filter eventFilter) Events {
	out := Events{Events: []Event{}}
	for {
		select {
		case e, open := <-events:
			if !open {
				return out
			}
			if filter.wants(e) {
				out.Events = append(out.Events, eventOf(e))
			}
		default:
			return out
		}
	}
}

// sseWriter sends server-sent events until the client is gone.
type sseWriter struct {
	w    http.ResponseWriter
	out  *http.ResponseController
	gone bool
}

func (s *sseWriter) send(text string) {
	grant(s.w)
	_, err := s.w.Write([]byte(text))
	s.gone = s.gone || err != nil || s.out.Flush() != nil
}

func (s *sseWriter) copy(r *http.Request, events <-chan scheduler.Event, filter eventFilter) error {
	idle := time.NewTicker(keepAlive)
	defer idle.Stop()
	for !s.gone {
		select {
		case <-r.Context().Done():
			return nil
		case <-idle.C:
			s.send(": alive\n\n")
		case e, open := <-events:
			if !open {
				s.send("event: end\ndata: {\"message\":\"the scheduler stops or this reader was too slow\"}\n\n")
				return nil
			}
			if !filter.wants(e) {
				continue
			}
			data, err := json.Marshal(eventOf(e))
			if err != nil {
				return err
			}
			s.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Type, data))
		}
	}
	return nil
}
