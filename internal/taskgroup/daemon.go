package taskgroup

import (
	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// perAgent reads whether a group has an instance on each agent, and refuses the
// fields that go against that. The others have been read.
func perAgent(o *strictyaml.Object, g *proto.TaskGroup) {
	if v, ok := o.Optional("per"); !ok || v.OneOf("agent") != 0 {
		return
	}
	g.PerAgent, g.Instances = true, 0
	for _, field := range []struct{ name, why string }{
		{"instances", "there are as many as there are agents"},
		{"gang", "instances start one by one, as agents join"},
		{"prefer", "an instance is for one agent"},
		{"near", "an instance is for one agent"},
		{"sticky", "an instance stays on its agent as it is"},
		{"prefer_wait", "an instance is for one agent"},
		{"schedule", "it never ends"},
		{"on_oom", "its memory does not grow"},
	} {
		if extra, has := o.Optional(field.name); has {
			extra.Failf("does not go with per: agent: %s", field.why)
		}
	}
	if v, ok := o.Optional("constraints"); ok && len(g.Constraints) == v.Len() { // else some are wrong anyway
		for i, c := range g.Constraints {
			if !staysPut(c) {
				v.Item(i).Failf("%s depends on where instances are: per: agent goes with LIKE, UNLIKE, IS, or CLUSTER with a value", c.Operator)
			}
		}
	}
}

// staysPut reports whether a constraint says something about an agent whatever
// runs there.
func staysPut(c proto.Constraint) bool {
	switch c.Operator {
	case proto.Operator_LIKE, proto.Operator_UNLIKE, proto.Operator_IS:
		return true
	}
	return c.Operator == proto.Operator_CLUSTER && c.Value != ""
}
