package agent

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap"
)

// Config describes one agent. Durations that are zero take the default named
// with the field; the names in brackets are the flags of a Mesos agent.
type Config struct {
	ID       string // agent id, unique in the cluster
	Hostname string
	WorkDir  string // sandboxes and the fetcher's cache live below it; must be absolute
	Listen   string // host:port of the HTTP server, port 0 for any

	Resources  []mesos.Resource
	Attributes []mesos.Attribute

	// LimitMemory ends containers that are found to hold more memory than
	// their executor and tasks ask for, as cgroups do. Only on Linux.
	LimitMemory bool

	// Environment is added to the environment of every executor
	// (executor_environment_variables). Nothing else is inherited from this
	// process.
	Environment map[string]string

	RegistrationTimeout time.Duration // from launch to SUBSCRIBE, fetching included; 1m (executor_registration_timeout)
	ShutdownGrace       time.Duration // from SHUTDOWN to SIGKILL; 5s (executor_shutdown_grace_period)
	KillGrace           time.Duration // from SIGTERM to SIGKILL of a task the agent runs itself; 3s

	// RecoveryTimeout is how long a checkpointing executor looks for its
	// agent (recovery_timeout). A Mesos agent says 15 minutes because it can
	// come back; this one ends with its process, so it says 15s and orphans
	// end by themselves soon.
	RecoveryTimeout time.Duration

	SubscriptionBackoff time.Duration // cap of an executor's random resubscription delay; 2s
	UpdateRetryMin      time.Duration // first repeat of an unacknowledged update; 10s
	UpdateRetryMax      time.Duration // longest interval between repeats; 10m
	Heartbeat           time.Duration // between HEARTBEAT events to an executor; 30m
	FetchStall          time.Duration // a download without data for so long fails; 1m (fetcher_stall_timeout)

	Logger *zap.Logger // nil logs nothing
}

// withDefaults returns c with every zero duration replaced.
func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.RegistrationTimeout, time.Minute},
		{&c.ShutdownGrace, 5 * time.Second},
		{&c.KillGrace, 3 * time.Second},
		{&c.RecoveryTimeout, 15 * time.Second},
		{&c.SubscriptionBackoff, 2 * time.Second},
		{&c.UpdateRetryMin, 10 * time.Second},
		{&c.UpdateRetryMax, 10 * time.Minute},
		{&c.Heartbeat, 30 * time.Minute},
		{&c.FetchStall, time.Minute},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	return c
}

// Update is a status update on its way to a framework.
type Update struct {
	FrameworkID string
	Status      mesos.TaskStatus // the oldest update not yet acknowledged
	Latest      mesos.TaskState  // the newest state the agent knows; decides whether resources are free
}

// Upstream is the master as the agent sees it. The agent makes all calls from
// one goroutine, in the order in which things happened; they must not wait for
// the agent. Every function must be set.
type Upstream struct {
	// StatusUpdate hands on an update; it comes again, with the same uuid,
	// until Acknowledge names it.
	StatusUpdate func(Update)

	// ExecutorExited tells that an executor that was not made for a single
	// command task is gone, before the updates of its tasks. waitStatus is
	// raw, as in wait(2); -1 if the executor never ran.
	ExecutorExited func(frameworkID, executorID string, waitStatus int)

	// ExecutorMessage hands on a message to the framework, best effort.
	ExecutorMessage func(frameworkID, executorID string, data []byte)
}
