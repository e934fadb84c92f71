package executor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// firstBackoff is the longest wait before the first new attempt to subscribe; it doubles up to Config.BackoffMax.
const firstBackoff = 100 * time.Millisecond

// callTimeout bounds a call with its answer.
const callTimeout = 15 * time.Second

// link is the state of the connection to the agent. It belongs to the loop, as the methods of Executor
// in this file do.
type link struct {
	client *client
	ctx    context.Context // ends with Run

	stream       *stream // the present subscription or the attempt at one; nil between attempts
	open         bool    // SUBSCRIBED came on it
	everOpen     bool
	attempts     int         // since the last SUBSCRIBED
	recovery     *time.Timer // gives up; nil while open
	calling      bool        // an UPDATE is on its way
	takesKilling bool        // the framework has the capability TASK_KILLING_STATE
}

// stream tells events of the present subscription from those of an earlier one still in the mail.
type stream struct{ cancel context.CancelFunc }

// subscribe opens a stream with all that is unconfirmed.
func (e *Executor) subscribe() {
	e.limitRecovery()
	call := e.call(executor.Call_SUBSCRIBE)
	call.Subscribe = e.ledger.subscription()
	ctx, cancel := context.WithCancel(e.link.ctx)
	s := &stream{cancel: cancel}
	e.link.stream = s
	e.link.attempts++
	go func() {
		err := e.link.client.subscribe(ctx, call, func(event *executor.Event) {
			e.loop.post(func() {
				if e.link.stream == s {
					e.handle(event)
				}
			})
		})
		e.loop.post(func() { e.disconnected(s, err) })
	}()
}

func (e *Executor) call(kind executor.Call_Type) *executor.Call {
	return &executor.Call{
		Type:        kind,
		FrameworkID: mesos.FrameworkID{Value: e.cfg.FrameworkID},
		ExecutorID:  mesos.ExecutorID{Value: e.cfg.ExecutorID},
	}
}

// subscribed is the answer to subscribe.
func (e *Executor) subscribed(event *executor.Event_Subscribed) {
	if event == nil {
		return
	}
	e.link.open, e.link.everOpen, e.link.attempts = true, true, 0
	e.link.recovery.Stop()
	e.link.recovery = nil
	e.link.takesKilling = false
	for _, c := range event.FrameworkInfo.Capabilities {
		if c.Type == mesos.FrameworkInfo_Capability_TASK_KILLING_STATE {
			e.link.takesKilling = true
		}
	}
	e.log.Info("subscribed", "agent", event.AgentInfo.GetID().GetValue())
}

// disconnected follows the end of stream s. What was not checkpointed cannot outlive the connection; else
// tasks run on while we come back.
func (e *Executor) disconnected(s *stream, err error) {
	if e.link.stream != s {
		return
	}
	s.cancel()
	e.link.stream, e.link.open = nil, false
	e.log.Warn("not connected to the agent", "error", err)
	switch {
	case refused(err):
		e.giveUp("killed because the agent does not accept the executor", err)
	case e.link.everOpen && !e.cfg.Checkpoint:
		e.giveUp("killed because the connection to the agent is lost", err)
	default:
		e.limitRecovery()
		e.loop.after(backoff(e.link.attempts, e.cfg.BackoffMax), func() {
			if !e.lost && e.link.stream == nil {
				e.subscribe()
			}
		})
	}
}

// backoff returns the time before the attempt after n failed ones: random, so that the executors of a
// restarted agent do not come all at once, and at least half of a bound that doubles up to limit.
func backoff(n int, limit time.Duration) time.Duration {
	bound := min(firstBackoff<<min(n, 10), max(limit, time.Millisecond))
	return bound/2 + rand.N(bound/2+1)
}

// limitRecovery gives up on the agent if there is no SUBSCRIBED within the recovery timeout, counted from the first
// call of this since the last SUBSCRIBED.
func (e *Executor) limitRecovery() {
	if e.link.recovery != nil {
		return
	}
	var timer *time.Timer
	timer = e.loop.after(e.cfg.RecoveryTimeout, func() {
		if e.link.recovery == timer {
			e.giveUp("killed because the agent did not come back",
				fmt.Errorf("not subscribed within %v", e.cfg.RecoveryTimeout))
		}
	})
	e.link.recovery = timer
}

// giveUp ends everything without waiting for the agent.
func (e *Executor) giveUp(why string, err error) {
	e.lost = true
	e.stop(why, fmt.Errorf("%w: %w", errLost, err))
}

// sendNext sends the oldest unsent update if none is on its way: each is answered before the next, which
// keeps the order within a task.
//
// A call that fails ends the stream. The next subscription carries its update again, and the answer to that
// decides whether this agent is still ours.
func (e *Executor) sendNext() {
	if !e.link.open || e.link.calling {
		return
	}
	status := e.ledger.next()
	if status == nil {
		return
	}
	call := e.call(executor.Call_UPDATE)
	call.Update = &executor.Call_Update{Status: *status}
	s := e.link.stream
	e.link.calling = true
	go func() {
		ctx, cancel := context.WithTimeout(e.link.ctx, callTimeout)
		defer cancel()
		err := e.link.client.send(ctx, call)
		e.loop.post(func() {
			e.link.calling = false
			if err != nil && e.link.stream == s {
				e.log.Warn("update not delivered", "error", err)
				e.link.open = false
				s.cancel()
			}
		})
	}()
}
