package scheduler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
)

// coreGroup is the part of a specification that the allocator decides by. It
// is a pure function of the specification, so that a replay sees the same.
func coreGroup(spec *proto.TaskGroup) (allocator.Group, error) {
	encoded, err := spec.Marshal()
	if err != nil {
		return allocator.Group{}, fmt.Errorf("task group %s/%s: %w", spec.Framework, spec.Name, err)
	}
	sum := sha256.Sum256(encoded)
	g := allocator.Group{
		Framework: spec.Framework, Name: spec.Name, Role: spec.Role,
		Digest: hex.EncodeToString(sum[:]), Instances: int32(spec.Instances),
		Priority: spec.Priority, After: spec.After, Restart: coreRestart(spec.Restart),
	}
	for _, t := range spec.Tasks {
		g.Tasks = append(g.Tasks, coreTask(t))
	}
	return g, nil
}

func coreRestart(r *proto.Restart) allocator.Restart {
	if r == nil {
		return allocator.Restart{}
	}
	policy := map[proto.RestartPolicy]allocator.RestartPolicy{
		proto.RestartPolicy_NEVER:      allocator.RestartNever,
		proto.RestartPolicy_ON_FAILURE: allocator.RestartOnFailure,
		proto.RestartPolicy_ALWAYS:     allocator.RestartAlways,
	}[r.Policy]
	return allocator.Restart{Policy: policy, Max: int32(r.Max), BackoffMillis: r.BackoffMs}
}

func coreTask(t proto.Task) allocator.Task {
	out := allocator.Task{Name: t.Name, Sidecar: t.Sidecar}
	for _, r := range t.Resources {
		out.Resources = append(out.Resources, allocator.Quantity{Name: r.Name, Amount: drf.Amount(r.Milli)})
	}
	if t.Ports > 0 {
		out.Resources = append(out.Resources, allocator.Quantity{Name: "ports", Amount: drf.Amount(t.Ports) * drf.Unit})
	}
	return out
}

// unsupported names what a specification asks for that the allocator can't
// honour: it is refused rather than ignored.
func unsupported(spec *proto.TaskGroup) error {
	switch {
	case spec.GangMin > 0:
		return fmt.Errorf("%w: gang: gangs are not supported by this version", allocator.ErrInvalid)
	case len(spec.Constraints) > 0:
		return fmt.Errorf("%w: constraints: placement constraints are not supported by this version", allocator.ErrInvalid)
	}
	return nil
}
