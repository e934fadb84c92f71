package taskgroup

import (
	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
)

// Core returns the part of a specification that the allocator decides by. It
// is a pure function of the specification, so that a replay of a journal and a
// simulation see what the scheduler saw.
func Core(spec *proto.TaskGroup) (allocator.Group, error) {
	digest, err := Digest(spec)
	if err != nil {
		return allocator.Group{}, err
	}
	g := Shape(spec)
	g.Digest = digest
	return g, nil
}

// Shape is Core without the digest, for who never submits anything twice.
func Shape(spec *proto.TaskGroup) allocator.Group {
	g := allocator.Group{
		Framework: spec.Framework, Name: spec.Name, Role: spec.Role,
		Instances: int32(spec.Instances), Surplus: int32(spec.Instances - base(spec)), Gang: int32(spec.GangMin), Priority: spec.Priority, After: spec.After, AfterEnd: spec.AfterEnd,
		PerAgent: spec.PerAgent, OnOOM: coreOnOOM(spec.OnOom), Periodic: spec.Schedule != "", Overlap: allocator.Overlap(spec.Overlap), CatchUp: allocator.CatchUp(spec.CatchUp),
		Restart: coreRestart(spec.Restart), NotPreemptible: !spec.Preemptible, MaxRuntimeMillis: spec.MaxRuntimeMs,
		Constraints: coreConstraints(spec.Constraints), Prefer: coreConstraints(spec.Prefer),
		Near: spec.Near, Sticky: spec.Sticky, PreferWaitMillis: spec.PreferWaitMs,
	}
	for i := range spec.Tasks {
		g.Tasks = append(g.Tasks, coreTask(&spec.Tasks[i]))
	}
	return g
}

func coreConstraints(in []proto.Constraint) []allocator.Constraint {
	var out []allocator.Constraint
	for _, c := range in {
		out = append(out, allocator.Constraint{Field: c.Field, Operator: coreOperator(c.Operator), Value: c.Value})
	}
	return out
}

// coreOperator is 0, which the allocator refuses, for one that is unknown.
func coreOperator(op proto.Operator) allocator.Operator {
	switch op {
	case proto.Operator_UNIQUE:
		return allocator.Unique
	case proto.Operator_CLUSTER:
		return allocator.Cluster
	case proto.Operator_GROUP_BY:
		return allocator.GroupBy
	case proto.Operator_LIKE:
		return allocator.Like
	case proto.Operator_UNLIKE:
		return allocator.Unlike
	case proto.Operator_MAX_PER:
		return allocator.MaxPer
	case proto.Operator_IS:
		return allocator.Is
	}
	return 0
}

func coreRestart(r *proto.Restart) allocator.Restart {
	out := allocator.Restart{Max: int32(r.GetMax()), BackoffMillis: r.GetBackoffMs()}
	switch r.GetPolicy() {
	case proto.RestartPolicy_ON_FAILURE:
		out.Policy = allocator.RestartOnFailure
	case proto.RestartPolicy_ALWAYS:
		out.Policy = allocator.RestartAlways
	}
	return out
}

func coreTask(t *proto.Task) allocator.Task {
	out := allocator.Task{Name: t.Name, Sidecar: t.Sidecar}
	for _, r := range t.Resources {
		out.Resources = append(out.Resources, allocator.Quantity{Name: r.Name, Amount: drf.Amount(r.Milli)})
	}
	if t.Ports > 0 {
		out.Resources = append(out.Resources, allocator.Quantity{Name: "ports", Amount: drf.Amount(t.Ports) * drf.Unit})
	}
	return out
}
