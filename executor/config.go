package executor

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	mesostime "github.com/mesos/mesos-go/api/v1/lib/time"
)

// Defaults for what the agent may leave out. The first two are those of the agent's own flags; without
// checkpointing there is no recovery, and firstSubscription only bounds the wait for the first answer: it
// is the time after which an agent gives up on an executor (executor_registration_timeout).
const (
	defaultShutdownGrace = 5 * time.Second
	defaultBackoffMax    = 2 * time.Second
	firstSubscription    = time.Minute
)

// Config is what an executor has to know before it can subscribe. FromEnv makes one.
type Config struct {
	FrameworkID string
	ExecutorID  string

	// Agent is the host:port of the agent. If Socket is set, it is the path of the Unix socket used instead.
	Agent  string
	Socket string

	// Token goes into the Authorization header of each call; empty for none.
	Token string

	// Sandbox is the directory in which the tasks run, as the executor sees it; Path their default PATH.
	Sandbox string
	Path    string

	// ShutdownGrace is what the agent leaves between SHUTDOWN and killing the container.
	ShutdownGrace time.Duration
	// lastWords is what of it is left for the last updates once all tasks are killed: a quarter,
	// and a second at most, unless it is said.
	lastWords time.Duration

	// With Checkpoint set tasks outlive the connection for RecoveryTimeout; without, they end with it.
	Checkpoint      bool
	RecoveryTimeout time.Duration

	// BackoffMax caps the random time before a subscription is tried again.
	BackoffMax time.Duration
}

// FromEnv reads the variables a Mesos agent sets for an executor; lookup is os.LookupEnv. The error
// joins everything that is missing or malformed.
func FromEnv(lookup func(string) (string, bool)) (Config, error) {
	env := environment{lookup: lookup}
	c := Config{
		FrameworkID:     env.required("MESOS_FRAMEWORK_ID"),
		ExecutorID:      env.required("MESOS_EXECUTOR_ID"),
		Socket:          env.optional("MESOS_DOMAIN_SOCKET"),
		Token:           env.optional("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"),
		Sandbox:         env.required("MESOS_SANDBOX"),
		Path:            env.optional("PATH"),
		ShutdownGrace:   env.duration("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", defaultShutdownGrace),
		Checkpoint:      env.boolean("MESOS_CHECKPOINT"),
		RecoveryTimeout: firstSubscription,
		BackoffMax:      env.duration("MESOS_SUBSCRIPTION_BACKOFF_MAX", defaultBackoffMax),
	}
	if c.Socket == "" {
		c.Agent = env.required("MESOS_AGENT_ENDPOINT")
	}
	if c.Path == "" {
		c.Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	if c.Checkpoint {
		c.RecoveryTimeout = env.duration("MESOS_RECOVERY_TIMEOUT", 15*time.Minute)
	}
	return c, errors.Join(env.errs...)
}

// environment reads variables and remembers what was wrong with them.
type environment struct {
	lookup func(string) (string, bool)
	errs   []error
}

func (e *environment) optional(name string) string {
	v, _ := e.lookup(name)
	return v
}

func (e *environment) required(name string) string {
	v := e.optional(name)
	if v == "" {
		e.errs = append(e.errs, fmt.Errorf("%s is not set", name))
	}
	return v
}

func (e *environment) boolean(name string) bool {
	v := e.optional(name)
	if v == "" {
		return false
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s: %q is not a boolean", name, v))
	}
	return b
}

// duration parses Mesos' notation, such as 5secs or 1.5mins, which time.ParseDuration does not know.
func (e *environment) duration(name string, absent time.Duration) time.Duration {
	v := e.optional(name)
	if v == "" {
		return absent
	}
	d, err := mesostime.ParseDuration(v)
	if err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s: %q is not a Mesos duration such as 5secs", name, v))
	}
	return d
}
