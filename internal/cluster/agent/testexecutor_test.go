package agent_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"fairlead/internal/cluster/wire"
)

// Variables that make the test binary an executor.
const (
	modeVariable   = "FAIRLEAD_TEST_EXECUTOR"
	codingVariable = "FAIRLEAD_TEST_CODING"
)

// program is a small executor: its tasks run nothing, they are reported as
// RUNNING and end when told. Modes: "normal"; "stubborn" ignores SHUTDOWN and
// KILL.
//
// Messages make it do things: "exit N", "finish TASK", "daemon" (start a
// process that outlives it if nobody ends it; its id goes to daemon.pid);
// anything else is echoed.
type program struct {
	*executorClient
	mode string
	live map[string]bool
}

func runTestExecutor(mode string) int {
	media := wire.Protobuf
	if os.Getenv(codingVariable) == "json" {
		media = wire.JSON
	}
	client := newExecutorClient(os.Getenv("MESOS_AGENT_ENDPOINT"), os.Getenv("MESOS_EXECUTOR_ID"), media)
	client.frameworkID = os.Getenv("MESOS_FRAMEWORK_ID")
	p := &program{executorClient: client, mode: mode, live: map[string]bool{}}
	sub, err := p.subscribe(&executor.Call_Subscribe{})
	if err != nil {
		fmt.Fprintln(os.Stderr, "subscribe:", err)
		return 1
	}
	for done := 0; ; time.Sleep(time.Millisecond) {
		events, ended := sub.seen()
		for ; done < len(events); done++ {
			if code, over := p.handle(&events[done]); over {
				return code
			}
		}
		if ended {
			return 2
		}
	}
}

func (p *program) handle(ev *executor.Event) (code int, over bool) {
	switch ev.Type {
	case executor.Event_LAUNCH:
		p.launch(ev.Launch.Task)
	case executor.Event_LAUNCH_GROUP:
		for _, t := range ev.LaunchGroup.TaskGroup.Tasks {
			p.launch(t)
		}
	case executor.Event_KILL:
		if p.mode != "stubborn" {
			p.report(ev.Kill.TaskID.Value, mesos.TASK_KILLED)
		}
	case executor.Event_MESSAGE:
		return p.command(string(ev.Message.Data))
	case executor.Event_SHUTDOWN:
		if p.mode == "stubborn" {
			return 0, false
		}
		for id := range p.live {
			p.report(id, mesos.TASK_KILLED)
		}
		return 0, true
	}
	return 0, false
}

func (p *program) launch(t mesos.TaskInfo) {
	p.live[t.TaskID.Value] = true
	p.report(t.TaskID.Value, mesos.TASK_STARTING)
	p.report(t.TaskID.Value, mesos.TASK_RUNNING)
}

func (p *program) report(task string, state mesos.TaskState) {
	if !p.live[task] {
		return
	}
	if state != mesos.TASK_STARTING && state != mesos.TASK_RUNNING {
		delete(p.live, task)
	}
	if code, text, err := p.update(p.status(task, state)); err != nil || code != 202 {
		fmt.Fprintln(os.Stderr, "update:", code, text, err)
	}
}

func (p *program) command(text string) (code int, over bool) {
	verb, argument, _ := strings.Cut(text, " ")
	switch verb {
	case "exit":
		code, _ := strconv.Atoi(argument)
		return code, true
	case "finish":
		p.report(argument, mesos.TASK_FINISHED)
	case "daemon":
		// A double fork into a session of its own, with nothing of ours but
		// the environment.
		script := "(setsid sh -c 'echo $$ > daemon.tmp; mv daemon.tmp daemon.pid; exec sleep 1000' > /dev/null 2>&1 &)"
		if err := exec.Command("/bin/sh", "-c", script).Run(); err != nil {
			fmt.Fprintln(os.Stderr, "daemon:", err)
		}
	default:
		p.call(&executor.Call{Type: executor.Call_MESSAGE, Message: &executor.Call_Message{Data: []byte("echo:" + text)}})
	}
	return 0, false
}

// fixture is the path of a recording of a real Mesos, which may be absent.
func fixture(name string) string {
	return filepath.Join("..", "..", "..", "..", "shared", "fixtures", "mesos-1.12", name)
}
