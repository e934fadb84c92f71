package agent_test

import (
	"bytes"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"fairlead/internal/cluster/agent"
	"fairlead/internal/cluster/wire"
)

func updateCall(status mesos.TaskStatus) *executor.Call {
	return &executor.Call{Type: executor.Call_UPDATE, Update: &executor.Call_Update{Status: status}}
}

// bothMedia runs a test in both codings.
func bothMedia(t *testing.T, test func(t *testing.T, media wire.MediaType)) {
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		t.Run(media.String(), func(t *testing.T) { test(t, media) })
	}
}

func TestSubscribedTellsEverything(t *testing.T) { // 127, 128
	bothMedia(t, func(t *testing.T, media wire.MediaType) {
		a := startAgent(t)
		p := play(t, a, "x", media, "t1", "t2")
		sub := p.open(nil)
		p.sees(sub, "SUBSCRIBED LAUNCH_GROUP")
		events, _ := sub.seen()
		s := events[0].Subscribed
		if s.ExecutorInfo.ExecutorID.Value != "x" || s.FrameworkInfo.ID.GetValue() != frameworkID ||
			s.AgentInfo.ID.GetValue() != agentID || s.ContainerID.GetValue() == "" {
			t.Errorf("SUBSCRIBED is incomplete: %v", s)
		}
		for _, task := range events[1].LaunchGroup.TaskGroup.Tasks {
			if task.Executor.GetExecutorID().Value != "x" || task.Resources[0].GetAllocationInfo().GetRole() != "eng" {
				t.Errorf("task lacks executor or allocation: %v", task)
			}
		}
		a.Run(modern(), executorRunning("x", ""), []mesos.TaskInfo{newTask("t3")}, false)
		p.sees(sub, "SUBSCRIBED LAUNCH_GROUP LAUNCH")
	})
}

func TestCallsBeforeSubscribing(t *testing.T) { // 126
	a := startAgent(t)
	p := play(t, a, "x", wire.JSON, "t")
	for _, c := range []struct {
		client *executorClient
		call   *executor.Call
		code   int
		text   string
	}{
		{p.executorClient, updateCall(p.status("t", mesos.TASK_RUNNING)), 403, "Executor is not subscribed"},
		{newExecutorClient(a.Endpoint(), "other", wire.JSON), updateCall(newExecutorClient("", "other", wire.JSON).status("t", mesos.TASK_RUNNING)), 400, "Executor cannot be found"},
		{p.executorClient, &executor.Call{Type: executor.Call_HEARTBEAT}, 202, ""},
	} {
		if code, text, err := c.client.call(c.call); code != c.code || text != c.text || err != nil {
			t.Errorf("%s: %d %q %v, want %d %q", c.call.Type, code, text, err, c.code, c.text)
		}
	}
}

func TestUpdatesAreAcknowledgedWithoutTheScheduler(t *testing.T) { // 129
	bothMedia(t, func(t *testing.T, media wire.MediaType) {
		a := startAgent(t)
		a.silent()
		p := play(t, a, "x", media, "t")
		sub := p.open(nil)
		starting := p.status("t", mesos.TASK_STARTING)
		p.send(updateCall(starting))
		p.sees(sub, "SUBSCRIBED LAUNCH_GROUP ACKNOWLEDGED:t")
		events, _ := sub.seen()
		if ack := events[2].Acknowledged; !bytes.Equal(ack.UUID, starting.UUID) {
			t.Errorf("acknowledged %x, want %x", ack.UUID, starting.UUID)
		}
		p.send(updateCall(starting)) // a repeat
		p.sees(sub, "SUBSCRIBED LAUNCH_GROUP ACKNOWLEDGED:t ACKNOWLEDGED:t")
		a.Acknowledge(frameworkID, "t", starting.UUID)
		p.send(updateCall(starting)) // a repeat after the acknowledgement
		finished := p.status("t", mesos.TASK_FINISHED)
		p.send(updateCall(finished))
		a.update("t", mesos.TASK_FINISHED)
		if n := len(a.all("t")); n != 2 {
			t.Errorf("%d updates were handed on, want 2", n)
		}
		// What a real agent does once the terminal update is acknowledged.
		a.Acknowledge(frameworkID, "t", finished.UUID)
		p.send(updateCall(finished))
		a.eventually("the repeat of a forgotten update", func() bool { return len(a.all("t")) == 3 })
	})
}

