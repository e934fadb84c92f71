package process_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fairlead/internal/cluster/agent/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const path = "PATH=/usr/local/bin:/usr/bin:/bin"

// run starts a shell script in a directory of its own.
func run(t *testing.T, script string, marks ...string) (*process.Process, string) {
	t.Helper()
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	env := []string{path, "MESOS_SANDBOX=" + dir}
	p, err := process.Start(process.Spec{
		Path: "sh", Args: []string{"sh", "-c", script}, Dir: dir, Env: env,
		Stdout: out, Stderr: out, Marks: append(marks, dir),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill(); <-p.Done() })
	return p, dir
}

// finished waits for the end of p.
func finished(t *testing.T, p *process.Process) syscall.WaitStatus {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(60 * time.Second):
		t.Fatal("the process did not end")
	}
	return p.Status()
}

// pidIn waits for a file to hold a process id.
func pidIn(t *testing.T, file string) int {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(file)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return pid
		}
	}
	t.Fatalf("no process id appeared in %s", file)
	return 0
}

// alive says whether pid runs; a zombie doesn't.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func TestStatusIsTheRawWaitStatus(t *testing.T) {
	for script, want := range map[string]syscall.WaitStatus{
		"exit 0":        0,
		"exit 3":        3 << 8,
		"kill -9 $$":    9,
		"kill -TERM $$": 15,
	} {
		p, _ := run(t, script)
		if got := finished(t, p); got != want {
			t.Errorf("%q: wait status %d, want %d", script, got, want)
		}
	}
}

func TestEnvironmentAndDirectoryAreTheCommandsOwn(t *testing.T) {
	t.Setenv("LEAKED", "yes")
	p, dir := run(t, "pwd; env | sort")
	finished(t, p)
	out, err := os.ReadFile(filepath.Join(dir, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(out), dir+"\n") {
		t.Errorf("working directory is not %s: %s", dir, out)
	}
	if strings.Contains(string(out), "LEAKED") {
		t.Errorf("our environment leaked: %s", out)
	}
}

func TestProgramsAreFoundOnTheCommandsPathAndInItsDirectory(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(dir, "tool")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, spec := range []process.Spec{
		{Path: "./tool", Dir: dir, Env: []string{path}},
		{Path: "tool", Dir: "/", Env: []string{"PATH=" + dir}},
		{Path: tool, Dir: "/", Env: nil},
	} {
		p, err := process.Start(spec)
		if err != nil {
			t.Errorf("%s: %v", spec.Path, err)
			continue
		}
		if got := finished(t, p); got.ExitStatus() != 7 {
			t.Errorf("%s: exit status %d, want 7", spec.Path, got.ExitStatus())
		}
	}
	for _, missing := range []string{"", "no-such-tool", "./no-such-tool"} {
		if _, err := process.Start(process.Spec{Path: missing, Dir: dir, Env: []string{path}}); err == nil {
			t.Errorf("%q started", missing)
		}
	}
}

func TestNothingIsLeftWhenTheCommandEnds(t *testing.T) {
	for name, script := range map[string]string{
		"background child":        "sleep 1000 & echo $! > pid",
		"daemon in the session":   "(sleep 1000 & echo $! > pid) & wait",
		"own process group":       "set -m; sleep 1000 & echo $! > pid",
		"ignores every signal":    "(trap '' TERM HUP INT; echo $$ > /dev/null; exec sleep 1000) & echo $! > pid",
		"left the session":        "setsid sh -c 'echo $$ > pid; exec sleep 1000' & while ! test -s pid; do :; done",
		"left session and parent": "(setsid sh -c 'echo $$ > pid; exec sleep 1000' &) ; while ! test -s pid; do :; done",
	} {
		t.Run(name, func(t *testing.T) {
			p, dir := run(t, script)
			pid := pidIn(t, filepath.Join(dir, "pid"))
			if got := finished(t, p); got != 0 {
				t.Errorf("wait status %d, want 0", got)
			}
			if alive(pid) {
				syscall.Kill(pid, syscall.SIGKILL)
				t.Errorf("process %d outlived the command", pid)
			}
		})
	}
}

func TestKillReachesDescendants(t *testing.T) {
	p, dir := run(t, "setsid sh -c 'echo $$ > pid; exec sleep 1000' & wait")
	pid := pidIn(t, filepath.Join(dir, "pid"))
	p.Kill()
	if got := finished(t, p); !got.Signaled() || got.Signal() != syscall.SIGKILL {
		t.Errorf("wait status %d, want SIGKILL", got)
	}
	if alive(pid) {
		t.Errorf("process %d outlived the kill", pid)
	}
	p.Kill() // after the end: nothing to do, and nobody else is hit
}

func TestSignalLetsTheCommandHandleIt(t *testing.T) {
	p, dir := run(t, "trap 'exit 5' TERM; echo $$ > pid; while :; do sleep 0.01; done")
	pidIn(t, filepath.Join(dir, "pid"))
	p.Signal(syscall.SIGTERM)
	if got := finished(t, p); got.ExitStatus() != 5 {
		t.Errorf("exit status %d, want 5", got.ExitStatus())
	}
}

func TestOtherProcessesAreLeftAlone(t *testing.T) {
	bystander, _ := run(t, "exec sleep 1000")
	p, _ := run(t, "exec sleep 1000")
	p.Kill()
	finished(t, p)
	if !alive(bystander.Pid()) {
		t.Error("a process of another command was killed")
	}
}

func TestGuardEndsWhatIsLeftOnItsList(t *testing.T) {
	var guard process.Guard
	start := func(script string) *process.Process {
		p, err := process.Start(process.Spec{
			Path: "sh", Args: []string{"sh", "-c", script}, Dir: t.TempDir(), Env: []string{path}, Guard: &guard,
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	finished(t, start("exit 0")) // dropped: its number is free again
	p := start("exec sleep 1000")
	guard.Close() // as the death of this process would
	if got := finished(t, p); !got.Signaled() || got.Signal() != syscall.SIGKILL {
		t.Errorf("wait status %d, want SIGKILL", got)
	}
	guard.Close() // harmless
}

// A program that somebody has open for writing can't be started; the agent
// waits until the writer is gone.
func TestABusyProgramIsWaitedFor(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(program, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { writer.Close() })
	p, err := process.Start(process.Spec{Path: program, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if got := p.Status().ExitStatus(); got != 7 {
		t.Errorf("exit status %d, want 7", got)
	}
}
