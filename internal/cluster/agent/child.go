package agent

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent/process"
)

// child is a task of a builtin executor.
type child struct {
	b           *builtin
	info        mesos.TaskInfo
	group       *siblings
	containerID *mesos.ContainerID // nil for a command task: it has the executor's
	dir         string

	process   *process.Process // nil until started
	abort     context.CancelFunc
	killing   bool
	overtime  bool // max_completion_time is over
	ended     bool
	lastUUID  []byte // of the terminal update, until it is acknowledged
	healthy   *bool
	check     *mesos.CheckStatusInfo
	timers    []*time.Timer
	stopProbe context.CancelFunc
}

// siblings are the tasks of one group.
type siblings struct{ members []*child }

// kill ends all tasks of the group.
func (g *siblings) kill() {
	for _, c := range g.members {
		c.kill(graceOf(nil, c.info.KillPolicy, c.b.a.cfg.KillGrace))
	}
}

func (c *child) id() string { return c.info.TaskID.Value }

// start runs the task's command in a goroutine of its own.
func (c *child) start() {
	b := c.b
	ctx, abort := context.WithCancel(b.ctx)
	c.abort = abort
	cmd := command{
		containerID: c.containerID.GetValue(), dir: c.dir, account: b.e.account, container: c.info.Container,
		info:    c.info.Command,
		guard:   &b.a.guard,
		started: func(p *process.Process) { b.a.post(func() { c.running(p) }) },
	}
	if c.containerID == nil { // the executor's start has fetched already
		cmd.info = withoutURIs(c.info.Command)
		cmd.env = environment(b.a.commandTaskVariables(b.e, c.info), c.info.Command)
	} else {
		cmd.env = environment(b.a.nestedVariables(c.dir, c.info), c.info.Command)
	}
	b.tasks.Add(1)
	go func() {
		defer b.tasks.Done()
		defer abort()
		status, err := 0, c.makeSandbox()
		if err == nil {
			status, err = b.a.contain(ctx, cmd)
		}
		b.a.post(func() { c.exited(status, err) })
	}()
}

func withoutURIs(c *mesos.CommandInfo) *mesos.CommandInfo {
	if c == nil {
		return nil
	}
	bare := *c
	bare.URIs = nil
	return &bare
}

// running is called when the process has started.
func (c *child) running(p *process.Process) {
	if c.ended {
		return
	}
	c.process = p
	c.update(mesos.TASK_RUNNING)
	if c.killing {
		p.Signal(syscall.SIGTERM)
		return
	}
	if d := c.info.MaxCompletionTime; d != nil && d.Nanoseconds > 0 {
		c.after(time.Duration(d.Nanoseconds), func() {
			if !c.killing {
				c.overtime = true
				c.kill(0)
			}
		})
	}
	ctx, stop := context.WithCancel(c.b.ctx)
	c.stopProbe = stop
	c.probe(ctx)
}

// kill asks the process to end, and ends it by force after the grace period. A
// second kill changes nothing.
func (c *child) kill(grace time.Duration) {
	if c.ended || c.killing {
		return
	}
	c.killing = true
	if c.stopProbe != nil {
		c.stopProbe()
	}
	if c.b.e.fw.has(mesos.FrameworkInfo_Capability_TASK_KILLING_STATE) {
		c.update(mesos.TASK_KILLING)
	}
	if c.process != nil {
		c.process.Signal(syscall.SIGTERM)
	}
	c.after(grace, func() { c.abort() })
}

// after does something later unless the task has ended by then.
func (c *child) after(d time.Duration, do func()) {
	c.timers = append(c.timers, c.b.a.after(d, func() {
		if !c.ended {
			do()
		}
	}))
}

func (c *child) stopTimers() {
	for _, t := range c.timers {
		t.Stop()
	}
	if c.stopProbe != nil {
		c.stopProbe()
	}
}

// exited is called when nothing is left of the task. If the executor itself is
// being ended by force there is nobody to tell it any more.
func (c *child) exited(status int, launch error) {
	c.ended = true
	c.stopTimers()
	if c.b.ctx.Err() != nil {
		return
	}
	update := c.status(mesos.TASK_FAILED)
	text := waitText(syscall.WaitStatus(status))
	switch {
	case c.overtime:
		reason := mesos.REASON_MAX_COMPLETION_TIME_REACHED
		update.Reason = &reason
	case c.killing:
		*update.State = mesos.TASK_KILLED
		if launch != nil { // it had not come to its process yet
			text = "Command killed before it was started"
		}
	case launch != nil:
		reason := mesos.REASON_CONTAINER_LAUNCH_FAILED
		update.Reason = &reason
		text = launch.Error()
	case status == 0:
		*update.State = mesos.TASK_FINISHED
	}
	update.Message = &text
	if c.containerID != nil {
		update.ContainerStatus.ExecutorPID = nil
	}
	c.b.unacked++
	c.lastUUID = c.b.update(update)
	if *update.State != mesos.TASK_FINISHED {
		c.group.kill()
	}
}

// waitText says how a process ended, in the words of Mesos.
func waitText(s syscall.WaitStatus) string {
	if !s.Signaled() {
		return fmt.Sprintf("Command exited with status %d", s.ExitStatus())
	}
	name := s.Signal().String()
	return "Command terminated with signal " + strings.ToUpper(name[:1]) + name[1:]
}

// status begins an update of the task.
func (c *child) status(state mesos.TaskState) mesos.TaskStatus {
	s := mesos.TaskStatus{TaskID: c.info.TaskID, State: &state, Healthy: c.healthy, CheckStatus: c.check}
	if c.containerID != nil {
		s.ContainerStatus = &mesos.ContainerStatus{ContainerID: c.containerID}
	}
	if c.process != nil {
		if s.ContainerStatus == nil {
			s.ContainerStatus = &mesos.ContainerStatus{ContainerID: &mesos.ContainerID{Value: c.b.e.containerID}}
		}
		s.ContainerStatus.ExecutorPID = pid(c.process.Pid())
	}
	return s
}

// update sends an update with nothing but the state.
func (c *child) update(state mesos.TaskState) { c.b.update(c.status(state)) }
