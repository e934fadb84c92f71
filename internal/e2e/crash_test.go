package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

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

type shares struct {
	Frameworks []struct {
		Name    string
		Num     uint64 `json:"share_num"`
		Den     uint64 `json:"share_den"`
		Running int
	}
}

// TestAKilledSchedulerComesBackToItsTasks ends the scheduler with SIGKILL while
// tasks run. Started again on the same file it is the same framework, every
// task is still the same process, none was launched twice, and the shares are
// as they were.
func TestAKilledSchedulerComesBackToItsTasks(t *testing.T) {
	cluster := start(t, "cluster", "--listen", "127.0.0.1:0", "--resources", paper)
	state := filepath.Join(t.TempDir(), "fairlead.db")
	args := []string{"scheduler", "--master", cluster.url, "--listen", "127.0.0.1:0", "--state", state, "--executor-slots", "64"}
	first := start(t, args...)
	if _, errs, exit := first.cli("submit", write(t, "paper.yaml", paperGroups)); exit != 0 {
		t.Fatalf("submit: exit status %d: %s", exit, errs)
	}
	eventually(t, "five running tasks", func() bool { return len(running(t, cluster)) == 5 })
	before, held := running(t, cluster), query[shares](first, "shares")
	if err := first.end(syscall.SIGKILL); err == nil {
		t.Fatal("the scheduler survived SIGKILL")
	}

	second := start(t, args...)
	eventually(t, "the reconciliation", func() bool {
		r, err := http.Get(second.url + "/readyz")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	// Two allocation cycles: time enough to launch a task twice, if it would.
	time.Sleep(2500 * time.Millisecond)
	if after := running(t, cluster); !reflect.DeepEqual(after, before) {
		t.Errorf("tasks were %v and are %v", before, after)
	}
	if after := query[shares](second, "shares"); !reflect.DeepEqual(after, held) {
		t.Errorf("shares were %+v and are %+v", held, after)
	}
}

// TestACrashWhileTheExecutorIsFetchedIsNotTheGroupsFault: the scheduler is killed while an
// agent fetches the executor from it, which fails with it. The group, which is to
// run once and never again, runs all the same.
func TestACrashWhileTheExecutorIsFetchedIsNotTheGroupsFault(t *testing.T) {
	asked, dead := make(chan struct{}), make(chan struct{})
	var first sync.Once
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first.Do(func() {
			close(asked)
			<-dead
			panic(http.ErrAbortHandler)
		})
		http.ServeFile(w, r, filepath.Join(bin, "fairlead-executor"))
	}))
	t.Cleanup(files.Close)
	cluster := start(t, "cluster", "--listen", "127.0.0.1:0", "--resources", small)
	args := []string{"scheduler", "--master", cluster.url, "--listen", "127.0.0.1:0", "--executor", files.URL + "/fairlead-executor",
		"--state", filepath.Join(t.TempDir(), "fairlead.db")}
	crashes := start(t, args...)
	crashes.submit(task("once", "true", "restart: {policy: never}"))
	<-asked
	crashes.end(syscall.SIGKILL)
	close(dead)

	comesBack := start(t, args...)
	if out, errs, exit := comesBack.cli("wait", "once"); exit != 0 {
		t.Errorf("wait: exit status %d: %s%s", exit, out, errs)
	}
	type described struct {
		History []struct{ Outcome, Message string }
	}
	history := query[described](comesBack, "describe", "once").History
	if len(history) != 2 || history[0].Outcome != "lost" || !strings.Contains(history[0].Message, "Failed to fetch all URIs") || history[1].Outcome != "finished" {
		t.Errorf("the runs of the group: %+v", history)
	}
}

// decode reads the JSON of an answer.
func decode(t *testing.T, r *http.Response, into any) {
	t.Helper()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v in\n%s", r.Request.URL, err, body)
	}
}

// running asks the master for the tasks that it sees running, and by which
// framework.
func running(t *testing.T, cluster *daemon) map[string]string {
	t.Helper()
	r, err := http.Get(cluster.url + "/state")
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Frameworks []struct {
			ID    string
			Tasks []struct{ ID, State string }
		}
	}
	decode(t, r, &state)
	out := map[string]string{}
	for _, f := range state.Frameworks {
		for _, task := range f.Tasks {
			if task.State == "TASK_RUNNING" {
				out[task.ID] = f.ID
			}
		}
	}
	return out
}

// TestASignalEndsEverything: SIGTERM, and the SIGHUP of a terminal that goes,
// end cluster, scheduler and tasks, and leave no process behind.
func TestASignalEndsEverything(t *testing.T) {
	signals := []syscall.Signal{syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // or else, under nohup, for the programs that we start, too
		signals = append(signals, syscall.SIGHUP)
	}
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) { endsEverything(t, s) })
	}
}

func endsEverything(t *testing.T, s syscall.Signal) {
	up := start(t, "up", "--listen", "127.0.0.1:0", "--ephemeral", "--resources", paper)
	if _, errs, exit := up.cli("submit", write(t, "paper.yaml", paperGroups)); exit != 0 {
		t.Fatalf("submit: exit status %d: %s", exit, errs)
	}
	eventually(t, "five running instances", func() bool {
		n := 0
		for _, f := range query[shares](up, "shares").Frameworks {
			n += f.Running
		}
		return n == 5
	})
	if err := up.end(s); err != nil {
		t.Errorf("fairlead up ended with %v", err)
	}
	if left := executors(t, filepath.Join(bin, "fairlead-executor")); len(left) > 0 {
		t.Errorf("these executors are still there: %v", left)
	}
}
