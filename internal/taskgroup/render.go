package taskgroup

import (
	"bytes"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/proto"
	"fairlead/proto/executorpb"
)

// ToJSON writes groups in the form that Parse reads, with the defaults spelled out: one indented
// object after the other. Parse gives the same groups back.
func ToJSON(groups ...*proto.TaskGroup) []byte {
	var out bytes.Buffer
	for _, g := range groups {
		out.Write(groupTree(g).ToJSON())
	}
	return out.Bytes()
}

// ToYAML is ToJSON in YAML: one document to a group.
func ToYAML(groups ...*proto.TaskGroup) []byte {
	var out bytes.Buffer
	for i, g := range groups {
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(groupTree(g).ToYAML())
	}
	return out.Bytes()
}

// Tree is a group in the form that Decode reads, to which more fields may be added.
func Tree(g *proto.TaskGroup) strictyaml.Tree { return groupTree(g) }

func groupTree(g *proto.TaskGroup) strictyaml.Tree {
	t := strictyaml.Mapping().
		With("name", strictyaml.Text(g.Name)).
		With("framework", strictyaml.Text(g.Framework)).
		WithText("role", g.Role).
		WithText("per", per(g))
	if !g.PerAgent {
		t.With("instances", instancesTree(g)).
			With("gang", gangTree(g))
	}
	t.With("priority", strictyaml.Int(g.Priority)).
		With("restart", restartTree(g.Restart))
	if len(g.Constraints) > 0 {
		t.With("constraints", constraintsTree(g.Constraints))
	}
	wishesTree(t, g)
	if len(g.After)+len(g.AfterEnd) > 0 {
		t.With("after", afterTree(g))
	}
	if o := g.OnOom; o != nil {
		t.With("on_oom", strictyaml.Mapping().With("mem", strictyaml.Text("x"+drf.Amount(o.FactorMilli).String())).
			With("max", strictyaml.Number(drf.Amount(o.MaxMemMilli).String())))
	}
	if g.Schedule != "" {
		t.With("schedule", strictyaml.Text(g.Schedule)).
			WithText("timezone", g.Timezone).
			With("overlap", strictyaml.Text([]string{"skip", "queue", "replace"}[g.Overlap])).
			With("catch_up", strictyaml.Text([]string{"one", "none", "all"}[g.CatchUp]))
	}
	t.With("preemptible", strictyaml.Bool(g.Preemptible))
	if g.MaxRuntimeMs > 0 {
		t.With("max_runtime", strictyaml.Millis(g.MaxRuntimeMs))
	}
	if len(g.Labels) > 0 {
		t.With("labels", pairsTree(g.Labels))
	}
	var members []strictyaml.Tree
	for i := range g.Tasks {
		members = append(members, taskTree(&g.Tasks[i]))
	}
	return t.With("tasks", strictyaml.List(members...))
}

func afterTree(g *proto.TaskGroup) strictyaml.Tree {
	var items []strictyaml.Tree
	for _, name := range g.After {
		items = append(items, strictyaml.Text(name))
	}
	for _, name := range g.AfterEnd {
		items = append(items, strictyaml.Mapping().With("group", strictyaml.Text(name)).With("on", strictyaml.Text("any")))
	}
	return strictyaml.List(items...)
}

func per(g *proto.TaskGroup) string {
	if g.PerAgent {
		return "agent"
	}
	return ""
}

func instancesTree(g *proto.TaskGroup) strictyaml.Tree {
	if g.InstancesMin == 0 {
		return strictyaml.Int(g.Instances)
	}
	return strictyaml.Mapping().With("min", strictyaml.Int(g.InstancesMin)).With("max", strictyaml.Int(g.Instances))
}

func gangTree(g *proto.TaskGroup) strictyaml.Tree {
	if g.GangMin == 0 || g.GangMin == base(g) {
		return strictyaml.Bool(g.GangMin > 0)
	}
	return strictyaml.Mapping().With("min", strictyaml.Int(g.GangMin))
}

func restartTree(r *proto.Restart) strictyaml.Tree {
	switch r.GetPolicy() {
	case proto.RestartPolicy_ON_FAILURE, proto.RestartPolicy_ALWAYS:
		name := "on-failure"
		if r.Policy == proto.RestartPolicy_ALWAYS {
			name = "always"
		}
		return strictyaml.Mapping().
			With("policy", strictyaml.Text(name)).
			With("max", strictyaml.Int(r.Max)).
			With("backoff", strictyaml.Millis(r.BackoffMs))
	default:
		return strictyaml.Mapping().With("policy", strictyaml.Text("never"))
	}
}