func TestUpdatesTheAgentDoesNotTake(t *testing.T) {
	a := startAgent(t)
	p := play(t, a, "x", wire.Protobuf, "t")
	sub := p.open(nil)
	p.send(updateCall(p.status("never-launched", mesos.TASK_RUNNING)))
	p.sees(sub, "SUBSCRIBED LAUNCH_GROUP ACKNOWLEDGED:never-launched")
	a.silent()
	p.send(updateCall(p.status("t", mesos.TASK_FINISHED)))
	p.send(updateCall(p.status("t", mesos.TASK_FAILED)))
	p.send(updateCall(p.status("t", mesos.TASK_RUNNING)))
	p.sees(sub, "SUBSCRIBED LAUNCH_GROUP ACKNOWLEDGED:never-launched ACKNOWLEDGED:t ACKNOWLEDGED:t ACKNOWLEDGED:t")
	if got := a.entries(); len(got) != 1 || got[0] != "update t TASK_FINISHED" {
		t.Errorf("handed on: %q", got)
	}
}

func TestSecondSubscriptionReplacesTheFirst(t *testing.T) { // 133
	bothMedia(t, func(t *testing.T, media wire.MediaType) {
		a := startAgent(t)
		p := play(t, a, "x", media, "t1", "t2")
		first := p.open(nil)
		p.sees(first, "SUBSCRIBED LAUNCH_GROUP")
		running := p.status("t1", mesos.TASK_RUNNING)
		p.send(updateCall(running))
		p.sees(first, "SUBSCRIBED LAUNCH_GROUP ACKNOWLEDGED:t1")
		missed := p.status("t1", mesos.TASK_FINISHED)
		second := p.open(&executor.Call_Subscribe{
			UnacknowledgedTasks:   groupOf("t2"),
			UnacknowledgedUpdates: []executor.Call_Update{{Status: running}, {Status: missed}},
		})
		p.sees(first, "SUBSCRIBED LAUNCH_GROUP ACKNOWLEDGED:t1 END")
		p.sees(second, "SUBSCRIBED ACKNOWLEDGED:t1 ACKNOWLEDGED:t1")
		a.update("t1", mesos.TASK_FINISHED)
		if n := len(a.all("t1")); n != 2 {
			t.Errorf("%d updates of t1 were handed on, want 2", n)
		}
		a.Message(frameworkID, "x", []byte("hi"))
		p.sees(second, "SUBSCRIBED ACKNOWLEDGED:t1 ACKNOWLEDGED:t1 MESSAGE")
	})
}

func TestTaskLostOnTheWayIsDeclaredOnResubscription(t *testing.T) { // 134
	a := startAgent(t)
	p := play(t, a, "x", wire.JSON, "t1", "t2")
	first := p.open(nil)
	p.sees(first, "SUBSCRIBED LAUNCH_GROUP")
	first.cancel()
	p.open(&executor.Call_Subscribe{UnacknowledgedTasks: groupOf("t1")})
	st := a.update("t2", mesos.TASK_DROPPED).Status
	if st.GetReason() != mesos.REASON_AGENT_RESTARTED || *st.Source != mesos.SOURCE_AGENT {
		t.Errorf("unexpected update: %v", st)
	}
	if n := len(a.all("t1")); n != 0 {
		t.Errorf("t1, which the executor has, got %d updates", n)
	}
}

