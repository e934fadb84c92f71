package agent_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent"
	"fairlead/internal/cluster/wire"
)

// codings runs a test for both codings of the executor API.
func codings(t *testing.T, test func(t *testing.T, coding string)) {
	for _, coding := range []string{"json", "protobuf"} {
		t.Run(coding, func(t *testing.T) { test(t, coding) })
	}
}

func TestGroupRunsUnderARealExecutor(t *testing.T) {
	codings(t, func(t *testing.T, coding string) {
		a := startAgent(t)
		a.Run(modern(), testExecutor(t, "x1", "normal", coding), groupOf("g1", "g2"), true)
		for _, id := range []string{"g1", "g2"} {
			a.update(id, mesos.TASK_STARTING)
			up := a.update(id, mesos.TASK_RUNNING)
			st := up.Status
			if up.FrameworkID != frameworkID || st.AgentID.GetValue() != agentID || st.ExecutorID.GetValue() != "x1" {
				t.Errorf("ids of the update are not filled in: %+v", up)
			}
			if !wire.ValidUUID(st.UUID) || st.GetTimestamp() == 0 {
				t.Errorf("uuid or timestamp is missing: %v", st)
			}
			c := st.ContainerStatus
			if c.GetContainerID().GetValue() == "" || c.GetExecutorPID() == 0 || len(c.GetNetworkInfos()) != 1 {
				t.Errorf("container status is incomplete: %v", c)
			}
		}
		// A second group goes to the same executor.
		a.Run(modern(), testExecutor(t, "x1", "normal", coding), groupOf("g3"), true)
		a.update("g3", mesos.TASK_RUNNING)
		a.Message(frameworkID, "x1", []byte("hello"))
		a.entry("message echo:hello")
		a.Kill(frameworkID, "g1", nil)
		a.update("g1", mesos.TASK_KILLED)
		a.ShutdownExecutor(frameworkID, "x1")
		a.update("g2", mesos.TASK_KILLED)
		a.update("g3", mesos.TASK_KILLED)
		a.entry("exited x1 0")
	})
}

func TestExecutorCrashFailsItsTasksAfterTheExitIsTold(t *testing.T) { // 130, 131
	codings(t, func(t *testing.T, coding string) {
		a := startAgent(t)
		a.Run(modern(), testExecutor(t, "x2", "normal", coding), groupOf("c1", "c2", "c3"), true)
		for _, id := range []string{"c1", "c2", "c3"} {
			a.update(id, mesos.TASK_RUNNING)
		}
		a.Message(frameworkID, "x2", []byte("finish c3"))
		a.update("c3", mesos.TASK_FINISHED)
		a.Message(frameworkID, "x2", []byte("exit 3"))
		for _, id := range []string{"c1", "c2"} {
			st := a.update(id, mesos.TASK_FAILED).Status
			if *st.Source != mesos.SOURCE_AGENT || st.GetReason() != mesos.REASON_EXECUTOR_TERMINATED ||
				st.GetMessage() != "Executor terminated" || !wire.ValidUUID(st.UUID) || st.ExecutorID.GetValue() != "x2" {
				t.Errorf("unexpected update: %v", st)
			}
			if a.position("exited x2 768") > a.position("update "+id+" TASK_FAILED") {
				t.Errorf("the update of %s came before the executor's exit", id)
			}
		}
		for _, up := range a.all("c3") {
			if up.Status.GetState() == mesos.TASK_FAILED {
				t.Error("a finished task failed when its executor crashed")
			}
		}
	})
}

func TestDescendantsDieWithTheExecutor(t *testing.T) { // 132
	a := startAgent(t)
	a.Run(modern(), testExecutor(t, "x", "normal", "json"), groupOf("t"), true)
	a.update("t", mesos.TASK_RUNNING)
	a.Message(frameworkID, "x", []byte("daemon"))
	pid := a.file("x", "daemon.pid")
	if !alive(pid) {
		t.Fatal("the daemon is not running")
	}
	a.Message(frameworkID, "x", []byte("exit 0"))
	a.entry("exited x 0")
	if alive(pid) {
		t.Errorf("process %s outlived its executor", strings.TrimSpace(pid))
	}
}

func TestRegistrationTimeout(t *testing.T) { // 124
	a := startAgent(t, func(c *agent.Config) { c.RegistrationTimeout = 200 * time.Millisecond })
	a.Run(modern(), executorRunning("x4", "echo $$ > pid; exec sleep 1000"), groupOf("t1"), true)
	pid := a.file("x4", "pid")
	st := a.update("t1", mesos.TASK_FAILED).Status
	if st.GetReason() != mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT || st.GetMessage() != "Executor did not register within 200ms" {
		t.Errorf("unexpected update: %v", st)
	}
	if a.position("exited x4 9") > a.position("update t1 TASK_FAILED") {
		t.Error("the update came before the executor's exit")
	}
	if alive(pid) {
		t.Error("the executor is still running")
	}
}

