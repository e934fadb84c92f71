package executor

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// maxResident is the promise of docs/performance.md for an executor with ten tasks.
const maxResident = 10 << 20

// An executor with ten running tasks stays small. The time from exec to SUBSCRIBE is reported, not judged:
// it depends on what else the machine does.
func TestFootprint(t *testing.T) {
	const starts = 9
	var latencies []time.Duration
	var resident memory
	for i := range starts {
		agent := newTestAgent(t)
		p := startProgram(t, agent)
		agent.awaitStream(1)
		latencies = append(latencies, agent.arrivals()[0].Sub(p.started))
		if i == 0 {
			resident = p.withTenTasks()
		}
		agent.shutdown()
		p.wantExit(0)
	}
	slices.Sort(latencies)
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("exec to SUBSCRIBE: median %v, worst of %d %v", latencies[starts/2], starts, latencies[starts-1])
	t.Logf("ten tasks: %.1f MiB resident, of it %.1f MiB anonymous; binary %.1f MiB",
		mib(resident.rss), mib(resident.anonymous), mib(int(binary.Size())))
	if resident.rss > maxResident {
		t.Errorf("%.1f MiB resident with ten tasks, at most %.1f are promised", mib(resident.rss), mib(maxResident))
	}
}

func mib(bytes int) float64 { return float64(bytes) / (1 << 20) }

// withTenTasks launches them and measures once all run and everything is acknowledged.
func (p *program) withTenTasks() memory {
	p.t.Helper()
	var tasks []mesos.TaskInfo
	for i := range 10 {
		tasks = append(tasks, shellTask(fmt.Sprint("t", i), "exec sleep 100"))
	}
	p.launchGroup(tasks...)
	for _, task := range tasks {
		p.awaitState(task.TaskID.Value, started)
	}
	return memoryOf(p.t, p.cmd.Process.Pid)
}

// memory is what a process occupies, in bytes. Resident pages of the program file are shared by all executors
// of a machine that use the same copy; anonymous ones are what one more executor costs in any case.
type memory struct{ rss, anonymous int }

func memoryOf(t *testing.T, pid int) memory {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Skipf("no smaps_rollup to measure memory with: %v", err)
	}
	field := func(name string) int {
		_, rest, found := strings.Cut(string(content), "\n"+name+":")
		var kib int
		if _, err := fmt.Sscan(rest, &kib); !found || err != nil {
			t.Fatalf("no %s in\n%s", name, content)
		}
		return kib << 10
	}
	return memory{rss: field("Rss"), anonymous: field("Anonymous")}
}
