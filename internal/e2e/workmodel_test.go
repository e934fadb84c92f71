package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlead/internal/cluster"
)

// described is what the tests read of fairlead describe.
type described struct {
	State            string
	Running, Failed  int
	GrownMem         float64 `json:"grown_mem"`
	Runs             []struct{ Agent, State, Run string }
	History          []struct{ Outcome, Cause, Message string }
	Due, Next, Ended *time.Time
}

// TestAnElasticGroupUsesWhatIsIdleAndGivesItBack: one of four is demanded; the others
// run while nobody waits, and end, without having failed, when somebody does.
func TestAnElasticGroupUsesWhatIsIdleAndGivesItBack(t *testing.T) {
	up := up(t, fourCPUs)
	up.submit(task("flexible", "exec sleep 600", "instances: {min: 1, max: 4}"))
	up.runs("flexible", 4)
	up.submit(task("owed", "exec sleep 600", "framework: other\ninstances: 3"))
	up.runs("other/owed", 3)
	up.runs("flexible", 1)
	d := query[described](up, "describe", "flexible")
	if d.State != "running" || d.Failed > 0 || len(d.History) != 3 {
		t.Errorf("%+v", d)
	}
	for _, end := range d.History {
		if end.Outcome != "surplus" {
			t.Errorf("an instance that made room ended so: %+v", end)
		}
	}
}

// TestADaemonGroupIsOnEachAgent: also on one that joins later, not where its
// constraints forbid it, and again on the agent where its process was killed.
func TestADaemonGroupIsOnEachAgent(t *testing.T) {
	c, err := cluster.Start(context.Background(), cluster.Config{
		Agents: 4, Resources: small, Attributes: []string{"rack:r1", "rack:r1", "rack:r2", "rack:r1"}, WorkDir: t.TempDir(),
		ExecutorSlots: 8, ExecutorOverhead: "cpus:0.01;mem:32;disk:1",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		c.Close(ctx)
	})
	if err := c.Partition(3); err != nil {
		t.Fatal(err)
	}
	s := start(t, "scheduler", "--master", c.URL(), "--listen", "127.0.0.1:0", "--state", filepath.Join(t.TempDir(), "s.db"), "--executor-slots", "8")
	dir, ids := t.TempDir(), c.AgentIDs()
	s.submit(task("shipper", "echo $$ > "+dir+"/$FAIRLEAD_INSTANCE.tmp; mv "+dir+"/$FAIRLEAD_INSTANCE.tmp "+dir+"/$FAIRLEAD_INSTANCE; exec sleep 600",
		"per: agent\nconstraints: [[rack, IS, r1]]\nrestart: {policy: always, backoff: 100ms}"))
	expectOn(t, s, ids[0], ids[1])

	if err := c.Heal(3); err != nil {
		t.Fatal(err)
	}
	expectOn(t, s, ids[0], ids[1], ids[3])

	var pid int
	eventually(t, "the process of instance 1", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "1"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another process of instance 1", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "1"))
		again, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return again > 0 && again != pid
	})
	expectOn(t, s, ids[0], ids[1], ids[3])
}

// expectOn waits until the daemon group has one running instance on each of these
// agents, which are in order, and on no other.
func expectOn(t *testing.T, s *daemon, agents ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("one instance on each of %v", agents), func() bool {
		var on []string
		for _, r := range query[described](s, "describe", "shipper").Runs {
			if r.State == "running" {
				on = append(on, r.Agent)
			}
		}
		slices.Sort(on)
		return slices.Equal(on, agents)
	})
}

// TestAPeriodicGroupRunsWhenItIsDue: once in two seconds, each time with the time that
// it was due, none left out; killed, it is over.
func TestAPeriodicGroupRunsWhenItIsDue(t *testing.T) {
	up := up(t, small)
	log := filepath.Join(t.TempDir(), "log")
	up.submit(task("tick", "echo $FAIRLEAD_DUE >> "+log, "schedule: R/2026-01-01T00:00:00Z/PT2S\noverlap: queue\ncatch_up: all"))
	if d := query[described](up, "describe", "tick"); d.Next == nil || d.Next.Unix()%2 != 0 {
		t.Errorf("%+v", d)
	}
	var ran []string
	eventually(t, "three runs", func() bool {
		text, _ := os.ReadFile(log)
		ran = strings.Fields(string(text))
		return len(ran) >= 3
	})
	for i, at := range ran {
		due, err := time.Parse(time.RFC3339, at)
		before, _ := time.Parse(time.RFC3339, ran[max(i-1, 0)])
		if err != nil || i > 0 && due.Sub(before) != 2*time.Second {
			t.Errorf("it ran at %v, want once in two seconds", ran)
		}
	}
	up.done("kill", "tick")
	eventually(t, "its end", func() bool { return query[described](up, "describe", "tick").Ended != nil })
}

// TestAGroupThatRanOutOfMemoryIsGivenMore: a process that holds more than its group
// asked for is ended by the agent, and runs again with twice as much, which is enough.
func TestAGroupThatRanOutOfMemoryIsGivenMore(t *testing.T) {
	up := up(t, fourCPUs, "--limit-memory")
	gate := filepath.Join(t.TempDir(), "gate")
	// tail holds it all until its reader reads, which it does when the gate is open.
	command := "head -c 150000000 /dev/zero | tail -c 150000000 | { until test -e " + gate + "; do sleep 0.1; done; cat > /dev/null; }"
	group := task("eater", command, "restart: {policy: on-failure, max: 3, backoff: 100ms}\non_oom: {mem: x2, max: 512}")
	up.submit(strings.Replace(group, "mem: 32", "mem: 100", 1))
	eventually(t, "a second run", func() bool {
		d := query[described](up, "describe", "eater")
		return len(d.History) == 1 && d.Running == 1
	})
	d := query[described](up, "describe", "eater")
	if !strings.HasPrefix(d.History[0].Message, "Memory limit exceeded") || d.GrownMem != 100 {
		t.Errorf("%+v", d)
	}
	if out, _, _ := up.cli("explain", "eater"); !strings.Contains(out, "is given 100 MiB of memory more than was asked for") {
		t.Errorf("explain:\n%s", out)
	}
	if err := os.WriteFile(gate, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	up.done("wait", "eater")
	if d := query[described](up, "describe", "eater"); d.State != "finished" || len(d.History) != 2 {
		t.Errorf("%+v", d)
	}
}
