package taskgroup

import (
	"slices"
	"strings"

	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// Limits on one group. They are far above what is sensible and keep a slip from doing harm.
const (
	maxInstances   = 1_000_000
	maxPriority    = 1_000_000
	maxTasks       = 100
	maxConstraints = 100
	maxAfter       = 100
	maxLabels      = 100
	maxRestarts    = 1_000_000
	// maxText bounds a command, an argument or a value: what Linux lets one argument be.
	maxText = 128 << 10
)

// DefaultFramework is who a group belongs to that does not say so.
const DefaultFramework = "default"

const defaultBackoffMillis = 5_000

// namePattern are names without, frameworkPattern those with capital letters.
const (
	namePattern      = letters("")
	frameworkPattern = letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
)

const (
	nameRule = "a name: 1 to 63 lower-case letters, digits and . _ -, beginning and ending with a letter or digit"

	frameworkRule = "a framework's name: 1 to 63 letters, digits and . _ -, beginning and ending with a letter or digit"
)

// Purpose says what a group is read for.
type Purpose int

const (
	// Runnable groups have a command for each task.
	Runnable Purpose = iota
	// Simulated groups need none, since nothing is run.
	Simulated
)

// Decode reads the fields of a task group from a mapping that may have others besides; the caller
// asks for those and then calls Done. Problems are reported to the mapping's file, and what was
// read is returned all the same.
func Decode(o *strictyaml.Object, purpose Purpose) *proto.TaskGroup {
	g := &proto.TaskGroup{Framework: DefaultFramework, Instances: 1, Preemptible: true}
	if v, ok := o.Required("name"); ok {
		g.Name, _ = v.Matching(namePattern, nameRule)
	}
	if v, ok := o.Optional("framework"); ok {
		g.Framework = FrameworkName(v)
	}
	if v, ok := o.Optional("role"); ok {
		g.Role = Role(v)
	}
	if v, ok := o.Optional("instances"); ok {
		g.Instances, g.InstancesMin = instances(v)
	}
	if v, ok := o.Optional("gang"); ok {
		g.GangMin = gang(v, base(g))
	}
	if v, ok := o.Optional("priority"); ok {
		n, _ := v.Int(-maxPriority, maxPriority)
		g.Priority = int32(n)
	}
	if v, ok := o.Optional("restart"); ok {
		g.Restart = restart(v)
	}
	if v, ok := o.Optional("constraints"); ok {
		g.Constraints = constraints(v)
	}
	wishes(o, g)
	if v, ok := o.Optional("after"); ok {
		g.After, g.AfterEnd = after(v, g.Name)
	}
	periodic(o, g)
	if v, ok := o.Optional("on_oom"); ok {
		g.OnOom = onOOM(v)
	}
	perAgent(o, g)
	if v, ok := o.Optional("preemptible"); ok {
		g.Preemptible = v.Bool()
	}
	if v, ok := o.Optional("max_runtime"); ok {
		g.MaxRuntimeMs, _ = v.Millis()
	}
	if v, ok := o.Optional("labels"); ok {
		g.Labels = pairs(v, maxLabels)
	}
	if v, ok := o.Required("tasks"); ok {
		g.Tasks = Tasks(v, purpose)
	}
	return g
}

func gang(v strictyaml.Value, instances uint32) uint32 {
	if !v.IsMapping() {
		if !v.IsBool() {
			v.Failf("expected true, false or {min: N}")
			return 0
		}
		if v.Bool() {
			return instances
		}
		return 0
	}
	o, _ := v.Object()
	defer o.Done()
	least, ok := o.Required("min")
	if !ok {
		return 0
	}
	n, _ := least.Int(1, int64(instances))
	return uint32(n)
}

// restart returns nil for the policy never, as the canonical form wants.
func restart(v strictyaml.Value) *proto.Restart {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	policy := proto.RestartPolicy_NEVER
	if p, ok := o.Required("policy"); ok {
		policy = proto.RestartPolicy(max(0, p.OneOf("never", "on-failure", "always")))
	}
	most, hasMax := o.Optional("max")
	backoff, hasBackoff := o.Optional("backoff")
	if policy == proto.RestartPolicy_NEVER {
		if hasMax || hasBackoff {
			v.Failf("policy never goes without max and backoff")
		}
		return nil
	}
	r := &proto.Restart{Policy: policy, BackoffMs: defaultBackoffMillis}
	least := int64(0)
	if policy == proto.RestartPolicy_ON_FAILURE {
		r.Max, least = 3, 1
	}
	if hasMax {
		n, _ := most.Int(least, maxRestarts)
		r.Max = uint32(n)
	}
	if hasBackoff {
		r.BackoffMs, _ = backoff.Millis()
	}
	return r
}

// pairs reads a mapping of names to texts, sorted by name.
func pairs(v strictyaml.Value, limit int) []proto.Pair {
	var out []proto.Pair
	for _, e := range v.Entries(limit) {
		if e.Key.Name == "" || len(e.Key.Name) > 255 || strings.ContainsAny(e.Key.Name, "=\x00") {
			e.Key.Failf("not a name: expected 1 to 255 bytes without = and NUL")
			continue
		}
		value, _ := e.Literal(maxText)
		out = append(out, proto.Pair{Name: e.Key.Name, Value: value})
	}
	slices.SortFunc(out, func(a, b proto.Pair) int { return strings.Compare(a.Name, b.Name) })
	return out
}
