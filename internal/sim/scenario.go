package sim

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// Limits on one scenario.
const (
	maxAgents     = 1_000_000
	maxEntries    = 1_000_000 // of groups
	maxFrameworks = 100_000
	maxAttributes = 100
	maxText       = 1_000
)

// Scenario is one simulation to run, with every default filled in.
type Scenario struct {
	Name       string
	Agents     []Agent
	Roles      []Role
	Frameworks []Framework
	Groups     []Group
	// Changes are made at their times, in order of time.
	Changes []Change
	// Mode is how it is decided who runs where, Offers are the rules where it is WholeAgents.
	Mode   Mode
	Offers Offers
	// Arrivals gives further groups, if it is not nil: in the order of their arrival, one after the other
	// as their time comes, and all of them again with each call. What a group comes after must not have
	// ended before it arrives.
	Arrivals  func() iter.Seq2[Group, error]
	Policy    allocator.Policy
	Placement allocator.Placement
	// HalfLifeMillis is allocator.Config.HalfLifeMillis.
	HalfLifeMillis int64
	// FairnessKnob is allocator.Config.FairnessKnob.
	FairnessKnob drf.Amount
	// Overcommit is nil if no agent ever holds more than it has.
	Overcommit *Overcommit
	// Faults is nil if nothing goes wrong.
	Faults *Faults
	// Executor is what each instance costs beside its tasks.
	Executor []allocator.Quantity
	// UntilMillis is when the simulation stops at the latest. At 0 it only fills the cluster.
	UntilMillis int64
	// ClockMillis is the time of day when the simulation begins, since 1970, for schedules.
	ClockMillis int64
	// ReserveAfterMillis is allocator.Config.ReserveAfterMillis.
	ReserveAfterMillis int64
	// HoldMillis is allocator.Config.HoldMillis.
	HoldMillis int64
	// AvoidMillis is allocator.Config.AvoidMillis.
	AvoidMillis int64
	// ShrinkAfterMillis and GrowAfterMillis are those of allocator.Config.
	ShrinkAfterMillis, GrowAfterMillis int64
	// Preemption is allocator.Config.Preemption.
	Preemption bool
	Seed       int64
}

// Agent is one machine.
type Agent struct {
	Name       string
	Resources  []allocator.Quantity
	Ports      uint32
	Attributes []allocator.Attribute
	// part is what it has of an agent that was cut, in thousandths; 0 for all.
	part int64
	// JoinsMillis is when it joins the cluster, and LeavesMillis when it leaves; 0 if it never does.
	JoinsMillis, LeavesMillis int64
}

// Role is a role with a weight of its own.
type Role struct {
	Name   string
	Weight drf.Amount
	// Guarantee and Limit are those of allocator.RoleSet.
	Guarantee, Limit []allocator.Quantity
}

// Framework is a framework with a role or a weight of its own.
type Framework struct {
	Name   string
	Role   string
	Weight drf.Amount
	// Accept is what it does with offers; nil to launch as much as fits.
	Accept *Accept
}

// Parse reads the scenarios of a YAML or JSON file, one to a document. Either the whole file is good
// or the error is a strictyaml.Errors with all that is wrong with it.
func Parse(filename string, data []byte) ([]*Scenario, error) {
	return parse(filename, data, func(strictyaml.Value) {})
}

