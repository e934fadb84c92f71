package taskgroup_test

import (
	"errors"
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

func TestCoreRefusesWhatItCannotHonour(t *testing.T) {
	for _, field := range []string{"gang: true", "constraints: [[hostname, UNIQUE]]"} {
		specs, err := taskgroup.Parse("g.yaml", []byte("{name: g, "+field+", tasks: [{name: m, command: a, resources: {cpus: 1}}]}"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := taskgroup.Core(specs[0]); !errors.Is(err, allocator.ErrInvalid) {
			t.Errorf("%s: got %v, want a refusal", field, err)
		}
	}
}
