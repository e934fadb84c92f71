package master_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/wire"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"))
}

// newMaster starts a master that allocates every 20 ms.
func newMaster(t testing.TB, cfg master.Config) *master.Master {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	if cfg.AllocationInterval == 0 {
		cfg.AllocationInterval = 20 * time.Millisecond
	}
	cfg.Logger = zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	m, err := master.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return m
}

func url(m *master.Master) string { return "http://" + m.Endpoint() }

// subscribe is a framework in role dev with the usual capabilities.
func subscribe(t testing.TB, m *master.Master, name string) *frameworktest.Framework {
	t.Helper()
	info := frameworktest.Info(name, "dev")
	timeout := 3600.0
	info.FailoverTimeout = &timeout
	return frameworktest.Subscribe(t, url(m), wire.Protobuf, info)
}

// eventually polls for what happens on another goroutine.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("did not happen: %s", what)
		}
	}
}

// launch starts a command task on the next offer and has it RUNNING.
func launch(t testing.TB, f *frameworktest.Framework, a *recordingAgent, id string) mesos.Offer {
	t.Helper()
	o := f.Offer()
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task(id, o, "true")))
	eventually(t, id+" is launched", func() bool { return a.running(id) })
	a.report(f.ID.Value, id, mesos.TASK_RUNNING)
	f.Acknowledge(f.Update(id))
	return o
}
