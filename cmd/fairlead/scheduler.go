package main

import (
	"net"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"
)

func (a *app) schedulerCommand() *cobra.Command {
	d := &daemon{}
	cmd := &cobra.Command{
		Use:     "scheduler",
		Short:   "Run the scheduler of a Mesos cluster",
		GroupID: groupRun,
		Long: `Run the scheduler of a Mesos cluster until SIGTERM or SIGINT. Tasks go on without
it: started again with the same state, it takes its framework and every task up
again. One state belongs to one scheduler.

The weights of roles and frameworks are in the file of --config:

  roles:      [{name: eng, weight: 2}, {name: ops}]
  frameworks: [{name: analytics, role: eng, weight: 1.5}]

Under Marathon (PORT0 is set) the API listens on that port, unless --listen says
otherwise, and is advertised as http://$HOST:$PORT0.`,
		Example: `  fairlead scheduler --master http://leader.mesos:5050
  fairlead scheduler --master zk://zk1:2181,zk2:2181/mesos --config tree.yaml
  FAIRLEAD_MASTER=http://10.0.0.1:5050 FAIRLEAD_ROLE=eng fairlead scheduler`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	d.register(flags)
	flags.StringVar(&d.master, "master", "", "`address` of the masters: http://host:port, several separated by commas, or zk://host:port,.../path")
	flags.StringVar(&d.advertise, "advertise", "", "`URL` under which agents and people reach the API (default: as it listens)")
	flags.StringVar(&d.state, "state", "fairlead.db", "`file` that the scheduler keeps its state in")
	flags.StringVar(&d.user, "user", "", "`user` that tasks run as (default: who runs this)")
	flags.Var(durationOf(&d.unreachable, 5*time.Minute), "unreachable-timeout", "how long a task may be out of the master's sight before it is replaced")
	flags.StringVar(&d.role, "role", "*", "Mesos `role` to subscribe with")
	flags.StringVar(&d.principal, "principal", "", "`name` to authenticate with")
	flags.StringVar(&d.secretFile, "secret-file", "", "`file` that holds the principal's secret")
	flags.Var(durationOf(&d.failover, 168*time.Hour), "failover-timeout", "how long the master keeps the tasks of a scheduler that is away")
	flags.BoolVar(&d.startAnew, "start-anew", false, "if the master has removed the framework, which ends all its tasks, go on as a new one")
	flags.Int32Var(&d.executorSlots, "executor-slots", 0, "how many executors each agent carries on top of its resources")
	d.log.register(flags, zapcore.InfoLevel)
	d.complete(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if d.master == "" {
			return ours(usagef("--master is needed: where is the Mesos master?"))
		}
		if !flags.Changed("listen") {
			a.underMarathon(d)
		}
		log, err := a.logger(d.log)
		if err != nil {
			return ours(err)
		}
		listener, err := d.open()
		if err != nil {
			return ours(err)
		}
		return ours(d.run(cmd.Context(), log, listener, func(url string) error {
			a.say("scheduler: %s", url)
			return nil
		}))
	}
	return cmd
}

// underMarathon takes the port that Marathon gives. All addresses are listened
// on, since Marathon's health checks come from the loopback one.
func (a *app) underMarathon(d *daemon) {
	port, ok := a.env("PORT0")
	if !ok || port == "" {
		return
	}
	d.listen = net.JoinHostPort("", port)
	if host, ok := a.env("HOST"); ok && host != "" && d.advertise == "" {
		d.advertise = "http://" + net.JoinHostPort(host, port)
	}
}
