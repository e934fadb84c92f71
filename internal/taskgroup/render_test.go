package taskgroup

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fairlead/proto"
	"fairlead/proto/executorpb"
)

func TestRenderedGroupsReadLikeTheContract(t *testing.T) {
	want, err := os.ReadFile("testdata/etl.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(ToYAML(wantETL())); got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestRenderedGroupsParseBackToThemselves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOfNDistinct(rapid.Custom(anyGroup), 1, 3,
			func(g *proto.TaskGroup) string { return g.Framework + "/" + g.Name }).Draw(t, "groups")
		for name, text := range map[string][]byte{"groups.yaml": ToYAML(groups...), "groups.json": ToJSON(groups...)} {
			back, err := Parse(name, text)
			if err != nil {
				t.Fatalf("%v in:\n%s", err, text)
			}
			if len(back) != len(groups) {
				t.Fatalf("got %d groups, want %d, from:\n%s", len(back), len(groups), text)
			}
			for i := range groups {
				if !back[i].Equal(groups[i]) {
					t.Fatalf("got  %v\nwant %v\nfrom:\n%s", back[i], groups[i], text)
				}
			}
		}
	})
}

var (
	anyName   = rapid.StringMatching(`[a-z0-9]([a-z0-9._-]{0,10}[a-z0-9])?`)
	anyText   = rapid.OneOf(rapid.StringMatching(`[ -~\n]{1,30}`), rapid.StringN(1, 30, -1)).Filter(isText)
	anyMillis = rapid.Int64Range(1, 1_000_000_000)
)

func isText(s string) bool { return s != "" && !strings.ContainsRune(s, 0) }

func anyGroup(t *rapid.T) *proto.TaskGroup {
	g := &proto.TaskGroup{
		Framework:    rapid.StringMatching(`[A-Za-z0-9]([A-Za-z0-9._-]{0,10}[A-Za-z0-9])?`).Draw(t, "framework"),
		Name:         anyName.Draw(t, "name"),
		Role:         rapid.SampledFrom([]string{"", "*", "eng", "eng/dev", "null", "1"}).Draw(t, "role"),
		Instances:    rapid.Uint32Range(1, 1_000_000).Draw(t, "instances"),
		Priority:     rapid.Int32Range(-1_000_000, 1_000_000).Draw(t, "priority"),
		Restart:      anyRestart(t),
		Constraints:  rapid.SliceOfN(rapid.Custom(anyConstraint), 0, 3).Draw(t, "constraints"),
		Preemptible:  rapid.Bool().Draw(t, "preemptible"),
		MaxRuntimeMs: rapid.Int64Range(0, 1_000_000_000).Draw(t, "max runtime"),
		Labels:       anyPairs(t),
		Tasks:        rapid.SliceOfNDistinct(rapid.Custom(anyTask), 0, 3, func(t proto.Task) string { return t.Name }).Draw(t, "tasks"),
	}
	g.Prefer = slices.DeleteFunc(rapid.SliceOfN(rapid.Custom(anyConstraint), 0, 3).Draw(t, "prefer"), func(c proto.Constraint) bool {
		return c.Operator != proto.Operator_LIKE && c.Operator != proto.Operator_IS
	})
	g.Near = rapid.OneOf(rapid.Just(""), anyName.Filter(func(s string) bool { return s != g.Name })).Draw(t, "near")
	g.Sticky, g.PreferWaitMs = rapid.Bool().Draw(t, "sticky"), rapid.Int64Range(0, 86_400_000).Draw(t, "prefer wait")
	if g.Instances > 1 && rapid.Bool().Draw(t, "elastic") {
		g.InstancesMin = rapid.Uint32Range(1, g.Instances-1).Draw(t, "least")
	}
	if rapid.Bool().Draw(t, "on oom") {
		g.OnOom = &proto.OnOOM{FactorMilli: rapid.Int64Range(1001, 100_000).Draw(t, "factor"), MaxMemMilli: rapid.Int64Range(1, 1_000_000).Draw(t, "max")}
	}
	if rapid.Bool().Draw(t, "periodic") {
		g.Schedule = rapid.SampledFrom([]string{"0 3 * * *", "@daily", "R5/2026-01-01T03:00:00Z/P1D"}).Draw(t, "schedule")
		g.Timezone = rapid.SampledFrom([]string{"", "UTC", "Europe/Berlin"}).Draw(t, "timezone")
		g.Overlap = proto.Overlap(rapid.Int32Range(0, 2).Draw(t, "overlap"))
		g.CatchUp = proto.CatchUp(rapid.Int32Range(0, 2).Draw(t, "catch up"))
	}
	g.GangMin = rapid.Uint32Range(0, base(g)).Draw(t, "gang")
	g.After = rapid.SliceOfNDistinct(anyName.Filter(func(s string) bool { return s != g.Name }), 0, 3, rapid.ID[string]).Draw(t, "after")
	slices.Sort(g.After)
	g.AfterEnd = rapid.SliceOfNDistinct(anyName.Filter(func(s string) bool { return s != g.Name && !slices.Contains(g.After, s) }),
		0, 3, rapid.ID[string]).Draw(t, "after any end")
	slices.Sort(g.AfterEnd)
	// At least one task must be no sidecar and ask for something.
	g.Tasks = append(g.Tasks, proto.Task{
		Name: "a-main-task-with-a-long-name", Command: anyText.Draw(t, "command"), KillGraceMs: 1,
		Resources: []proto.Resource{{Name: "cpus", Milli: 1}},
	})
	if rapid.IntRange(0, 4).Draw(t, "per agent") == 0 {
		g.PerAgent, g.Instances, g.InstancesMin, g.GangMin, g.OnOom = true, 0, 0, 0, nil
		g.Prefer, g.Near, g.Sticky, g.PreferWaitMs = nil, "", false, 0
		g.Schedule, g.Timezone, g.Overlap, g.CatchUp = "", "", 0, 0
		g.Constraints = slices.DeleteFunc(g.Constraints, func(c proto.Constraint) bool { return !staysPut(c) })
	}
	return g
}

