package agent

import (
	"net/http"
	"runtime"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent/files"
	"fairlead/internal/cluster/wire"
)

// metrics are the counters; gauges are counted when asked for.
type metrics struct {
	finished, failed, killed, lost, gone int
	validUpdates, invalidUpdates         int
	validMessages, invalidMessages       int
	launchErrors, executorsEnded         int
}

// updated counts a task's end.
func (m *metrics) updated(state mesos.TaskState) {
	switch state {
	case mesos.TASK_FINISHED:
		m.finished++
	case mesos.TASK_FAILED:
		m.failed++
	case mesos.TASK_KILLED:
		m.killed++
	case mesos.TASK_LOST, mesos.TASK_DROPPED:
		m.lost++
	case mesos.TASK_GONE:
		m.gone++
	}
}

func (a *Agent) metricsPage(w http.ResponseWriter, r *http.Request) {
	var snapshot map[string]wire.Double
	if !a.call(func() { snapshot = a.measure() }) {
		wire.WriteError(w, errClosed())
		return
	}
	files.WriteJSON(w, r, snapshot)
}

// measure returns all metrics, under the names of a Mesos agent.
func (a *Agent) measure() map[string]wire.Double {
	m := &a.metrics
	values := map[string]wire.Double{
		"slave/registered":                 1,
		"slave/uptime_secs":                wire.Double(time.Since(a.started).Seconds()),
		"slave/recovery_errors":            0,
		"slave/frameworks_active":          wire.Double(len(a.frameworks)),
		"slave/tasks_finished":             wire.Double(m.finished),
		"slave/tasks_failed":               wire.Double(m.failed),
		"slave/tasks_killed":               wire.Double(m.killed),
		"slave/tasks_lost":                 wire.Double(m.lost),
		"slave/tasks_gone":                 wire.Double(m.gone),
		"slave/valid_status_updates":       wire.Double(m.validUpdates),
		"slave/invalid_status_updates":     wire.Double(m.invalidUpdates),
		"slave/valid_framework_messages":   wire.Double(m.validMessages),
		"slave/invalid_framework_messages": wire.Double(m.invalidMessages),
		"slave/container_launch_errors":    wire.Double(m.launchErrors),
		"slave/executors_terminated":       wire.Double(m.executorsEnded),
		"system/cpus_total":                wire.Double(runtime.NumCPU()),
	}
	a.countLive(values)
	a.countResources(values)
	return values
}

// countLive adds the gauges of tasks and executors.
func (a *Agent) countLive(values map[string]wire.Double) {
	for _, name := range []string{"staging", "starting", "running", "killing"} {
		values["slave/tasks_"+name] = 0
	}
	for _, name := range []string{"registering", "running", "terminating"} {
		values["slave/executors_"+name] = 0
	}
	names := map[mesos.TaskState]string{
		mesos.TASK_STAGING: "staging", mesos.TASK_STARTING: "starting",
		mesos.TASK_RUNNING: "running", mesos.TASK_KILLING: "killing",
	}
	for _, fw := range a.frameworks {
		for _, e := range fw.executors {
			if e.state != terminated {
				values["slave/executors_"+stateName(e.state)]++
			}
			for _, t := range e.tasks {
				if name, ok := names[t.state]; ok {
					values["slave/tasks_"+name]++
				}
			}
		}
	}
}

// countResources adds totals, what is used, and the quotient.
func (a *Agent) countResources(values map[string]wire.Double) {
	total, used := wire.NewResources(a.cfg.Resources...), a.used()
	for _, name := range []string{"cpus", "gpus", "mem", "disk"} {
		all, some := total.Flat()[name].(wire.Double), used.Flat()[name].(wire.Double)
		values["slave/"+name+"_total"] = all
		values["slave/"+name+"_used"] = some
		values["slave/"+name+"_percent"] = 0
		if all > 0 {
			values["slave/"+name+"_percent"] = some / all
		}
	}
}

// used adds up what executors and live tasks hold.
func (a *Agent) used() wire.Resources {
	var sum wire.Resources
	for _, fw := range a.frameworks {
		for _, e := range fw.executors {
			if e.state != terminated {
				sum = sum.Plus(e.used()...)
			}
		}
	}
	return sum
}

// used adds up what an executor and its live tasks hold.
func (e *runningExecutor) used() wire.Resources {
	sum := wire.NewResources(e.info.Resources...)
	for _, t := range e.tasks {
		if !terminal(t.state) {
			sum = sum.Plus(t.info.Resources...)
		}
	}
	return sum
}
