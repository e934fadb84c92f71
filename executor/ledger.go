package executor

import (
	"bytes"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// ledger holds what the agent has not confirmed yet: tasks of which no update is acknowledged, and
// updates. A subscription carries all of it, so nothing is lost with a connection or with the agent.
type ledger struct {
	tasks   []mesos.TaskInfo
	updates []*entry // in the order in which they were made
}

type entry struct {
	status mesos.TaskStatus
	sent   bool // since the last subscription, or with it
}

// received notes a task that the agent has handed over.
func (l *ledger) received(task mesos.TaskInfo) { l.tasks = append(l.tasks, task) }

// add queues an update.
func (l *ledger) add(status mesos.TaskStatus) {
	l.updates = append(l.updates, &entry{status: status})
}

// next returns the oldest update that is still to be sent and marks it sent; nil if there is none.
func (l *ledger) next() *mesos.TaskStatus {
	for _, e := range l.updates {
		if !e.sent {
			e.sent = true
			return &e.status
		}
	}
	return nil
}

// acknowledge drops the update and the task of an ACKNOWLEDGED event. An uuid not (or no longer) in the
// ledger changes nothing: the agent acknowledges repeats too.
func (l *ledger) acknowledge(task string, uuid []byte) {
	i := slices.IndexFunc(l.updates, func(e *entry) bool {
		return e.status.TaskID.Value == task && bytes.Equal(e.status.UUID, uuid)
	})
	if i < 0 {
		return
	}
	l.updates = slices.Delete(l.updates, i, i+1)
	l.tasks = slices.DeleteFunc(l.tasks, func(t mesos.TaskInfo) bool { return t.TaskID.Value == task })
}

// empty reports whether the agent has stored every update.
func (l *ledger) empty() bool { return len(l.updates) == 0 }

// subscription returns the content of a SUBSCRIBE and marks what it carries as sent.
func (l *ledger) subscription() *executor.Call_Subscribe {
	s := &executor.Call_Subscribe{UnacknowledgedTasks: slices.Clone(l.tasks)}
	for _, e := range l.updates {
		e.sent = true
		s.UnacknowledgedUpdates = append(s.UnacknowledgedUpdates, executor.Call_Update{Status: e.status})
	}
	return s
}
