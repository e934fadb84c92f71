package scheduler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/drf"
)

// groupRules is a Mesos master's validation of LAUNCH_GROUP, as far as it needs no memory and concerns what we send,
// written down a second time for tests: it returns the first thing wrong, or "". It is itself held against what a
// real master refused and accepted, below.
type groupRules struct {
	framework string
	agent     string
	offered   []mesos.Resource
}

func (r groupRules) fault(op *mesos.Offer_Operation) string {
	executor, tasks := &op.GetLaunchGroup().Executor, op.GetLaunchGroup().TaskGroup.Tasks
	checks := []func() string{
		func() string { return when(op.ID != nil, "operation id") },
		func() string { return r.executorFault(executor) },
		func() string { return when(len(tasks) == 0, "empty group") },
		func() string { return duplicateID(tasks) },
		func() string { return r.taskFaults(executor, tasks) },
		func() string { return r.resourceFault(executor, tasks) },
	}
	for _, check := range checks {
		if fault := check(); fault != "" {
			return fault
		}
	}
	return ""
}

func when(wrong bool, fault string) string {
	if wrong {
		return fault
	}
	return ""
}

func firstOf(faults ...string) string {
	for _, fault := range faults {
		if fault != "" {
			return fault
		}
	}
	return ""
}

func (r groupRules) executorFault(e *mesos.ExecutorInfo) string {
	held := sums(e.Resources)
	custom := e.Type == mesos.ExecutorInfo_CUSTOM
	return firstOf(
		when(e.FrameworkID.GetValue() != r.framework, "executor framework id"),
		when(!custom && e.Type != mesos.ExecutorInfo_DEFAULT, "executor type"),
		when(custom != (e.Command != nil), "executor command"),
		idFault(e.ExecutorID.Value),
		when(e.ShutdownGracePeriod != nil && e.ShutdownGracePeriod.Nanoseconds < 0, "shutdown grace"),
		when(held["cpus"] < 10, "executor cpus"),
		when(held["mem"] < 32*drf.Unit, "executor mem"),
		when(held["disk"] == 0, "executor disk"),
		formFault(e.Resources),
		commandFault(e.Command),
	)
}

func (r groupRules) taskFaults(e *mesos.ExecutorInfo, tasks []mesos.TaskInfo) string {
	for i := range tasks {
		t := &tasks[i]
		fault := firstOf(
			idFault(t.TaskID.Value),
			when(t.AgentID.Value != r.agent, "task agent"),
			when(t.GetKillPolicy().GetGracePeriod().GetNanoseconds() < 0, "kill grace"),
			when(t.MaxCompletionTime != nil && t.MaxCompletionTime.Nanoseconds < 0, "max completion time"),
			when(len(t.Resources) == 0, "task without resources"),
			formFault(t.Resources),
			commandFault(t.Command),
			when(t.Executor != nil && !t.Executor.Equal(e), "task's own executor"),
		)
		if fault != "" {
			return fault
		}
	}
	return ""
}

func duplicateID(tasks []mesos.TaskInfo) string {
	seen := map[string]bool{}
	for i := range tasks {
		if seen[tasks[i].TaskID.Value] {
			return "duplicate task id"
		}
		seen[tasks[i].TaskID.Value] = true
	}
	return ""
}

// idFault is the rule for every id: 1 to 255 bytes that can name a directory.
func idFault(id string) string {
	bad := id == "" || id == "." || id == ".." || len(id) > 255
	return when(bad || strings.ContainsFunc(id, func(c rune) bool { return c < ' ' || c == 0x7f || c == '/' || c == '\\' }), "id")
}

func commandFault(c *mesos.CommandInfo) string {
	for _, v := range c.GetEnvironment().GetVariables() {
		if v.GetType() != mesos.Environment_Variable_VALUE || v.Value == nil || v.Name == "" {
			return "environment"
		}
	}
	return ""
}

// formFault checks each resource by itself.
func formFault(rs []mesos.Resource) string {
	for i := range rs {
		r := &rs[i]
		value := r.GetScalar().GetValue()
		switch {
		case r.Name == "" || r.Type == nil || r.Role != nil && len(r.Reservations) > 0:
			return "resource form"
		case r.GetType() == mesos.SCALAR && (r.Scalar == nil || value < 0 || value > 0 && amountOf(value) == 0 || r.Ranges != nil):
			return "scalar"
		case r.GetType() == mesos.RANGES && rangesFault(r.GetRanges().GetRange()):
			return "ranges"
		}
	}
	return ""
}

