package agent

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"fairlead/internal/cluster/wire"
)

// builtin plays an executor of the agent's own: the command executor, which
// runs one task in the executor's sandbox, or the default executor, which runs
// task groups with a sandbox below it for each task. It belongs to the agent's
// loop; what it tells the agent goes the way of any executor's update.
type builtin struct {
	a   *Agent
	e   *runningExecutor
	ctx context.Context // its end kills all tasks at once

	children []*child
	unacked  int // terminal updates the agent hasn't stored yet
	leaving  bool
	finished bool           // left of its own accord
	tasks    sync.WaitGroup // goroutines of the tasks
}

// startBuiltin fetches what a command task needs, then "subscribes".
func (a *Agent) startBuiltin(ctx context.Context, e *runningExecutor, u *unit) {
	b := &builtin{a: a, e: e, ctx: ctx}
	c := command{containerID: e.containerID, dir: e.dir, account: e.account, container: e.info.Container}
	if e.command {
		c.info = u.tasks[0].info.Command
	}
	a.watch(e, func() (int, error) {
		if err := a.prepare(ctx, c); err != nil {
			return 0, err
		}
		if e.command && c.info.GetShell() && c.info.Value == nil {
			return exitedWith1, nil // a real command executor gives up on it
		}
		a.post(func() { a.subscribed(e, b) })
		<-ctx.Done()
		b.tasks.Wait()
		return b.status(), nil
	})
}

// prepare makes the output files and fetches.
func (a *Agent) prepare(ctx context.Context, c command) error {
	if err := unsupported(c.container); err != nil {
		return err
	}
	stdout, stderr, err := openOutput(c.dir, c.account)
	if err != nil {
		return err
	}
	defer stdout.Close()
	defer stderr.Close()
	return a.fetch(ctx, c, stderr)
}

// status is the wait status the executor would have had as a process.
func (b *builtin) status() int {
	done := make(chan bool, 1)
	if b.a.call(func() { done <- b.finished }) && <-done {
		return 0
	}
	return 9
}

// send receives an event.
func (b *builtin) send(ev *executor.Event) {
	switch ev.Type {
	case executor.Event_LAUNCH:
		b.launch([]mesos.TaskInfo{ev.Launch.Task})
	case executor.Event_LAUNCH_GROUP:
		b.launch(ev.LaunchGroup.TaskGroup.Tasks)
	case executor.Event_KILL:
		b.kill(ev.Kill.TaskID.Value, ev.Kill.KillPolicy)
	case executor.Event_SHUTDOWN:
		b.shutdown()
	case executor.Event_ACKNOWLEDGED:
		b.acknowledged(ev.Acknowledged.UUID)
	}
}

// end ends what the tasks still have running beside their processes.
func (b *builtin) end() {
	for _, c := range b.children {
		c.stopTimers()
	}
}

// launch starts tasks as one group.
func (b *builtin) launch(infos []mesos.TaskInfo) {
	g := &siblings{}
	for _, info := range infos {
		c := &child{b: b, info: info, group: g, dir: b.e.dir}
		if !b.e.command {
			c.containerID = &mesos.ContainerID{
				Value: uuid.NewString(), Parent: &mesos.ContainerID{Value: b.e.containerID},
			}
			c.dir = filepath.Join(b.e.dir, "containers", c.containerID.Value)
		}
		g.members = append(g.members, c)
		b.children = append(b.children, c)
		c.update(mesos.TASK_STARTING)
	}
	for _, c := range g.members {
		c.start()
	}
}

// makeSandbox makes the directory of a task of the default executor, which is
// found as tasks/TASK in the executor's. The link is relative, so that it
// stays right wherever the sandbox is looked at from.
func (c *child) makeSandbox() error {
	if err := unsupported(c.info.Container); err != nil {
		return err
	}
	if c.containerID == nil { // it has the executor's
		return nil
	}
	if err := makeDir(c.dir, c.b.e.account); err != nil {
		return err
	}
	if err := linkShared(c.b.e.dir, c.dir, c.info.Container, c.b.e.account); err != nil {
		return err
	}
	if err := c.b.a.linkPersistent(c.dir, c.info.Resources, c.b.e.account); err != nil {
		return err
	}
	tasks := filepath.Join(c.b.e.dir, "tasks")
	if err := os.MkdirAll(tasks, 0o755); err != nil {
		return err
	}
	return pointTo(filepath.Join(tasks, c.id()), filepath.Join("..", "containers", c.containerID.Value))
}

// kill ends a task and with it its group.
func (b *builtin) kill(id string, policy *mesos.KillPolicy) {
	for _, c := range b.children {
		if c.id() == id && !c.ended {
			c.kill(graceOf(policy, c.info.KillPolicy, b.a.cfg.KillGrace))
			c.group.kill()
		}
	}
}

// graceOf takes the first of two policies that has a grace period, else the
// fallback.
func graceOf(first, second *mesos.KillPolicy, fallback time.Duration) time.Duration {
	for _, p := range []*mesos.KillPolicy{first, second} {
		if p.GetGracePeriod() != nil {
			return time.Duration(p.GracePeriod.Nanoseconds)
		}
	}
	return fallback
}

// shutdown ends all tasks; the agent sees to it that this doesn't last.
func (b *builtin) shutdown() {
	b.leaving = true
	for _, c := range b.children {
		c.kill(graceOf(nil, c.info.KillPolicy, b.a.cfg.KillGrace))
	}
	b.leaveIfDone()
}

// acknowledged notes that the agent has stored an update.
func (b *builtin) acknowledged(id []byte) {
	for _, c := range b.children {
		if string(c.lastUUID) == string(id) {
			c.lastUUID = nil
			b.unacked--
		}
	}
	b.leaveIfDone()
}

// leaveIfDone ends the executor when all tasks have ended and the agent knows
// how.
func (b *builtin) leaveIfDone() {
	for _, c := range b.children {
		if !c.ended {
			return
		}
	}
	if b.unacked == 0 && (b.leaving || len(b.children) > 0) {
		b.finished = true
		b.e.destroy()
	}
}

// update sends a status update. It reaches the agent after what the loop is
// doing now, never in the middle of it. The update's uuid is returned.
func (b *builtin) update(status mesos.TaskStatus) []byte {
	source := mesos.SOURCE_EXECUTOR
	status.Source = &source
	status.UUID = wire.NewUUID()
	status.Timestamp = now()
	b.a.post(func() { b.a.receive(b.e, status) })
	return status.UUID
}
