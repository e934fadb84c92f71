package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"golang.org/x/sys/unix"

	"fairlead/proto/executorpb"
)

// defaultGrace is the time from SIGTERM to SIGKILL of a task without a kill policy.
const defaultGrace = 5 * time.Second

// change is a new state of a task, on its way to the agent.
type change struct {
	task    string
	state   mesos.TaskState
	reason  *mesos.TaskStatus_Reason // nil if none of Mesos' reasons fits
	message string
	healthy *bool // nil where health is not checked
}

// bad reports whether the change ends a task in a way that ends its group.
func (c change) bad() bool { return c.state == mesos.TASK_FAILED || c.state == mesos.TASK_KILLED }

// group is a set of tasks started and ended together.
type group struct {
	tasks  []*task
	ending bool   // one of them failed or was killed, so all are being ended
	why    string // they are
}

// task is one task from its launch on. It is waiting while process is nil.
type task struct {
	info    mesos.TaskInfo
	spec    executorpb.TaskSpec
	specErr error // why spec could not be read
	group   *group
	process *process
	command command // what process runs
	ready   bool    // a sidecar that those it serves need not wait for
	ended   bool
	health  health
	// killGrace is that of a KILL for a sidecar that serves the others until they have ended.
	killGrace *time.Duration

	ctx    context.Context // ends with the task; probes run under it
	cancel context.CancelFunc

	// verdict is what the task becomes when its process is gone, if it is we who end it.
	verdict *change

	killer *time.Timer // sends SIGKILL at killAt
	killAt time.Time
	limit  *time.Timer // watches over max_completion_time
}

func newTask(info mesos.TaskInfo, g *group) *task {
	t := &task{info: info, group: g}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	if err := t.spec.Unmarshal(info.Data); err != nil {
		t.specErr = fmt.Errorf("data of the task is no TaskSpec: %w", err)
	}
	return t
}

func (t *task) id() string { return t.info.TaskID.Value }

// grace is how long the task may take to end after SIGTERM.
func (t *task) grace() time.Duration { return graceOf(t.info.KillPolicy, defaultGrace) }

func graceOf(policy *mesos.KillPolicy, absent time.Duration) time.Duration {
	if policy == nil || policy.GracePeriod == nil {
		return absent
	}
	return time.Duration(policy.GracePeriod.Nanoseconds)
}

// outcome is what a task has become whose process has ended: our verdict, or else how that was.
func (t *task) outcome(status unix.WaitStatus) change {
	how := describe(status)
	switch {
	case t.verdict != nil:
		c := *t.verdict
		c.message += ": " + how
		return c
	case t.spec.Sidecar:
		return change{state: mesos.TASK_FAILED, message: how + " before the tasks it served"}
	case status.Exited() && status.ExitStatus() == 0:
		return change{state: mesos.TASK_FINISHED, message: how}
	}
	return change{state: mesos.TASK_FAILED, message: how}
}

// release stops what would otherwise go on for a task that has ended.
func (t *task) release() {
	t.cancel()
	for _, timer := range []*time.Timer{t.killer, t.limit} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// command translates TaskInfo and makes the directory for the output of the task.
func (r *runner) command(t *task) (command, error) {
	info := t.info.Command
	if info == nil || info.GetValue() == "" {
		return command{}, errors.New("the task has no command")
	}
	if t.info.Container != nil {
		return command{}, errors.New("container settings of a task are not supported")
	}
	c := shellCommand(info.GetValue())
	if !info.GetShell() {
		c = command{file: info.GetValue(), argv: info.Arguments}
		if len(c.argv) == 0 {
			c.argv = []string{c.file}
		}
	}
	env, err := r.environment(t)
	if err != nil {
		return command{}, err
	}
	dir, err := r.taskDirectory(t.id())
	if err != nil {
		return command{}, err
	}
	c.env, c.dir = env, r.sandbox
	c.stdout, c.stderr = filepath.Join(dir, "stdout"), filepath.Join(dir, "stderr")
	return c, nil
}

// taskDirectory creates tasks/<id>. Masters refuse ids that are no file names; the executor does not rely on it.
func (r *runner) taskDirectory(id string) (string, error) {
	if id == "" || id == "." || id == ".." || strings.ContainsRune(id, '/') {
		return "", fmt.Errorf("task id %q cannot name a directory", id)
	}
	dir := filepath.Join(r.sandbox, "tasks", id)
	return dir, os.MkdirAll(dir, 0o750)
}

// environment lists the variables of a task; of two with one name the later counts.
func (r *runner) environment(t *task) ([]string, error) {
	env := []string{
		"PATH=" + r.path,
		"HOME=" + r.sandbox,
		"MESOS_SANDBOX=" + r.sandbox,
		"MESOS_TASK_ID=" + t.id(),
	}
	for _, v := range t.info.Command.GetEnvironment().GetVariables() {
		if v.GetType() != mesos.Environment_Variable_VALUE {
			return nil, fmt.Errorf("variable %s: only plain values are supported", v.Name)
		}
		env = append(env, v.Name+"="+v.GetValue())
	}
	return env, nil
}
