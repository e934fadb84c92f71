package taskgroup

import (
	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// instances reads how many there are at most, and of an elastic group how many
// there are at least: a number, or {min: N, max: N}.
func instances(v strictyaml.Value) (most, least uint32) {
	if !v.IsMapping() {
		n, ok := v.Int(1, maxInstances)
		if !ok {
			return maxInstances, 0 // so that a gang of them is not found wrong as well
		}
		return uint32(n), 0
	}
	o, _ := v.Object()
	defer o.Done()
	low, high := int64(1), int64(maxInstances)
	before := v.Problems()
	if m, ok := o.Required("min"); ok {
		low, _ = m.Int(1, maxInstances)
	}
	m, ok := o.Required("max")
	if ok {
		high, _ = m.Int(1, maxInstances)
	}
	switch {
	case v.Problems() > before:
		return maxInstances, 0
	case high <= low:
		m.Failf("%d is not more than the min of %d: write instances: %d for a fixed number", high, low, low)
	}
	return uint32(high), uint32(low)
}

// base is how many instances are demanded of a group: of an elastic one the least.
func base(g *proto.TaskGroup) uint32 {
	if g.InstancesMin > 0 {
		return g.InstancesMin
	}
	return g.Instances
}
