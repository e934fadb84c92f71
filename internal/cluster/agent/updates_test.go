package agent

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// managed is an update manager in virtual time, with a record of what it sent.
// A lock stands in for the agent's loop.
type managed struct {
	mu      sync.Mutex
	manager *updateManager
	start   time.Time
	at      []time.Duration // when the updates went out
	uuids   []string
}

func (m *managed) do(work func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	work()
}

// manage runs a test in a bubble of virtual time.
func manage(t *testing.T, test func(t *testing.T, m *managed)) {
	synctest.Test(t, func(t *testing.T) {
		m := &managed{start: time.Now()}
		m.manager = newUpdateManager(10*time.Second, 10*time.Minute, m.do, func(u Update) {
			m.at = append(m.at, time.Since(m.start))
			m.uuids = append(m.uuids, string(u.Status.UUID))
		})
		test(t, m)
		m.do(m.manager.stop)
	})
}

func (m *managed) add(framework string, status mesos.TaskStatus) {
	m.do(func() { m.manager.add(framework, status) })
}

func (m *managed) acknowledge(uuid []byte) (ok bool) {
	m.do(func() { _, ok = m.manager.acknowledge("f", "t", uuid) })
	return ok
}

func (m *managed) seen(uuid []byte) (ok bool) {
	m.do(func() { ok = m.manager.seen("f", "t", uuid) })
	return ok
}

// sent returns the uuids of the updates so far.
func (m *managed) sent() (uuids []string) {
	m.do(func() { uuids = slices.Clone(m.uuids) })
	return uuids
}

func statusOf(task string, state mesos.TaskState) mesos.TaskStatus {
	return mesos.TaskStatus{TaskID: mesos.TaskID{Value: task}, State: &state, UUID: wire.NewUUID()}
}

// pass lets virtual time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRepeatsDoubleUpToTenMinutes(t *testing.T) { // 97
	manage(t, func(t *testing.T, m *managed) {
		m.add("f", statusOf("t", mesos.TASK_RUNNING))
		pass(time.Hour)
		var gaps []time.Duration
		m.do(func() {
			for i := 1; i < len(m.at); i++ {
				gaps = append(gaps, m.at[i]-m.at[i-1])
			}
		})
		want := []time.Duration{
			10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second,
			10 * time.Minute, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute,
		}
		if !slices.Equal(gaps, want) {
			t.Errorf("gaps %v, want %v", gaps, want)
		}
	})
}

func TestAcknowledgementLetsTheNextUpdateGo(t *testing.T) { // 98, 99
	manage(t, func(t *testing.T, m *managed) {
		running, finished := statusOf("t", mesos.TASK_RUNNING), statusOf("t", mesos.TASK_FINISHED)
		m.add("f", running)
		m.add("f", finished)
		if n := len(m.sent()); n != 1 {
			t.Fatalf("%d updates are on their way, want 1", n)
		}
		if m.acknowledge(finished.UUID) {
			t.Error("an update that was not handed on was acknowledged")
		}
		if !m.acknowledge(running.UUID) {
			t.Error("the acknowledgement was not taken")
		}
		if s := m.sent(); len(s) != 2 || s[1] != string(finished.UUID) {
			t.Fatalf("the second update did not follow: %q", s)
		}
		if !m.seen(running.UUID) || m.seen(wire.NewUUID()) {
			t.Error("the uuids are not kept")
		}
		m.acknowledge(finished.UUID)
		if m.seen(running.UUID) {
			t.Error("the uuids outlived the terminal acknowledgement")
		}
		pass(time.Hour)
		if s := m.sent(); len(s) != 2 {
			t.Errorf("an acknowledged update was repeated: %q", s)
		}
	})
}

func TestResendBeginsTheIntervalsAnew(t *testing.T) { // 97
	manage(t, func(t *testing.T, m *managed) {
		m.add("f", statusOf("t", mesos.TASK_RUNNING))
		m.add("other", statusOf("t", mesos.TASK_RUNNING))
		pass(75 * time.Second) // sent at 0, 10, 30, 70
		before := len(m.sent())
		m.do(func() { m.manager.resend("f") })
		if n := len(m.sent()); n != before+1 {
			t.Fatalf("%d updates were sent again, want 1", n-before)
		}
		pass(10 * time.Second)
		if n := len(m.sent()); n != before+2 {
			t.Errorf("the next repeat did not come after 10 s")
		}
		m.do(func() { m.manager.forget("f"); m.manager.forget("other") })
		after := len(m.sent())
		pass(time.Hour)
		if n := len(m.sent()); n != after {
			t.Error("updates of forgotten frameworks were repeated")
		}
	})
}
