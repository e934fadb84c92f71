package agent_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent"
)

func (a *testAgent) runCommand(fw mesos.FrameworkInfo, tasks ...mesos.TaskInfo) {
	a.Run(fw, nil, tasks, false)
}

// states lists the states a task went through, repeats left out.
func (a *testAgent) states(task string) string {
	var names []string
	for _, up := range a.all(task) {
		name := strings.TrimPrefix(up.Status.GetState().String(), "TASK_")
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func TestCommandTasksEndAsTheirCommandsDo(t *testing.T) {
	noShell, missing := false, "./no-such"
	notExecutable := commandTask("gone", "")
	notExecutable.Command = &mesos.CommandInfo{Shell: &noShell, Value: &missing}
	for _, c := range []struct {
		task    mesos.TaskInfo
		state   mesos.TaskState
		message string
	}{
		{commandTask("ok", "echo hello; exit 0"), mesos.TASK_FINISHED, "Command exited with status 0"},
		{commandTask("exit3", "exit 3"), mesos.TASK_FAILED, "Command exited with status 3"},
		{commandTask("sig", "kill -9 $$"), mesos.TASK_FAILED, "Command terminated with signal Killed"},
		{commandTask("term", "kill -TERM $$"), mesos.TASK_FAILED, "Command terminated with signal Terminated"},
		{commandTask("unknown", "no-such-command-here"), mesos.TASK_FAILED, "Command exited with status 127"},
		{notExecutable, mesos.TASK_FAILED, "Command exited with status 1"},
	} {
		t.Run(c.task.Name, func(t *testing.T) {
			a := startAgent(t)
			a.runCommand(modern(), c.task)
			st := a.update(c.task.Name, c.state).Status
			if st.GetMessage() != c.message || *st.Source != mesos.SOURCE_EXECUTOR || st.Reason != nil ||
				st.ExecutorID.GetValue() != c.task.Name || st.ContainerStatus.GetContainerID().GetValue() == "" {
				t.Errorf("unexpected update: %v", st)
			}
			if a.states(c.task.Name) != "STARTING RUNNING "+strings.TrimPrefix(c.state.String(), "TASK_") &&
				c.task.Name != "gone" { // whose process never ran
				t.Errorf("states: %s", a.states(c.task.Name))
			}
			for _, line := range a.entries() {
				if strings.HasPrefix(line, "exited") {
					t.Errorf("the master was told of the exit of a command executor: %s", line)
				}
			}
		})
	}
}

func TestCommandTaskOutputAndEnvironment(t *testing.T) {
	a := startAgent(t)
	task := commandTask("env", "echo to stderr >&2; env")
	value := "2"
	task.Command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{{Name: "OWN", Value: &value}}}
	a.runCommand(modern(), task)
	a.update("env", mesos.TASK_FINISHED)
	out := a.file("env", "stdout")
	for _, want := range []string{"MESOS_EXECUTOR_ID=env\n", "MESOS_ALLOCATION_ROLE=eng\n", "MESOS_AGENT_ENDPOINT=" + a.Endpoint() + "\n", "OWN=2\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, out)
		}
	}
	if got := a.file("env", "stderr"); got != "to stderr\n" {
		t.Errorf("stderr: %q", got)
	}
}

func TestEmptyCommandTerminatesItsExecutor(t *testing.T) {
	a := startAgent(t)
	task := newTask("c18")
	task.Command = &mesos.CommandInfo{}
	a.runCommand(modern(), task)
	st := a.update("c18", mesos.TASK_FAILED).Status
	if st.GetReason() != mesos.REASON_EXECUTOR_TERMINATED || st.GetMessage() != "Executor terminated" || *st.Source != mesos.SOURCE_AGENT {
		t.Errorf("unexpected update: %v", st)
	}
}

func TestCommandTaskFetchFails(t *testing.T) {
	a := startAgent(t)
	task := commandTask("c22", "true")
	task.Command.URIs = []mesos.CommandInfo_URI{{Value: "/no/such/file"}}
	a.runCommand(modern(), task)
	st := a.update("c22", mesos.TASK_FAILED).Status
	if st.GetReason() != mesos.REASON_CONTAINER_LAUNCH_FAILED || *st.Source != mesos.SOURCE_AGENT || st.ExecutorID.GetValue() != "c22" {
		t.Errorf("unexpected update: %v", st)
	}
}

