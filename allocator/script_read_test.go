package allocator

import (
	"fmt"
	"slices"
	"strings"

	"fairlead/drf"
)

// groupOptions are the options of submit that are no resources.
var groupOptions = []string{"instances", "priority", "role", "restart", "max", "backoff", "gang", "preemptible", "after", "digest", "constraint", "max-runtime", "surplus", "per", "oom", "oom-max", "periodic", "overlap", "catch-up", "prefer", "near", "sticky", "prefer-wait"}

// agentOptions are those of agent, seen and offer.
var agentOptions = []string{"agent", "slots", "host"}

// resources reads every option but the named ones and attributes as an amount.
// Ports with a range are numbers of ports, read by ports.
func (c line) resources(other ...string) []Quantity {
	var out []Quantity
	for _, f := range c.fields() {
		k, v, ok := strings.Cut(f, "=")
		_, set := SetOf(k)
		if !ok || slices.Contains(other, k) || strings.HasPrefix(k, "@") || strings.Contains(v, "-") && k == "ports" || set && v[0] > '9' {
			continue
		}
		out = append(out, Quantity{k, c.amount(k)})
	}
	return out
}

// ports reads ports=31000-31005,31010-31010.
func (c line) ports() []PortRange {
	var out []PortRange
	for text := range strings.SplitSeq(c.value("ports", ""), ",") {
		var r PortRange
		if _, err := fmt.Sscanf(text, "%d-%d", &r.Begin, &r.End); err == nil {
			out = append(out, r)
		}
	}
	return out
}

// sets reads every zones{}=a,b. A number in place of the items is how many are asked for.
func (c line) sets() []Set {
	var out []Set
	for _, f := range c.fields() {
		k, v, _ := strings.Cut(f, "=")
		if name, ok := SetOf(k); ok && v[0] > '9' {
			out = append(out, Set{name, strings.Split(v, ",")})
		}
	}
	return out
}

// attributes reads every @name=value.
func (c line) attributes() []Attribute {
	var out []Attribute
	for _, f := range c.fields() {
		if k, v, ok := strings.Cut(f, "="); ok && strings.HasPrefix(k, "@") {
			out = append(out, Attribute{k[1:], v})
		}
	}
	return out
}

// constraints reads every constraint=field:OPERATOR:value, or prefer=...
func (c line) constraints(key string) []Constraint {
	var out []Constraint
	for _, f := range c.fields() {
		if text, ok := strings.CutPrefix(f, key+"="); ok {
			field, rest, _ := strings.Cut(text, ":")
			operator, value, _ := strings.Cut(rest, ":")
			out = append(out, Constraint{field, operatorOf(operator), value})
		}
	}
	return out
}

// operatorOf reads an operator; an unknown one is one past the last.
func operatorOf(name string) Operator {
	op := Unique
	for op <= Is && op.String() != name {
		op++
	}
	return op
}

// group reads a submission: one task with the resources of the line itself, or
// those of the indented lines below it.
func (c line) group(framework, name string, tasks []line) Group {
	g := Group{
		Framework: framework, Name: name, Role: c.value("role", ""), Digest: c.value("digest", string(c)),
		Instances: int32(c.number("instances", 1)), Gang: int32(c.number("gang", 0)), Priority: int32(c.number("priority", 0)),
		Restart:     Restart{Max: int32(c.number("max", 0)), BackoffMillis: c.milliseconds(c.value("backoff", "0"))},
		Constraints: c.constraints("constraint"), NotPreemptible: c.value("preemptible", "true") == "false",
		OnOOM: OnOOM{c.optional("oom"), c.optional("oom-max")}, Periodic: c.value("periodic", "") != "", Overlap: Overlap(slices.Index([]string{"skip", "queue", "replace"}, c.value("overlap", "skip"))),
		CatchUp: CatchUp(slices.Index([]string{"one", "none", "all"}, c.value("catch-up", "one"))),
		Surplus: int32(c.number("surplus", 0)), MaxRuntimeMillis: c.milliseconds(c.value("max-runtime", "0")),
	}
	if g.PerAgent = c.value("per", "") == "agent"; g.PerAgent {
		g.Instances = int32(c.number("instances", 0))
	}
	g.Prefer, g.Near, g.Sticky = c.constraints("prefer"), c.value("near", ""), c.value("sticky", "false") == "true"
	g.PreferWaitMillis = c.milliseconds(c.value("prefer-wait", "0"))
	g.Restart.Policy = map[string]RestartPolicy{
		"never": RestartNever, "on-failure": RestartOnFailure, "always": RestartAlways,
	}[c.value("restart", "never")]
	for _, name := range strings.FieldsFunc(c.value("after", ""), func(r rune) bool { return r == ',' }) {
		if name, any := strings.CutSuffix(name, ":any"); any {
			g.AfterEnd = append(g.AfterEnd, name)
		} else {
			g.After = append(g.After, name)
		}
	}
	for _, t := range tasks {
		g.Tasks = append(g.Tasks, Task{Name: t.word(1), Resources: t.resources(), Sidecar: t.word(0) == "sidecar"})
	}
	if len(tasks) == 0 {
		g.Tasks = []Task{{Name: "main", Resources: c.resources(groupOptions...)}}
	}
	return g
}

// optional reads an amount that is 0 if it is not there.
func (c line) optional(key string) drf.Amount {
	if c.value(key, "") == "" {
		return 0
	}
	return c.amount(key)
}

// config reads the Config of a new State; executor resources are written as
// executor.cpus=0.1.
func (c line) config() Config {
	cfg := Config{
		Policy: Policy(c.value("policy", "")), Placement: Placement(c.value("placement", "")),
		ReserveAfterMillis: c.milliseconds(c.value("reserve-after", "0")), HoldMillis: c.milliseconds(c.value("hold", "0")),
		Preemption: c.value("preemption", "off") == "on", PreemptMinRunMillis: c.milliseconds(c.value("min-run", "0")),
		PreemptAfterMillis: c.milliseconds(c.value("preempt-after", "0")), PreemptPerMinute: int(c.number("per-minute", 0)),
		HalfLifeMillis: c.milliseconds(c.value("half-life", "0")), FairnessMillis: c.milliseconds(c.value("fairness", "0")), MaxPlacements: int(c.number("max-placements", 0)), History: int(c.number("history", 0)),
	}
	cfg.AvoidMillis = c.milliseconds(c.value("avoid", "0"))
	cfg.Executor, cfg.Seed = c.prefixed("executor."), c.number("seed", 0)
	if cfg.FairnessKnob = c.amount("knob"); cfg.FairnessKnob == 0 {
		cfg.FairnessKnob = -1
	}
	return cfg
}

// prefixed reads the amounts of options such as guarantee.cpus=4.
func (c line) prefixed(prefix string) []Quantity {
	var out []Quantity
	for _, f := range c.fields() {
		if k, _, ok := strings.Cut(f, "="); ok && strings.HasPrefix(k, prefix) {
			out = append(out, Quantity{strings.TrimPrefix(k, prefix), c.amount(k)})
		}
	}
	return out
}
