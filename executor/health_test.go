package executor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/proto/executorpb"
)

func TestUnhealthyTaskIsKilled(t *testing.T) {
	check := &executorpb.Health{Command: "test -e fine", IntervalMs: 5, GraceMs: 1, Failures: 3}
	task := withSpec(t, shellTask("web", "touch fine; sleep 100"), &executorpb.TaskSpec{Health: check})
	var healthy []bool
	changes, _ := runAll(t, func(r *runner, c change) {
		if c.healthy == nil {
			return
		}
		healthy = append(healthy, *c.healthy)
		if c.state == started && *c.healthy {
			os.Remove(filepath.Join(r.sandbox, "fine"))
		}
	}, []mesos.TaskInfo{task, shellTask("rest", "sleep 100")})
	last := changes[len(changes)-1]
	if last.task == "web" {
		last = changes[len(changes)-2]
	}
	if last.task != "rest" || last.state != killed {
		t.Errorf("the rest of the group: %+v", last)
	}
	end := story(changes, "web")
	want := "unhealthy: 3 health checks in a row failed (last: exited with status 1)"
	wantEnd := "RUNNING (health check failed: exited with status 1), KILLING (" + want + "), " +
		"FAILED (" + want + ": terminated by signal SIGTERM)"
	if !strings.HasSuffix(end, wantEnd) {
		t.Errorf("web: %s", end)
	}
	if n := len(healthy); n < 2 || healthy[n-1] || healthy[n-2] {
		t.Errorf("health as reported: %v, want false before the end and at it", healthy)
	}
}

// Health is reported when it changes; failures do not count during the grace period before the first success, and a
// success makes good for the failures before it.
func TestHealthIsBookedOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports []change
		r := newRunner(Config{}, newLoop(), func(c change) { reports = append(reports, c) })
		web := newTask(shellTask("web", "true"), &group{})
		defer web.cancel()
		web.health.since = time.Now()
		check := &executorpb.Health{GraceMs: 10_000, Failures: 3}
		bad := errors.New("HTTP status 500")
		for _, step := range []struct {
			after   time.Duration
			result  error
			reports int // in all, afterwards
		}{
			{0, bad, 0},               // still starting
			{9 * time.Second, bad, 0}, // still
			{time.Second, bad, 1},     // the grace is over: unhealthy
			{time.Second, bad, 1},     // the same as before
			{time.Second, nil, 2},     // healthy
			{time.Second, nil, 2},     // the same as before
			{time.Second, bad, 3},     // unhealthy
			{time.Second, bad, 3},     // twice in a row, not four times
			{time.Second, nil, 4},     // healthy
		} {
			time.Sleep(step.after)
			r.checked(web, check, step.result)
			if len(reports) != step.reports {
				t.Fatalf("after %v: reports %v, want %d", time.Since(web.health.since), reports, step.reports)
			}
		}
		for i, c := range reports {
			if c.state != started || c.reason == nil || *c.reason != mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED ||
				c.healthy == nil || *c.healthy != (i%2 == 1) {
				t.Errorf("report %d: %+v", i, c)
			}
		}
	})
}

// A success ends the grace period: what fails after it counts.
func TestGraceEndsWithTheFirstSuccess(t *testing.T) {
	var reports []change
	r := newRunner(Config{}, newLoop(), func(c change) { reports = append(reports, c) })
	web := newTask(shellTask("web", "true"), &group{})
	defer web.cancel()
	web.health.since = time.Now()
	check := &executorpb.Health{GraceMs: time.Hour.Milliseconds(), Failures: 3}
	r.checked(web, check, nil)
	r.checked(web, check, errors.New("down"))
	if len(reports) != 2 || *reports[1].healthy || reports[1].message != "health check failed: down" {
		t.Errorf("reports: %+v", reports)
	}
}
