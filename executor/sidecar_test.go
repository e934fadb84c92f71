package executor

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/proto/executorpb"
)

// withSpec adds to a task what Mesos' TaskInfo cannot say.
func withSpec(t *testing.T, info mesos.TaskInfo, spec *executorpb.TaskSpec) mesos.TaskInfo {
	t.Helper()
	data, err := spec.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	info.Data = data
	return info
}

// sidecar is a task called envoy that serves the others of its group.
func sidecar(t *testing.T, line string, spec *executorpb.TaskSpec) mesos.TaskInfo {
	t.Helper()
	spec.Sidecar = true
	return withSpec(t, shellTask("envoy", line), spec)
}

// whenExists is a probe that succeeds once a file is there.
func whenExists(file string, timeout time.Duration) *executorpb.Probe {
	return &executorpb.Probe{Command: "test -e " + file, IntervalMs: 10, TimeoutMs: timeout.Milliseconds()}
}

// port serves handler on a loopback port for the length of the test.
func port(t *testing.T, handler http.HandlerFunc) uint32 {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return portOf(server.Listener)
}

func portOf(l net.Listener) uint32 { return uint32(l.Addr().(*net.TCPAddr).Port) }

// freePort is a port on which nobody listens.
func freePort(t *testing.T) uint32 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return portOf(l)
}

const served = "ended after the tasks it served: "

// The sidecar comes last in the group, is started first, and ends after the main task, which needs it ready.
func TestMainStartsWhenTheSidecarIsReady(t *testing.T) {
	changes, _ := runAll(t, nil, []mesos.TaskInfo{
		shellTask("train", "test -e ready"),
		sidecar(t, "sleep 0.1; touch ready; exec sleep 100", &executorpb.TaskSpec{Ready: whenExists("ready", patience)}),
	})
	wantStory(t, changes, "train", "STARTING (waiting for its sidecars), RUNNING, FINISHED (exited with status 0)")
	wantStory(t, changes, "envoy", "STARTING, RUNNING, FINISHED ("+served+"terminated by signal SIGTERM)")
	first := func(task string, state mesos.TaskState) int {
		return slices.IndexFunc(changes, func(c change) bool { return c.task == task && c.state == state })
	}
	if first("envoy", started) > first("train", started) || first("envoy", finished) < first("train", finished) {
		t.Errorf("wrong order: %v", changes)
	}
}

func TestSidecarWithoutProbeIsReadyWhenItRuns(t *testing.T) {
	changes, _ := runAll(t, nil, []mesos.TaskInfo{
		shellTask("train", "true"), shellTask("other", "sleep 0.1"), sidecar(t, "exec sleep 100", &executorpb.TaskSpec{})})
	wantStory(t, changes, "other", "STARTING (waiting for its sidecars), RUNNING, FINISHED (exited with status 0)")
	wantStory(t, changes, "envoy", "STARTING, RUNNING, FINISHED ("+served+"terminated by signal SIGTERM)")
}

func TestSidecarNotReadyInTime(t *testing.T) {
	probe := &executorpb.Probe{Http: &executorpb.HTTP{Port: freePort(t), Path: "/"}, TimeoutMs: 100, IntervalMs: 10}
	changes, sandbox := runAll(t, nil, []mesos.TaskInfo{
		shellTask("train", "touch started"), shellTask("other", "touch started"),
		sidecar(t, "exec sleep 100", &executorpb.TaskSpec{Ready: probe}),
	})
	wantStory(t, changes, "train", `STARTING (waiting for its sidecars), `+
		`FAILED (main "train" not started: sidecar "envoy" not ready after 100ms (last probe: connection refused))`)
	reason := `killed because task "train" of its group failed`
	wantStory(t, changes, "other", "STARTING (waiting for its sidecars), KILLED ("+reason+")")
	wantStory(t, changes, "envoy",
		"STARTING, RUNNING, KILLING ("+reason+"), KILLED ("+reason+": terminated by signal SIGTERM)")
	if _, err := os.Stat(filepath.Join(sandbox, "started")); err == nil {
		t.Error("a main task was started")
	}
}

// A sidecar that ends by itself, however well, fails the group as long as anybody may need it.
func TestSidecarMustOutliveTheTasksItServes(t *testing.T) {
	never := whenExists("never", patience)
	tests := []struct {
		name, line string
		ready      *executorpb.Probe
		envoy      string
		main       string
	}{
		{"while they run", "sleep 0.1", nil, "exited with status 0",
			`STARTING (waiting for its sidecars), RUNNING, KILLING (REASON), KILLED (REASON: terminated by signal SIGTERM)`},
		{"before they start", "exit 3", never, "exited with status 3",
			"STARTING (waiting for its sidecars), KILLED (REASON)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changes, _ := runAll(t, nil, []mesos.TaskInfo{shellTask("train", "exec sleep 100"),
				sidecar(t, test.line, &executorpb.TaskSpec{Ready: test.ready})})
			wantStory(t, changes, "envoy", "STARTING, RUNNING, FAILED ("+test.envoy+" before the tasks it served)")
			wantStory(t, changes, "train",
				strings.ReplaceAll(test.main, "REASON", `killed because task "envoy" of its group failed`))
		})
	}
}