func TestBrokenStreamIsNoFailure(t *testing.T) {
	a := startAgent(t)
	p := play(t, a, "x", wire.JSON, "t")
	first := p.open(nil)
	p.sees(first, "SUBSCRIBED LAUNCH_GROUP")
	first.cancel()
	p.send(updateCall(p.status("t", mesos.TASK_RUNNING))) // the executor is still known
	again := p.open(nil)
	p.sees(again, "SUBSCRIBED")
	if pid := a.file("x", "pid"); !alive(pid) {
		t.Error("the executor was ended")
	}
}

func TestKillBeforeSubscriptionEndsTheGroup(t *testing.T) { // 109
	a := startAgent(t)
	p := play(t, a, "x3", wire.JSON, "s1", "s2")
	a.Kill(frameworkID, "s1", nil)
	for _, id := range []string{"s1", "s2"} {
		st := a.update(id, mesos.TASK_KILLED).Status
		if st.GetReason() != mesos.REASON_TASK_KILLED_DURING_LAUNCH ||
			st.GetMessage() != "A task within the task group was killed before delivery to the executor" {
			t.Errorf("unexpected update: %v", st)
		}
	}
	sub := p.open(nil)
	p.sees(sub, "SHUTDOWN")
}

func TestKillReachesTheExecutorWithItsPolicy(t *testing.T) { // 107
	a := startAgent(t)
	p := play(t, a, "x", wire.Protobuf, "t")
	sub := p.open(nil)
	a.Kill(frameworkID, "t", &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: 5e8}})
	p.sees(sub, "SUBSCRIBED LAUNCH_GROUP KILL")
	events, _ := sub.seen()
	if k := events[2].Kill; k.TaskID.Value != "t" || k.KillPolicy.GetGracePeriod().GetNanoseconds() != 5e8 {
		t.Errorf("unexpected event: %v", k)
	}
}

func TestKillOfAnUnknownTask(t *testing.T) {
	a := startAgent(t)
	play(t, a, "x", wire.JSON, "t")
	a.Kill(frameworkID, "nope", nil)
	if st := a.update("nope", mesos.TASK_DROPPED).Status; st.GetReason() != mesos.REASON_EXECUTOR_TERMINATED {
		t.Errorf("unexpected update: %v", st)
	}
	a.Kill("nobody", "nope", nil) // unknown framework: nothing to say, and no crash
}

func TestSubscribeOfATerminatingExecutor(t *testing.T) {
	a := startAgent(t)
	p := play(t, a, "x", wire.JSON, "t")
	first := p.open(nil)
	a.ShutdownExecutor(frameworkID, "x")
	p.sees(first, "SUBSCRIBED LAUNCH_GROUP SHUTDOWN")
	second := p.open(nil)
	p.sees(second, "SHUTDOWN END")
	p.send(updateCall(p.status("t", mesos.TASK_KILLED))) // still taken
	a.update("t", mesos.TASK_KILLED)
}

func TestHeartbeats(t *testing.T) {
	a := startAgent(t, func(c *agent.Config) { c.Heartbeat = 20 * time.Millisecond })
	p := play(t, a, "x", wire.JSON, "t")
	sub := p.open(nil)
	p.sees(sub, "SUBSCRIBED LAUNCH_GROUP HEARTBEAT HEARTBEAT")
}

func TestMessagesOfAnExecutor(t *testing.T) {
	a := startAgent(t)
	p := play(t, a, "x", wire.JSON, "t")
	p.open(nil)
	p.send(&executor.Call{Type: executor.Call_MESSAGE, Message: &executor.Call_Message{Data: []byte("ping \x00\xff")}})
	a.entry("message ping \x00\xff")
}

func TestNobodySpeaksForABuiltInExecutor(t *testing.T) {
	a := startAgent(t)
	a.runCommand(modern(), commandTask("t", "exec sleep 1000"))
	a.update("t", mesos.TASK_RUNNING)
	c := newExecutorClient(a.Endpoint(), "t", wire.JSON)
	if code, text, err := c.update(c.status("t", mesos.TASK_FINISHED)); code != 400 || err != nil {
		t.Errorf("%d %q %v", code, text, err)
	}
}
