package executor

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// ackTimeout bounds the wait for acknowledgements after the last task has ended, as in Mesos' default executor.
const ackTimeout = time.Minute

// Reasons for which Run fails. All others that it returns are wrapped causes of errLost.
var (
	errLost  = errors.New("agent lost")
	errAcks  = errors.New("agent has not acknowledged the last updates")
	errHangs = errors.New("clean-up takes longer than the shutdown grace period")
)

// Executor carries out what one agent orders until its task groups have ended. Make one with New.
type Executor struct {
	cfg    Config
	log    *slog.Logger
	loop   *loop
	runner *runner
	ledger ledger
	link   link

	launched bool          // a group was received
	stopping bool          // nothing new is started, everything is being ended
	stopped  chan struct{} // closed with stopping, to wake the watchdog
	lost     bool          // the agent will not confirm anything any more
	late     bool          // it has had its time to
	linger   *time.Timer   // sets late; nil while tasks run
	failure  error         // what Run returns
}

// New prepares an executor; nothing happens before Run.
func New(cfg Config, log *slog.Logger) *Executor {
	cfg.lastWords = cmp.Or(cfg.lastWords, min(time.Second, cfg.ShutdownGrace/4))
	e := &Executor{cfg: cfg, log: log, loop: newLoop(), stopped: make(chan struct{})}
	e.runner = newRunner(cfg, e.loop, e.update)
	e.link.client = newClient(cfg)
	return e
}

// Run subscribes and serves until all groups have ended and the agent has confirmed it, or the agent
// has ordered an end or is lost. Cancelling ctx is such an order. Run must not be called twice.
//
// It returns nil if every update was acknowledged. It returns at the latest a second after the shutdown
// grace period has passed since the order to end, whatever hangs: then the caller must exit, so that the
// agent destroys what is left.
func (e *Executor) Run(ctx context.Context) error {
	linkCtx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e.link.ctx = linkCtx
	go func() {
		e.subscribe()
		e.loop.run(e.settle)
	}()
	defer e.link.client.close()
	order := ctx.Done()
	var watchdog <-chan time.Time
	stopped := e.stopped
	for {
		select {
		case <-e.loop.done:
			return e.failure
		case <-watchdog:
			return errHangs
		case <-order:
			order = nil
			watchdog = time.After(e.cfg.ShutdownGrace + time.Second)
			go e.loop.post(func() { e.stop("killed because the executor was told to end", nil) })
		case <-stopped:
			stopped = nil
			watchdog = time.After(e.cfg.ShutdownGrace + time.Second)
		}
	}
}

// settle is what follows each function of the loop: updates go out, and once all tasks have ended the end of
// the executor is decided. It reports whether that has come.
func (e *Executor) settle() bool {
	e.sendNext()
	switch {
	case !e.runner.idle():
		if e.linger != nil {
			e.linger.Stop()
			e.linger = nil
		}
	case !e.launched && !e.stopping:
	case e.ledger.empty() || e.lost:
		return true
	case e.late:
		e.failure = cmp.Or(e.failure, errAcks)
		return true
	case e.linger == nil:
		e.lingerFor(ackTimeout)
	}
	return false
}

// lingerFor makes the executor end in d even if updates are not acknowledged, unless it gets another group
// until then.
func (e *Executor) lingerFor(d time.Duration) {
	var timer *time.Timer
	timer = e.loop.after(d, func() { e.late = e.late || e.linger == timer })
	e.linger = timer
}

// stop ends everything, once. Tasks get SIGKILL early enough for their last updates to reach the agent
// within the shutdown grace period.
func (e *Executor) stop(why string, failure error) {
	if e.stopping {
		return
	}
	e.log.Info("ending", "why", why, "tasks", e.runner.live)
	e.stopping = true
	e.failure = failure
	close(e.stopped)
	e.runner.shutdown(e.cfg.ShutdownGrace-e.cfg.lastWords, why)
	e.loop.after(e.cfg.ShutdownGrace, func() { e.late = true })
}

// handle carries out one event. Types it does not know, HEARTBEAT among them, mean nothing to it.
func (e *Executor) handle(event *executor.Event) {
	switch event.Type {
	case executor.Event_SUBSCRIBED:
		e.subscribed(event.GetSubscribed())
	case executor.Event_LAUNCH:
		if launch := event.GetLaunch(); launch != nil {
			e.launch([]mesos.TaskInfo{launch.Task})
		}
	case executor.Event_LAUNCH_GROUP:
		if launch := event.GetLaunchGroup(); launch != nil {
			e.launch(launch.TaskGroup.Tasks)
		}
	case executor.Event_KILL:
		if kill := event.GetKill(); kill != nil {
			e.runner.kill(kill.TaskID.Value, kill.KillPolicy)
		}
	case executor.Event_ACKNOWLEDGED:
		if ack := event.GetAcknowledged(); ack != nil {
			e.ledger.acknowledge(ack.TaskID.Value, ack.UUID)
		}
	case executor.Event_SHUTDOWN:
		e.stop("killed because the agent ended the executor", nil)
	case executor.Event_ERROR:
		err := fmt.Errorf("agent reports an error: %s", event.GetError().GetMessage())
		e.stop("killed because the agent reported an error to the executor", err)
	}
}

// launch takes over a group. A task that is known already is not started again: the agent repeats nothing,
// so this would be another task under a used id.
func (e *Executor) launch(tasks []mesos.TaskInfo) {
	if slices.ContainsFunc(tasks, func(t mesos.TaskInfo) bool { return e.runner.knows(t.TaskID.Value) }) {
		e.log.Warn("launch ignored: a task of the group is known already")
		return
	}
	for _, t := range tasks {
		e.ledger.received(t)
	}
	e.launched = true
	e.runner.launch(tasks)
}

// update queues a change of a task for the agent.
func (e *Executor) update(c change) {
	e.log.Info("task", "id", c.task, "state", c.state, "message", c.message)
	if c.state == mesos.TASK_KILLING && !e.link.takesKilling {
		return
	}
	now := float64(time.Now().UnixNano()) / 1e9
	status := mesos.TaskStatus{
		TaskID:     mesos.TaskID{Value: c.task},
		State:      c.state.Enum(),
		Source:     mesos.SOURCE_EXECUTOR.Enum(),
		Reason:     c.reason,
		Healthy:    c.healthy,
		ExecutorID: &mesos.ExecutorID{Value: e.cfg.ExecutorID},
		Timestamp:  &now,
		UUID:       newUUID(),
	}
	if c.message != "" {
		status.Message = &c.message
	}
	e.ledger.add(status)
}

// newUUID returns 16 random bytes that form a version 4 UUID (RFC 9562): agents refuse others.
func newUUID() []byte {
	id := make([]byte, 16)
	rand.Read(id) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
