package executor

import (
	"fmt"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// runner starts, watches and ends tasks. Its methods are called in the goroutine of the loop, and there it
// calls report, in the order in which the changes of each task happened.
type runner struct {
	loop    *loop
	sandbox string
	path    string
	report  func(change)
	prober  *prober

	tasks  map[string]*task // all there ever were
	groups []*group
	live   int       // those that have not ended
	closed string    // why nothing is started any more; empty while open
	until  time.Time // when all have to be gone, once closed
	probes int       // goroutines that watch over tasks, and may run commands for that
}

func newRunner(c Config, l *loop, report func(change)) *runner {
	return &runner{
		loop: l, sandbox: c.Sandbox, path: c.Path, report: report,
		prober: newProber(), tasks: make(map[string]*task),
	}
}

// idle reports whether every task has ended, and with it whatever was run to probe it.
func (r *runner) idle() bool { return r.live == 0 && r.probes == 0 }

// probe runs f beside the loop; f returns soon after the context of its task has ended.
func (r *runner) probe(f func()) {
	r.probes++
	go func() {
		f()
		r.loop.post(func() { r.probes-- })
	}()
}

// knows reports whether a task of this id was ever launched.
func (r *runner) knows(id string) bool { return r.tasks[id] != nil }

// launch starts a group. None of its tasks may be known already.
func (r *runner) launch(infos []mesos.TaskInfo) {
	g := &group{}
	r.groups = append(r.groups, g)
	for _, info := range infos {
		t := newTask(info, g)
		g.tasks = append(g.tasks, t)
		r.tasks[t.id()] = t
		r.live++
	}
	if r.closed != "" {
		r.endGroup(g, r.closed)
		return
	}
	for _, t := range g.tasks {
		c := change{task: t.id(), state: mesos.TASK_STARTING}
		if !t.spec.Sidecar && !g.ready() {
			c.message = "waiting for its sidecars"
		}
		r.report(c)
	}
	for _, t := range g.tasks {
		if t.specErr != nil {
			r.fail(t, t.specErr)
		}
	}
	r.advance(g)
}

// fail ends a task that cannot be started.
func (r *runner) fail(t *task, err error) {
	if t.ended {
		return
	}
	r.finish(t, change{
		state:   mesos.TASK_FAILED,
		reason:  mesos.REASON_CONTAINER_LAUNCH_FAILED.Enum(),
		message: fmt.Sprintf("not started: %v", err),
	})
}

// start runs the command of a waiting task.
func (r *runner) start(t *task) {
	if err := r.startProcess(t); err != nil {
		r.fail(t, err)
		return
	}
	r.report(change{task: t.id(), state: mesos.TASK_RUNNING})
	go func() {
		status := t.process.wait()
		r.loop.post(func() { r.finish(t, t.outcome(status)) })
	}()
	r.limitTime(t)
	r.watchHealth(t)
	if t.spec.Sidecar {
		r.awaitReady(t)
	}
}

func (r *runner) startProcess(t *task) error {
	c, err := r.command(t)
	if err != nil {
		return err
	}
	t.command = c
	t.process, err = startProcess(c)
	return err
}

// limitTime ends a task that runs longer than its max_completion_time, without grace, as Mesos' default
// executor does.
func (r *runner) limitTime(t *task) {
	if t.info.MaxCompletionTime == nil {
		return
	}
	limit := time.Duration(t.info.MaxCompletionTime.Nanoseconds)
	t.limit = r.loop.after(limit, func() {
		r.stop(t, 0, change{
			state:   mesos.TASK_FAILED,
			reason:  mesos.REASON_MAX_COMPLETION_TIME_REACHED.Enum(),
			message: fmt.Sprintf("ran longer than %v", limit),
		})
	})
}

// kill ends a task and with it its group. Tasks unknown or ended are ignored: a KILL may be late. A sidecar that
// the others may need to end well comes after them all the same.
func (r *runner) kill(id string, policy *mesos.KillPolicy) {
	t := r.tasks[id]
	if t == nil || t.ended {
		return
	}
	grace := graceOf(policy, t.grace())
	if t.spec.Sidecar && !t.group.mainsEnded() {
		t.killGrace = &grace
	} else {
		r.stop(t, grace, killedOnRequest())
	}
	r.endGroup(t.group, fmt.Sprintf("killed with task %q of its group", t.info.Name))
}

func killedOnRequest() change {
	return change{state: mesos.TASK_KILLED, message: "killed on request"}
}

// shutdown ends everything, within grace at most, and starts nothing any more.
func (r *runner) shutdown(grace time.Duration, why string) {
	r.closed, r.until = why, time.Now().Add(grace)
	for _, g := range r.groups {
		g.ending = false // what is being ended has less time now
		r.endGroup(g, why)
	}
}

// endGroup ends what is left of a group, its sidecars last.
func (r *runner) endGroup(g *group, why string) {
	if g.ending {
		return
	}
	g.ending, g.why = true, why
	for _, t := range g.tasks {
		if !t.spec.Sidecar {
			r.stop(t, r.within(t.grace()), change{state: mesos.TASK_KILLED, message: why})
		}
	}
	r.endSidecars(g)
}

// endSidecars ends the sidecars of a group that is being ended, once nobody needs them any more.
func (r *runner) endSidecars(g *group) {
	if !g.ending || !g.mainsEnded() {
		return
	}
	for _, t := range g.tasks {
		switch {
		case !t.spec.Sidecar:
		case t.killGrace != nil:
			r.stop(t, r.within(*t.killGrace), killedOnRequest())
		default:
			r.stop(t, r.within(t.grace()), change{state: mesos.TASK_KILLED, message: g.why})
		}
	}
}

// within is a grace period that is over when all have to be gone.
func (r *runner) within(grace time.Duration) time.Duration {
	if r.closed == "" {
		return grace
	}
	return min(grace, max(time.Until(r.until), 0))
}

// stop ends a task, and makes it what verdict says. A task already being ended keeps its first verdict,
// unless that was FINISHED and now its group is killed. Grace may cut its time short.
func (r *runner) stop(t *task, grace time.Duration, verdict change) {
	if t.ended {
		return
	}
	if t.process == nil {
		r.finish(t, verdict)
		return
	}
	if t.verdict == nil || t.verdict.state == mesos.TASK_FINISHED && verdict.state == mesos.TASK_KILLED {
		t.verdict = &verdict
		if verdict.state != mesos.TASK_FINISHED {
			r.report(change{task: t.id(), state: mesos.TASK_KILLING, message: verdict.message})
		}
	}
	t.process.terminate()
	r.killWithin(t, grace)
}

func (r *runner) killWithin(t *task, grace time.Duration) {
	at := time.Now().Add(grace)
	if t.killer != nil {
		if !at.Before(t.killAt) {
			return
		}
		t.killer.Stop()
	}
	t.killAt = at
	t.killer = r.loop.after(grace, func() {
		if !t.ended {
			t.process.kill()
		}
	})
}

// finish reports the end of a task and ends its group if the end was a bad one.
func (r *runner) finish(t *task, c change) {
	t.ended = true
	t.release()
	r.live--
	c.task = t.id()
	r.report(c)
	if c.bad() {
		verb := "failed"
		if c.state == mesos.TASK_KILLED {
			verb = "was killed"
		}
		r.endGroup(t.group, fmt.Sprintf("killed because task %q of its group %s", t.info.Name, verb))
	}
	r.endSidecars(t.group)
	if !c.bad() {
		r.advance(t.group)
	}
}
