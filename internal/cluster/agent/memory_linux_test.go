package agent_test

import (
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent"
	"fairlead/internal/cluster/wire"
)

func limited(cfg *agent.Config) { cfg.LimitMemory = true }

// eater holds 150 MB for good.
const eater = "head -c 150000000 /dev/zero | tail -c 150000000 | sleep 1000"

// Whoever runs the tasks, what holds more than was asked for ends, with all tasks of
// its container, and says how much that was.
func TestMemoryAboveTheLimitEndsAContainer(t *testing.T) {
	start := map[string]func(*testAgent){
		"command task": func(a *testAgent) { a.Run(modern(), nil, []mesos.TaskInfo{commandTask("t", eater)}, false) },
		"default executor": func(a *testAgent) {
			a.Run(modern(), defaultExecutor("e"), []mesos.TaskInfo{commandTask("t", "exec sleep 1000"), commandTask("u", eater)}, true)
		},
		"custom executor": func(a *testAgent) { a.Run(modern(), executorRunning("e", eater), groupOf("t", "u"), true) },
	}
	for name, run := range start {
		t.Run(name, func(t *testing.T) {
			a := startAgent(t, limited)
			run(a)
			status := a.update("t", mesos.TASK_FAILED).Status
			if status.GetReason() != mesos.REASON_CONTAINER_LIMITATION_MEMORY || status.GetSource() != mesos.SOURCE_AGENT ||
				!strings.HasPrefix(status.GetMessage(), "Memory limit exceeded: Requested: ") {
				t.Errorf("%s", status.String())
			}
			used := status.GetLimitation().GetResources()
			if len(used) != 1 || used[0].Name != "mem" || used[0].GetScalar().GetValue() <= 32 {
				t.Errorf("limitation %v", used)
			}
		})
	}
}

// An executor and its tasks have together what they ask for; without the option
// amounts are counted and not enforced.
func TestMemoryWithinTheLimitIsLeftAlone(t *testing.T) {
	free, bounded := startAgent(t), startAgent(t, limited)
	within := func(a *testAgent, mem float64) {
		// What tail holds is whole when it begins to write.
		task := commandTask("t", strings.Replace(eater, "sleep", "(head -c 1; echo > full; exec sleep", 1)+")")
		task.Resources = append(resources("eng"), wire.NewResources(wire.Scalar("mem", mem)).Allocate("eng")...)
		a.Run(modern(), nil, []mesos.TaskInfo{task}, false)
		a.file("t", "full")
	}
	within(free, 1)
	within(bounded, 224)
	bounded.Run(modern(), nil, []mesos.TaskInfo{commandTask("victim", eater)}, false)
	bounded.update("victim", mesos.TASK_FAILED) // it was looked for, twice
	for _, a := range []*testAgent{free, bounded} {
		a.update("t", mesos.TASK_RUNNING)
		if all := a.all("t"); all[len(all)-1].Status.GetState() != mesos.TASK_RUNNING {
			t.Errorf("%v", all)
		}
	}
}
