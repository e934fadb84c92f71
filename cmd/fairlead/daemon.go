package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"fairlead/allocator"
	"fairlead/internal/api"
	"fairlead/internal/journal"
	"fairlead/scheduler"
)

// daemon is what a scheduler is started with, by 'fairlead scheduler' and by
// 'fairlead up'.
type daemon struct {
	master    string
	listen    string
	advertise string
	readyFile string
	state     string
	config    string
	tree      treeConfig // what is in config

	name, user, principal, secretFile string
	role                              string
	failover, unreachable             time.Duration
	startAnew                         bool

	executor string
	// executorLocal says that agents find the executor where we do.
	executorLocal           bool
	executorResources       string
	executorSlots           int32
	policy, placement, knob string
	reserveAfter            time.Duration
	avoidFailed             time.Duration
	offerHold               time.Duration

	preemption                  bool
	preemptAfter, preemptMinRun time.Duration
	shrinkAfter, growAfter      time.Duration
	preemptPerMinute            int
	fairnessInterval, halfLife  time.Duration
	history                     int
	log                         logOptions
}

// The defaults that 'up' shares with 'scheduler'.
const (
	defaultListen            = "127.0.0.1:8080"
	defaultExecutorResources = "cpus:0.01;mem:32;disk:1"
	defaultSlots             = 64 // of agents of an embedded cluster
	executorProgram          = "fairlead-executor"
	defaultName              = "fairlead" // of the Mesos framework
)

// register adds the options that 'up' and 'scheduler' have in common.
func (d *daemon) register(flags *pflag.FlagSet) {
	flags.StringVar(&d.listen, "listen", defaultListen, "`address` of the HTTP API")
	flags.StringVar(&d.readyFile, "ready-file", "", "write the URL of the API to this `file` once it answers")
	flags.StringVar(&d.config, "config", "", "`file` with the weights of roles and frameworks, and the guarantees and limits of roles")
	flags.StringVar(&d.name, "name", defaultName, "`name` of the Mesos framework")
	flags.StringVar(&d.executor, "executor", "", "`path` or URI of fairlead-executor; agents fetch a path from this API (default: the one beside this program)")
	flags.StringVar(&d.executorResources, "executor-resources", defaultExecutorResources, "what an executor asks for")
	flags.StringVar(&d.policy, "policy", "", "who is served next: "+join(allocator.Policies())+" (default: drf, and hdrf once a role stands below another one)")
	flags.StringVar(&d.placement, "placement", string(allocator.Placements()[0]), "how an agent is chosen: "+join(allocator.Placements()))
	flags.StringVar(&d.knob, "fairness-knob", "", "`number` from 0 to 1 for the placement tetris: the best aligned among the first 1-f of the frameworks is served (default: 1, whose turn it is)")
	flags.Var(durationOf(&d.avoidFailed, 10*time.Second), "avoid-failed", "how long a task group keeps away from an agent on which a run of it failed; twice as long with each failure there; 0: not at all")
	flags.Var(durationOf(&d.reserveAfter, 30*time.Second), "reserve-after", "how long a task group waits before room is kept for it")
	flags.Var(durationOf(&d.offerHold, 10*time.Minute), "offer-hold", "how long room, and the offers with it, is kept for a waiting task group at first; twice as long each time that was not enough, a day at most")
	flags.BoolVar(&d.preemption, "preemption", false, "end runs of frameworks above their fair share for those below theirs")
	flags.Var(durationOf(&d.preemptAfter, 10*time.Second), "preempt-after", "how long a task group waits before runs are ended for it")
	flags.Var(durationOf(&d.preemptMinRun, time.Minute), "preempt-min-run", "how long a run is left alone")
	flags.IntVar(&d.preemptPerMinute, "preempt-per-minute", 10, "how many `runs` are ended in any minute at most")
	flags.Var(durationOf(&d.shrinkAfter, 2*time.Second), "shrink-after", "how long a task group waits before surplus of elastic groups is ended for it")
	flags.Var(durationOf(&d.growAfter, 10*time.Second), "grow-after", "how long no surplus starts after any was ended for others")
	flags.Var(durationOf(&d.halfLife, 0), "half-life", "let what frameworks held lately count too, and half as much after this `time`; 0: only what they hold now")
	flags.Var(durationOf(&d.fairnessInterval, 10*time.Second), "fairness-interval", "how often it is measured how fairly everybody is served; 0: never")
	flags.IntVar(&d.history, "history", 100, "how many ended `runs` of each task group are remembered")
}

