package agent

import (
	"fmt"
	"net/http"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"fairlead/internal/cluster/queue"
	"fairlead/internal/cluster/wire"
)

// executorAPI serves the v1 executor endpoint. The order of the checks decides
// which of several errors is told, and is that of Mesos.
func (a *Agent) executorAPI(w http.ResponseWriter, r *http.Request) {
	var call executor.Call
	if err := wire.DecodeCall(r, "executor", &call); err != nil {
		wire.WriteError(w, err)
		return
	}
	if fault := executorCallFault(&call); fault != "" {
		wire.WriteError(w, wire.InvalidCall("executor", fault))
		return
	}
	switch call.Type {
	case executor.Call_SUBSCRIBE:
		a.executorStream(w, r, &call)
		return
	case executor.Call_HEARTBEAT: // before any look-up, as in Mesos
	default:
		err := errClosed()
		a.call(func() { err = a.executorCall(&call) })
		if err != nil {
			wire.WriteError(w, err)
			return
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

// executorCallFault says what is wrong with the shape of a call, in the words of
// Mesos; nothing if it is fine.
func executorCallFault(c *executor.Call) string {
	missing := func(member string, absent bool) string {
		if absent {
			return "Expecting '" + member + "' to be present"
		}
		return ""
	}
	switch c.Type {
	case executor.Call_SUBSCRIBE:
		return missing("subscribe", c.Subscribe == nil)
	case executor.Call_MESSAGE:
		return missing("message", c.Message == nil)
	case executor.Call_UPDATE:
		if c.Update == nil {
			return missing("update", true)
		}
		return updateFault(c, &c.Update.Status)
	}
	return ""
}

func updateFault(c *executor.Call, s *mesos.TaskStatus) string {
	from := fmt.Sprintf("from executor %s of framework %s", c.ExecutorID.Value, c.FrameworkID.Value)
	switch {
	case len(s.UUID) == 0:
		return "Expecting 'uuid' to be present"
	case !wire.ValidUUID(s.UUID):
		return "Not a valid UUID"
	case s.ExecutorID != nil && s.ExecutorID.Value != c.ExecutorID.Value:
		return fmt.Sprintf("ExecutorID in Call: %s does not match ExecutorID in TaskStatus: %s",
			c.ExecutorID.Value, s.ExecutorID.Value)
	case s.Source == nil || *s.Source != mesos.SOURCE_EXECUTOR:
		return "Received Call " + from + " with invalid source, expecting 'SOURCE_EXECUTOR'"
	case s.GetState() == mesos.TASK_STAGING:
		return "Received TASK_STAGING " + from + " which is not allowed"
	}
	return checkStatusFault(s.CheckStatus)
}

// checkStatusFault wants the type and its member; others beside are let pass.
func checkStatusFault(c *mesos.CheckStatusInfo) string {
	if c == nil {
		return ""
	}
	if c.Type == nil {
		return "CheckStatusInfo must specify 'type'"
	}
	members := map[mesos.CheckInfo_Type]struct {
		name    string
		present bool
	}{
		mesos.CheckInfo_COMMAND: {"command", c.Command != nil},
		mesos.CheckInfo_HTTP:    {"http", c.HTTP != nil},
		mesos.CheckInfo_TCP:     {"tcp", c.TCP != nil},
	}
	member, known := members[*c.Type]
	switch {
	case !known:
		return fmt.Sprintf("'%s' is not a valid check's type", c.Type)
	case !member.present:
		return fmt.Sprintf("Expecting '%s' to be set for %s check's status", member.name, c.Type)
	}
	return ""
}

// lookUp finds the executor of a call. One that the agent plays itself is
// nobody's to speak for.
func (a *Agent) lookUp(c *executor.Call) (*runningExecutor, error) {
	fw := a.frameworks[c.FrameworkID.Value]
	if fw == nil {
		return nil, wire.BadRequest("Framework cannot be found")
	}
	e := fw.executor(c.ExecutorID.Value)
	if e == nil || e.builtIn() {
		return nil, wire.BadRequest("Executor cannot be found")
	}
	return e, nil
}

// executorCall does what UPDATE and MESSAGE ask for.
func (a *Agent) executorCall(c *executor.Call) error {
	e, err := a.lookUp(c)
	if err != nil {
		return err
	}
	if e.state == registering {
		return wire.Forbidden("Executor is not subscribed")
	}
	switch c.Type {
	case executor.Call_UPDATE:
		a.metrics.validUpdates++
		a.receive(e, c.Update.Status)
	case executor.Call_MESSAGE:
		if !e.fw.ending {
			a.up.ExecutorMessage(e.fw.id(), e.id, c.Message.Data)
		}
	}
	return nil
}

// eventQueue is the subscriber behind a stream.
type eventQueue struct{ *queue.Queue[*executor.Event] }

func (q eventQueue) send(ev *executor.Event) { q.Put(ev) }
func (q eventQueue) end()                    { q.Close() }

// executorStream answers SUBSCRIBE: events until the executor, the agent or
// another subscription ends the stream.
func (a *Agent) executorStream(w http.ResponseWriter, r *http.Request, c *executor.Call) {
	media, err := wire.Negotiate(r)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	events := eventQueue{queue.New[*executor.Event]()}
	err = errClosed()
	a.call(func() { err = a.subscribe(c, events) })
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	defer a.post(func() { a.unsubscribe(c, events) })
	stream, err := wire.OpenStream(w, media)
	if err != nil {
		return
	}
	a.pump(r, events, func(ev *executor.Event) error {
		record, err := media.Marshal(ev)
		if err != nil {
			return err
		}
		return stream.Write(record)
	})
}

// pump writes events, and a HEARTBEAT now and then, until the queue or the
// request ends.
func (a *Agent) pump(r *http.Request, events eventQueue, write func(*executor.Event) error) {
	heartbeat := time.NewTicker(a.cfg.Heartbeat)
	defer heartbeat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-heartbeat.C:
			if write(&executor.Event{Type: executor.Event_HEARTBEAT}) != nil {
				return
			}
		case <-events.Wake():
			batch, open := events.Take()
			for _, ev := range batch {
				if write(ev) != nil {
					return
				}
			}
			if !open {
				return
			}
		}
	}
}

// subscribe attaches a stream to its executor.
func (a *Agent) subscribe(c *executor.Call, events subscriber) error {
	e, err := a.lookUp(c)
	if err != nil {
		return err
	}
	if e.state == terminating || e.state == terminated || e.fw.ending || a.closing {
		events.send(&executor.Event{Type: executor.Event_SHUTDOWN})
		events.end()
		return nil
	}
	first := e.state == registering
	if e.events != nil {
		e.events.end()
	}
	if first && len(e.tasks)+len(e.completed) > 0 && e.idle() { // all killed meanwhile
		e.events = events
		e.registration.Stop()
		a.shutdown(e)
		return nil
	}
	a.subscribed(e, events)
	for _, u := range c.Subscribe.UnacknowledgedUpdates {
		if updateFault(c, &u.Status) == "" {
			a.receive(e, u.Status)
		}
	}
	if !first {
		a.reconcile(e, c.Subscribe.UnacknowledgedTasks)
	}
	return nil
}

// subscribed makes an executor RUNNING and gives it what waits for it.
func (a *Agent) subscribed(e *runningExecutor, events subscriber) {
	if e.state != registering && e.state != running {
		return
	}
	e.registration.Stop()
	e.state = running
	e.events = events
	info := e.fw.info
	e.send(&executor.Event{Type: executor.Event_SUBSCRIBED, Subscribed: &executor.Event_Subscribed{
		ExecutorInfo: e.info, FrameworkInfo: info, AgentInfo: a.info,
		ContainerID: &mesos.ContainerID{Value: e.containerID},
	}})
	e.deliverQueued()
}

// reconcile declares lost what was on its way to the executor when its stream
// broke: launched, no update yet, and not among the tasks it says it has.
func (a *Agent) reconcile(e *runningExecutor, has []mesos.TaskInfo) {
	known := map[string]bool{}
	for _, info := range has {
		known[info.TaskID.Value] = true
	}
	for _, t := range e.tasks {
		if !t.queued && t.state == mesos.TASK_STAGING && !known[t.id()] {
			a.conclude(e, t, verdict{
				state: e.fw.lost(), reason: mesos.REASON_AGENT_RESTARTED, message: "Task launched during agent restart",
			})
		}
	}
}

// unsubscribe notes that a stream has ended. The executor is not given up for
// that: its process decides, and it may subscribe again.
func (a *Agent) unsubscribe(c *executor.Call, events subscriber) {
	if e, err := a.lookUp(c); err == nil && e.events == events {
		e.events = nil
	}
}
