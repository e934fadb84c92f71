package executor

import (
	"context"
	"fmt"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/proto/executorpb"
)

// Defaults of a health check, those of Mesos' HealthCheck.
const (
	healthInterval = 10 * time.Second
	healthTimeout  = 20 * time.Second
	healthGrace    = 10 * time.Second
	healthFailures = 3
)

// health is what the checks of a running task have found.
type health struct {
	since    time.Time // start of the task
	known    bool      // reported at least once
	good     bool      // as last reported
	passed   bool      // succeeded at least once
	failures int       // in a row
}

// watchHealth checks a running task until it ends.
func (r *runner) watchHealth(t *task) {
	check := t.spec.Health
	if check == nil {
		return
	}
	t.health.since = time.Now()
	interval, timeout := orDefault(check.IntervalMs, healthInterval), orDefault(check.TimeoutMs, healthTimeout)
	to := target{http: check.Http, tcp: check.Tcp, command: check.Command}
	r.probe(func() {
		for t.ctx.Err() == nil {
			ctx, cancel := context.WithTimeout(t.ctx, timeout)
			err := r.prober.get(ctx, to, t.command)
			cancel()
			r.loop.post(func() { r.checked(t, check, err) })
			select {
			case <-t.ctx.Done():
			case <-time.After(interval):
			}
		}
	})
}

// checked books the result of one check; nil is success.
func (r *runner) checked(t *task, check *executorpb.Health, err error) {
	if t.ended || t.verdict != nil {
		return
	}
	h := &t.health
	if err == nil {
		h.passed, h.failures = true, 0
		r.reportHealth(t, true, "")
		return
	}
	if !h.passed && time.Since(h.since) < orDefault(check.GraceMs, healthGrace) {
		return // it is still starting
	}
	h.failures++
	limit := int(check.Failures)
	if limit == 0 {
		limit = healthFailures
	}
	if h.failures < limit {
		r.reportHealth(t, false, fmt.Sprintf("health check failed: %v", err))
		return
	}
	r.stop(t, t.grace(), change{
		state:   mesos.TASK_FAILED,
		message: fmt.Sprintf("unhealthy: %d health checks in a row failed (last: %v)", h.failures, err),
		healthy: new(bool),
	})
}

// reportHealth sends an update if health has changed.
func (r *runner) reportHealth(t *task, good bool, message string) {
	h := &t.health
	if h.known && h.good == good {
		return
	}
	h.known, h.good = true, good
	r.report(change{
		task:    t.id(),
		state:   mesos.TASK_RUNNING,
		reason:  mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum(),
		message: message,
		healthy: &good,
	})
}