func constraintsTree(constraints []proto.Constraint) strictyaml.Tree {
	var items []strictyaml.Tree
	for _, c := range constraints {
		parts := []string{c.Field, c.Operator.String()}
		if c.Value != "" {
			parts = append(parts, c.Value)
		}
		items = append(items, texts(parts))
	}
	return strictyaml.List(items...)
}

func texts(list []string) strictyaml.Tree {
	var items []strictyaml.Tree
	for _, s := range list {
		items = append(items, strictyaml.Text(s))
	}
	return strictyaml.List(items...)
}

func pairsTree(pairs []proto.Pair) strictyaml.Tree {
	t := strictyaml.Mapping()
	for _, p := range pairs {
		t.With(p.Name, strictyaml.Text(p.Value))
	}
	return t
}

func taskTree(task *proto.Task) strictyaml.Tree {
	t := strictyaml.Mapping().With("name", strictyaml.Text(task.Name))
	if task.Sidecar {
		t.With("sidecar", strictyaml.Bool(true))
	}
	t.WithText("command", task.Command)
	if len(task.Args) > 0 {
		t.With("args", texts(task.Args))
	}
	t.With("resources", resourcesTree(task))
	if len(task.Env) > 0 {
		t.With("env", pairsTree(task.Env))
	}
	if len(task.Uris) > 0 {
		var uris []strictyaml.Tree
		for _, u := range task.Uris {
			uris = append(uris, uriTree(u))
		}
		t.With("uris", strictyaml.List(uris...))
	}
	t.With("kill_grace", strictyaml.Millis(task.KillGraceMs))
	if p := task.Ready; p != nil {
		t.With("ready", means(p.Http, p.Tcp, p.Command).
			With("timeout", strictyaml.Millis(p.TimeoutMs)).
			With("interval", strictyaml.Millis(p.IntervalMs)))
	}
	if q := task.Quit; q != nil {
		t.With("quit", means(q.Http, nil, q.Command).With("grace", strictyaml.Millis(q.GraceMs)))
	}
	if h := task.Health; h != nil {
		t.With("health", means(h.Http, h.Tcp, h.Command).
			With("interval", strictyaml.Millis(h.IntervalMs)).
			With("timeout", strictyaml.Millis(h.TimeoutMs)).
			With("grace", strictyaml.Millis(h.GraceMs)).
			With("failures", strictyaml.Int(h.Failures)))
	}
	return t
}

func resourcesTree(task *proto.Task) strictyaml.Tree {
	var all []allocator.Quantity
	for _, r := range task.Resources {
		all = append(all, allocator.Quantity{Name: r.Name, Amount: drf.Amount(r.Milli)})
	}
	return ResourcesTree(all, task.Ports)
}

// ResourcesTree is the form in which Resources reads amounts.
func ResourcesTree(of []allocator.Quantity, ports uint32) strictyaml.Tree {
	t, sets, some := strictyaml.Mapping(), strictyaml.Mapping(), false
	for _, q := range of {
		if name, ok := allocator.SetOf(q.Name); ok {
			sets.With(name, strictyaml.Number(q.Amount.String()))
			some = true
		} else {
			t.With(q.Name, strictyaml.Number(q.Amount.String()))
		}
	}
	if ports > 0 {
		t.With("ports", strictyaml.Int(ports))
	}
	if some {
		t.With(setsName, sets)
	}
	return t
}

func uriTree(u proto.URI) strictyaml.Tree {
	return strictyaml.Mapping().
		With("value", strictyaml.Text(u.Value)).
		With("executable", strictyaml.Bool(u.Executable)).
		With("extract", strictyaml.Bool(u.Extract)).
		With("cache", strictyaml.Bool(u.Cache)).
		WithText("output_file", u.OutputFile)
}

func means(http *executorpb.HTTP, tcp *executorpb.TCP, command string) strictyaml.Tree {
	t := strictyaml.Mapping()
	if http != nil {
		t.With("http", strictyaml.Mapping().
			With("port", strictyaml.Int(http.Port)).
			With("path", strictyaml.Text(http.Path)).
			With("scheme", strictyaml.Text(http.Scheme)))
	}
	if tcp != nil {
		t.With("tcp", strictyaml.Mapping().With("port", strictyaml.Int(tcp.Port)))
	}
	return t.WithText("command", command)
}
