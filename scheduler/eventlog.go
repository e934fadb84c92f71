package scheduler

import (
	"context"
	"sync"
	"time"
)

// Event is something that happened, for people and programs that watch.
type Event struct {
	Seq       uint64    `json:"seq"`
	At        time.Time `json:"at"`
	Type      string    `json:"type"` // such as "instance.running"
	Framework string    `json:"framework,omitempty"`
	Group     string    `json:"group,omitempty"`
	Instance  int32     `json:"instance"`
	Agent     string    `json:"agent,omitempty"`
	Message   string    `json:"message,omitempty"`
}

const (
	eventHistory = 10_000 // events kept for late readers
	eventBacklog = 1_000  // events a reader may lag behind
)

// eventLog keeps the latest events and hands new ones to readers. A reader
// that lags too far behind has its channel closed, and can come back with the
// last number it saw.
type eventLog struct {
	mu      sync.Mutex
	seq     uint64
	kept    []Event
	readers map[chan Event]struct{}
}

func newEventLog() *eventLog { return &eventLog{readers: map[chan Event]struct{}{}} }

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	e.Seq = l.seq
	if len(l.kept) >= eventHistory {
		l.kept = append(l.kept[:0], l.kept[eventHistory/10:]...)
	}
	l.kept = append(l.kept, e)
	for r := range l.readers {
		select {
		case r <- e:
		default:
			delete(l.readers, r)
			close(r)
		}
	}
}

// follow returns a channel with the kept events after a number and then every
// new one, until ctx is done or the reader lags too far behind. A number that no
// event has yet is of an earlier scheduler: all are new then.
func (l *eventLog) follow(ctx context.Context, after uint64) <-chan Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after > l.seq {
		after = 0
	}
	start := len(l.kept)
	for start > 0 && l.kept[start-1].Seq > after {
		start--
	}
	r := make(chan Event, len(l.kept)-start+eventBacklog)
	for _, e := range l.kept[start:] {
		r <- e
	}
	l.readers[r] = struct{}{}
	context.AfterFunc(ctx, func() { l.drop(r) })
	return r
}

func (l *eventLog) drop(r chan Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.readers[r]; ok {
		delete(l.readers, r)
		close(r)
	}
}

// close ends every reader.
func (l *eventLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for r := range l.readers {
		delete(l.readers, r)
		close(r)
	}
}