func TestShutdownEndsAStubbornExecutorByForce(t *testing.T) { // 110
	a := startAgent(t, func(c *agent.Config) { c.ShutdownGrace = 200 * time.Millisecond })
	a.Run(modern(), testExecutor(t, "x", "stubborn", "protobuf"), groupOf("t"), true)
	a.update("t", mesos.TASK_RUNNING)
	a.ShutdownExecutor(frameworkID, "x")
	if st := a.update("t", mesos.TASK_FAILED).Status; st.GetReason() != mesos.REASON_EXECUTOR_TERMINATED {
		t.Errorf("unexpected update: %v", st)
	}
	a.entry("exited x 9")
}

func TestShutdownGraceOfTheExecutorWins(t *testing.T) {
	a := startAgent(t, func(c *agent.Config) { c.ShutdownGrace = time.Hour })
	ex := testExecutor(t, "x", "stubborn", "protobuf")
	ex.ShutdownGracePeriod = &mesos.DurationInfo{Nanoseconds: int64(100 * time.Millisecond)}
	a.Run(modern(), ex, groupOf("t"), true)
	a.update("t", mesos.TASK_RUNNING)
	a.ShutdownExecutor(frameworkID, "x")
	a.entry("exited x 9")
}

func TestShutdownFrameworkIsQuiet(t *testing.T) {
	a := startAgent(t)
	a.Run(modern(), testExecutor(t, "x", "normal", "protobuf"), groupOf("t"), true)
	a.update("t", mesos.TASK_RUNNING)
	before := len(a.all("t"))
	a.ShutdownFramework(frameworkID)
	a.entry("exited x 0")
	if after := a.all("t"); len(after) != before {
		t.Errorf("updates of a removed framework were handed on: %v", after[before:])
	}
}

func TestLaunchToATerminatedExecutorIsDropped(t *testing.T) { // 141
	for name, c := range map[string]struct {
		fw   mesos.FrameworkInfo
		want mesos.TaskState
	}{
		"partition-aware": {modern(), mesos.TASK_DROPPED},
		"old":             {framework(), mesos.TASK_LOST},
	} {
		t.Run(name, func(t *testing.T) {
			a := startAgent(t)
			a.silent()
			a.Run(c.fw, executorRunning("x", "exit 0"), groupOf("t1"), true)
			a.update("t1", mesos.TASK_FAILED)
			a.Run(c.fw, executorRunning("x", "exit 0"), groupOf("t2"), true)
			st := a.update("t2", c.want).Status
			if st.GetReason() != mesos.REASON_EXECUTOR_TERMINATED || *st.Source != mesos.SOURCE_AGENT || !wire.ValidUUID(st.UUID) {
				t.Errorf("unexpected update: %v", st)
			}
			// Once all is acknowledged the id is free again.
			for _, up := range append(a.all("t1"), a.all("t2")...) {
				a.Acknowledge(frameworkID, up.Status.TaskID.Value, up.Status.UUID)
			}
			a.Run(c.fw, executorRunning("x", "exit 0"), groupOf("t3"), true)
			a.update("t3", mesos.TASK_FAILED)
		})
	}
}

