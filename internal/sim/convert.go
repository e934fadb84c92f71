package sim

import (
	"fmt"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
)

// coreGroup is what the allocator is told of a task group.
func coreGroup(spec *proto.TaskGroup) allocator.Group {
	g := allocator.Group{
		Framework: spec.Framework,
		Name:      spec.Name,
		Role:      spec.Role,
		Digest:    "simulated", // names are unique in a scenario
		Instances: int32(spec.Instances),
		Priority:  spec.Priority,
		Restart:   coreRestart(spec.Restart),
		After:     spec.After,
	}
	for _, t := range spec.Tasks {
		task := allocator.Task{Name: t.Name, Resources: quantities(t.Resources), Sidecar: t.Sidecar}
		if t.Ports > 0 {
			task.Resources = append(task.Resources, allocator.Quantity{Name: "ports", Amount: drf.Amount(t.Ports) * drf.Unit})
		}
		g.Tasks = append(g.Tasks, task)
	}
	return g
}

func coreRestart(r *proto.Restart) allocator.Restart {
	out := allocator.Restart{Max: int32(r.GetMax()), BackoffMillis: r.GetBackoffMs()}
	switch policy := r.GetPolicy(); policy {
	case proto.RestartPolicy_NEVER:
		out.Policy = allocator.RestartNever
	case proto.RestartPolicy_ON_FAILURE:
		out.Policy = allocator.RestartOnFailure
	case proto.RestartPolicy_ALWAYS:
		out.Policy = allocator.RestartAlways
	default:
		panic(fmt.Sprintf("restart policy %d is none that taskgroup gives", policy))
	}
	return out
}
