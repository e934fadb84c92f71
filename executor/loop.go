package executor

import "time"

// loop runs functions one after another in the goroutine that called run. All state of the link and the
// runner belongs to it, so none of that needs a lock.
//
// post must not be called from a function that the loop runs: it would wait for itself.
type loop struct {
	mail chan func()
	done chan struct{} // closed when the loop has ended; later posts vanish
}

func newLoop() *loop {
	return &loop{mail: make(chan func()), done: make(chan struct{})}
}

// post hands f to the loop and returns when it is taken, or at once when the loop has ended.
func (l *loop) post(f func()) {
	select {
	case l.mail <- f:
	case <-l.done:
	}
}

// after posts f when d has passed. Stopping the timer may come too late for a function already on its
// way, so f checks that it is still wanted.
func (l *loop) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { l.post(f) })
}

// run serves until settle, which is called before each wait, returns true.
func (l *loop) run(settle func() bool) {
	defer close(l.done)
	for !settle() {
		(<-l.mail)()
	}
}
