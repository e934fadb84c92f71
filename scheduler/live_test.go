package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap/zaptest"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/cluster"
	"fairlead/internal/journal"
	"fairlead/internal/mesoshttp"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
	"fairlead/scheduler"
)

// executorPath is the real executor, built once for the package.
var executorPath string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "fairlead-scheduler-test-")
	if err != nil {
		panic(err)
	}
	executorPath = filepath.Join(dir, "fairlead-executor")
	if out, err := exec.Command("go", "build", "-o", executorPath, "fairlead/cmd/fairlead-executor").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the executor: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// world is a cluster with real processes and a scheduler on it.
type world struct {
	t       *testing.T
	cluster *cluster.Cluster
	state   string
	anew    bool // scheduler.Config.StartAnew
	*scheduler.Scheduler
	stop func()
	ends error // of the scheduler, by itself
}

var overhead = []allocator.Quantity{{Name: "cpus", Amount: 10}, {Name: "mem", Amount: 32 * drf.Unit}, {Name: "disk", Amount: drf.Unit}}

func newWorld(t *testing.T, resources string) *world {
	t.Helper()
	c, err := cluster.Start(t.Context(), cluster.Config{
		Resources: resources, ExecutorSlots: 64, ExecutorOverhead: "cpus:0.01;mem:32;disk:1",
		AllocationInterval: 50 * time.Millisecond, WorkDir: t.TempDir(), Logger: zaptest.NewLogger(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, cluster: c, state: filepath.Join(t.TempDir(), "state.db")}
	w.start()
	return w
}

// start opens the journal and runs a scheduler on it until stop.
func (w *world) start() {
	w.t.Helper()
	j, err := journal.Open(w.state)
	if err != nil {
		w.t.Fatal(err)
	}
	client, err := mesoshttp.New(mesoshttp.Config{Masters: w.cluster.URL()})
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := scheduler.Open(scheduler.Config{
		Mesos: client, Journal: j, Logger: zaptest.NewLogger(w.t),
		Framework: mesos.FrameworkInfo{
			User: "root", Name: "fairlead", Roles: []string{"*"}, FailoverTimeout: new(60.0), Checkpoint: new(true),
			Capabilities: []mesos.FrameworkInfo_Capability{
				{Type: mesos.FrameworkInfo_Capability_MULTI_ROLE}, {Type: mesos.FrameworkInfo_Capability_PARTITION_AWARE},
				{Type: mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT}, {Type: mesos.FrameworkInfo_Capability_TASK_KILLING_STATE},
			},
		},
		Allocator: allocator.Config{Executor: overhead, History: 100},
		Executor:  scheduler.Executor{Path: executorPath, Resources: overhead}, SlotsPerAgent: 64, StartAnew: w.anew,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	w.Scheduler = s
	w.stop = func() {
		if stopped {
			return
		}
		stopped = true
		if w.ends == nil {
			cancel()
		}
		if err := <-ended; !errors.Is(err, w.ends) {
			w.t.Errorf("the scheduler ended: %v", err)
		}
		cancel()
		client.Close()
		if err := j.Close(); err != nil {
			w.t.Error(err)
		}
	}
	w.t.Cleanup(w.stop)
}

func (w *world) submit(yaml string) {
	w.t.Helper()
	groups, err := taskgroup.Parse("test.yaml", []byte(yaml))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Submit(w.t.Context(), groups, false); err != nil {
		w.t.Fatal(err)
	}
}

// eventually waits until the view is as wanted.
func (w *world) eventually(what string, ok func(*allocator.View) bool) *allocator.View {
	w.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		v, err := w.View(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if ok(v) {
			return v
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("gave up waiting for %s; the groups are\n%+v\nand the frameworks\n%+v", what, v.Groups, v.Frameworks)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// running counts the instances of each group whose tasks all run.
func running(v *allocator.View) map[string]int {
	out := map[string]int{}
	for _, g := range v.Groups {
		for _, in := range g.Runs {
			if in.State == "running" {
				out[g.Framework+"/"+g.Name]++
			}
		}
	}
	return out
}

const paper = "cpus:9;mem:18432;disk:16384;ports:[31000-31999]"

const paperGroups = `
framework: A
name: a
instances: 10
tasks: [{name: main, command: exec sleep 1000, resources: {cpus: 1, mem: 4096}}]
---
framework: B
name: b
instances: 10
tasks: [{name: main, command: exec sleep 1000, resources: {cpus: 3, mem: 1024}}]
`

func TestThePapersExampleRunsAsRealProcesses(t *testing.T) {
	w := newWorld(t, paper)
	w.submit(paperGroups)
	v := w.eventually("A with 3 and B with 2 instances", func(v *allocator.View) bool {
		n := running(v)
		return n["A/a"] == 3 && n["B/b"] == 2
	})
	for _, f := range v.Frameworks {
		if f.Share.String() != "2/3" {
			t.Errorf("framework %s has a dominant share of %s, want 2/3", f.Framework, f.Share)
		}
	}
}

func TestAGroupsEndIsReported(t *testing.T) {
	w := newWorld(t, paper)
	w.submit(`
name: good
tasks: [{name: main, command: "echo hello; exit 0", resources: {cpus: 0.1, mem: 32}}]
---
name: bad
tasks: [{name: main, command: exit 3, resources: {cpus: 0.1, mem: 32}}]
---
name: again
restart: {policy: on-failure, max: 2, backoff: 10ms}
tasks: [{name: main, command: exit 3, resources: {cpus: 0.1, mem: 32}}]
`)
	v := w.eventually("all three to end", func(v *allocator.View) bool {
		for _, g := range v.Groups {
			if g.Outcome == allocator.Unfinished {
				return false
			}
		}
		return len(v.Groups) == 3
	})
	want := map[string]string{"good": "finished", "bad": "failed", "again": "failed"}
	attempts := map[string]int{"good": 1, "bad": 1, "again": 3}
	for _, g := range v.Groups {
		if g.Outcome.String() != want[g.Name] || len(g.History) != attempts[g.Name] {
			t.Errorf("group %s ended as %s after %d runs (%s), want %s after %d", g.Name, g.Outcome, len(g.History), g.Message, want[g.Name], attempts[g.Name])
		}
	}
}

func TestARestartKeepsFrameworkTasksAndShares(t *testing.T) {
	w := newWorld(t, paper)
	w.submit(paperGroups)
	steady := func(v *allocator.View) bool { n := running(v); return n["A/a"] == 3 && n["B/b"] == 2 }
	before := w.eventually("the steady state", steady)
	id := w.Status().FrameworkID
	w.stop()
	w.start()
	w.eventually("the reconciliation", func(*allocator.View) bool { return w.Status().Reconciled })
	after := w.eventually("the steady state again", steady)
	if got := w.Status().FrameworkID; got != id || id == "" {
		t.Errorf("framework id %q became %q", id, got)
	}
	if got, want := runIDs(after), runIDs(before); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("runs %v became %v: a task was lost or launched twice", want, got)
	}
}

// A framework that was torn down ends its scheduler, which says so at each start, until it is told to
// go on as a new one. Then all that had not ended starts again, and that is no failure of it.
func TestARemovedFrameworkIsReplacedIfThatIsWanted(t *testing.T) {
	w := newWorld(t, paper)
	w.submit("name: service\ntasks: [{name: main, command: exec sleep 1000, resources: {cpus: 1, mem: 64}}]\n")
	before := runIDs(w.eventually("the service", func(v *allocator.View) bool { return running(v)["default/service"] == 1 }))
	id := w.Status().FrameworkID
	w.ends = scheduler.ErrRemoved
	answer, err := http.PostForm(w.cluster.URL()+"/teardown", url.Values{"frameworkId": {id}})
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	w.stop()
	w.start()
	w.stop()

	w.anew, w.ends = true, nil
	w.start()
	after := w.eventually("the service to run again", func(v *allocator.View) bool {
		return running(v)["default/service"] == 1 && fmt.Sprint(runIDs(v)) != fmt.Sprint(before)
	})
	if got := w.Status().FrameworkID; got == id || got == "" {
		t.Errorf("framework id %q became %q", id, got)
	}
	if g := after.Groups[0]; g.Outcome != allocator.Unfinished {
		t.Errorf("the service counts as %s", g.Outcome)
	}
}

func runIDs(v *allocator.View) []string {
	var out []string
	for _, g := range v.Groups {
		for _, in := range g.Runs {
			out = append(out, fmt.Sprintf("%s/%s/%d=%s", g.Framework, g.Name, in.Instance, in.Run))
		}
	}
	return out
}

func TestKillEndsAGroupAndFreesItsShare(t *testing.T) {
	w := newWorld(t, paper)
	w.submit(paperGroups)
	w.eventually("the steady state", func(v *allocator.View) bool { n := running(v); return n["A/a"] == 3 && n["B/b"] == 2 })
	if err := w.Kill(t.Context(), "B", "b", -1); err != nil {
		t.Fatal(err)
	}
	w.eventually("A to have what memory allows", func(v *allocator.View) bool {
		n := running(v)
		return n["A/a"] == 4 && n["B/b"] == 0
	})
	if err := w.Forget(t.Context(), "B", "b"); err != nil {
		t.Error(err)
	}
}

func TestAConflictingSubmissionChangesNothing(t *testing.T) {
	w := newWorld(t, paper)
	group := func(cpus int) []*proto.TaskGroup {
		gs, err := taskgroup.Parse("x.yaml", fmt.Appendf(nil, "{name: x, tasks: [{name: m, command: sleep 1000, resources: {cpus: %d, mem: 32}}]}", cpus))
		if err != nil {
			t.Fatal(err)
		}
		return gs
	}
	if _, err := w.Submit(t.Context(), group(1), false); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Submit(t.Context(), group(1), false); err != nil {
		t.Errorf("the same specification again: %v", err)
	}
	if _, err := w.Submit(t.Context(), group(2), false); err == nil {
		t.Error("another specification under the name was accepted")
	}
}
