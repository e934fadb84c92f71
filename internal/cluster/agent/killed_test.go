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
	nothing := agent.Upstream{
		StatusUpdate: func(agent.Update) {}, ExecutorExited: func(string, string, int) {}, ExecutorMessage: func(string, string, []byte) {},
	}
	a, err := agent.New(agent.Config{ID: agentID, WorkDir: dir, Listen: "127.0.0.1:0"}, nothing)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	script := "echo $$ > '" + dir + "/pid.tmp'; mv '" + dir + "/pid.tmp' '" + dir + "/pid'; sleep 1000"
	a.Run(modern(), nil, []mesos.TaskInfo{commandTask("t", script)}, false)
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
		text, err := os.ReadFile(filepath.Join(dir, "pid"))
		pid = strings.TrimSpace(string(text))
		return err == nil
	})
	if err := doomed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = doomed.Wait()
	u.eventually("the end of the task", func() bool { return !alive(pid) })
}
