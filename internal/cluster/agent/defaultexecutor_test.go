package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// defaultExecutor describes the executor that agents play for task groups.
func defaultExecutor(id string) *mesos.ExecutorInfo {
	return &mesos.ExecutorInfo{
		Type: mesos.ExecutorInfo_DEFAULT, ExecutorID: mesos.ExecutorID{Value: id},
		FrameworkID: &mesos.FrameworkID{Value: frameworkID}, Resources: resources("eng"),
	}
}

func TestDefaultExecutorRunsAGroup(t *testing.T) {
	a := startAgent(t)
	tasks := []mesos.TaskInfo{
		commandTask("a", "echo from a; env > all; exit 0"),
		commandTask("b", "echo from b; exit 0"),
	}
	a.Run(modern(), defaultExecutor("de"), tasks, true)
	for _, id := range []string{"a", "b"} {
		st := a.update(id, mesos.TASK_FINISHED).Status
		c := st.ContainerStatus.GetContainerID()
		if c.GetParent().GetValue() == "" || st.GetMessage() != "Command exited with status 0" || st.ExecutorID.GetValue() != "de" {
			t.Errorf("unexpected update: %v", st)
		}
		if a.states(id) != "STARTING RUNNING FINISHED" {
			t.Errorf("states of %s: %s", id, a.states(id))
		}
		own := filepath.Join(a.sandbox("de"), "containers", c.Value, "stdout")
		linked := filepath.Join(a.sandbox("de"), "tasks", id, "stdout")
		for _, name := range []string{own, linked} {
			if out, err := os.ReadFile(name); err != nil || string(out) != "from "+id+"\n" {
				t.Errorf("%s: %q %v", name, out, err)
			}
		}
	}
	a.entry("exited de 0")
	env := a.file("de", "tasks/a/all")
	for _, name := range []string{"MESOS_SANDBOX=", "MESOS_ALLOCATION_ROLE=eng", "MESOS_CONTAINER_IP=127.0.0.1", "PATH="} {
		if !strings.Contains(env, name) {
			t.Errorf("environment lacks %s:\n%s", name, env)
		}
	}
	if strings.Contains(env, "MESOS_EXECUTOR_ID") || strings.Contains(env, "MESOS_AGENT_ENDPOINT") {
		t.Errorf("the task sees its executor's environment:\n%s", env)
	}
}

func TestFailedTaskEndsItsGroupOnly(t *testing.T) { // 137, 138 for the agent's own executor
	a := startAgent(t)
	a.Run(modern(), defaultExecutor("de2"), []mesos.TaskInfo{
		commandTask("c", "while ! test -f ../../fail; do sleep 0.01; done; exit 5"), commandTask("d", "exec sleep 1000"),
	}, true)
	a.Run(modern(), defaultExecutor("de2"), []mesos.TaskInfo{commandTask("e", "exec sleep 1000")}, true)
	for _, id := range []string{"c", "d", "e"} {
		a.update(id, mesos.TASK_RUNNING)
	}
	if err := os.WriteFile(filepath.Join(a.sandbox("de2"), "fail"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if st := a.update("c", mesos.TASK_FAILED).Status; st.GetMessage() != "Command exited with status 5" {
		t.Errorf("unexpected update: %v", st)
	}
	a.update("d", mesos.TASK_KILLED)
	if a.states("d") != "STARTING RUNNING KILLING KILLED" {
		t.Errorf("states of d: %s", a.states("d"))
	}
	if a.states("e") != "STARTING RUNNING" {
		t.Errorf("states of e, which is in another group: %s", a.states("e"))
	}
	a.Kill(frameworkID, "e", nil)
	a.update("e", mesos.TASK_KILLED)
	a.entry("exited de2 0")
}

func TestKillOfOneTaskEndsItsGroup(t *testing.T) {
	a := startAgent(t)
	a.Run(modern(), defaultExecutor("de"), []mesos.TaskInfo{
		commandTask("a", "exec sleep 1000"), commandTask("b", "exec sleep 1000"),
	}, true)
	a.update("a", mesos.TASK_RUNNING)
	a.update("b", mesos.TASK_RUNNING)
	a.Kill(frameworkID, "b", nil)
	a.update("a", mesos.TASK_KILLED)
	a.update("b", mesos.TASK_KILLED)
}

func TestShutdownOfTheDefaultExecutor(t *testing.T) {
	a := startAgent(t)
	a.Run(modern(), defaultExecutor("de"), []mesos.TaskInfo{commandTask("a", "exec sleep 1000")}, true)
	a.update("a", mesos.TASK_RUNNING)
	a.ShutdownExecutor(frameworkID, "de")
	a.update("a", mesos.TASK_KILLED)
	a.entry("exited de 0")
}

func TestGroupTaskThatCannotStart(t *testing.T) {
	for name, c := range map[string]struct {
		command *mesos.CommandInfo
		reason  mesos.TaskStatus_Reason
		message string
	}{
		"no command": {nil, 0, "Command exited with status 1"},
		"no file": {&mesos.CommandInfo{URIs: []mesos.CommandInfo_URI{{Value: "/no/such"}}},
			mesos.REASON_CONTAINER_LAUNCH_FAILED, "Failed to fetch all URIs"},
	} {
		t.Run(name, func(t *testing.T) {
			a := startAgent(t)
			bad := newTask("bad")
			bad.Command = c.command
			a.Run(modern(), defaultExecutor("de"), []mesos.TaskInfo{bad, commandTask("good", "exec sleep 1000")}, true)
			st := a.update("bad", mesos.TASK_FAILED).Status
			if st.GetReason() != c.reason || !strings.HasPrefix(st.GetMessage(), c.message) || *st.Source != mesos.SOURCE_EXECUTOR {
				t.Errorf("unexpected update: %v", st)
			}
			a.update("good", mesos.TASK_KILLED)
		})
	}
}
