package recorded

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// endlessTime is a time limit for a scenario in which everything ends by itself.
const endlessTime = 36_500 * 24 * 3_600_000

// Write writes the scenario in JSON, one agent and one task group a line.
func (w *Workload) Write(to io.Writer) error {
	out := bufio.NewWriter(to)
	names := w.agentNames()
	fmt.Fprintf(out, "{\n\"name\": %s,\n\"cluster\": {\"agents\": [", strictyaml.Text(w.Name).ToLine())
	for i, a := range w.Agents {
		fmt.Fprintf(out, "%s\n%s", comma(i), agentTree(a, names[a.ID]).ToLine())
	}
	fmt.Fprintf(out, "\n]},\n\"roles\": [")
	for i, r := range w.configured() {
		fmt.Fprintf(out, "%s\n%s", comma(i), roleTree(r).ToLine())
	}
	fmt.Fprintf(out, "],\n\"frameworks\": [")
	for i, f := range w.Frameworks {
		tree := strictyaml.Mapping().With("name", strictyaml.Text(f.Framework)).With("role", strictyaml.Text(f.Role)).With("weight", amount(drf.Amount(f.Weight)))
		fmt.Fprintf(out, "%s\n%s", comma(i), tree.ToLine())
	}
	fmt.Fprintf(out, "],\n\"groups\": [")
	for i := range w.Groups {
		fmt.Fprintf(out, "%s\n%s", comma(i), w.tree(i, names).ToLine())
	}
	fmt.Fprintf(out, "\n],\n\"changes\": [")
	for i, c := range w.changes {
		fmt.Fprintf(out, "%s\n%s", comma(i), c.tree(names).ToLine())
	}
	fmt.Fprintf(out, "],\n")
	w.settings(out)
	return out.Flush()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// settings writes what decisions depend on beside the workload.
func (w *Workload) settings(out io.Writer) {
	c := w.Config
	line := func(name string, value strictyaml.Tree) { fmt.Fprintf(out, "%q: %s,\n", name, value.ToLine()) }
	if c.Policy != "" {
		line("policy", strictyaml.Text(string(c.Policy)))
	}
	if c.Placement != "" {
		line("placement", strictyaml.Text(string(c.Placement)))
	}
	if executor := w.executor(); len(executor) > 0 {
		line("executor", taskgroup.ResourcesTree(executor, 0))
	}
	time := func(name string, millis int64) {
		switch {
		case millis < 0:
			line(name, strictyaml.Text("never"))
		case millis > 0:
			line(name, strictyaml.Millis(millis))
		}
	}
	time("reserve_after", c.ReserveAfterMillis)
	time("offer_hold", c.HoldMillis)
	time("avoid_failed", c.AvoidMillis)
	time("shrink_after", c.ShrinkAfterMillis)
	time("grow_after", c.GrowAfterMillis)
	time("half_life", c.HalfLifeMillis)
	if c.FairnessKnob != 0 && c.Placement == allocator.Tetris {
		line("fairness_knob", amount(max(c.FairnessKnob, 0)))
	}
	if c.Preemption {
		line("preemption", strictyaml.Bool(true))
	}
	fmt.Fprintf(out, "\"until\": %s\n}\n", strictyaml.Millis(w.until()).ToLine())
}

// until is when the scenario ends: when all has, or with the recording.
func (w *Workload) until() int64 {
	for _, g := range w.Groups {
		if g.Spec.PerAgent || !g.killed && slices.Contains(g.Durations, 0) {
			return max(w.EndMillis, 1)
		}
	}
	return endlessTime
}

func amount(a drf.Amount) strictyaml.Tree { return strictyaml.Number(a.String()) }

func agentTree(a Agent, name string) strictyaml.Tree {
	t := strictyaml.Mapping().With("name", strictyaml.Text(name)).With("resources", taskgroup.ResourcesTree(a.Resources, a.Ports))
	if a.JoinsMillis > 0 {
		t.With("joins", strictyaml.Millis(a.JoinsMillis))
	}
	if len(a.Attributes) == 0 {
		return t
	}
	attributes := strictyaml.Mapping()
	for _, x := range a.Attributes {
		attributes.With(x.Name, strictyaml.Text(x.Value))
	}
	return t.With("attributes", attributes)
}

func (c change) tree(names map[string]string) strictyaml.Tree {
	t := strictyaml.Mapping().With("at", strictyaml.Millis(c.atMillis))
	switch {
	case c.leaves != "":
		return t.With("leaves", strictyaml.Text(names[c.leaves]))
	case c.joins != "":
		return t.With("joins", strictyaml.Text(names[c.joins]))
	case c.framework != nil:
		return t.With("framework", strictyaml.Text(c.framework.Framework)).With("role", strictyaml.Text(c.framework.Role)).
			With("weight", amount(drf.Amount(c.framework.Weight)))
	case c.role != nil:
		return t.With("role", strictyaml.Text(c.role.Role)).With("weight", amount(drf.Amount(c.role.Weight))).
			With("guarantee", taskgroup.ResourcesTree(c.role.Guarantee, 0)).With("limit", taskgroup.ResourcesTree(c.role.Limit, 0))
	default:
		return t.With("kill", strictyaml.Text(c.kill.framework+"/"+c.kill.name))
	}
}

func roleTree(r allocator.RoleSet) strictyaml.Tree {
	t := strictyaml.Mapping().With("name", strictyaml.Text(r.Role)).With("weight", amount(drf.Amount(r.Weight)))
	if len(r.Guarantee) > 0 {
		t.With("guarantee", taskgroup.ResourcesTree(r.Guarantee, 0))
	}
	if len(r.Limit) > 0 {
		t.With("limit", taskgroup.ResourcesTree(r.Limit, 0))
	}
	return t
}

// tree is the n-th group with its times, without what a simulation does not look at: nothing fails there,
// so that nothing is started again.
func (w *Workload) tree(n int, names map[string]string) strictyaml.Tree {
	g := w.Groups[n]
	spec := *g.Spec
	spec.After, spec.AfterEnd = w.after(n, spec.After), w.after(n, spec.AfterEnd)
	if parts := w.parts[owner{spec.Framework, spec.Near}]; len(parts) > 0 {
		spec.Near = w.Groups[parts[0]].Spec.Name
	}
	spec.Restart, spec.MaxRuntimeMs, spec.Labels = nil, 0, nil
	spec.Tasks = nil
	for _, t := range g.Spec.Tasks {
		spec.Tasks = append(spec.Tasks, proto.Task{
			Name: t.Name, Sidecar: t.Sidecar, Resources: t.Resources, Ports: t.Ports, KillGraceMs: t.KillGraceMs,
		})
	}
	switch {
	case g.Agent != "":
		spec.Constraints = []proto.Constraint{onAgents(proto.Operator_LIKE, names, g.Agent)}
	case len(g.Except) > 0:
		spec.Constraints = append(slices.Clip(spec.Constraints), onAgents(proto.Operator_UNLIKE, names, g.Except...))
	}
	t := taskgroup.Tree(&spec)
	if g.ArrivalMillis > 0 {
		t.With("arrival", strictyaml.Millis(g.ArrivalMillis))
	}
	return g.durations(t)
}

// onAgents is a constraint on the names of agents.
func onAgents(operator proto.Operator, names map[string]string, ids ...string) proto.Constraint {
	var patterns []string
	for _, id := range ids {
		patterns = append(patterns, regexp.QuoteMeta(names[id]))
	}
	return proto.Constraint{Field: "hostname", Operator: operator, Value: strings.Join(patterns, "|")}
}

// durations adds one duration where all are the same, otherwise a list of them.
func (g Group) durations(t strictyaml.Tree) strictyaml.Tree {
	same := true
	var list []strictyaml.Tree
	for _, d := range g.Durations {
		same = same && d == g.Durations[0]
		if d == 0 {
			list = append(list, strictyaml.Text("never"))
		} else {
			list = append(list, strictyaml.Millis(d))
		}
	}
	switch {
	case len(list) == 0, same && g.Durations[0] == 0:
		return t
	case same:
		return t.With("duration", list[0])
	default:
		return t.With("durations", strictyaml.List(list...))
	}
}
