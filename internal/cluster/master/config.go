package master

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap"
)

// Config describes a master. Zero durations and counts take the default named
// with the field; names in brackets are flags of a Mesos master.
type Config struct {
	Listen string // host:port of the HTTP server, port 0 for any

	AllocationInterval time.Duration // between allocations that no event asks for; 1s (allocation_interval)
	Heartbeat          time.Duration // between HEARTBEAT events; 15s
	OfferTimeout       time.Duration // an offer unanswered for so long is rescinded; 0: never (offer_timeout)

	// MaxQueued bounds the encoded bytes that wait for one slow reader of an
	// event stream; beyond it the stream is cut. 16 MiB.
	MaxQueued int

	// Credentials, if not empty, are the principals and secrets of HTTP basic
	// authentication for all endpoints that a real master protects.
	Credentials map[string]string

	Logger *zap.Logger // nil logs nothing
}

func (c Config) withDefaults() Config {
	if c.AllocationInterval <= 0 {
		c.AllocationInterval = time.Second
	}
	if c.Heartbeat <= 0 {
		c.Heartbeat = 15 * time.Second
	}
	if c.MaxQueued <= 0 {
		c.MaxQueued = 16 << 20
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	return c
}

// Bounds of what the master remembers, as in Mesos (max_completed_tasks_per_framework,
// max_unreachable_tasks_per_framework, max_completed_frameworks,
// max_operator_event_stream_subscribers).
const (
	maxCompletedTasks      = 1000
	maxUnreachableTasks    = 1000
	maxCompletedFrameworks = 50
	maxSubscribers         = 1000
)

// version is what the master says it is: the Mesos whose behaviour it copies.
const version = "1.12.0"

// Agent is what the master needs of an agent. No method blocks; what they ask
// for happens in the order of the calls and is answered through the master's
// StatusUpdate, ExecutorExited and ExecutorMessage.
type Agent interface {
	Info() mesos.AgentInfo
	Endpoint() string // host:port of its HTTP server
	PID() string      // slave(1)@ip:port
	// Run starts tasks under executor ex; a nil ex makes each a command task.
	Run(fw mesos.FrameworkInfo, ex *mesos.ExecutorInfo, tasks []mesos.TaskInfo, group bool)
	Kill(frameworkID, taskID string, policy *mesos.KillPolicy)
	Acknowledge(frameworkID, taskID string, uuid []byte)
	Message(frameworkID, executorID string, data []byte)
	ShutdownExecutor(frameworkID, executorID string)
	ShutdownFramework(frameworkID string)
	// FrameworkSubscribed sends the framework's unacknowledged updates again.
	FrameworkSubscribed(frameworkID string)
}
