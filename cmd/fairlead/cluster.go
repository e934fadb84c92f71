package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"fairlead/internal/cluster"
	"fairlead/internal/cluster/wire"
)

// clusterOptions describe an embedded cluster.
type clusterOptions struct {
	listen     string
	agents     int
	resources  string
	attributes []string
	slots      int32
	overhead   string
	workDir    string
	limit      bool
}

// mostAgents bounds an embedded cluster: each agent is a server of its own.
const mostAgents = 1000

func (o *clusterOptions) register(flags *pflag.FlagSet) {
	flags.IntVar(&o.agents, "agents", 1, "how many agents")
	flags.StringVar(&o.resources, "resources", "", "what each agent holds, such as 'cpus:4;mem:8192;ports:[31000-31999];licences:{red,blue}' (default: its part of this machine)")
	flags.StringArrayVar(&o.attributes, "attributes", nil, "attributes of an agent, such as 'rack:r1;zone:eu'; the next time given, of the next agent")
	flags.StringVar(&o.workDir, "work-dir", "", "`directory` for sandboxes (default: a temporary one, removed at the end)")
	flags.BoolVar(&o.limit, "limit-memory", false, "end what is found to hold more memory than it asked for, with the reason that cgroups give (Linux)")
	flags.Int32Var(&o.slots, "executor-slots", defaultSlots, "how many executors each agent carries on top of its resources")
}

func (o *clusterOptions) check() error {
	switch {
	case o.agents < 1 || o.agents > mostAgents:
		return usagef("--agents %d: expected 1 to %d", o.agents, mostAgents)
	case o.slots < 0:
		return usagef("--executor-slots %d: expected 0 or more", o.slots)
	}
	if _, err := wire.ParseResources(o.resources); o.resources != "" && err != nil {
		return usagef("--resources: %w", err)
	}
	if _, err := wire.ParseResources(o.overhead); err != nil {
		return usagef("--executor-resources: %w", err)
	}
	if n := len(o.attributes); n > o.agents {
		return usagef("--attributes is given %d times, and --agents is %d", n, o.agents)
	}
	for _, text := range o.attributes {
		if _, err := wire.ParseAttributes(text); err != nil {
			return usagef("--attributes: %w", err)
		}
	}
	return nil
}

func (o *clusterOptions) start(ctx context.Context, log *zap.Logger) (*cluster.Cluster, error) {
	c, err := cluster.Start(ctx, cluster.Config{
		Listen: o.listen, Agents: o.agents, Resources: o.resources, Attributes: o.attributes,
		ExecutorSlots: int(o.slots), ExecutorOverhead: o.overhead, WorkDir: o.workDir, LimitMemory: o.limit, Logger: log.Named("cluster"),
	})
	if err != nil && ctx.Err() != nil {
		return nil, quietError(exitDone) // a signal is its good end, also while it starts
	}
	if err != nil {
		return nil, fmt.Errorf("starting the cluster: %w", err)
	}
	return c, nil
}

// stopTimeout is how long tasks have to end in order.
const stopTimeout = 15 * time.Second

func stopCluster(ctx context.Context, c *cluster.Cluster) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return c.Close(ctx)
}

// sayCluster tells people what was started.
func (a *app) sayCluster(o *clusterOptions, c *cluster.Cluster) {
	holding := o.resources
	if holding == "" {
		holding = "this machine's resources"
	}
	a.say("cluster: %d agent(s) with %s; its master is %s", o.agents, holding, c.URL())
	if o.slots > 0 {
		a.say("each agent carries %d executors of %s on top of that", o.slots, o.overhead)
	}
}

func (a *app) clusterCommand() *cobra.Command {
	o := &clusterOptions{}
	var log logOptions
	var readyFile string
	cmd := &cobra.Command{
		Use:     "cluster",
		Short:   "Run an embedded Mesos cluster on this machine",
		GroupID: groupRun,
		Long: `Run a Mesos master and agents in this process until SIGTERM or SIGINT: the v1
scheduler, executor and operator APIs, for any framework. Tasks are real processes
in real sandboxes, without isolation. It is made for laptops and tests; for more
there is Mesos.`,
		Example: `  fairlead cluster
  fairlead cluster --agents 3 --resources 'cpus:4;mem:8192;disk:8192;ports:[31000-31999]'
  fairlead scheduler --master http://127.0.0.1:5050 --executor-slots 64`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:5050", "`address` of the master; agents take free ports of the same host")
	flags.StringVar(&readyFile, "ready-file", "", "write the URL of the master to this `file` once it answers")
	flags.StringVar(&o.overhead, "executor-resources", defaultExecutorResources, "what one of --executor-slots carries")
	o.register(flags)
	log.register(flags, zapcore.WarnLevel)
	log.complete(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return ours(a.runCluster(cmd.Context(), o, log, readyFile))
	}
	return cmd
}

func (a *app) runCluster(ctx context.Context, o *clusterOptions, options logOptions, readyFile string) error {
	if err := errors.Join(o.check(), checkListen("--listen", o.listen)); err != nil {
		return err
	}
	log, err := a.logger(options)
	if err != nil {
		return err
	}
	if err := removeReadyFile(readyFile); err != nil {
		return err
	}
	c, err := o.start(ctx, log)
	if err != nil {
		return err
	}
	a.sayCluster(o, c)
	if err := writeReadyFile(readyFile, c.URL()); err != nil {
		return errors.Join(err, stopCluster(ctx, c))
	}
	<-ctx.Done()
	a.say("stopping")
	return stopCluster(ctx, c)
}