func TestEnvironmentOfAnExecutor(t *testing.T) { // 121, 122
	t.Setenv("LEAKED_FROM_THE_AGENT", "yes")
	a := startAgent(t, func(c *agent.Config) { c.Environment = map[string]string{"SITE": "lab", "MESOS_DIRECTORY": "/wrong"} })
	ex := executorRunning("env", "env > all; pwd > directory; exit 0")
	value := "from command"
	ex.Command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{{Name: "OWN", Value: &value}}}
	a.Run(modern(), ex, groupOf("t"), true)
	a.update("t", mesos.TASK_FAILED)
	runs := filepath.Join(filepath.Dir(a.sandbox("env")))
	container, err := os.Readlink(a.sandbox("env"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(runs, container)
	want := map[string]string{
		"PATH":               "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"MESOS_FRAMEWORK_ID": frameworkID, "MESOS_EXECUTOR_ID": "env", "MESOS_SLAVE_ID": agentID,
		"MESOS_SLAVE_PID": "slave(1)@" + a.Endpoint(), "MESOS_AGENT_ENDPOINT": a.Endpoint(),
		"MESOS_DIRECTORY": dir, "MESOS_SANDBOX": dir, "MESOS_CHECKPOINT": "1", "MESOS_RECOVERY_TIMEOUT": "15secs",
		"MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
		"MESOS_HTTP_COMMAND_EXECUTOR": "0", "LIBPROCESS_PORT": "0", "LIBPROCESS_IP": "127.0.0.1",
		"SITE": "lab", "OWN": "from command", "PWD": dir,
	}
	for _, line := range strings.Split(strings.TrimSpace(a.file("env", "all")), "\n") {
		name, value, _ := strings.Cut(line, "=")
		if name == "_" || name == "SHLVL" || name == "OLDPWD" { // the shell's own
			continue
		}
		if want[name] != value {
			t.Errorf("%s=%q, want %q", name, value, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("variables are missing: %v", want)
	}
	if got := strings.TrimSpace(a.file("env", "directory")); got != dir {
		t.Errorf("working directory is %s, want %s", got, dir)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("sandbox: %v %v, want mode 750", info, err)
	}
}

func TestRecoveryVariablesOnlyWithCheckpoint(t *testing.T) { // 121
	a := startAgent(t)
	fw := modern()
	fw.Checkpoint = nil
	a.Run(fw, executorRunning("env", "env > all"), groupOf("t"), true)
	a.update("t", mesos.TASK_FAILED)
	env := a.file("env", "all")
	if !strings.Contains(env, "MESOS_CHECKPOINT=0\n") || strings.Contains(env, "MESOS_RECOVERY_TIMEOUT") ||
		strings.Contains(env, "MESOS_SUBSCRIPTION_BACKOFF_MAX") {
		t.Errorf("unexpected environment:\n%s", env)
	}
}

func TestFailedFetchFailsTheLaunch(t *testing.T) { // 123
	a := startAgent(t)
	ex := executorRunning("x", "touch started")
	ex.Command.URIs = []mesos.CommandInfo_URI{{Value: filepath.Join(a.workDir, "missing")}}
	a.Run(modern(), ex, groupOf("t"), true)
	st := a.update("t", mesos.TASK_FAILED).Status
	if st.GetReason() != mesos.REASON_CONTAINER_LAUNCH_FAILED || *st.Source != mesos.SOURCE_AGENT ||
		!strings.HasPrefix(st.GetMessage(), "Failed to launch container: Failed to fetch all URIs for container '") {
		t.Errorf("unexpected update: %v", st)
	}
	a.entry("exited x -1")
	if _, err := os.Stat(filepath.Join(a.sandbox("x"), "started")); err == nil {
		t.Error("the command ran without its files")
	}
	if log := a.file("x", "stderr"); !strings.Contains(log, "missing") {
		t.Errorf("stderr doesn't tell what went wrong: %s", log)
	}
}

func TestFetchedFilesAreThereBeforeTheCommand(t *testing.T) { // 123
	a := startAgent(t)
	tool := filepath.Join(a.workDir, "tool.sh")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\nexit 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	executable, shell, value := true, false, "./tool.sh"
	ex := executorRunning("x", value)
	ex.Command.Shell, ex.Command.URIs = &shell, []mesos.CommandInfo_URI{{Value: "file://" + tool, Executable: &executable}}
	a.Run(modern(), ex, groupOf("t"), true)
	a.entry("exited x 1792")
}

func TestUnknownUserIsDropped(t *testing.T) {
	a := startAgent(t)
	nobody := "no-such-account"
	ex := executorRunning("x", "exit 0")
	ex.Command.User = &nobody
	a.Run(modern(), ex, groupOf("t"), true)
	st := a.update("t", mesos.TASK_DROPPED).Status
	if st.GetReason() != mesos.REASON_EXECUTOR_TERMINATED ||
		!strings.HasPrefix(st.GetMessage(), "Failed to create executor directory '"+filepath.Dir(a.sandbox("x"))) ||
		!strings.HasSuffix(st.GetMessage(), "': Failed to chown directory to 'no-such-account': No such user 'no-such-account'") {
		t.Errorf("unexpected update: %v", st)
	}
	a.entry("exited x -1")
}

func TestAnotherUserIsBecomeByRootOnly(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to become somebody else")
	}
	a := startAgent(t)
	for dir := a.workDir; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { // so that the other can come in
			t.Fatal(err)
		}
	}
	user := "nobody"
	task := commandTask("t", "id -un > who; exit 0")
	task.Command.User = &user
	a.Run(modern(), nil, []mesos.TaskInfo{task}, false)
	a.update("t", mesos.TASK_FINISHED)
	if got := strings.TrimSpace(a.file("t", "who")); got != user {
		t.Errorf("ran as %q, want %q", got, user)
	}
}

func TestExecutorsWithUnsupportedContainersFail(t *testing.T) {
	own := pointer(mesos.ContainerInfo_MESOS)
	for name, c := range map[string]*mesos.ContainerInfo{
		"docker":    {Type: pointer(mesos.ContainerInfo_DOCKER), Docker: &mesos.ContainerInfo_DockerInfo{Image: "busybox"}},
		"images":    {Type: own, Mesos: &mesos.ContainerInfo_MesosInfo{Image: &mesos.Image{}}},
		"networks":  {Type: own, Hostname: pointer("other")},
		"isolation": {Type: own, LinuxInfo: &mesos.LinuxInfo{}},
		"volumes":   {Type: own, Volumes: []mesos.Volume{{ContainerPath: "x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			a := startAgent(t)
			ex := executorRunning("x", "exit 0")
			ex.Container = c
			a.Run(modern(), ex, groupOf("t"), true)
			st := a.update("t", mesos.TASK_FAILED).Status
			if st.GetReason() != mesos.REASON_CONTAINER_LAUNCH_FAILED || !strings.Contains(strings.ToLower(st.GetMessage()), name) {
				t.Errorf("unexpected update: %v", st)
			}
		})
	}
}

func TestTaskLimitsAreDropped(t *testing.T) {
	a := startAgent(t)
	task := commandTask("c16", "true")
	task.Limits = map[string]mesos.Value_Scalar{"cpus": {Value: 1}, "mem": {Value: 64}}
	a.Run(modern(), nil, []mesos.TaskInfo{task}, false)
	st := a.update("c16", mesos.TASK_DROPPED).Status
	if st.GetReason() != mesos.REASON_GC_ERROR || !strings.HasPrefix(st.GetMessage(), "CPU limits can only be set") {
		t.Errorf("unexpected update: %v", st)
	}
}

func TestIdsThatLeaveTheSandboxAreRefused(t *testing.T) {
	a := startAgent(t)
	for i, id := range []string{"..", ".", "a/b", "", strings.Repeat("x", 256), "a\x00b"} {
		task := fmt.Sprintf("t%d", i)
		a.Run(modern(), executorRunning(id, "true"), groupOf(task), true)
		a.update(task, mesos.TASK_DROPPED)
	}
}

func TestUnacknowledgedUpdatesComeAgain(t *testing.T) { // 97, 98, 99
	a := startAgent(t, func(c *agent.Config) { c.UpdateRetryMin = 50 * time.Millisecond })
	a.silent()
	a.Run(modern(), testExecutor(t, "x", "normal", "protobuf"), groupOf("t1", "t2"), true)
	first := a.update("t1", mesos.TASK_STARTING)
	a.eventually("a repeat", func() bool { return len(a.all("t1")) >= 3 })
	for _, up := range a.all("t1") {
		if !bytes.Equal(up.Status.UUID, first.Status.UUID) {
			t.Errorf("another update came before the first was acknowledged: %v", up)
		}
	}
	a.eventually("a repeat that tells the latest state", func() bool {
		return slices.ContainsFunc(a.all("t1"), func(up agent.Update) bool { return up.Latest == mesos.TASK_RUNNING })
	})
	a.update("t2", mesos.TASK_STARTING) // not held up by t1
	a.Acknowledge(frameworkID, "t1", wire.NewUUID())
	seen := len(a.all("t1"))
	a.eventually("a repeat after a wrong acknowledgement", func() bool { return len(a.all("t1")) > seen })
	a.Acknowledge(frameworkID, "t1", first.Status.UUID)
	a.update("t1", mesos.TASK_RUNNING)
}

func TestSubscribingFrameworkGetsItsUpdatesAtOnce(t *testing.T) {
	a := startAgent(t, func(c *agent.Config) { c.UpdateRetryMin = time.Hour })
	a.silent()
	a.Run(modern(), executorRunning("x", "exit 0"), groupOf("t"), true)
	first := a.update("t", mesos.TASK_FAILED)
	a.FrameworkSubscribed("somebody-else")
	a.FrameworkSubscribed(frameworkID)
	a.eventually("the repeat", func() bool { return len(a.all("t")) == 2 })
	if again := a.all("t")[1]; !bytes.Equal(again.Status.UUID, first.Status.UUID) {
		t.Errorf("the repeat has another uuid: %v", again)
	}
}
