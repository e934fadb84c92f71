package agent

import "sync"

// queue is an unbounded first-in-first-out hand-over to one reader. Writers
// never wait, which is what lets the master call the agent and the agent call
// the master without either holding the other up.
type queue[T any] struct {
	mu     sync.Mutex
	items  []T
	closed bool
	wake   chan struct{} // holds a token while there is news for the reader
}

func newQueue[T any]() *queue[T] {
	return &queue[T]{wake: make(chan struct{}, 1)}
}

// put appends v and reports whether the queue still takes items.
func (q *queue[T]) put(v T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.items = append(q.items, v)
	q.signal()
	return true
}

// close refuses further items; those already in the queue are still read.
func (q *queue[T]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

func (q *queue[T]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns what has gathered, without waiting, and whether more may come.
// A reader waits on wake between calls.
func (q *queue[T]) take() (items []T, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.items = q.items, nil
	return items, !q.closed
}
