package agent

import (
	"fmt"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent/process"
	"fairlead/internal/cluster/wire"
)

// memoryInterval is the time between two looks at the memory of all containers; where
// a look takes long it is so many times as long as that.
const (
	memoryInterval = 100 * time.Millisecond
	memoryIdle     = 4
)

// minMemory is the least that a container is allowed, as in Mesos.
const minMemory = 32 << 20

// watched is a container whose memory is limited.
type watched struct {
	e         *runningExecutor
	processes []*process.Process
	limit     int64 // in bytes
}

// limitMemory ends containers that hold more memory than they asked for. A command
// that another process is made of shares all its memory with it for a moment, and
// what is moved is for a moment there twice: so a container must be over its limit
// in two looks, one after the other.
func (a *Agent) limitMemory() {
	defer close(a.memoryDone)
	was := map[*runningExecutor]bool{}
	for wait := memoryInterval; ; {
		select {
		case <-a.loopDone:
			return
		case <-time.After(wait):
		}
		began := time.Now()
		var containers []watched
		if !a.call(func() { containers = a.watchedContainers() }) {
			return
		}
		is := map[*runningExecutor]bool{}
		if len(containers) > 0 {
			a.look(containers, was, is)
		}
		was, wait = is, max(memoryInterval, memoryIdle*time.Since(began))
	}
}

// look measures containers once; was has those that were over their limit before.
func (a *Agent) look(containers []watched, was, is map[*runningExecutor]bool) {
	table := process.ReadTable()
	for _, c := range containers {
		used := table.Memory(c.processes, c.limit)
		if used <= c.limit {
			continue
		}
		is[c.e] = true
		if was[c.e] {
			a.post(func() { a.memoryExceeded(c, used) })
		}
	}
}

// watchedContainers are those that run something. As in Mesos, a limit is raised for tasks
// that come, and not lowered when they end.
func (a *Agent) watchedContainers() []watched {
	var out []watched
	for _, fw := range a.frameworks {
		for _, e := range fw.executors {
			e.memory = max(e.memory, minMemory, e.asksMemory())
			if ps := e.processes(); len(ps) > 0 && e.ending == nil {
				out = append(out, watched{e, ps, e.memory})
			}
		}
	}
	return out
}

// asksMemory is what an executor and its tasks ask for, in bytes.
func (e *runningExecutor) asksMemory() int64 {
	all := wire.NewResources(e.info.Resources...)
	for _, t := range e.tasks {
		if !terminal(t.state) {
			all = all.Plus(t.info.Resources...)
		}
	}
	milli, _ := all.Sum("mem")
	return milli << 20 / 1000
}

// processes are what an executor is made of: one, or those of its tasks if it is
// the agent's own.
func (e *runningExecutor) processes() []*process.Process {
	b, ok := e.events.(*builtin)
	if !ok {
		if e.process == nil || e.state == terminated {
			return nil
		}
		return []*process.Process{e.process}
	}
	var out []*process.Process
	for _, c := range b.children {
		if c.process != nil && !c.ended {
			out = append(out, c.process)
		}
	}
	return out
}

// memoryExceeded ends a container by force. The words are those of Mesos.
func (a *Agent) memoryExceeded(c watched, used int64) {
	e := c.e
	if e.state == terminated || e.ending != nil {
		return
	}
	e.state = terminating
	e.ending = &verdict{
		state: mesos.TASK_FAILED, reason: mesos.REASON_CONTAINER_LIMITATION_MEMORY,
		message: "Memory limit exceeded: Requested: " + bytesText(c.limit) + " Maximum Used: " + bytesText(used),
		used:    []mesos.Resource{wire.Scalar("mem", float64(used>>10)/1024)},
	}
	e.destroy()
}

// bytesText prints whole kilobytes as Mesos does.
func bytesText(n int64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%dMB", n>>20)
	}
	return fmt.Sprintf("%dKB", n>>10)
}
