package agent

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent/process"
)

// A probe is one health check or check of a running task: something to do
// again and again, whose results go to the loop.
type probe struct {
	delay, interval, timeout time.Duration
	once                     func(context.Context) probeResult
	result                   func(probeResult)
}

// probeResult is what came of one attempt. number is the exit code of a
// command or the status of an HTTP answer.
type probeResult struct {
	err    error // it could not be done, or timed out
	number int
}

// seconds takes a setting, or its default if it isn't set.
func seconds(v *float64, fallback float64) time.Duration {
	if v != nil {
		fallback = *v
	}
	return time.Duration(fallback * float64(time.Second))
}

// probe starts the task's health check and check. They end with ctx.
func (c *child) probe(ctx context.Context) {
	if h := c.info.HealthCheck; h != nil {
		health := &health{c: c, failuresAllowed: int(h.GetConsecutiveFailures()),
			graceEnds: time.Now().Add(seconds(h.GracePeriodSeconds, 10))}
		c.launchProbe(ctx, probe{
			delay:    seconds(h.DelaySeconds, 15),
			interval: seconds(h.IntervalSeconds, 10),
			timeout:  seconds(h.TimeoutSeconds, 20),
			once:     c.healthProbe(h),
			result:   health.note,
		})
	}
	if k := c.info.Check; k != nil {
		kind := k.Type
		c.check = &mesos.CheckStatusInfo{Type: &kind}
		c.launchProbe(ctx, probe{
			delay:    seconds(k.DelaySeconds, 15),
			interval: seconds(k.IntervalSeconds, 10),
			timeout:  seconds(k.TimeoutSeconds, 20),
			once:     c.checkProbe(k),
			result:   c.checked,
		})
	}
}

func (c *child) launchProbe(ctx context.Context, p probe) {
	c.b.tasks.Add(1)
	go func() {
		defer c.b.tasks.Done()
		for wait := p.delay; pause(ctx, wait); wait = p.interval {
			attempt, cancel := context.WithTimeout(ctx, p.timeout)
			if p.timeout == 0 { // no limit
				cancel()
				attempt, cancel = context.WithCancel(ctx)
			}
			r := p.once(attempt)
			cancel()
			c.b.a.post(func() {
				if !c.ended && !c.killing {
					p.result(r)
				}
			})
		}
	}()
}

// pause waits, and returns false if ctx ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (c *child) healthProbe(h *mesos.HealthCheck) func(context.Context) probeResult {
	switch {
	case h.HTTP != nil:
		return httpProbe(h.HTTP.GetScheme(), h.HTTP.Port, h.HTTP.GetPath())
	case h.TCP != nil:
		return tcpProbe(h.TCP.Port)
	}
	return c.commandProbe(h.Command)
}

func (c *child) checkProbe(k *mesos.CheckInfo) func(context.Context) probeResult {
	switch {
	case k.HTTP != nil:
		return httpProbe("http", k.HTTP.Port, k.HTTP.GetPath())
	case k.TCP != nil:
		return tcpProbe(k.TCP.Port)
	}
	return c.commandProbe(&k.GetCommand().Command)
}

// commandProbe runs a command as the task would, but without its output.
func (c *child) commandProbe(info *mesos.CommandInfo) func(context.Context) probeResult {
	return func(ctx context.Context) probeResult {
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			return probeResult{err: err}
		}
		defer null.Close()
		spec := process.Spec{Dir: c.dir, Stdout: null, Stderr: null, Marks: nil}
		spec.Path, spec.Args = commandLine(info)
		spec.Env = environment(c.b.a.nestedVariables(c.dir, c.info), c.info.Command)
		if c.b.e.account != nil {
			spec.User = &c.b.e.account.User
		}
		p, err := process.Start(spec)
		if err != nil {
			return probeResult{err: err}
		}
		select {
		case <-p.Done():
		case <-ctx.Done():
			p.Kill()
			<-p.Done()
			return probeResult{err: ctx.Err()}
		}
		if p.Status().Signaled() {
			return probeResult{err: fmt.Errorf("%s", waitText(p.Status()))}
		}
		return probeResult{number: p.Status().ExitStatus()}
	}
}

// httpProbe asks the task on the host's loopback: tasks have no network of
// their own. A status outside 200-399 is an error.
func httpProbe(scheme string, port uint32, path string) func(context.Context) probeResult {
	if scheme == "" {
		scheme = "http"
	}
	url := scheme + "://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))) + path
	return func(ctx context.Context) probeResult {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return probeResult{err: err}
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Do(req)
		if err != nil {
			return probeResult{err: err}
		}
		resp.Body.Close()
		return probeResult{number: resp.StatusCode}
	}
}

func tcpProbe(port uint32) func(context.Context) probeResult {
	return func(ctx context.Context) probeResult {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
		if err != nil {
			return probeResult{err: err}
		}
		return probeResult{err: conn.Close()}
	}
}

// health follows the results of a health check.
type health struct {
	c               *child
	failures        int
	failuresAllowed int
	graceEnds       time.Time
	once            bool // was healthy at least once
}

// note tells the framework of a change to the better and of every failure, and
// kills the task after too many failures in a row. Failures before the first
// success don't count during the grace period.
func (h *health) note(r probeResult) {
	good := r.err == nil && r.number == 0
	if h.c.info.HealthCheck.HTTP != nil {
		good = r.err == nil && r.number >= 200 && r.number < 400
	}
	if good {
		h.failures, h.once = 0, true
		if h.c.healthy == nil || !*h.c.healthy {
			h.tell(true)
		}
		return
	}
	if !h.once && time.Now().Before(h.graceEnds) {
		return
	}
	h.failures++
	h.tell(false)
	if h.failures >= h.failuresAllowed {
		h.c.kill(graceOf(nil, h.c.info.KillPolicy, h.c.b.a.cfg.KillGrace))
		h.c.group.kill()
	}
}

func (h *health) tell(healthy bool) {
	h.c.healthy = &healthy
	reason := mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED
	status := h.c.status(mesos.TASK_RUNNING)
	status.Reason = &reason
	h.c.b.update(status)
}

// checked tells the framework of a check's result when it has changed.
func (c *child) checked(r probeResult) {
	kind := c.info.Check.Type
	status := &mesos.CheckStatusInfo{Type: &kind}
	switch kind {
	case mesos.CheckInfo_HTTP:
		status.HTTP = &mesos.CheckStatusInfo_Http{}
		if r.err == nil {
			code := uint32(r.number)
			status.HTTP.StatusCode = &code
		}
	case mesos.CheckInfo_TCP:
		ok := r.err == nil
		status.TCP = &mesos.CheckStatusInfo_Tcp{Succeeded: &ok}
	default:
		status.Command = &mesos.CheckStatusInfo_Command{}
		if r.err == nil {
			code := int32(r.number)
			status.Command.ExitCode = &code
		}
	}
	if status.Equal(c.check) {
		return
	}
	c.check = status
	reason := mesos.REASON_TASK_CHECK_STATUS_UPDATED
	update := c.status(mesos.TASK_RUNNING)
	update.Reason = &reason
	c.b.update(update)
}
