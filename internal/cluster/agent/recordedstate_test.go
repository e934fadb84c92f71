package agent_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// leftOut lists members of a real agent's /state that this one doesn't have.
var leftOut = map[string][]string{
	"agent": {
		"build_date", "build_time", "build_user", "git_sha", // of a build that isn't ours
		"domain", "master_hostname", "resource_providers", // there are none
		"reserved_resources_full", "unreserved_resources_full", // deprecated forms of what is there
		"reserved_resources_allocated", "unreserved_resources_allocated",
	},
}

// object takes a member that must be an object, or the first of a list.
func object(t *testing.T, from map[string]any, name string) map[string]any {
	t.Helper()
	switch v := from[name].(type) {
	case map[string]any:
		return v
	case []any:
		if len(v) > 0 {
			if o, ok := v[0].(map[string]any); ok {
				return o
			}
		}
	}
	t.Fatalf("%s is no object and no list of them: %v", name, from[name])
	return nil
}

// compare wants every member of the real object in ours.
func compare(t *testing.T, what string, real, ours map[string]any) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(real)) {
		if _, ok := ours[name]; !ok && !slices.Contains(leftOut[what], name) {
			t.Errorf("%s: %q is missing", what, name)
		}
	}
}

func TestStateHasTheMembersOfARealOne(t *testing.T) {
	text, err := os.ReadFile(fixture("operator/agent/01-state.resp.json"))
	if err != nil {
		t.Skipf("recordings of a real Mesos are not here: %v", err)
	}
	var real, ours map[string]any
	if err := json.Unmarshal(text, &real); err != nil {
		t.Fatal(err)
	}
	a := startAgent(t)
	fw := modern()
	principal := "fixtures"
	fw.Principal = &principal
	task := commandTask("run", "exec sleep 1000")
	ports, err := wire.ParseResources("ports:[31005-31006]")
	if err != nil {
		t.Fatal(err)
	}
	task.Resources = append(task.Resources, ports.Allocate("eng")...)
	task.Labels = &mesos.Labels{Labels: []mesos.Label{{Key: "a"}}}
	task.Discovery = &mesos.DiscoveryInfo{Visibility: mesos.CLUSTER}
	task.HealthCheck = &mesos.HealthCheck{Type: mesos.HealthCheck_COMMAND, Command: &mesos.CommandInfo{}}
	a.Run(fw, defaultExecutor("de"), []mesos.TaskInfo{commandTask("g1", "exec sleep 1000")}, true)
	a.Run(fw, nil, []mesos.TaskInfo{task}, false)
	a.update("run", mesos.TASK_RUNNING)
	a.update("g1", mesos.TASK_RUNNING)
	a.getJSON("/state", &ours)

	compare(t, "agent", real, ours)
	realFW, ourFW := object(t, real, "frameworks"), object(t, ours, "frameworks")
	compare(t, "framework", realFW, ourFW)
	// The recorded executors are x1, de, run; ours are de, run.
	realList, ourList := realFW["executors"].([]any), ourFW["executors"].([]any)
	for i, what := range []string{"default executor", "command executor"} {
		realX, ourX := realList[i+1].(map[string]any), ourList[i].(map[string]any)
		compare(t, what, realX, ourX)
		realT, ourT := object(t, realX, "tasks"), object(t, ourX, "tasks")
		compare(t, what+"'s task", realT, ourT)
		compare(t, what+"'s status", object(t, realT, "statuses"), object(t, ourT, "statuses"))
		compare(t, what+"'s resources", object(t, realT, "resources"), object(t, ourT, "resources"))
	}
}
