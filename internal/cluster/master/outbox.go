package master

import (
	"context"
	"sync"
	"time"

	"fairlead/internal/cluster/wire"
)

// outbox holds encoded events until the goroutine of the client's request has
// written them. The owner of the state fills it without waiting; a client that
// reads too slowly loses its stream rather than slowing the master down.
type outbox struct {
	media wire.MediaType
	limit int // bytes

	mu      sync.Mutex
	records [][]byte
	bytes   int
	ended   bool // nothing is added any more
	broken  bool // and nothing is written any more
	wake    chan struct{}
	stream  *wire.Stream // while run is on
}

func newOutbox(media wire.MediaType, limit int) *outbox {
	return &outbox{media: media, limit: limit, wake: make(chan struct{}, 1)}
}

// put adds an encoded event and reports whether the stream still stands.
func (o *outbox) put(record []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return false
	}
	if o.bytes += len(record); o.bytes > o.limit {
		o.ended, o.broken = true, true
		if o.stream != nil {
			o.stream.Interrupt()
		}
		o.signal()
		return false
	}
	o.records = append(o.records, record)
	o.signal()
	return true
}

// end closes the stream after what has been put.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) take() (records [][]byte, open bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken {
		return nil, false
	}
	records, o.records, o.bytes = o.records, nil, 0
	return records, !o.ended
}

// run writes events, and heartbeats between them, until the stream ends, the
// client is gone or ctx is done.
func (o *outbox) run(ctx context.Context, stream *wire.Stream, heartbeat []byte, every time.Duration) error {
	o.mu.Lock()
	o.stream = stream
	o.mu.Unlock()
	stop := context.AfterFunc(ctx, stream.Interrupt) // frees a blocked Write
	defer stop()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		records, open := o.take()
		for _, record := range records {
			if err := stream.Write(record); err != nil {
				return err
			}
		}
		if !open {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-o.wake:
		case <-ticker.C:
			if err := stream.Write(heartbeat); err != nil {
				return err
			}
		}
	}
}
