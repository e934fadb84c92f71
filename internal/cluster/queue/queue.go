// Package queue is how the goroutines of the embedded master and its agents leave
// work for each other.
package queue

import "sync"

// Queue is an unbounded first-in-first-out hand-over to one reader. Writers
// never wait, which is what lets the master call the agent and the agent call
// the master without either holding the other up.
type Queue[T any] struct {
	mu     sync.Mutex
	items  []T
	closed bool
	wake   chan struct{} // holds a token while there is news for the reader
}

// New makes an empty queue.
func New[T any]() *Queue[T] {
	return &Queue[T]{wake: make(chan struct{}, 1)}
}

// Put appends v and reports whether the queue still takes items.
func (q *Queue[T]) Put(v T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.items = append(q.items, v)
	q.signal()
	return true
}

// Close refuses further items; those already in the queue are still read.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

func (q *Queue[T]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Wake is what the reader waits on between calls of Take: it has a token after
// every Put and Close that Take has not seen.
func (q *Queue[T]) Wake() <-chan struct{} { return q.wake }

// Take returns what has gathered, without waiting, and whether more may come.
func (q *Queue[T]) Take() (items []T, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.items = q.items, nil
	return items, !q.closed
}

// Each gives the items to do, in order, until the queue is closed and empty.
func (q *Queue[T]) Each(do func(T)) {
	for range q.wake {
		items, open := q.Take()
		for _, item := range items {
			do(item)
		}
		if !open {
			return
		}
	}
}
