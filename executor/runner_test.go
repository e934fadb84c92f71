package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// runAll launches groups in a runner of its own, serves its loop in this goroutine until all tasks have
// ended, and returns what was reported. during is called after each report.
func runAll(t *testing.T, during func(*runner, change), groups ...[]mesos.TaskInfo) ([]change, string) {
	t.Helper()
	var changes, fresh []change
	sandbox := t.TempDir()
	l := newLoop()
	r := newRunner(Config{Sandbox: sandbox, Path: os.Getenv("PATH")}, l, func(c change) {
		changes, fresh = append(changes, c), append(fresh, c)
	})
	for _, g := range groups {
		r.launch(g)
	}
	expired := false
	defer l.after(patience, func() { expired = true }).Stop()
	l.run(func() bool {
		for len(fresh) > 0 {
			c := fresh[0]
			fresh = fresh[1:]
			if during != nil {
				during(r, c)
			}
		}
		return r.idle() || expired
	})
	if expired {
		t.Fatalf("tasks do not end; so far: %v", changes)
	}
	return changes, sandbox
}

// story renders the changes of one task, such as "STARTING, RUNNING, FINISHED (exited with status 0)".
func story(changes []change, task string) string {
	var parts []string
	for _, c := range changes {
		if c.task != task {
			continue
		}
		part := strings.TrimPrefix(c.state.String(), "TASK_")
		if c.message != "" {
			part += " (" + c.message + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func wantStory(t *testing.T, changes []change, task, want string) {
	t.Helper()
	if got := story(changes, task); got != want {
		t.Errorf("%s: %s\nwant: %s", task, got, want)
	}
}

func TestTaskEndsByItself(t *testing.T) {
	argv := shellTask("argv", "cat")
	argv.Command.Shell = new(bool)
	argv.Command.Arguments = []string{"cat", "/nonexistent"}
	missing := shellTask("missing", "no-such-program")
	missing.Command.Shell = new(bool)
	foreign := shellTask("foreign", "true")
	foreign.Container = &mesos.ContainerInfo{}
	secret := shellTask("secret", "true")
	secret.Command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{
		{Name: "KEY", Type: mesos.Environment_Variable_SECRET.Enum()}}}
	tests := []struct {
		task mesos.TaskInfo
		want string
	}{
		{shellTask("good", "true"), "STARTING, RUNNING, FINISHED (exited with status 0)"},
		{shellTask("bad", "exit 3"), "STARTING, RUNNING, FAILED (exited with status 3)"},
		{shellTask("crash", "kill -SEGV $$"), "STARTING, RUNNING, FAILED (terminated by signal SIGSEGV)"},
		{argv, "STARTING, RUNNING, FAILED (exited with status 1)"},
		{missing, `STARTING, FAILED (not started: "no-such-program": executable file not found in $PATH)`},
		{shellTask("empty", ""), "STARTING, FAILED (not started: the task has no command)"},
		{shellTask("../out", "true"), `STARTING, FAILED (not started: task id "../out" cannot name a directory)`},
		{foreign, "STARTING, FAILED (not started: container settings of a task are not supported)"},
		{secret, "STARTING, FAILED (not started: variable KEY: only plain values are supported)"},
	}
	for _, test := range tests {
		t.Run(test.task.Name, func(t *testing.T) {
			changes, _ := runAll(t, nil, []mesos.TaskInfo{test.task})
			wantStory(t, changes, test.task.TaskID.Value, test.want)
		})
	}
}

func TestWhatATaskFinds(t *testing.T) {
	t.Setenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN", "not for tasks")
	task := shellTask("look", "pwd; env | sort; echo oops >&2; echo made > file")
	value, home := "b c", "/elsewhere"
	task.Command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{
		{Name: "A", Value: &value}, {Name: "HOME", Value: &home}}}
	_, sandbox := runAll(t, nil, []mesos.TaskInfo{task})
	read := func(elem ...string) string {
		content, err := os.ReadFile(filepath.Join(append([]string{sandbox}, elem...)...))
		if err != nil {
			t.Error(err)
		}
		return string(content)
	}
	want := []string{sandbox, "A=b c", "HOME=/elsewhere", "MESOS_SANDBOX=" + sandbox, "MESOS_TASK_ID=look",
		"PATH=" + os.Getenv("PATH"), "PWD=" + sandbox}
	lines := strings.Split(strings.TrimSpace(read("tasks", "look", "stdout")), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { // what shells add of their own
		return strings.HasPrefix(l, "_=") || strings.HasPrefix(l, "SHLVL=") || strings.HasPrefix(l, "OLDPWD=")
	})
	if !slices.Equal(lines, want) {
		t.Errorf("stdout:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if got := read("tasks", "look", "stderr"); got != "oops\n" {
		t.Errorf("stderr: %q", got)
	}
	if got := read("file"); got != "made\n" {
		t.Errorf("file in the working directory: %q", got)
	}
}

func TestProgramIsLookedUpOnThePathOfTheTask(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tool"), []byte("#!/bin/sh\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	task := shellTask("t", "tool")
	task.Command.Shell = new(bool)
	task.Command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{{Name: "PATH", Value: &dir}}}
	changes, _ := runAll(t, nil, []mesos.TaskInfo{task})
	wantStory(t, changes, "t", "STARTING, RUNNING, FAILED (exited with status 7)")
}

// One FINISHED leaves the others running; one FAILED ends the rest of its group, and of no other.
func TestGroupEndsWithItsFirstFailure(t *testing.T) {
	changes, _ := runAll(t, func(r *runner, c change) {
		if c.task == "fails" && c.state == mesos.TASK_FAILED {
			r.loop.after(0, func() { r.kill("other", nil) })
		}
	},
		[]mesos.TaskInfo{shellTask("done", "true"), shellTask("fails", "sleep 0.2; exit 1"), shellTask("rest", "sleep 100")},
		[]mesos.TaskInfo{shellTask("other", "sleep 100")})
	wantStory(t, changes, "done", "STARTING, RUNNING, FINISHED (exited with status 0)")
	wantStory(t, changes, "fails", "STARTING, RUNNING, FAILED (exited with status 1)")
	reason := `killed because task "fails" of its group failed`
	wantStory(t, changes, "rest",
		"STARTING, RUNNING, KILLING ("+reason+"), KILLED ("+reason+": terminated by signal SIGTERM)")
	wantStory(t, changes, "other",
		"STARTING, RUNNING, KILLING (killed on request), KILLED (killed on request: terminated by signal SIGTERM)")
}

func TestTaskThatCannotStartKeepsTheRestFromStarting(t *testing.T) {
	changes, sandbox := runAll(t, nil, []mesos.TaskInfo{shellTask("broken", ""), shellTask("rest", "touch started")})
	wantStory(t, changes, "rest", `STARTING, KILLED (killed because task "broken" of its group failed)`)
	if _, err := os.Stat(filepath.Join(sandbox, "started")); err == nil {
		t.Error("the rest was started")
	}
}

func TestKillingOneTaskKillsItsGroup(t *testing.T) {
	changes, _ := runAll(t, func(r *runner, c change) {
		if c.task == "b" && c.state == mesos.TASK_RUNNING {
			r.kill("unknown", nil)
			r.kill("a", nil)
			r.kill("a", nil)
		}
	}, []mesos.TaskInfo{shellTask("a", "sleep 100"), shellTask("b", "sleep 100")})
	wantStory(t, changes, "a",
		"STARTING, RUNNING, KILLING (killed on request), KILLED (killed on request: terminated by signal SIGTERM)")
	reason := `killed with task "a" of its group`
	wantStory(t, changes, "b",
		"STARTING, RUNNING, KILLING ("+reason+"), KILLED ("+reason+": terminated by signal SIGTERM)")
}

// deaf is a command that ignores SIGTERM, and says so in the file "deaf" once it does.
const deaf = "trap '' TERM; echo ready > deaf; while :; do sleep 0.05; done"

// killWhenDeaf kills task "t" once its command ignores SIGTERM.
func killWhenDeaf(policies ...*mesos.KillPolicy) func(*runner, change) {
	return func(r *runner, c change) {
		if c.state != mesos.TASK_RUNNING {
			return
		}
		var poll func()
		poll = func() {
			if content, _ := os.ReadFile(filepath.Join(r.sandbox, "deaf")); len(content) == 0 {
				r.loop.after(5*time.Millisecond, poll)
				return
			}
			for _, p := range policies {
				r.kill("t", p)
			}
		}
		poll()
	}
}

func TestSigkillFollowsWhenTheGraceIsOver(t *testing.T) {
	tests := []struct {
		name     string
		task     time.Duration
		policies []*mesos.KillPolicy
	}{
		{"grace of the task", 50 * time.Millisecond, []*mesos.KillPolicy{nil}},
		{"grace of the request goes first", time.Hour, []*mesos.KillPolicy{killPolicy(50 * time.Millisecond)}},
		{"a second request cuts the first one's grace short", time.Hour, []*mesos.KillPolicy{nil, killPolicy(0)}},
		{"and cannot extend it", 50 * time.Millisecond, []*mesos.KillPolicy{nil, killPolicy(time.Hour)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changes, _ := runAll(t, killWhenDeaf(test.policies...),
				[]mesos.TaskInfo{withGrace(shellTask("t", deaf), test.task)})
			wantStory(t, changes, "t",
				"STARTING, RUNNING, KILLING (killed on request), KILLED (killed on request: terminated by signal SIGKILL)")
		})
	}
}

// A shell that dies of SIGTERM at once does not cost the server below it its grace period.
func TestRestOfTheProcessGroupHasTheGraceToo(t *testing.T) {
	line := `sh -c 'trap "sleep 0.2; echo clean > cleaned; exit" TERM; echo ready > deaf; while :; do sleep 0.05; done'; true`
	changes, sandbox := runAll(t, killWhenDeaf(nil), []mesos.TaskInfo{withGrace(shellTask("t", line), time.Hour)})
	if got := story(changes, "t"); !strings.Contains(got, "KILLED") {
		t.Errorf("t: %s", got)
	}
	if content, _ := os.ReadFile(filepath.Join(sandbox, "cleaned")); string(content) != "clean\n" {
		t.Error("the process below the shell was not given time to clean up")
	}
}

func TestNothingOfATaskSurvivesIt(t *testing.T) {
	for _, leader := range []string{"exit 0", "exit 1", "kill -KILL $$"} {
		t.Run(leader, func(t *testing.T) {
			_, sandbox := runAll(t, nil, []mesos.TaskInfo{shellTask("t", "sleep 100 & echo $! > pid; "+leader)})
			wantGone(t, filepath.Join(sandbox, "pid"))
		})
	}
}

// wantGone fails the test if the process whose id is in file still runs.
func wantGone(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	var pid int
	if _, scanErr := fmt.Sscan(string(content), &pid); err != nil || scanErr != nil {
		t.Fatalf("no process id in %s: %v, %v", file, err, scanErr)
	}
	poll(t, fmt.Sprint("end of process ", pid), func() bool { return !alive(pid) })
}

// alive reports whether a process exists and is no zombie waiting for a slow init.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil || syscall.Kill(pid, 0) != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func TestMaxCompletionTime(t *testing.T) {
	task := shellTask("slow", "sleep 100")
	task.MaxCompletionTime = &mesos.DurationInfo{Nanoseconds: int64(50 * time.Millisecond)}
	quick := shellTask("quick", "true")
	quick.MaxCompletionTime = &mesos.DurationInfo{Nanoseconds: int64(time.Hour)}
	changes, _ := runAll(t, nil, []mesos.TaskInfo{task, shellTask("rest", "sleep 100")}, []mesos.TaskInfo{quick})
	last := changes[slices.IndexFunc(changes, func(c change) bool { return c.state == mesos.TASK_FAILED })]
	if last.task != "slow" || last.reason == nil || *last.reason != mesos.REASON_MAX_COMPLETION_TIME_REACHED ||
		!strings.HasPrefix(last.message, "ran longer than 50ms: ") {
		t.Errorf("end of the slow task: %+v", last)
	}
	if got := story(changes, "rest"); !strings.Contains(got, `KILLED (killed because task "slow" of its group failed`) {
		t.Errorf("rest: %s", got)
	}
	wantStory(t, changes, "quick", "STARTING, RUNNING, FINISHED (exited with status 0)")
}

func TestShutdownEndsAllAndStartsNothing(t *testing.T) {
	late := []mesos.TaskInfo{shellTask("late", "true")}
	changes, _ := runAll(t, func(r *runner, c change) {
		if c.task == "b" && c.state == mesos.TASK_RUNNING {
			r.shutdown(50*time.Millisecond, "the end")
			r.launch(late)
		}
	}, []mesos.TaskInfo{withGrace(shellTask("a", "sleep 100"), time.Hour)},
		[]mesos.TaskInfo{withGrace(shellTask("b", "trap '' TERM; while :; do sleep 0.05; done"), time.Hour)})
	for _, task := range []string{"a", "b"} {
		if got := story(changes, task); !strings.Contains(got, "KILLED (the end") {
			t.Errorf("%s: %s", task, got)
		}
	}
	wantStory(t, changes, "late", "KILLED (the end)")
}
