package executor

import (
	"strings"
	"testing"
	"time"
)

func TestFromEnv(t *testing.T) {
	complete := map[string]string{
		"MESOS_FRAMEWORK_ID":                   "f-0000",
		"MESOS_EXECUTOR_ID":                    "etl.main.0.r1",
		"MESOS_AGENT_ENDPOINT":                 "10.0.0.1:5051",
		"MESOS_SANDBOX":                        "/mnt/mesos/sandbox",
		"MESOS_CHECKPOINT":                     "1",
		"MESOS_RECOVERY_TIMEOUT":               "1.5mins",
		"MESOS_SUBSCRIPTION_BACKOFF_MAX":       "1500ms",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
		"MESOS_EXECUTOR_AUTHENTICATION_TOKEN":  "t",
		"PATH":                                 "/bin",
	}
	with := func(changes ...string) func(string) (string, bool) {
		return func(name string) (string, bool) {
			for i := 0; i < len(changes); i += 2 {
				if changes[i] == name {
					return changes[i+1], changes[i+1] != ""
				}
			}
			v, ok := complete[name]
			return v, ok
		}
	}
	base := Config{
		FrameworkID: "f-0000", ExecutorID: "etl.main.0.r1", Agent: "10.0.0.1:5051", Token: "t",
		Sandbox: "/mnt/mesos/sandbox", Path: "/bin", Checkpoint: true,
		ShutdownGrace: 5 * time.Second, RecoveryTimeout: 90 * time.Second, BackoffMax: 1500 * time.Millisecond,
	}
	tests := []struct {
		name    string
		changes []string
		want    func(*Config)
	}{
		{"everything is taken over", nil, func(*Config) {}},
		{"without checkpointing only the first subscription has a limit",
			[]string{"MESOS_CHECKPOINT", "0"},
			func(c *Config) { c.Checkpoint, c.RecoveryTimeout = false, time.Minute }},
		{"what the agent may leave out has Mesos' defaults",
			[]string{"MESOS_RECOVERY_TIMEOUT", "", "MESOS_SUBSCRIPTION_BACKOFF_MAX", "",
				"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "", "PATH", ""},
			func(c *Config) {
				c.RecoveryTimeout, c.BackoffMax, c.ShutdownGrace = 15*time.Minute, 2*time.Second, 5*time.Second
				c.Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
			}},
		{"a domain socket replaces the endpoint",
			[]string{"MESOS_DOMAIN_SOCKET", "/run/agent.sock", "MESOS_AGENT_ENDPOINT", ""},
			func(c *Config) { c.Socket, c.Agent = "/run/agent.sock", "" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := base
			test.want(&want)
			got, err := FromEnv(with(test.changes...))
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestFromEnvNamesEverythingThatIsWrong(t *testing.T) {
	_, err := FromEnv(func(name string) (string, bool) {
		v, ok := map[string]string{
			"MESOS_CHECKPOINT":                     "perhaps",
			"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5s",
		}[name]
		return v, ok
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"MESOS_FRAMEWORK_ID is not set",
		"MESOS_EXECUTOR_ID is not set",
		"MESOS_AGENT_ENDPOINT is not set",
		"MESOS_SANDBOX is not set",
		`MESOS_CHECKPOINT: "perhaps" is not a boolean`,
		`MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: "5s" is not a Mesos duration`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q:\n%v", want, err)
		}
	}
}
