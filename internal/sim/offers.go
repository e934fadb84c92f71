package sim

import (
	"fairlead/allocator"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// Mode says on how many levels it is decided who runs where.
type Mode string

// The modes.
const (
	// Tasks is one level: the allocator places instances.
	Tasks Mode = "tasks"
	// WholeAgents is two: a master makes offers of whole agents, frameworks launch on them.
	WholeAgents Mode = "offers"
)

// Offers are the rules of the master, with WholeAgents.
type Offers struct {
	// IntervalMillis is the time from one allocation cycle to the next.
	IntervalMillis int64
	// RefuseMillis is how long a framework gets no offer again that it did not use.
	RefuseMillis int64
}

// Accept is what a framework does with offers, with WholeAgents.
type Accept struct {
	// Instances is how many it starts on one offer at most, 0 for as many as fit.
	Instances int64
	// Least is what an offer must hold for the framework to look at it.
	Least []allocator.Quantity
	// RefuseMillis is that of Offers for this framework; negative for the same.
	RefuseMillis int64
}

const (
	defaultInterval = 1_000 // as in Mesos
	defaultRefuse   = 5_000
)

// offers reads the rules of the master.
func offers(v strictyaml.Value) Offers {
	out := Offers{IntervalMillis: defaultInterval, RefuseMillis: defaultRefuse}
	o, ok := v.Object()
	if !ok {
		return out
	}
	defer o.Done()
	if v, ok := o.Optional("interval"); ok {
		before := v.Problems()
		if out.IntervalMillis, _ = v.Millis(); out.IntervalMillis == 0 && v.Problems() == before {
			v.Failf("must be longer than 0s")
		}
	}
	if v, ok := o.Optional("refuse"); ok {
		out.RefuseMillis, _ = v.Millis()
	}
	return out
}

// accept reads what a framework does with offers.
func accept(v strictyaml.Value) *Accept {
	out := &Accept{RefuseMillis: -1}
	o, ok := v.Object()
	if !ok {
		return out
	}
	defer o.Done()
	if v, ok := o.Optional("instances"); ok {
		out.Instances, _ = v.Int(1, maxEntries)
	}
	if v, ok := o.Optional("least"); ok {
		resources, ports := taskgroup.Resources(v)
		out.Least = quantities(resources)
		if ports > 0 {
			v.Failf("an offer is not looked at for its ports")
		}
	}
	if v, ok := o.Optional("refuse"); ok {
		out.RefuseMillis, _ = v.Millis()
	}
	return out
}

// mode reads the mode of a scenario and its rules, and what goes with another mode only.
func mode(o *strictyaml.Object, s *Scenario) {
	s.Mode, s.Offers = Tasks, Offers{IntervalMillis: defaultInterval, RefuseMillis: defaultRefuse}
	if v, ok := o.Optional("mode"); ok {
		s.Mode = oneOf(v, []Mode{Tasks, WholeAgents})
	}
	if v, ok := o.Optional("offers"); ok {
		if s.Offers = offers(v); s.Mode != WholeAgents {
			v.Failf("is for mode offers only")
		}
	}
	if s.Mode == Tasks {
		return
	}
	s.Policy = allocator.DRF // what a Mesos master does
	for _, field := range []string{"executor", "preemption", "reserve_after", "offer_hold", "avoid_failed", "shrink_after", "grow_after", "fairness_knob", "half_life", "placement"} {
		if v, ok := o.Optional(field); ok {
			v.Failf("is not for mode offers, in which the frameworks decide what is launched on an offer")
		}
	}
}

// checkOffered refuses a group that asks for what frameworks of two levels do not do here, and says why.
func checkOffered(v strictyaml.Value, g *proto.TaskGroup) {
	const first = "a framework starts things on the first offer that has room"
	for _, has := range []struct {
		what string
		is   bool
		why  string
	}{
		{"gang", g.GangMin > 0, "a framework sees the agents one by one, and keeps no offer until it has enough of them"},
		{"instances: {min: ...}", g.InstancesMin > 0, "a framework does not know whether others wait"},
		{"constraints", len(g.Constraints) > 0, first}, {"prefer", len(g.Prefer) > 0, first},
		{"near", g.Near != "", first}, {"sticky", g.Sticky, first},
		{"max_runtime", g.MaxRuntimeMs > 0, "a framework has no clock"},
	} {
		if has.is {
			v.Failf("%s is not for mode offers: there %s", has.what, has.why)
		}
	}
}