func anyRestart(t *rapid.T) *proto.Restart {
	policy := proto.RestartPolicy(rapid.Int32Range(0, 2).Draw(t, "policy"))
	if policy == proto.RestartPolicy_NEVER {
		return nil
	}
	return &proto.Restart{
		Policy:    policy,
		Max:       rapid.Uint32Range(uint32(2-policy), 100).Draw(t, "max"), // on-failure needs at least one
		BackoffMs: anyMillis.Draw(t, "backoff"),
	}
}

func anyConstraint(t *rapid.T) proto.Constraint {
	c := proto.Constraint{
		Field:    rapid.StringMatching(`[!-9<-~]{1,10}`).Draw(t, "field"),
		Operator: proto.Operator(rapid.Int32Range(1, 7).Draw(t, "operator")),
	}
	switch operandOf(c.Operator) {
	case optionalText, requiredText:
		c.Value = anyText.Draw(t, "value")
	case optionalCount, requiredCount:
		c.Value = fmt.Sprint(rapid.Int32Range(1, 1000).Draw(t, "count"))
	case requiredPattern:
		c.Value = rapid.SampledFrom([]string{"eu-.*", "[0-9]+", "a|b", "x{2}", `\d`}).Draw(t, "pattern")
	}
	return c
}

func anyPairs(t *rapid.T) []proto.Pair {
	names := rapid.SliceOfNDistinct(anyText.Filter(func(s string) bool { return len(s) < 200 && !strings.Contains(s, "=") }), 0, 3, rapid.ID[string]).Draw(t, "names")
	slices.Sort(names)
	var pairs []proto.Pair
	for _, n := range names {
		pairs = append(pairs, proto.Pair{Name: n, Value: rapid.OneOf(rapid.Just(""), anyText).Draw(t, "value")})
	}
	return pairs
}

