package executor

import (
	"context"
	"fmt"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/proto/executorpb"
)

// Defaults of a readiness probe, and the time one attempt of it may take.
const (
	readyTimeout  = time.Minute
	readyInterval = 500 * time.Millisecond
	readyAttempt  = 5 * time.Second
)

// advance does what is due in a group: its sidecars start at once, the others when every sidecar is ready,
// and when the others have ended the sidecars are ended.
func (r *runner) advance(g *group) {
	r.startWaiting(g, true)
	if g.ready() {
		r.startWaiting(g, false)
	}
	if g.ending || !g.mainsEnded() {
		return
	}
	for _, t := range g.tasks {
		if t.process != nil && !t.ended && t.verdict == nil {
			r.retire(t)
		}
	}
}

// startWaiting starts what waits among the sidecars, or among the others, of a group. A start that fails ends
// the group, and so the waiting of the rest.
func (r *runner) startWaiting(g *group, sidecars bool) {
	for _, t := range g.tasks {
		if t.spec.Sidecar == sidecars && t.process == nil && !t.ended {
			r.start(t)
		}
	}
}

// ready reports whether the tasks that are no sidecars may start.
func (g *group) ready() bool {
	for _, t := range g.tasks {
		if t.spec.Sidecar && !t.ready {
			return false
		}
	}
	return true
}

func (g *group) mainsEnded() bool {
	for _, t := range g.tasks {
		if !t.spec.Sidecar && !t.ended {
			return false
		}
	}
	return true
}

// awaitReady probes a running sidecar until it is ready.
func (r *runner) awaitReady(t *task) {
	probe := t.spec.Ready
	if probe == nil {
		t.ready = true
		return
	}
	timeout := orDefault(probe.TimeoutMs, readyTimeout)
	to := target{http: probe.Http, tcp: probe.Tcp, command: probe.Command}
	r.probe(func() {
		ctx, cancel := context.WithTimeout(t.ctx, timeout)
		defer cancel()
		err := r.prober.untilReady(ctx, to, t.command, orDefault(probe.IntervalMs, readyInterval))
		r.loop.post(func() {
			switch {
			case t.ended || t.verdict != nil:
			case err != nil:
				r.notReady(t, fmt.Sprintf("sidecar %q not ready after %v (last probe: %v)", t.info.Name, timeout, err))
			default:
				t.ready = true
				r.advance(t.group)
			}
		})
	})
}

// untilReady repeats a probe until it succeeds or ctx ends; then it returns what the last attempt said.
func (p *prober) untilReady(ctx context.Context, to target, env command, interval time.Duration) error {
	var last error
	for {
		attempt, cancel := context.WithTimeout(ctx, readyAttempt)
		err := p.get(attempt, to, env)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // an attempt cut off by the end of ctx says less than the one before
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(interval):
		}
	}
}

// notReady fails a group of which a sidecar is not ready in time. The failure is reported for a task
// that waits for it, since it is that one's user who asks why nothing happens.
func (r *runner) notReady(sidecar *task, why string) {
	for _, t := range sidecar.group.tasks {
		if !t.spec.Sidecar && !t.ended {
			r.finish(t, change{state: mesos.TASK_FAILED, message: fmt.Sprintf("main %q not started: %s", t.info.Name, why)})
			return
		}
	}
	r.stop(sidecar, sidecar.grace(), change{state: mesos.TASK_FAILED, message: why})
}

// retire ends a sidecar that has done its work: by its quit hook, if that has no effect within its grace by
// SIGTERM, and then by SIGKILL. However it ends then, it has FINISHED.
func (r *runner) retire(t *task) {
	verdict := change{state: mesos.TASK_FINISHED, message: "ended after the tasks it served"}
	t.verdict = &verdict
	quit := t.spec.Quit
	if quit == nil {
		r.stop(t, t.grace(), verdict)
		return
	}
	grace := orDefault(quit.GraceMs, defaultGrace)
	stop := func() { r.stop(t, t.grace(), verdict) }
	r.loop.after(grace, stop)
	r.probe(func() {
		ctx, cancel := context.WithTimeout(t.ctx, grace)
		defer cancel()
		if r.quit(ctx, t, quit) != nil {
			r.loop.post(stop)
		}
	})
}

func (r *runner) quit(ctx context.Context, t *task, q *executorpb.Quit) error {
	return r.prober.post(ctx, target{http: q.Http, command: q.Command}, t.command)
}
