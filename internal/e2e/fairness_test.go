package e2e

import (
	"os"
	"strings"
	"testing"
)

const fourCPUs = "cpus:4;mem:1024;disk:1024"

// up starts a cluster of its own for a test.
func up(t *testing.T, resources string, more ...string) *daemon {
	t.Helper()
	return start(t, append([]string{"up", "--listen", "127.0.0.1:0", "--ephemeral", "--resources", resources}, more...)...)
}

// runs waits until so many instances of a group run, and explains it then.
func (d *daemon) runs(group string, want int) (e explained) {
	d.t.Helper()
	eventually(d.t, group, func() bool {
		e = query[explained](d, "explain", group)
		return e.Running == want
	})
	return e
}

// done runs a command that must succeed.
func (d *daemon) done(args ...string) {
	d.t.Helper()
	if out, errs, exit := d.cli(args...); exit != 0 {
		d.t.Fatalf("fairlead %s: exit status %d\n%s%s", strings.Join(args, " "), exit, out, errs)
	}
}

// says fails the test unless a group's summary has some words.
func (e explained) says(t *testing.T, words string) {
	t.Helper()
	if !strings.Contains(e.Summary, words) {
		t.Errorf("%q is not in: %s", words, e.Summary)
	}
}

// names are those in a directory.
func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// TestARoleHasWhatItIsPromisedAndNoMoreThanItMay: two of four CPUs are kept for a
// role that comes late, and it never gets more than three.
func TestARoleHasWhatItIsPromisedAndNoMoreThanItMay(t *testing.T) {
	up := up(t, fourCPUs)
	up.done("role", "set", "eng", "--guarantee", "cpus=2", "--limit", "cpus=3")
	up.submit(task("greedy", "exec sleep 600", "instances: 9\nrole: sales"))
	up.runs("greedy", 2).says(t, "guarantees are not met yet: role eng 2 of 2")
	up.submit(task("late", "exec sleep 600", "instances: 9\nrole: eng"))
	up.runs("late", 2)
	up.done("kill", "greedy")
	up.submit(task("modest", "exec sleep 600", "role: sales"))
	up.runs("modest", 1)
	up.runs("late", 3).says(t, "role eng holds 3 of its limit of 3 cpus")
}

// TestAGangStartsWholeOrNotAtAll: with room for one of two workers none starts, and
// both do when there is room for two.
func TestAGangStartsWholeOrNotAtAll(t *testing.T) {
	up := up(t, small, "--agents", "2")
	dir := t.TempDir()
	up.submit(task("one", "exec sleep 600", "instances: 2\nconstraints: [[hostname, IS, agent1.localhost]]") +
		task("two", "exec sleep 600", "instances: 2\nconstraints: [[hostname, IS, agent2.localhost]]"))
	up.runs("one", 2)
	up.runs("two", 2)
	gang := task("gang", "touch "+dir+"/$FAIRLEAD_INSTANCE; exec sleep 600", "instances: 2\ngang: true")
	up.submit(strings.Replace(gang, "cpus: 1", "cpus: 2", 1))
	up.done("kill", "one")
	eventually(t, "room for one worker", func() bool {
		return strings.Contains(query[explained](up, "explain", "gang").Summary, "of which there is room for 1")
	})
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("of the gang only %v have started", got)
	}
	up.done("kill", "two")
	up.runs("gang", 2)
	eventually(t, "both workers", func() bool { return len(names(t, dir)) == 2 })
}

// TestPreemptionEndsWhatIsNeededAndNoMore: a framework that is entitled to half is
// told who will make room, and gets its half; only so many processes of the other
// one are asked to end.
func TestPreemptionEndsWhatIsNeededAndNoMore(t *testing.T) {
	up := up(t, fourCPUs, "--preemption", "--preempt-after", "1s", "--preempt-min-run", "1s")
	dir := t.TempDir()
	work := task("work", "trap 'touch "+dir+"/$FAIRLEAD_RUN; exit 1' TERM; while :; do sleep 0.1; done", "framework: batch\ninstances: 4")
	up.submit(strings.Replace(work, "resources:", "kill_grace: 1m, resources:", 1))
	up.runs("batch/work", 4)
	up.submit(task("api", "exec sleep 600", "framework: service\ninstances: 4"))
	eventually(t, "a plan of whom to end", func() bool {
		e := query[explained](up, "explain", "service/api")
		return len(e.Preemption) > 0 && e.Preemption[0].Framework == "batch" || e.Running > 0
	})
	up.runs("service/api", 2)
	up.runs("batch/work", 2)
	if asked := names(t, dir); len(asked) != 2 {
		t.Errorf("these runs were asked to end: %v", asked)
	}
	if out, _, _ := up.cli("events"); strings.Count(out, "preempting") != 2 {
		t.Errorf("events:\n%s", out)
	}
}
