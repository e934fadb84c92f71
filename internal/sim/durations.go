package sim

import "fairlead/internal/strictyaml"

// durations reads one duration for each instance, if they are there; "never" is one without end.
func durations(o *strictyaml.Object, g *Group) []int64 {
	v, ok := o.Optional("durations")
	if !ok {
		return nil
	}
	var out []int64
	before := v.Problems()
	for _, item := range v.List(maxEntries) {
		out = append(out, durationOrNever(item))
	}
	switch {
	case v.Problems() > before:
	case g.DurationMillis > 0 || g.duration != nil:
		v.Failf("the group has a duration as well")
	case g.arrival != nil:
		v.Failf("instances that arrive one by one can't have durations by number: draw them")
	case len(out) != int(g.Spec.Instances):
		v.Failf("expected one for each of %d instances, got %d", g.Spec.Instances, len(out))
	}
	return out
}

// durationOrNever is 0 for never.
func durationOrNever(v strictyaml.Value) int64 {
	if v.IsText() {
		if text, _ := v.Literal(maxDuration); text == "never" {
			return 0
		}
	}
	ms, ok := v.Millis()
	if ok && ms == 0 {
		v.Failf("must be longer than 0s, or never")
	}
	return ms
}