func TestSidecarIsAskedToQuit(t *testing.T) {
	const obedient = "until [ -e quit ]; do sleep 0.01; done"
	var sandbox atomic.Value // of the running test, for the server that stands for the sidecar's port
	quitter := func(status int, obey bool) *executorpb.Quit {
		return &executorpb.Quit{GraceMs: patience.Milliseconds(), Http: &executorpb.HTTP{Path: "/quit",
			Port: port(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.URL.Path != "/quit" {
					t.Errorf("asked to quit by %s %s", r.Method, r.URL)
				}
				if obey {
					os.WriteFile(filepath.Join(sandbox.Load().(string), "quit"), nil, 0o600)
				}
				w.WriteHeader(status)
			})}}
	}
	deafQuit := &executorpb.Quit{Command: "true", GraceMs: 50}
	tests := []struct {
		name, line string
		quit       *executorpb.Quit
		end        string
	}{
		{"over HTTP", obedient, quitter(200, true), "exited with status 0"},
		{"by a command", obedient, &executorpb.Quit{Command: "touch quit", GraceMs: patience.Milliseconds()}, "exited with status 0"},
		{"and the hook fails", obedient, quitter(500, false), "terminated by signal SIGTERM"},
		{"and the command fails", obedient, &executorpb.Quit{Command: "false", GraceMs: patience.Milliseconds()}, "terminated by signal SIGTERM"},
		{"and nobody listens", obedient, &executorpb.Quit{Http: &executorpb.HTTP{Port: freePort(t)}}, "terminated by signal SIGTERM"},
		{"and it does not", obedient, deafQuit, "terminated by signal SIGTERM"},
		{"and it ignores signals too", deaf, deafQuit, "terminated by signal SIGKILL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := &executorpb.TaskSpec{Quit: test.quit}
			if test.line == deaf {
				spec.Ready = whenExists("deaf", patience)
			}
			changes, _ := runAll(t, func(r *runner, _ change) { sandbox.Store(r.sandbox) }, []mesos.TaskInfo{
				shellTask("train", "true"),
				withGrace(sidecar(t, test.line, spec), 50*time.Millisecond)})
			wantStory(t, changes, "envoy", "STARTING, RUNNING, FINISHED ("+served+test.end+")")
		})
	}
}

// With its group a sidecar is killed as any other task, also while it is being asked to quit.
func TestKilledGroupTakesItsSidecars(t *testing.T) {
	quit := &executorpb.Quit{Command: "touch quitting", GraceMs: patience.Milliseconds()}
	t.Run("because a main failed", func(t *testing.T) {
		changes, sandbox := runAll(t, nil, []mesos.TaskInfo{shellTask("train", "exit 1"),
			sidecar(t, "exec sleep 100", &executorpb.TaskSpec{Quit: quit})})
		reason := `killed because task "train" of its group failed`
		wantStory(t, changes, "envoy",
			"STARTING, RUNNING, KILLING ("+reason+"), KILLED ("+reason+": terminated by signal SIGTERM)")
		if _, err := os.Stat(filepath.Join(sandbox, "quitting")); err == nil {
			t.Error("the sidecar was asked to quit")
		}
	})
	t.Run("while it was asked to quit", func(t *testing.T) {
		changes, _ := runAll(t, func(r *runner, c change) {
			if c.task == "train" && c.state == finished {
				r.loop.after(0, func() { r.kill("envoy", nil) })
			}
		}, []mesos.TaskInfo{shellTask("train", "true"), sidecar(t, "exec sleep 100", &executorpb.TaskSpec{Quit: quit})})
		wantStory(t, changes, "envoy", "STARTING, RUNNING, "+
			"KILLING (killed on request), KILLED (killed on request: terminated by signal SIGTERM)")
	})
}

// What is killed may need its proxy to end well, so that goes last, whichever of them the KILL is for.
func TestKilledTasksAreServedToTheirEnd(t *testing.T) {
	const train = "trap 'sleep 0.3; test -e gone || touch served; exit 0' TERM; touch up; until false; do sleep 0.01; done"
	const envoy = "trap 'touch gone; exit 0' TERM; touch ready; until false; do sleep 0.01; done"
	for _, first := range []string{"train", "envoy"} {
		t.Run("KILL for "+first, func(t *testing.T) {
			changes, sandbox := runAll(t, func(r *runner, c change) {
				if c.task == "train" && c.state == started {
					r.probe(func() {
						poll(t, "the task", func() bool { _, err := os.Stat(filepath.Join(r.sandbox, "up")); return err == nil })
						for _, id := range []string{first, "train", "envoy"} { // a scheduler sends one for each
							r.loop.post(func() { r.kill(id, nil) })
						}
					})
				}
			}, []mesos.TaskInfo{withGrace(shellTask("train", train), patience),
				withGrace(sidecar(t, envoy, &executorpb.TaskSpec{Ready: whenExists("ready", patience)}), patience)})
			if _, err := os.Stat(filepath.Join(sandbox, "served")); err != nil {
				t.Errorf("the sidecar was gone before the task had ended: %v", changes)
			}
			if got := story(changes, "envoy"); !strings.HasSuffix(got, "KILLED (killed on request: exited with status 0)") {
				t.Errorf("the sidecar: %s", got)
			}
		})
	}
}

// Data of another framework's tasks is no TaskSpec: nothing of the group is started.
func TestDataThatIsNoTaskSpec(t *testing.T) {
	bad := shellTask("bad", "true")
	bad.Data = []byte(`{"silent": true}`)
	changes, _ := runAll(t, nil, []mesos.TaskInfo{
		sidecar(t, "exec sleep 100", &executorpb.TaskSpec{}), bad})
	if got := story(changes, "bad"); !strings.Contains(got, "FAILED (not started: data of the task is no TaskSpec: ") {
		t.Errorf("bad: %s", got)
	}
	wantStory(t, changes, "envoy", `STARTING, KILLED (killed because task "bad" of its group failed)`)
}
