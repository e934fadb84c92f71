package agent

import (
	"testing"
	"testing/synctest"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// sent is one update on its way, with the time since the beginning.
type sent struct {
	at   time.Duration
	uuid string
}

// manage runs a test against an update manager in virtual time. Posted work is
// done at once, under no other's feet: all goroutines of the bubble wait.
func manage(t *testing.T, test func(m *updateManager, log *[]sent)) {
	synctest.Test(t, func(t *testing.T) {
		var log []sent
		start := time.Now()
		box := newQueue[func()]()
		m := newUpdateManager(10*time.Second, 10*time.Minute, func(do func()) { box.put(do) }, func(u Update) {
			log = append(log, sent{time.Since(start), string(u.Status.UUID)})
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range box.wake {
				work, open := box.take()
				for _, do := range work {
					do()
				}
				if !open {
					return
				}
			}
		}()
		test(m, &log)
		m.stop()
		box.close()
		<-done
	})
}

func statusOf(task string, state mesos.TaskState) mesos.TaskStatus {
	return mesos.TaskStatus{TaskID: mesos.TaskID{Value: task}, State: &state, UUID: wire.NewUUID()}
}

// pass lets virtual time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRepeatsDoubleUpToTenMinutes(t *testing.T) {
	manage(t, func(m *updateManager, log *[]sent) {
		m.add("f", statusOf("t", mesos.TASK_RUNNING))
		pass(time.Hour)
		var gaps []time.Duration
		for i := 1; i < len(*log); i++ {
			gaps = append(gaps, (*log)[i].at-(*log)[i-1].at)
		}
		want := []time.Duration{
			10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second,
			10 * time.Minute, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute,
		}
		if len(gaps) != len(want) {
			t.Fatalf("gaps %v, want %v", gaps, want)
		}
		for i := range want {
			if gaps[i] != want[i] {
				t.Errorf("gaps %v, want %v", gaps, want)
				break
			}
		}
	})
}

func TestAcknowledgementLetsTheNextUpdateGo(t *testing.T) {
	manage(t, func(m *updateManager, log *[]sent) {
		running, finished := statusOf("t", mesos.TASK_RUNNING), statusOf("t", mesos.TASK_FINISHED)
		m.add("f", running)
		m.add("f", finished)
		if len(*log) != 1 {
			t.Fatalf("%d updates are on their way, want 1", len(*log))
		}
		if _, ok := m.acknowledge("f", "t", finished.UUID); ok {
			t.Error("an update that was not handed on was acknowledged")
		}
		if got, ok := m.acknowledge("f", "t", running.UUID); !ok || got.GetState() != mesos.TASK_RUNNING {
			t.Errorf("acknowledge: %v %v", got, ok)
		}
		if len(*log) != 2 || (*log)[1].uuid != string(finished.UUID) {
			t.Fatalf("the second update did not follow: %v", *log)
		}
		if !m.seen("f", "t", running.UUID) || m.seen("f", "t", wire.NewUUID()) {
			t.Error("the uuids are not kept")
		}
		m.acknowledge("f", "t", finished.UUID)
		if m.seen("f", "t", running.UUID) {
			t.Error("the uuids outlived the terminal acknowledgement")
		}
		pass(time.Hour)
		if len(*log) != 2 {
			t.Errorf("an acknowledged update was repeated: %v", *log)
		}
	})
}

func TestResendBeginsTheIntervalsAnew(t *testing.T) {
	manage(t, func(m *updateManager, log *[]sent) {
		m.add("f", statusOf("t", mesos.TASK_RUNNING))
		m.add("other", statusOf("t", mesos.TASK_RUNNING))
		pass(75 * time.Second) // sent at 0, 10, 30, 70
		before := len(*log)
		m.resend("f")
		if len(*log) != before+1 {
			t.Fatalf("%d updates were sent again, want 1", len(*log)-before)
		}
		pass(10 * time.Second)
		if len(*log) != before+2 {
			t.Errorf("the next repeat did not come after 10 s: %v", (*log)[before:])
		}
		m.forget("f")
		m.forget("other")
		after := len(*log)
		pass(time.Hour)
		if len(*log) != after {
			t.Error("updates of forgotten frameworks were repeated")
		}
	})
}
