package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"
)

// upState is where 'fairlead up' keeps its state by default.
const upState = "fairlead-up.db"

func (a *app) upCommand() *cobra.Command {
	o := &clusterOptions{}
	d := &daemon{role: "*", failover: time.Hour, unreachable: 5 * time.Second, executorLocal: true}
	var ephemeral bool
	cmd := &cobra.Command{
		Use:     "up",
		Short:   "Run an embedded cluster and its scheduler on this machine",
		GroupID: groupRun,
		Long: `Run a Mesos cluster and a scheduler in this process until SIGTERM or SIGINT: the
quickest way to try things out, with real processes. Tasks end with it; task
groups that had not ended are started again by the next 'fairlead up' with the
same state.`,
		Example: `  fairlead up
  fairlead up --agents 3 --resources 'cpus:4;mem:8192;disk:8192;ports:[31000-31999]'
  fairlead up --ephemeral --listen 127.0.0.1:9090`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	d.register(flags)
	flags.StringVar(&o.listen, "master-listen", "127.0.0.1:0", "`address` of the embedded master; port 0 is a free one")
	flags.StringVar(&d.state, "state", upState, "`file` that the scheduler keeps its state in; '' as --ephemeral")
	flags.BoolVar(&ephemeral, "ephemeral", false, "keep no state")
	o.register(flags)
	d.log.register(flags, zapcore.WarnLevel)
	d.complete(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if ephemeral {
			d.state = ""
		}
		o.overhead, d.executorSlots = d.executorResources, o.slots
		return ours(a.up(cmd.Context(), o, d))
	}
	return cmd
}

func (a *app) up(ctx context.Context, o *clusterOptions, d *daemon) (err error) {
	if err := errors.Join(o.check(), checkListen("--master-listen", o.listen)); err != nil {
		return err
	}
	log, err := a.logger(d.log)
	if err != nil {
		return err
	}
	listener, err := d.open()
	if err != nil {
		return err
	}
	defer listener.Close()
	where := "state in " + d.state
	if d.state == "" {
		dir, err := os.MkdirTemp("", "fairlead-up-")
		if err != nil {
			return fmt.Errorf("state: %w", err)
		}
		defer os.RemoveAll(dir)
		d.state, where = filepath.Join(dir, upState), "no state is kept"
	}
	c, err := o.start(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopCluster(ctx, c)) }()
	a.sayCluster(o, c)
	d.master = c.URL()
	defer context.AfterFunc(ctx, func() { a.say("stopping; tasks end with the cluster") })()
	return d.run(ctx, log, listener, func(url string) error {
		a.say("scheduler: %s (%s)", url, where)
		a.say("try: fairlead --help; stop with Ctrl-C")
		return nil
	})
}
