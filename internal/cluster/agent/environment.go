package agent

import (
	"maps"
	"net"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// defaultPath is the PATH of whoever isn't given one.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func formatDuration(d time.Duration) string { return wire.FormatDuration(d) }

// executorVariables is what the agent tells an executor. The names are those of
// Mesos, v0 ones included. What the operator configured comes in where it
// doesn't contradict.
func (a *Agent) executorVariables(e *runningExecutor) map[string]string {
	env := map[string]string{"PATH": defaultPath}
	maps.Copy(env, a.cfg.Environment)
	maps.Copy(env, map[string]string{
		"MESOS_FRAMEWORK_ID":                   e.fw.id(),
		"MESOS_EXECUTOR_ID":                    e.id,
		"MESOS_SLAVE_ID":                       a.cfg.ID,
		"MESOS_SLAVE_PID":                      a.PID(),
		"MESOS_AGENT_ENDPOINT":                 a.endpoint,
		"MESOS_DIRECTORY":                      e.dir,
		"MESOS_SANDBOX":                        e.dir,
		"MESOS_CHECKPOINT":                     "0",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": formatDuration(a.shutdownGrace(e)),
		"MESOS_HTTP_COMMAND_EXECUTOR":          "0",
		"LIBPROCESS_PORT":                      "0",
	})
	if host, _, err := net.SplitHostPort(a.endpoint); err == nil {
		env["LIBPROCESS_IP"] = host
	}
	if e.fw.info.GetCheckpoint() {
		env["MESOS_CHECKPOINT"] = "1"
		env["MESOS_RECOVERY_TIMEOUT"] = formatDuration(a.cfg.RecoveryTimeout)
		env["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = formatDuration(a.cfg.SubscriptionBackoff)
	}
	return env
}

// commandTaskVariables is what a command task sees: all of its executor's, and
// the role.
func (a *Agent) commandTaskVariables(e *runningExecutor, t mesos.TaskInfo) map[string]string {
	env := a.executorVariables(e)
	addRole(env, t.Resources)
	return env
}

// nestedVariables is what a task of the default executor sees: nothing of the
// executor's.
func (a *Agent) nestedVariables(dir string, t mesos.TaskInfo) map[string]string {
	env := map[string]string{"PATH": defaultPath, "MESOS_SANDBOX": dir}
	if host, _, err := net.SplitHostPort(a.endpoint); err == nil {
		env["MESOS_CONTAINER_IP"] = host
	}
	addRole(env, t.Resources)
	return env
}

func addRole(env map[string]string, resources []mesos.Resource) {
	for _, r := range resources {
		if role := r.GetAllocationInfo().GetRole(); role != "" {
			env["MESOS_ALLOCATION_ROLE"] = role
			return
		}
	}
}

// environment adds the variables of a command, which win, and returns
// NAME=value lines in order. Secrets have no value here and are left out.
func environment(vars map[string]string, c *mesos.CommandInfo) []string {
	for _, v := range c.GetEnvironment().GetVariables() {
		if v.Value != nil {
			vars[v.Name] = *v.Value
		}
	}
	lines := make([]string, 0, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		lines = append(lines, name+"="+vars[name])
	}
	return lines
}