func rangesFault(ranges []mesos.Value_Range) bool {
	for i, a := range ranges {
		if a.Begin > a.End {
			return true
		}
		for _, b := range ranges[:i] {
			if a.Begin <= b.End && b.Begin <= a.End {
				return true
			}
		}
	}
	return len(ranges) == 0
}

// sums adds up the scalars by name, whatever their reservation.
func sums(rs []mesos.Resource) map[string]drf.Amount {
	out := map[string]drf.Amount{}
	for i := range rs {
		out[rs[i].Name] += amountOf(rs[i].GetScalar().GetValue())
	}
	return out
}

// resourceFault subtracts executor and tasks from what was offered. Resources are the same only if everything but the
// value is; where the allocation role is absent, a master fills in the offer's.
func (r groupRules) resourceFault(e *mesos.ExecutorInfo, tasks []mesos.TaskInfo) string {
	left, ports := map[string]drf.Amount{}, map[string][]mesos.Value_Range{}
	role := r.offered[0].GetAllocationInfo().GetRole()
	for i := range r.offered {
		kind := identity(&r.offered[i], role)
		left[kind] += amountOf(r.offered[i].GetScalar().GetValue())
		ports[kind] = append(ports[kind], r.offered[i].GetRanges().GetRange()...)
	}
	given := slices.Clone(e.Resources)
	for i := range tasks {
		given = append(given, tasks[i].Resources...)
	}
	used := map[uint64]bool{}
	for i := range given {
		kind := identity(&given[i], role)
		if left[kind] -= amountOf(given[i].GetScalar().GetValue()); left[kind] < 0 {
			return "more than offered"
		}
		for _, p := range given[i].GetRanges().GetRange() {
			for port := p.Begin; port <= p.End; port++ {
				if used[port] || !slices.ContainsFunc(ports[kind], func(o mesos.Value_Range) bool { return o.Begin <= port && port <= o.End }) {
					return "port used twice or not offered"
				}
				used[port] = true
			}
		}
	}
	return ""
}

func identity(r *mesos.Resource, role string) string {
	like := *r
	like.Scalar, like.Ranges, like.Set = nil, nil, nil
	if like.AllocationInfo == nil {
		like.AllocationInfo = &mesos.Resource_AllocationInfo{Role: &role}
	}
	encoded, err := like.Marshal()
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// beyond are the recorded refusals that need the master's memory, or concern what we never send: containers, limits
// and Mesos' own health checks.
var beyond = []string{"executor-id-other-command", "executor-id-other-resources", "group-duplicate-of-live", "group-task-docker",
	"group-executor-docker", "group-default-container-image", "group-limits-shared-cgroups", "group-http-check-own-network"}

func TestTheRulesAgreeWithARealMaster(t *testing.T) {
	refused, accepted := 0, 0
	for line := range bytes.Lines(recorded(t, "task-errors.jsonl")) {
		var e struct {
			Name    string                 `json:"name"`
			Offered []mesos.Resource       `json:"offered"`
			Accept  mesossched.Call_Accept `json:"accept"`
			Updates []struct {
				State   string `json:"state"`
				Message string `json:"message"`
			} `json:"updates"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		op := &e.Accept.Operations[0]
		if op.Type != mesos.Offer_Operation_LAUNCH_GROUP || slices.Contains(beyond, e.Name) {
			continue
		}
		rules := groupRules{framework: "637590cc-6874-4233-a12a-1fe70739e66d-0000", offered: e.Offered}
		if tasks := op.LaunchGroup.TaskGroup.Tasks; len(tasks) > 0 {
			rules.agent = tasks[0].AgentID.Value
		}
		fault := rules.fault(op)
		ran := len(e.Updates) > 0 && e.Updates[0].State != "TASK_ERROR"
		if ran == (fault != "") {
			t.Errorf("%s: the rules say %q, the master did %v", e.Name, fault, e.Updates)
		}
		if ran {
			accepted++
		} else {
			refused++
		}
	}
	if refused < 15 || accepted < 5 {
		t.Errorf("only %d refusals and %d acceptances were found", refused, accepted)
	}
}

// describeOperation makes a failing group readable.
func describeOperation(op *mesos.Offer_Operation) string {
	out := "executor " + text(op.LaunchGroup.Executor.Resources)
	for _, task := range op.LaunchGroup.TaskGroup.Tasks {
		out += fmt.Sprintf("; %s %s", task.TaskID.Value, text(task.Resources))
	}
	return out
}
