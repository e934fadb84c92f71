package agent

import (
	"bytes"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// updateManager hands status updates on, one of each task at a time, and
// repeats each until it is acknowledged: first after min, then at doubling
// intervals of at most max. It belongs to the agent's loop; its timers reach it
// through post.
type updateManager struct {
	min, max time.Duration
	post     func(func())
	forward  func(Update)
	streams  map[streamKey]*updateStream
}

type streamKey struct{ framework, task string }

// updateStream is what is to be told about one task.
type updateStream struct {
	key      streamKey
	pending  []mesos.TaskStatus // the first is with the framework
	latest   mesos.TaskState
	received map[string]bool // uuids, those acknowledged included
	interval time.Duration
	timer    *time.Timer
}

func newUpdateManager(min, max time.Duration, post func(func()), forward func(Update)) *updateManager {
	return &updateManager{min: min, max: max, post: post, forward: forward, streams: map[streamKey]*updateStream{}}
}

// seen reports whether an update came before. Acknowledging the terminal update
// of a task forgets its uuids, as in Mesos.
func (m *updateManager) seen(framework, task string, uuid []byte) bool {
	s, ok := m.streams[streamKey{framework, task}]
	return ok && s.received[string(uuid)]
}

// add queues an update and hands it on if it is the task's only one.
func (m *updateManager) add(framework string, status mesos.TaskStatus) {
	key := streamKey{framework, status.TaskID.Value}
	s, ok := m.streams[key]
	if !ok {
		s = &updateStream{key: key, received: map[string]bool{}}
		m.streams[key] = s
	}
	s.received[string(status.UUID)] = true
	s.pending = append(s.pending, status)
	s.latest = status.GetState()
	if len(s.pending) == 1 {
		m.send(s)
	}
}

// send hands on the first pending update and sets the time of its repeat.
func (m *updateManager) send(s *updateStream) {
	m.quiet(s)
	s.interval = m.min
	m.transmit(s)
}

func (m *updateManager) transmit(s *updateStream) {
	m.forward(Update{FrameworkID: s.key.framework, Status: s.pending[0], Latest: s.latest})
	var timer *time.Timer
	timer = time.AfterFunc(s.interval, func() {
		m.post(func() {
			if s.timer == timer { // not stopped since
				s.interval = min(2*s.interval, m.max)
				m.transmit(s)
			}
		})
	})
	s.timer = timer
}

func (m *updateManager) quiet(s *updateStream) {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// acknowledge drops the first pending update if it is the one named, and hands
// on the next. It returns the update, or nothing if the uuid is unexpected.
func (m *updateManager) acknowledge(framework, task string, uuid []byte) (mesos.TaskStatus, bool) {
	s, ok := m.streams[streamKey{framework, task}]
	if !ok || len(s.pending) == 0 || !bytes.Equal(s.pending[0].UUID, uuid) {
		return mesos.TaskStatus{}, false
	}
	status := s.pending[0]
	s.pending = s.pending[1:]
	m.quiet(s)
	switch {
	case terminal(status.GetState()):
		delete(m.streams, s.key)
	case len(s.pending) > 0:
		m.send(s)
	}
	return status, true
}

// resend hands on again, at once, what a framework hasn't acknowledged; the
// intervals begin anew.
func (m *updateManager) resend(framework string) {
	for key, s := range m.streams {
		if key.framework == framework && len(s.pending) > 0 {
			m.send(s)
		}
	}
}

// forget drops the updates of a framework.
func (m *updateManager) forget(framework string) {
	for key, s := range m.streams {
		if key.framework == framework {
			m.quiet(s)
			delete(m.streams, key)
		}
	}
}

// stop ends all timers.
func (m *updateManager) stop() {
	for _, s := range m.streams {
		m.quiet(s)
	}
}

// terminal reports whether a task in the state has come to its end.
func terminal(state mesos.TaskState) bool {
	switch state {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_ERROR, mesos.TASK_LOST,
		mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	}
	return false
}
