package taskgroup_test

import (
	"slices"
	"strings"
	"testing"

	"fairlead/allocator"
	"fairlead/internal/taskgroup"
)

func TestCoreKeepsWhatDecides(t *testing.T) {
	specs, err := taskgroup.Parse("g.yaml", []byte(`
{name: g, framework: f, role: r/s, instances: 3, priority: 7, after: [x], restart: {policy: always, max: 2, backoff: 1s},
 tasks: [{name: m, command: "true", resources: {cpus: 1.5, mem: 10, ports: 2}},
         {name: p, sidecar: true, command: "true", resources: {cpus: 0.1, mem: 1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	g, err := taskgroup.Core(specs[0])
	if err != nil {
		t.Fatal(err)
	}
	restart := allocator.Restart{Policy: allocator.RestartAlways, Max: 2, BackoffMillis: 1000}
	if g.Framework != "f" || g.Name != "g" || g.Role != "r/s" || g.Instances != 3 || g.Priority != 7 ||
		len(g.After) != 1 || g.After[0] != "x" || g.Restart != restart || !strings.HasPrefix(g.Digest, "sha256:") {
		t.Errorf("the group became %+v", g)
	}
	if len(g.Tasks) != 2 || g.Tasks[0].Sidecar || !g.Tasks[1].Sidecar || len(g.Tasks[0].Resources) != 3 ||
		g.Tasks[0].Resources[2] != (allocator.Quantity{Name: "ports", Amount: 2000}) {
		t.Errorf("the tasks became %+v", g.Tasks)
	}
}

// TestTheAllocatorTakesEveryConstraintThatIsParsed writes each operator down in
// a file and submits what comes of it.
func TestTheAllocatorTakesEveryConstraintThatIsParsed(t *testing.T) {
	specs, err := taskgroup.Parse("g.yaml", []byte(`
name: g
constraints: [[hostname, UNIQUE], [rack, CLUSTER], [rack, CLUSTER, r1], [rack, GROUP_BY], [rack, GROUP_BY, 3],
  [rack, LIKE, "r[12]"], [rack, UNLIKE, r9], [rack, MAX_PER, 2], [level, IS, 3.5]]
tasks: [{name: m, command: a, resources: {cpus: 1}}]`))
	if err != nil {
		t.Fatal(err)
	}
	g, err := taskgroup.Core(specs[0])
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range g.Constraints {
		got = append(got, c.String())
	}
	want := []string{"hostname UNIQUE", "rack CLUSTER", `rack CLUSTER "r1"`, "rack GROUP_BY", `rack GROUP_BY "3"`,
		`rack LIKE "r[12]"`, `rack UNLIKE "r9"`, `rack MAX_PER "2"`, `level IS "3.5"`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	state, err := allocator.New(allocator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := state.Admit([]allocator.Group{g}); err != nil {
		t.Error(err)
	}
}