// complete lets the shell complete the options of register.
func (d *daemon) complete(cmd *cobra.Command) {
	choices(cmd, "policy", allocator.Policies())
	choices(cmd, "placement", allocator.Placements())
	d.log.complete(cmd)
}

// open checks the options and listens for the API, so that whatever is wrong
// with them is said before anything else is started.
func (d *daemon) open() (net.Listener, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := removeReadyFile(d.readyFile); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", d.listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: the API can't listen: %w", err)
	}
	d.advertise = strings.TrimRight(d.advertise, "/") // paths are appended to it
	if d.advertise == "" {
		d.advertise = "http://" + reachable(listener.Addr().(*net.TCPAddr))
	}
	return listener, nil
}

// run schedules until ctx is done, which is its good end: tasks go on, and the
// framework is kept. up is called with the URL of the API once it answers. The
// listener is closed at the end.
func (d *daemon) run(ctx context.Context, log *zap.Logger, listener net.Listener, up func(url string) error) (err error) {
	defer listener.Close()
	cfg, served, err := d.schedulerConfig(log)
	if err != nil {
		return err
	}
	defer cfg.Mesos.Close()
	if cfg.Journal, err = journal.Open(d.state); err != nil {
		return stateError(err)
	}
	defer func() { err = errors.Join(err, cfg.Journal.Close()) }()
	s, err := scheduler.Open(cfg)
	if err != nil {
		return stateError(err)
	}
	server := api.New(api.Config{Scheduler: s, Files: cfg.Mesos, Logger: log.Named("api"), Version: build().Version, Executor: served})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Run(ctx) })
	group.Go(func() error { return server.Serve(ctx, listener) })
	group.Go(func() error { return errors.Join(writeReadyFile(d.readyFile, d.advertise), up(d.advertise)) })
	return subscriptionError(group.Wait())
}

// subscriptionError adds to what only people can decide what they can do.
func subscriptionError(err error) error {
	switch {
	case errors.Is(err, scheduler.ErrRemoved):
		return fmt.Errorf("%w: it was torn down, or away for longer than its --failover-timeout, and nothing of it runs any more; "+
			"with --start-anew a scheduler goes on as a new framework, and starts what had not ended again", err)
	case errors.Is(err, scheduler.ErrTakenOver):
		return fmt.Errorf("%w: another scheduler has subscribed with the same framework id; end one of them: a copy of a state is the same framework", err)
	}
	return err
}

// stateError is bad input, unless somebody else has the file, or the disk fails.
func stateError(err error) error {
	err = fmt.Errorf("--state: %w", err)
	for _, is := range []error{journal.ErrNotJournal, journal.ErrNewer, fs.ErrNotExist, fs.ErrPermission} {
		if errors.Is(err, is) {
			return usageError{err}
		}
	}
	if damaged := (*journal.CorruptError)(nil); errors.As(err, &damaged) {
		return usageError{err}
	}
	return err
}

// reachable is how others on this host's network reach a listener.
func reachable(addr *net.TCPAddr) string {
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// removeReadyFile removes what an earlier run left, so that nobody takes it
// for an answer of this one.
func removeReadyFile(name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ready file: %w", err)
	}
	return nil
}

// writeReadyFile writes the file in one piece, so that whoever waits for it
// never reads half of it.
func writeReadyFile(name, url string) error {
	if name == "" {
		return nil
	}
	part := name + ".part"
	if err := os.WriteFile(part, []byte(url+"\n"), 0o644); err != nil {
		return fmt.Errorf("ready file: %w", err)
	}
	if err := os.Rename(part, name); err != nil {
		return fmt.Errorf("ready file: %w", err)
	}
	return nil
}
