package taskgroup

import (
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// maxFactor bounds by how much memory grows at a time.
const maxFactor = 100 * drf.Unit

// onOOM reads {mem: x1.5, max: 4096}.
func onOOM(v strictyaml.Value) *proto.OnOOM {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	out := &proto.OnOOM{}
	if mem, ok := o.Required("mem"); ok {
		if text, ok := mem.Literal(maxSchedule); ok {
			number, times := strings.CutPrefix(text, "x")
			factor, err := drf.ParseAmount(number)
			if !times || err != nil || factor <= drf.Unit || factor > maxFactor {
				mem.Failf("%q: expected how many times as much, more than x1 and at most x100, such as x1.5", text)
			}
			out.FactorMilli = int64(factor)
		}
	}
	if most, ok := o.Required("max"); ok {
		if a, ok := most.Amount(); ok {
			if a == 0 {
				most.Failf("expected the most memory that a task is given, in MiB")
			}
			out.MaxMemMilli = int64(a)
		}
	}
	return out
}

func coreOnOOM(o *proto.OnOOM) allocator.OnOOM {
	if o == nil {
		return allocator.OnOOM{}
	}
	return allocator.OnOOM{Factor: drf.Amount(o.FactorMilli), Max: drf.Amount(o.MaxMemMilli)}
}
