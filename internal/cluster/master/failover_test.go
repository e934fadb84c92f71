package master

import (
	"testing"
	"testing/synctest"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/wire"
)

// The failover timer counts from the last disconnection: a framework that has
// resubscribed is not removed by the timer of an earlier one, and is removed
// when it stays away for the whole time.
func TestFailoverTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := unserved()
		go m.inbox.run()
		defer m.inbox.close()
		info := &mesos.FrameworkInfo{User: "root", Name: "f", FailoverTimeout: ptr(60.0), ID: &mesos.FrameworkID{Value: "f"}}
		connect := func(stream string) {
			s := &subscription{out: newOutbox(wire.Protobuf, 1<<30), streamID: stream}
			m.inbox.post(func() { m.subscribe(s, &scheduler.Call_Subscribe{FrameworkInfo: info}) })
		}
		known := func() (is bool) {
			if err := m.do(func() { is = m.frameworks["f"] != nil }); err != nil {
				t.Fatal(err)
			}
			return is
		}
		connect("one")
		m.inbox.post(func() { m.disconnected("f", "one") })
		time.Sleep(59 * time.Second)
		connect("two")
		time.Sleep(time.Hour)
		if !known() {
			t.Fatal("removed by the timer of an earlier disconnection")
		}
		m.inbox.post(func() { m.disconnected("f", "one") }) // the first stream's end comes late
		time.Sleep(time.Hour)
		if !known() {
			t.Fatal("the end of an earlier stream counted")
		}
		m.inbox.post(func() { m.disconnected("f", "two") })
		time.Sleep(59 * time.Second)
		if !known() {
			t.Fatal("removed too early")
		}
		time.Sleep(2 * time.Second)
		if known() {
			t.Fatal("not removed")
		}
	})
}