func TestKillOfACommandTask(t *testing.T) {
	policy := func(d time.Duration) *mesos.KillPolicy {
		return &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(d)}}
	}
	const stubborn = "trap '' TERM; echo $$ > pid; while :; do sleep 0.01; done"
	for _, c := range []struct {
		name, script string
		own, policy  *mesos.KillPolicy
		fw           mesos.FrameworkInfo
		states       string
		message      string
	}{
		{"asked", "echo $$ > pid; exec sleep 1000", nil, nil, modern(),
			"STARTING RUNNING KILLING KILLED", "Command terminated with signal Terminated"},
		{"old framework", "echo $$ > pid; exec sleep 1000", nil, nil, framework(),
			"STARTING RUNNING KILLED", "Command terminated with signal Terminated"},
		{"own grace", stubborn, policy(50 * time.Millisecond), nil, modern(),
			"STARTING RUNNING KILLING KILLED", "Command terminated with signal Killed"},
		{"grace of the call wins", stubborn, policy(time.Hour), policy(50 * time.Millisecond), modern(),
			"STARTING RUNNING KILLING KILLED", "Command terminated with signal Killed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := startAgent(t)
			task := commandTask("long", c.script)
			task.KillPolicy = c.own
			a.runCommand(c.fw, task)
			pid := a.file("long", "pid")
			a.update("long", mesos.TASK_RUNNING)
			a.Kill(frameworkID, "long", c.policy)
			a.Kill(frameworkID, "long", c.policy) // repeats are harmless
			if st := a.update("long", mesos.TASK_KILLED).Status; st.GetMessage() != c.message {
				t.Errorf("message %q, want %q", st.GetMessage(), c.message)
			}
			if a.states("long") != c.states {
				t.Errorf("states %q, want %q", a.states("long"), c.states)
			}
			if alive(pid) {
				t.Error("the command is still running")
			}
		})
	}
}

func TestKillReachesTheChildrenOfACommand(t *testing.T) {
	a := startAgent(t)
	a.runCommand(modern(), commandTask("t", "sleep 1000 & echo $! > child; sleep 1000 & wait"))
	child := a.file("t", "child")
	a.update("t", mesos.TASK_RUNNING)
	a.Kill(frameworkID, "t", nil)
	a.update("t", mesos.TASK_KILLED)
	if alive(child) {
		t.Error("a child of the command is still running")
	}
}

func TestKillDuringTheFetch(t *testing.T) {
	release := make(chan struct{})
	url := serveSlowly(t, release)
	defer close(release)
	a := startAgent(t)
	task := commandTask("t", "true")
	task.Command.URIs = []mesos.CommandInfo_URI{{Value: url}}
	a.runCommand(modern(), task)
	a.file("t", "stderr") // fetching
	a.Kill(frameworkID, "t", nil)
	st := a.update("t", mesos.TASK_KILLED).Status
	if st.GetReason() != mesos.REASON_TASK_KILLED_DURING_LAUNCH || st.GetMessage() != "Killed before delivery to the executor" {
		t.Errorf("unexpected update: %v", st)
	}
}

func TestMaxCompletionTime(t *testing.T) {
	a := startAgent(t)
	task := commandTask("maxtime", "exec sleep 1000")
	task.MaxCompletionTime = &mesos.DurationInfo{Nanoseconds: int64(100 * time.Millisecond)}
	a.runCommand(modern(), task)
	st := a.update("maxtime", mesos.TASK_FAILED).Status
	if st.GetReason() != mesos.REASON_MAX_COMPLETION_TIME_REACHED || *st.Source != mesos.SOURCE_EXECUTOR {
		t.Errorf("unexpected update: %v", st)
	}
}

// pointer points to a value, as optional fields of messages want it.
func pointer[N any](n N) *N { return &n }