// parse reads the scenarios after each was changed.
func parse(filename string, data []byte, change func(doc strictyaml.Value)) ([]*Scenario, error) {
	f := strictyaml.ParseLarge(filename, data)
	docs := f.Documents()
	if len(docs) == 0 && f.Err() == nil {
		f.Fail("no scenario in the file")
	}
	var scenarios []*Scenario
	for _, doc := range docs {
		change(doc)
		if o, ok := doc.Object(); ok {
			scenarios = append(scenarios, scenario(o))
			o.Done()
		}
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return scenarios, nil
}

func scenario(o *strictyaml.Object) *Scenario {
	s := &Scenario{Placement: allocator.Placements()[0], Seed: 1}
	if v, ok := o.Required("name"); ok {
		s.Name, _ = v.Matching(namePattern, "a name: letters, digits and . _ -, at most 100")
	}
	mode(o, s)
	if v, ok := o.Required("cluster"); ok {
		s.Agents = cluster(v)
	}
	if v, ok := o.Optional("roles"); ok {
		s.Roles = roles(v)
		if v.Problems() == 0 {
			checkGuarantees(v, s)
			checkNoQuota(v, s.Mode, s.Roles...)
		}
	}
	if v, ok := o.Optional("frameworks"); ok {
		s.Frameworks = frameworks(v, s.Mode)
	}
	rules(o, s)
	if v, ok := o.Required("groups"); ok {
		s.Groups = groups(v, s)
	}
	if v, ok := o.Optional("changes"); ok {
		s.Changes = changes(v, s)
	}
	return s
}

// rules reads by what is decided, and for how long.
func rules(o *strictyaml.Object, s *Scenario) {
	if v, ok := o.Optional("policy"); ok {
		s.Policy = oneOf(v, allocator.Policies())
	}
	if v, ok := o.Optional("placement"); ok {
		s.Placement = oneOf(v, allocator.Placements())
	}
	if v, ok := o.Optional("half_life"); ok {
		s.HalfLifeMillis, _ = v.Millis()
	}
	if v, ok := o.Optional("fairness_knob"); ok {
		s.FairnessKnob = fairnessKnob(v)
	}
	if v, ok := o.Optional("overcommit"); ok {
		s.Overcommit = overcommit(v)
	}
	if v, ok := o.Optional("faults"); ok {
		s.Faults = faults(v, s.Mode)
	}
	if v, ok := o.Optional("executor"); ok {
		s.Executor = executor(v)
	}
	if v, ok := o.Optional("until"); ok {
		s.UntilMillis, _ = v.Millis()
	}
	if v, ok := o.Optional("clock"); ok {
		s.ClockMillis = clock(v)
	}
	if v, ok := o.Optional("seed"); ok {
		s.Seed, _ = v.Int(-1<<63, 1<<63-1)
	}
	if v, ok := o.Optional("reserve_after"); ok {
		s.ReserveAfterMillis = reserveAfter(v)
	}
	s.HoldMillis = optionalMillis(o, "offer_hold")
	if v, ok := o.Optional("avoid_failed"); ok {
		s.AvoidMillis = reserveAfter(v)
	}
	s.ShrinkAfterMillis, s.GrowAfterMillis = optionalMillis(o, "shrink_after"), optionalMillis(o, "grow_after")
	if v, ok := o.Optional("preemption"); ok {
		s.Preemption = v.Bool()
	}
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// oneOf reads one of the allocator's names for its rules.
func oneOf[T ~string](v strictyaml.Value, names []T) T {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = string(n)
	}
	return names[max(0, v.OneOf(texts...))]
}

// fairnessKnob reads a number from 0 to 1. The allocator reads 0 as its default.
func fairnessKnob(v strictyaml.Value) drf.Amount {
	f, ok := v.Amount()
	if ok && f > drf.Unit {
		v.Failf("expected a number from 0 to 1")
	}
	if f == 0 {
		return -1
	}
	return f
}

// policyByName is the policy that a scenario names, or the one that follows from its roles.
func (s *Scenario) policyByName() allocator.Policy {
	nested := func(role string) bool { return strings.Contains(role, "/") }
	switch {
	case s.Policy != allocator.Auto:
		return s.Policy
	case slices.ContainsFunc(s.Roles, func(r Role) bool { return nested(r.Name) }),
		slices.ContainsFunc(s.Frameworks, func(f Framework) bool { return nested(f.Role) }),
		slices.ContainsFunc(s.Groups, func(g Group) bool { return nested(g.Spec.Role) }):
		return allocator.HDRF
	}
	return allocator.DRF
}

// maxDuration bounds the text of a duration.
const maxDuration = 100

// reserveAfter reads a duration or "never". The allocator reads 0 as its default.
func reserveAfter(v strictyaml.Value) int64 {
	if v.IsText() {
		if text, _ := v.Text(maxDuration); text == "never" {
			return -1
		}
	}
	return atLeastOne(v)
}

// optionalMillis reads a duration, if there is one.
func optionalMillis(o *strictyaml.Object, field string) int64 {
	if v, ok := o.Optional(field); ok {
		return atLeastOne(v)
	}
	return 0
}

// atLeastOne reads a duration of which the allocator reads 0 as its default.
func atLeastOne(v strictyaml.Value) int64 {
	millis, _ := v.Millis()
	return max(millis, 1)
}

func executor(v strictyaml.Value) []allocator.Quantity {
	resources, ports := taskgroup.Resources(v)
	if ports > 0 || hasSets(resources) {
		v.Failf("an executor has no ports, and no items of sets")
	}
	return quantities(resources)
}

func hasSets(resources []proto.Resource) bool {
	return slices.ContainsFunc(resources, func(r proto.Resource) bool {
		_, set := allocator.SetOf(r.Name)
		return set
	})
}

func quantities(resources []proto.Resource) []allocator.Quantity {
	var out []allocator.Quantity
	for _, r := range resources {
		out = append(out, allocator.Quantity{Name: r.Name, Amount: drf.Amount(r.Milli)})
	}
	return out
}

func roles(v strictyaml.Value) []Role {
	var out []Role
	lines := make(map[string]int)
	at := make(map[string]strictyaml.Value)
	for _, item := range v.List(maxFrameworks) {
		o, ok := item.Object()
		if !ok {
			continue
		}
		r := Role{Weight: weight(o)}
		if name, ok := o.Required("name"); ok {
			r.Name = taskgroup.Role(name)
		}
		r.Guarantee, r.Limit = taskgroup.Quota(o)
		o.Done()
		if line, twice := lines[r.Name]; twice && r.Name != "" {
			item.Failf("role %s is already defined in line %d", r.Name, line)
		}
		lines[r.Name] = item.Line()
		at[r.Name] = item
		out = append(out, r)
	}
	taskgroup.CheckRoles(roleSets(out), at)
	return out
}

// roleSets is what the allocator is told of the roles.
func roleSets(roles []Role) []allocator.RoleSet {
	var out []allocator.RoleSet
	for _, r := range roles {
		out = append(out, allocator.RoleSet{Role: r.Name, Weight: int64(r.Weight), Guarantee: r.Guarantee, Limit: r.Limit})
	}
	return allocator.ParentsFirst(out)
}

// checkGuarantees refuses what the cluster could not keep.
func checkGuarantees(v strictyaml.Value, s *Scenario) {
	total, promised := map[string]drf.Amount{}, map[string]drf.Amount{}
	for _, a := range s.Agents {
		for _, q := range a.Resources {
			total[q.Name] += q.Amount
		}
		total["ports"] += drf.Amount(a.Ports) * drf.Unit
	}
	for _, r := range s.Roles {
		for _, g := range r.Guarantee {
			if strings.Contains(r.Name, "/") {
				continue // part of what the role above is promised
			}
			before := promised[g.Name]
			if promised[g.Name] += g.Amount; promised[g.Name] > total[g.Name] && before <= total[g.Name] {
				v.Failf("guarantees of %s %s together can't be met: the cluster has %s", promised[g.Name], g.Name, total[g.Name])
			}
		}
	}
}

// checkNoQuota refuses quotas where the master has none.
func checkNoQuota(v strictyaml.Value, mode Mode, roles ...Role) {
	for _, r := range roles {
		if mode == WholeAgents && len(r.Guarantee)+len(r.Limit) > 0 {
			v.Failf("role %s: guarantees and limits are not for mode offers: its master knows weights only", r.Name)
		}
	}
}

func frameworks(v strictyaml.Value, mode Mode) []Framework {
	var out []Framework
	lines := make(map[string]int)
	for _, item := range v.List(maxFrameworks) {
		o, ok := item.Object()
		if !ok {
			continue
		}
		f := Framework{Role: "*", Weight: weight(o)}
		if name, ok := o.Required("name"); ok {
			f.Name = taskgroup.FrameworkName(name)
		}
		if role, ok := o.Optional("role"); ok {
			f.Role = taskgroup.Role(role)
		}
		if v, ok := o.Optional("accept"); ok {
			if f.Accept = accept(v); mode != WholeAgents {
				v.Failf("is for mode offers only")
			}
		}
		o.Done()
		if line, twice := lines[f.Name]; twice && f.Name != "" {
			item.Failf("framework %s is already defined in line %d", f.Name, line)
		}
		lines[f.Name] = item.Line()
		out = append(out, f)
	}
	return out
}

func weight(o *strictyaml.Object) drf.Amount {
	v, ok := o.Optional("weight")
	if !ok {
		return drf.Unit
	}
	a, ok := v.Amount()
	if ok && (a == 0 || a > drf.MaxWeight) {
		v.Failf("expected more than 0 and at most %s", drf.MaxWeight)
	}
	return a
}

// clock reads a time of day.
func clock(v strictyaml.Value) int64 {
	text, ok := v.Literal(maxText)
	if !ok {
		return 0
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		v.Failf("%q: expected a time such as 2026-01-01T00:00:00Z", text)
		return 0
	}
	return at.UnixMilli()
}
