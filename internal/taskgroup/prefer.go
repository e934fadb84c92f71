package taskgroup

import (
	"fairlead/allocator"
	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// wishes reads what a group would like of agents for a while.
func wishes(o *strictyaml.Object, g *proto.TaskGroup) {
	if v, ok := o.Optional("prefer"); ok {
		g.Prefer = preferences(v)
	}
	if v, ok := o.Optional("near"); ok {
		if g.Near, ok = v.Matching(namePattern, nameRule); ok && g.Near == g.Name {
			v.Failf("a group can't be near itself: constraints such as [hostname, CLUSTER] keep its instances together")
		}
	}
	if v, ok := o.Optional("sticky"); ok {
		g.Sticky = v.Bool()
	}
	if v, ok := o.Optional("prefer_wait"); ok {
		g.PreferWaitMs = preferWait(v)
	}
}

// preferences reads constraints that say something about an agent whatever runs there.
func preferences(v strictyaml.Value) []proto.Constraint {
	var out []proto.Constraint
	for _, item := range v.List(maxConstraints) {
		c, ok := constraint(item)
		switch {
		case !ok:
			continue
		case !staysPut(c):
			item.Failf("%s depends on where instances are: expected LIKE, UNLIKE, IS, or CLUSTER with a value", c.Operator)
		}
		out = append(out, c)
	}
	return out
}

func preferWait(v strictyaml.Value) int64 {
	millis, ok := v.Millis()
	switch {
	case ok && millis == 0:
		v.Failf("must be longer than 0s")
	case millis > allocator.MaxPreferWaitMillis:
		v.Failf("expected at most 24h")
	}
	return millis
}

func wishesTree(t strictyaml.Tree, g *proto.TaskGroup) {
	if len(g.Prefer) > 0 {
		t.With("prefer", constraintsTree(g.Prefer))
	}
	t.WithText("near", g.Near)
	if g.Sticky {
		t.With("sticky", strictyaml.Bool(true))
	}
	if g.PreferWaitMs > 0 {
		t.With("prefer_wait", strictyaml.Millis(g.PreferWaitMs))
	}
}