func TestHealthCheckKillsAfterFailures(t *testing.T) {
	a := startAgent(t)
	task := commandTask("hc", "touch good; exec sleep 1000")
	check := "test -f good"
	task.HealthCheck = &mesos.HealthCheck{
		Type: mesos.HealthCheck_COMMAND, Command: &mesos.CommandInfo{Value: &check}, DelaySeconds: pointer(0.0),
		IntervalSeconds: pointer(0.02), GracePeriodSeconds: pointer(10.0), ConsecutiveFailures: pointer(uint32(2)),
	}
	a.runCommand(modern(), task)
	a.eventually("a good health check", func() bool {
		for _, up := range a.all("hc") {
			if up.Status.Healthy != nil && *up.Status.Healthy {
				return up.Status.GetReason() == mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED
			}
		}
		return false
	})
	if err := os.Remove(filepath.Join(a.sandbox("hc"), "good")); err != nil {
		t.Fatal(err)
	}
	st := a.update("hc", mesos.TASK_KILLED).Status
	if st.Healthy == nil || *st.Healthy {
		t.Errorf("the task was killed as healthy: %v", st)
	}
	bad := 0
	for _, up := range a.all("hc") {
		if up.Status.GetState() == mesos.TASK_RUNNING && up.Status.Healthy != nil && !*up.Status.Healthy {
			bad++
		}
	}
	if bad != 2 {
		t.Errorf("%d failures were told, want 2", bad)
	}
}

func TestChecksReportAndDoNotKill(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, text, _ := net.SplitHostPort(listener.Addr().String())
	port, _ := strconv.Atoi(text)
	exit7 := "exit 7"
	for name, c := range map[string]struct {
		check mesos.CheckInfo
		want  func(*mesos.CheckStatusInfo) bool
	}{
		"command": {mesos.CheckInfo{Type: mesos.CheckInfo_COMMAND, Command: &mesos.CheckInfo_Command{Command: mesos.CommandInfo{Value: &exit7}}},
			func(s *mesos.CheckStatusInfo) bool { return s.GetCommand().GetExitCode() == 7 }},
		"tcp": {mesos.CheckInfo{Type: mesos.CheckInfo_TCP, TCP: &mesos.CheckInfo_Tcp{Port: uint32(port)}},
			func(s *mesos.CheckStatusInfo) bool { return s.GetTCP().GetSucceeded() }},
	} {
		t.Run(name, func(t *testing.T) {
			a := startAgent(t)
			task := commandTask("chk", "exec sleep 1000")
			c.check.DelaySeconds, c.check.IntervalSeconds = pointer(0.0), pointer(0.02)
			task.Check = &c.check
			a.runCommand(modern(), task)
			a.eventually("a check result", func() bool {
				for _, up := range a.all("chk") {
					if up.Status.GetReason() == mesos.REASON_TASK_CHECK_STATUS_UPDATED {
						return c.want(up.Status.CheckStatus)
					}
				}
				return false
			})
		})
	}
}

func TestHTTPHealthCheck(t *testing.T) {
	a := startAgent(t)
	_, port, _ := net.SplitHostPort(a.Endpoint())
	n, _ := strconv.Atoi(port)
	path := "/health" // the agent's own page will do
	task := commandTask("hc", "exec sleep 1000")
	task.HealthCheck = &mesos.HealthCheck{
		Type: mesos.HealthCheck_HTTP, HTTP: &mesos.HealthCheck_HTTPCheckInfo{Port: uint32(n), Path: &path},
		DelaySeconds: pointer(0.0), IntervalSeconds: pointer(0.02),
	}
	a.runCommand(modern(), task)
	a.eventually("a good health check", func() bool {
		for _, up := range a.all("hc") {
			if up.Status.Healthy != nil && *up.Status.Healthy {
				return true
			}
		}
		return false
	})
}

func TestCloseLeavesNoProcess(t *testing.T) {
	a := startAgent(t, func(c *agent.Config) {
		c.KillGrace, c.ShutdownGrace = 50*time.Millisecond, 200*time.Millisecond
	})
	var pids []string
	for i := range 5 {
		id := fmt.Sprintf("t%d", i)
		a.runCommand(modern(), commandTask(id, "trap '' TERM; setsid sleep 1000 & echo $! > pid; wait; sleep 1000"))
		pids = append(pids, a.file(id, "pid"))
	}
	a.Run(modern(), testExecutor(t, "x", "stubborn", "json"), groupOf("g"), true)
	a.update("g", mesos.TASK_RUNNING)
	ctx := t.Context()
	if err := a.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %s outlived the agent", pid)
		}
	}
	a.runCommand(modern(), commandTask("late", "true")) // after the end: nothing, and no panic
}