func anyTask(t *rapid.T) proto.Task {
	task := proto.Task{
		Name:        anyName.Draw(t, "name"),
		Resources:   anyResources(t),
		Ports:       rapid.Uint32Range(1, 5).Draw(t, "ports"),
		Env:         anyPairs(t),
		Uris:        rapid.SliceOfN(rapid.Custom(anyURI), 0, 2).Draw(t, "uris"),
		KillGraceMs: rapid.Int64Range(0, 100_000).Draw(t, "kill grace"),
		Sidecar:     rapid.Bool().Draw(t, "sidecar"),
	}
	if rapid.Bool().Draw(t, "shell") {
		task.Command = anyText.Draw(t, "command")
	} else {
		task.Args = append([]string{anyText.Draw(t, "program")}, rapid.SliceOfN(anyText, 0, 3).Draw(t, "args")...)
	}
	if task.Sidecar {
		http, tcp, command := anyMeans(t, task.Ports)
		task.Ready = &executorpb.Probe{Http: http, Tcp: tcp, Command: command, TimeoutMs: anyMillis.Draw(t, "timeout"), IntervalMs: anyMillis.Draw(t, "interval")}
		task.Quit = &executorpb.Quit{Command: anyText.Draw(t, "quit"), GraceMs: anyMillis.Draw(t, "grace")}
	}
	if rapid.Bool().Draw(t, "health") {
		http, tcp, command := anyMeans(t, task.Ports)
		task.Health = &executorpb.Health{
			Http: http, Tcp: tcp, Command: command, Failures: rapid.Uint32Range(1, 10).Draw(t, "failures"),
			IntervalMs: anyMillis.Draw(t, "interval"), TimeoutMs: anyMillis.Draw(t, "timeout"), GraceMs: anyMillis.Draw(t, "grace"),
		}
	}
	return task
}

func anyResources(t *rapid.T) []proto.Resource {
	var out []proto.Resource
	for _, name := range []string{"cpus", "mem", "disk", "gpus", "bandwidth", "licences"} {
		n := rapid.Int64Range(0, 1<<52).Draw(t, name)
		if name == "gpus" {
			n -= n % 1000 // parts of one are for simulations
		}
		if n > 0 {
			out = append(out, proto.Resource{Name: name, Milli: n})
		}
	}
	if n := rapid.Int64Range(0, 1000).Draw(t, "zones"); n > 0 {
		out = append(out, proto.Resource{Name: "zones{}", Milli: 1000 * n})
	}
	return out
}

func anyURI(t *rapid.T) proto.URI {
	return proto.URI{
		Value:      rapid.StringMatching(`(https?|hdfs)://[a-z0-9.:]{1,10}/[a-zA-Z0-9._?=&%#-]{0,10}`).Draw(t, "uri"),
		Executable: rapid.Bool().Draw(t, "executable"),
		Extract:    rapid.Bool().Draw(t, "extract"),
		Cache:      rapid.Bool().Draw(t, "cache"),
		OutputFile: rapid.SampledFrom([]string{"", "a", "a/b c.txt"}).Draw(t, "output file"),
	}
}

func anyMeans(t *rapid.T, ports uint32) (*executorpb.HTTP, *executorpb.TCP, string) {
	port := rapid.Uint32Range(0, ports-1).Draw(t, "port")
	switch rapid.IntRange(0, 2).Draw(t, "means") {
	case 0:
		return &executorpb.HTTP{
			Port:   port,
			Path:   rapid.StringMatching(`/[!-~]{0,10}`).Draw(t, "path"),
			Scheme: rapid.SampledFrom([]string{"http", "https"}).Draw(t, "scheme"),
		}, nil, ""
	case 1:
		return nil, &executorpb.TCP{Port: port}, ""
	default:
		return nil, nil, anyText.Draw(t, "command")
	}
}
