package master

import "fairlead/internal/cluster/queue"

// inbox is work for the goroutine that owns the state. Posting never waits, so
// agents and master can call each other freely.
type inbox struct{ work *queue.Queue[func()] }

func newInbox() inbox { return inbox{queue.New[func()]()} }

// post leaves work and reports whether it will be done.
func (b inbox) post(work func()) bool { return b.work.Put(work) }

// close refuses further work; what is there is still done.
func (b inbox) close() { b.work.Close() }

// run does the work in order until the inbox is closed and empty.
func (b inbox) run() { b.work.Each(func(do func()) { do() }) }
