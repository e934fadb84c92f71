package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the documents promise of the allocator, each in one test with real
// processes; what else groups can ask for is in workmodel_test.go.

const small = "cpus:2;mem:1024;disk:1024"

// explained is what the tests read of fairlead explain.
type explained struct {
	Summary string
	Reasons []struct{ Code string }
	Start   *struct {
		At      *time.Time
		Assumes string
	}
	Running, Pending int
	Preemption       []struct{ Framework, Group string }
}

// submit sends groups, which must be accepted.
func (d *daemon) submit(yaml string) {
	d.t.Helper()
	if _, errs, exit := d.cli("submit", write(d.t, "groups.yaml", yaml)); exit != 0 {
		d.t.Fatalf("submit: exit status %d: %s", exit, errs)
	}
}

// task is a task group of one task in YAML.
func task(name, command, more string) string {
	return fmt.Sprintf("---\nname: %s\n%s\ntasks: [{name: main, command: %q, resources: {cpus: 1, mem: 32}}]\n", name, more, command)
}

// TestWhatComesAfterFindsItsParentsWork: the process of a group that comes after
// another one sees what that one wrote, is explained while it waits, and never
// runs if the other one fails; nor does what comes after it in turn, unless it
// comes after any end.
func TestWhatComesAfterFindsItsParentsWork(t *testing.T) {
	up := start(t, "up", "--listen", "127.0.0.1:0", "--ephemeral", "--resources", small)
	dir := t.TempDir()
	gate, made, ran := filepath.Join(dir, "gate"), filepath.Join(dir, "made"), filepath.Join(dir, "ran")
	up.submit(task("extract", fmt.Sprintf("until test -e %s; do sleep 0.1; done; echo done > %s", gate, made), "") +
		task("load", fmt.Sprintf("grep -q done %s", made), "after: [extract]") +
		task("bad", "exit 3", "") + task("never", "touch "+ran, "after: [bad]") + task("nor", "touch "+ran, "after: [never]") +
		task("cleanup", "true", "after: [load, {group: nor, on: any}]"))
	if e := query[explained](up, "explain", "load"); !strings.Contains(e.Summary, "waits for others: it comes after task group extract") {
		t.Errorf("explain load: %s", e.Summary)
	}
	if err := os.WriteFile(gate, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, errs, exit := up.cli("wait", "extract", "load", "cleanup"); exit != 0 {
		t.Errorf("wait: exit status %d\n%s%s", exit, out, errs)
	}
	for name, parent := range map[string]string{"never": "bad", "nor": "never"} {
		if out, _, exit := up.cli("wait", name); exit != 1 || !strings.Contains(out, parent) {
			t.Errorf("wait %s: exit status %d\n%s", name, exit, out)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a group ran although the one that it comes after had failed")
	}
}

// TestInstancesGoWhereTheirConstraintsAllow: one to a rack, on two racks; the
// third is told which agent is nearest and what it fails.
func TestInstancesGoWhereTheirConstraintsAllow(t *testing.T) {
	up := start(t, "up", "--listen", "127.0.0.1:0", "--ephemeral", "--resources", small, "--agents", "3",
		"--attributes", "rack:r1", "--attributes", "rack:r2", "--attributes", "rack:r2")
	type agents struct {
		Agents []struct {
			ID         string
			Attributes map[string]string
		}
	}
	eventually(t, "three agents", func() bool { return len(query[agents](up, "agents").Agents) == 3 })
	up.submit(task("spread", "exec sleep 600", "instances: 3\nconstraints: [[rack, UNIQUE]]"))
	eventually(t, "two instances", func() bool { return query[explained](up, "explain", "spread").Running == 2 })
	rack := map[string]string{}
	for _, a := range query[agents](up, "agents").Agents {
		rack[a.ID] = a.Attributes["rack"]
	}
	taken := map[string]int{}
	for _, r := range query[struct{ Runs []struct{ Agent string } }](up, "describe", "spread").Runs {
		taken[rack[r.Agent]]++
	}
	if taken["r1"] != 1 || taken["r2"] != 1 {
		t.Errorf("instances by rack: %v", taken)
	}
	if e := query[explained](up, "explain", "spread"); !strings.Contains(e.Summary, "which fails rack UNIQUE") {
		t.Errorf("explain: %s", e.Summary)
	}
}

// TestARoleChangesWhileItsTasksRun: a limit that is raised lets more processes
// start at once; one that is lowered ends none.
func TestARoleChangesWhileItsTasksRun(t *testing.T) {
	cluster := start(t, "cluster", "--listen", "127.0.0.1:0", "--resources", "cpus:4;mem:1024;disk:1024")
	s := start(t, "scheduler", "--master", cluster.url, "--listen", "127.0.0.1:0", "--state", filepath.Join(t.TempDir(), "s.db"), "--executor-slots", "64")
	set := func(limit string) {
		t.Helper()
		if _, errs, exit := s.cli("role", "set", "eng", "--limit", limit); exit != 0 {
			t.Fatalf("role set: exit status %d: %s", exit, errs)
		}
	}
	set("cpus=1")
	s.submit(task("g", "exec sleep 600", "instances: 4\nrole: eng"))
	eventually(t, "one task", func() bool { return len(running(t, cluster)) == 1 })
	set("cpus=3")
	eventually(t, "three tasks", func() bool { return len(running(t, cluster)) == 3 })
	before := running(t, cluster)
	set("cpus=2")
	s.submit(task("more", "exec sleep 600", "role: eng"))
	if e := query[explained](s, "explain", "more"); !strings.Contains(e.Summary, "waits under a limit: role eng holds 3 of its limit of 2 cpus") {
		t.Errorf("explain: %s", e.Summary)
	}
	if after := running(t, cluster); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("tasks were %v and are %v", before, after)
	}
}

// TestAPlanSaysWhatASubmitDoes: each of the three exit statuses, and what comes
// of the submission then. The estimate of the start is held to what happens.
func TestAPlanSaysWhatASubmitDoes(t *testing.T) {
	up := start(t, "up", "--listen", "127.0.0.1:0", "--ephemeral", "--resources", small)
	const nap = "sleep 5" // long enough to ask four questions meanwhile, on a busy machine
	up.submit(task("first", nap, ""))
	if _, _, exit := up.cli("wait", "first"); exit != 0 {
		t.Fatal("the first group did not finish")
	}
	both, next, large := task("both", nap, "instances: 2"), task("next", nap, ""), task("large", "true", "instances: 3\ngang: true")
	plan := func(yaml string) int {
		_, _, exit := up.cli("plan", write(t, "plan.yaml", yaml))
		return exit
	}
	if exit := plan(both); exit != 0 {
		t.Errorf("plan of what would start: exit status %d", exit)
	}
	up.submit(both)
	eventually(t, "two instances", func() bool { return query[explained](up, "explain", "both").Running == 2 })
	if exit := plan(next); exit != 1 {
		t.Errorf("plan of what would wait: exit status %d", exit)
	}
	up.submit(next)
	e := query[explained](up, "explain", "next")
	if e.Start == nil || e.Start.At == nil || !strings.Contains(e.Start.Assumes, "default/both runs for ") {
		t.Fatalf("no estimate: %+v", e)
	}
	eventually(t, "the next group", func() bool { return query[explained](up, "explain", "next").Pending == 0 })
	if late := time.Since(*e.Start.At); late < -time.Second || late > 30*time.Second {
		t.Errorf("it started %s after the time that was estimated", late)
	}
	if exit := plan(large); exit != 2 {
		t.Errorf("plan of what could never start: exit status %d", exit)
	}
	if _, _, exit := up.cli("submit", write(t, "large.yaml", large)); exit != 2 {
		t.Errorf("submit of what could never start: exit status %d", exit)
	}
}
