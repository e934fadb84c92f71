package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fairlead/allocator"
	"fairlead/internal/journal"
	"fairlead/scheduler"
)

// Two frameworks on two agents of 4 CPUs and 8 GB. A's tasks are small, B's want memory. From an empty
// cluster A gets five and B three; then one task after the other ends, and somebody is served. A task
// ends when its file is there, so that no load of the machine changes the order.
const recordedGroups = `
framework: A
name: a
instances: 8
tasks:
  - name: main
    command: case $FAIRLEAD_INSTANCE in 0) wait=1;; 1) wait=3;; *) exec sleep 1000;; esac; until [ -e DIR/$wait ]; do sleep 0.1; done
    resources: {cpus: 1, mem: 1024}
---
framework: B
name: b
instances: 8
tasks:
  - name: main
    command: case $FAIRLEAD_INSTANCE in 0) wait=2;; 1) wait=4;; *) exec sleep 1000;; esac; until [ -e DIR/$wait ]; do sleep 0.1; done
    resources: {cpus: 1, mem: 3072}
`

// recordedScenario is the same, written down as a scenario.
const recordedScenario = `
name: same
cluster: {agents: [{name: agent1.localhost, resources: {cpus: 4, mem: 8192}}, {name: agent2.localhost, resources: {cpus: 4, mem: 8192}}]}
groups:
  - framework: A
    name: a
    instances: 8
    durations: [2s, 6s, never, never, never, never, never, never]
    tasks: [{name: main, resources: {cpus: 1, mem: 1024}}]
  - framework: B
    name: b
    instances: 8
    durations: [4s, 8s, never, never, never, never, never, never]
    tasks: [{name: main, resources: {cpus: 1, mem: 3072}}]
until: 9s
`

// TestLiveAndSimulatedDecideAlike runs task groups with real processes. Simulated, as written down and
// as imported from the journal, they are placed in the same order on the same agents. The journal
// decides the same again, and another weight shows its effect.
func TestLiveAndSimulatedDecideAlike(t *testing.T) {
	state := filepath.Join(t.TempDir(), "fairlead.db")
	up := start(t, "up", "--listen", "127.0.0.1:0", "--state", state, "--agents", "2", "--resources", "cpus:4;mem:8192")
	eventually(t, "two agents", func() bool {
		return len(query[struct{ Agents []struct{ ID string } }](up, "agents").Agents) == 2
	})
	files := t.TempDir()
	groups := strings.ReplaceAll(recordedGroups, "DIR", files)
	if _, errs, exit := up.cli("submit", write(t, "groups.yaml", groups)); exit != 0 {
		t.Fatalf("submit: exit status %d: %s", exit, errs)
	}
	eventually(t, "eight starts", func() bool { return len(launches(t, state)) >= 8 })
	for n := 1; n <= 4; n++ {
		if err := os.WriteFile(filepath.Join(files, strconv.Itoa(n)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the next start", func() bool { return len(launches(t, state)) >= 8+n })
	}

	want := launches(t, state)
	if got := simulated(t, write(t, "same.yaml", recordedScenario)); !slices.Equal(got, want) {
		t.Errorf("live:\n%s\nsimulated:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
	imported, errs, exit := up.cli("trace", "import", "journal", state)
	if exit != 0 {
		t.Fatalf("import: exit status %d: %s", exit, errs)
	}
	if got := simulated(t, write(t, "imported.json", imported)); !slices.Equal(got, want) {
		t.Errorf("live:\n%s\nimported:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
	if out, errs, exit := up.cli("replay", state); exit != 0 {
		t.Errorf("replay: exit status %d: %s%s", exit, out, errs)
	}
	expectWeightToMatter(t, imported)
	expectStateAsStart(t, up, want)
}

// expectWeightToMatter gives B four times the weight: it has more of the first eight tasks.
func expectWeightToMatter(t *testing.T, imported string) {
	t.Helper()
	heavy := strings.Replace(imported, `"frameworks": [`, `"frameworks": [{"name": "B", "weight": 4}`, 1)
	ofB := func(placements []string) (n int) {
		for _, p := range placements[:8] {
			if strings.HasPrefix(p, "B/") {
				n++
			}
		}
		return n
	}
	before, after := ofB(simulated(t, write(t, "imported.json", imported))), ofB(simulated(t, write(t, "heavy.json", heavy)))
	if before != 3 || after != 4 {
		t.Errorf("B has %d of the first eight tasks, and %d with four times the weight; want 3 and 4", before, after)
	}
}

// expectStateAsStart checks that a simulation of the state that a scheduler is in has the same
// instances on the same agents.
func expectStateAsStart(t *testing.T, up *daemon, placed []string) {
	t.Helper()
	now, errs, exit := up.cli("trace", "import", "server", up.url)
	if exit != 0 {
		t.Fatalf("import: exit status %d: %s", exit, errs)
	}
	want := map[string]bool{}
	for _, p := range placed {
		want[p] = true
	}
	for _, over := range []string{"A/a/0 ", "A/a/1 ", "B/b/0 ", "B/b/1 "} {
		maps.DeleteFunc(want, func(p string, _ bool) bool { return strings.HasPrefix(p, over) })
	}
	got := map[string]bool{}
	for _, p := range simulated(t, write(t, "now.json", now)) {
		// What runs is a group of one instance: A/a.3/0.
		p = strings.Replace(p, "/0 ", " ", 1)
		got[strings.Replace(p, ".", "/", 1)] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("running: %v\nin the simulation: %v", want, got)
	}
}

// launches are the starts that a journal has, in order, each with its agent's host.
func launches(t *testing.T, state string) []string {
	t.Helper()
	j, err := journal.OpenReadOnly(state)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	r, err := scheduler.ReadRecording(j)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	err = r.Records(func(record *scheduler.Record) {
		hosts := map[string]string{}
		for _, a := range r.View().Agents {
			hosts[a.Agent] = a.Host
		}
		for _, a := range record.Actions {
			accept, ok := a.(*allocator.Accept)
			if !ok {
				continue
			}
			for _, l := range accept.Launches {
				out = append(out, fmt.Sprintf("%s/%s/%d %s", l.Framework, l.Group, l.Instance, hosts[accept.Agent]))
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// simulated are the starts of a simulation, in order, each with its agent.
func simulated(t *testing.T, file string) []string {
	t.Helper()
	out, errs, exit := (&daemon{t: t}).cli("simulate", "--format", "json", "--placements", file)
	if exit != 0 {
		t.Fatalf("simulate: exit status %d: %s", exit, errs)
	}
	var result struct {
		Placements []struct {
			Framework, Group, Agent string
			Instance                int
		}
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range result.Placements {
		list = append(list, fmt.Sprintf("%s/%s/%d %s", p.Framework, p.Group, p.Instance, p.Agent))
	}
	return list
}
