package executor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// binaryDir holds the fairlead-executor that these tests build; TestMain removes it.
var binaryDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "fairlead-executor-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaryDir = dir
	status := m.Run()
	os.RemoveAll(dir)
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// buildBinary builds fairlead-executor as it is delivered, once.
var buildBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir, "fairlead-executor")
	build := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", path, "fairlead/cmd/fairlead-executor")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// program is a running fairlead-executor.
type program struct {
	*testAgent
	t       *testing.T
	cmd     *exec.Cmd
	sandbox string
	stderr  bytes.Buffer
	exited  chan error
	started time.Time
}

// startProgram starts the binary the way an agent does: in the sandbox, in a session of its own.
func startProgram(t *testing.T, agent *testAgent, env ...string) *program {
	t.Helper()
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{testAgent: agent, t: t, sandbox: t.TempDir(), exited: make(chan error, 1)}
	p.cmd = exec.Command(path)
	p.cmd.Dir = p.sandbox
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.cmd.Env = append([]string{
		"MESOS_FRAMEWORK_ID=f", "MESOS_EXECUTOR_ID=e", "MESOS_AGENT_ENDPOINT=" + agent.addr,
		"MESOS_SANDBOX=" + p.sandbox, "MESOS_DIRECTORY=" + p.sandbox, "MESOS_CHECKPOINT=1",
		"MESOS_RECOVERY_TIMEOUT=15mins", "MESOS_SUBSCRIPTION_BACKOFF_MAX=100ms",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=5secs", "PATH=" + os.Getenv("PATH"),
	}, env...)
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	t.Cleanup(func() { p.cmd.Process.Kill() })
	return p
}

// wantExit waits for the end of the program and checks its status.
func (p *program) wantExit(status int) {
	p.t.Helper()
	select {
	case err := <-p.exited:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			p.t.Fatal(err)
		}
	case <-time.After(patience):
		p.t.Fatal("the program does not end")
	}
	if got := p.cmd.ProcessState.ExitCode(); got != status {
		p.t.Errorf("exit status %d, want %d; it said:\n%s", got, status, p.stderr.String())
	}
}

// awaitPid returns the process id that a task writes to file.
func awaitPid(t *testing.T, file string) int {
	t.Helper()
	var pid int
	poll(t, "process id in "+file, func() bool {
		content, _ := os.ReadFile(file)
		_, err := fmt.Sscan(string(content), &pid)
		return err == nil
	})
	return pid
}

func TestProgramWithoutAgentSaysWhatIsMissing(t *testing.T) {
	agent := newTestAgent(t)
	p := startProgram(t, agent, "MESOS_EXECUTOR_ID=")
	p.wantExit(2)
	if got := p.stderr.String(); !strings.Contains(got, "MESOS_EXECUTOR_ID is not set") {
		t.Errorf("it said: %s", got)
	}
}

func TestProgramRunsAGroup(t *testing.T) {
	agent := newTestAgent(t)
	p := startProgram(t, agent)
	agent.awaitStream(1)
	agent.launchGroup(shellTask("a", "echo out; echo err >&2"), shellTask("b", "sleep 0.05; exit 2"))
	p.wantExit(0)
	agent.wantHistory("a", starting, started, finished)
	agent.wantHistory("b", starting, started, failed)
	for name, want := range map[string]string{"stdout": "out\n", "stderr": "err\n"} {
		if got, err := os.ReadFile(filepath.Join(p.sandbox, "tasks", "a", name)); string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestProgramEndsItsTasksOnSigterm(t *testing.T) {
	agent := newTestAgent(t)
	p := startProgram(t, agent)
	agent.awaitStream(1)
	agent.launchGroup(shellTask("t", "sleep 100"))
	agent.awaitState("t", started)
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.wantExit(0)
	agent.wantHistory("t", starting, started, killed)
}

// The agent vanishes for good without checkpointing: nothing is left behind.
func TestProgramDoesNotOutliveItsAgent(t *testing.T) {
	agent := newTestAgent(t)
	p := startProgram(t, agent, "MESOS_CHECKPOINT=0")
	agent.awaitStream(1)
	agent.launchGroup(shellTask("t", "echo $$ > pid; exec sleep 100"))
	awaitPid(t, filepath.Join(p.sandbox, "pid"))
	agent.crash()
	p.wantExit(1)
	wantGone(t, filepath.Join(p.sandbox, "pid"))
}

// Tasks stay in the session of the executor, so that an agent that kills the session of a crashed executor
// reaches them all.
func TestTasksStayInTheSessionOfTheExecutor(t *testing.T) {
	agent := newTestAgent(t)
	p := startProgram(t, agent)
	agent.awaitStream(1)
	agent.launchGroup(shellTask("t", "echo $$ > pid; exec sleep 100"))
	if sid, err := unix.Getsid(awaitPid(t, filepath.Join(p.sandbox, "pid"))); sid != p.cmd.Process.Pid {
		t.Errorf("session of the task: %d, of the executor: %d (%v)", sid, p.cmd.Process.Pid, err)
	}
	agent.kill("t", nil)
	p.wantExit(0)
}
