package master

import "sync"

// inbox is the unbounded hand-over to the goroutine that owns the state.
// Posting never waits, so agents and master can call each other freely.
type inbox struct {
	mu     sync.Mutex
	work   []func()
	closed bool
	wake   chan struct{} // holds a token while there is work
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// post leaves work and reports whether it will be done.
func (b *inbox) post(work func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.work = append(b.work, work)
	b.signal()
	return true
}

// close refuses further work; what is there is still done.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.signal()
}

func (b *inbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *inbox) take() (work []func(), open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	work, b.work = b.work, nil
	return work, !b.closed
}

// run does the work in order until the inbox is closed and empty.
func (b *inbox) run() {
	for range b.wake {
		work, open := b.take()
		for _, do := range work {
			do()
		}
		if !open {
			return
		}
	}
}
