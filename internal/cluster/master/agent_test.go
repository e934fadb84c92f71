package master_test

import (
	"net"
	"slices"
	"sync"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/wire"
)

// recordingAgent is an agent without processes: it notes what the master asks
// and reports what the test says.
type recordingAgent struct {
	t    testing.TB
	m    *master.Master
	info mesos.AgentInfo

	mu   sync.Mutex
	runs []run
	said []string // other calls, as text
}

// run is one Run call.
type run struct {
	framework mesos.FrameworkInfo
	executor  *mesos.ExecutorInfo
	tasks     []mesos.TaskInfo
	group     bool
}

// newAgent registers an agent with resources in the Mesos text form.
func newAgent(t testing.TB, m *master.Master, resources string) *recordingAgent {
	t.Helper()
	id, err := m.NewAgentID()
	if err != nil {
		t.Fatal(err)
	}
	rs, err := wire.ParseResources(resources)
	if err != nil {
		t.Fatal(err)
	}
	port := int32(5051)
	a := &recordingAgent{t: t, m: m, info: mesos.AgentInfo{
		ID: &mesos.AgentID{Value: id}, Hostname: "agent.local", Port: &port, Resources: rs,
	}}
	if err := m.AddAgent(a); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *recordingAgent) id() string            { return a.info.ID.Value }
func (a *recordingAgent) Info() mesos.AgentInfo { return a.info }
func (a *recordingAgent) Endpoint() string      { return net.JoinHostPort("127.0.0.1", "5051") }
func (a *recordingAgent) PID() string           { return "slave(1)@" + a.Endpoint() }

func (a *recordingAgent) Run(fw mesos.FrameworkInfo, ex *mesos.ExecutorInfo, tasks []mesos.TaskInfo, group bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runs = append(a.runs, run{fw, ex, tasks, group})
}

func (a *recordingAgent) note(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said = append(a.said, text)
}

func (a *recordingAgent) Kill(_, taskID string, policy *mesos.KillPolicy) {
	a.note("kill " + taskID + " " + policy.GetGracePeriod().String())
}
func (a *recordingAgent) Acknowledge(_, taskID string, uuid []byte) {
	a.note("acknowledge " + taskID + " " + string(uuid))
}
func (a *recordingAgent) Message(_, executorID string, data []byte) {
	a.note("message " + executorID + " " + string(data))
}
func (a *recordingAgent) ShutdownExecutor(_, executorID string) { a.note("shutdown " + executorID) }
func (a *recordingAgent) ShutdownFramework(id string)           { a.note("shutdown framework " + id) }
func (a *recordingAgent) FrameworkSubscribed(id string)         { a.note("subscribed " + id) }

// heard reports whether the master has asked for something.
func (a *recordingAgent) heard(text string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(a.said, text)
}

// launched returns what has been run so far.
func (a *recordingAgent) launched() []run {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.runs)
}

// running reports whether a task has been handed over.
func (a *recordingAgent) running(taskID string) bool {
	for _, r := range a.launched() {
		for _, t := range r.tasks {
			if t.TaskID.Value == taskID {
				return true
			}
		}
	}
	return false
}

// report sends an update of a task as an executor's, and returns its uuid.
func (a *recordingAgent) report(frameworkID, taskID string, state mesos.TaskState) []byte {
	uuid, now := wire.NewUUID(), 1.5e9
	a.m.StatusUpdate(a.id(), master.Update{
		FrameworkID: frameworkID, Latest: state,
		Status: mesos.TaskStatus{
			TaskID: mesos.TaskID{Value: taskID}, State: state.Enum(), UUID: uuid, Timestamp: &now,
			Source: mesos.SOURCE_EXECUTOR.Enum(), ExecutorID: &mesos.ExecutorID{Value: taskID},
		},
	})
	return uuid
}
