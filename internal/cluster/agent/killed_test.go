package agent_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent"
)

// runDoomedAgent is the test binary in mode "agent": it runs a command task in
// the directory given and waits to be killed.
func runDoomedAgent(dir string) int {
	running := make(chan struct{})
	var a *agent.Agent
	up := agent.Upstream{
		StatusUpdate: func(u agent.Update) {
			a.Acknowledge(u.FrameworkID, u.Status.TaskID.Value, u.Status.UUID)
			if u.Status.GetState() == mesos.TASK_RUNNING {
				close(running)
			}
		},
		ExecutorExited: func(string, string, int) {}, ExecutorMessage: func(string, string, []byte) {},
	}
	var err error
	if a, err = agent.New(agent.Config{ID: agentID, WorkDir: dir, Listen: "127.0.0.1:0"}, up); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	a.Run(modern(), nil, []mesos.TaskInfo{commandTask("t", "echo $$ > '"+dir+"/pid'; sleep 1000")}, false)
	<-running
	if err := os.WriteFile(filepath.Join(dir, "running"), nil, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	time.Sleep(patience)
	_ = a.Close(context.Background())
	return 0
}

func TestTasksOfAKilledAgentAreKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	doomed := exec.Command(self)
	doomed.Env = append(os.Environ(), modeVariable+"=agent", "FAIRLEAD_TEST_DIR="+dir)
	doomed.Stderr = os.Stderr
	if err := doomed.Start(); err != nil {
		t.Fatal(err)
	}
	u := &upstream{t: t}
	var pid string
	u.eventually("the task", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "pid"))
		pid = strings.TrimSpace(string(text))
		_, err := os.Stat(filepath.Join(dir, "running"))
		return err == nil && pid != ""
	})
	if err := doomed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = doomed.Wait()
	u.eventually("the end of the task", func() bool { return !alive(pid) })
}
