package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"fairlead/internal/client"
)

// app is what commands share: where they read and write, and the options of
// those that speak to a server.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) (string, bool)

	server string
	format format
}

// The groups in which help lists the commands.
const (
	groupRun      = "run"
	groupWork     = "work"
	groupWatch    = "watch"
	groupSimulate = "simulate"
	groupOther    = "other"
)

// run carries out one command line.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	helpRefuses(root)
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if own := (ourError{}); !errors.As(err, &own) {
		err = usageError{err} // what cobra refuses is bad usage
	}
	if text := message(err); text != "" {
		fmt.Fprintln(a.err, text)
	}
	return exitStatus(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "fairlead",
		Short: "Share a Mesos cluster by Dominant Resource Fairness",
		Long: `Fairlead is a Mesos framework scheduler that shares a cluster by Dominant Resource
Fairness: whoever holds the least of what it needs most is served next.

Every long option can be set as an environment variable: --executor-slots is
FAIRLEAD_EXECUTOR_SLOTS. What is given on the command line wins. Inside a task the
variables that say which one it is (FAIRLEAD_FRAMEWORK, FAIRLEAD_INSTANCES and
FAIRLEAD_TASK) set no options.

Exit status: 0 done; 1 what was asked for failed; 2 bad usage or bad input;
3 no answer from the server.`,
		Example: `  fairlead up                        # a cluster and a scheduler on this machine
  fairlead submit group.yaml --wait  # run something on it
  fairlead shares --watch            # see who holds what`,
		Version:           build().Version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.fromEnvironment(cmd.Flags()) },
	}
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("fairlead {{.Version}}\n")
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run a scheduler:"},
		&cobra.Group{ID: groupWork, Title: "Submit work and follow it:"},
		&cobra.Group{ID: groupWatch, Title: "See what the scheduler sees:"},
		&cobra.Group{ID: groupSimulate, Title: "Try things out:"},
		&cobra.Group{ID: groupOther, Title: "Other commands:"},
	)
	root.SetHelpCommandGroupID(groupOther)
	root.AddCommand(
		a.upCommand(), a.clusterCommand(), a.schedulerCommand(),
		a.submitCommand(), a.planCommand(), a.waitCommand(), a.killCommand(), a.rerunCommand(), a.logsCommand(),
		a.psCommand(), a.describeCommand(), a.explainCommand(),
		a.sharesCommand(), a.roleCommand(), a.frameworkCommand(), a.agentsCommand(), a.offersCommand(), a.eventsCommand(),
		a.simulateCommand(), a.traceCommand(), a.replayCommand(), a.versionCommand(), a.completionCommand(),
	)
	explainUsage(root)
	return root
}

// fromEnvironment sets the options that are not given from variables. An empty
// variable counts as none, since templates leave such ones behind.
func (a *app) fromEnvironment(flags *pflag.FlagSet) error {
	var problem error
	_, inTask := a.env("FAIRLEAD_RUN")
	flags.VisitAll(func(f *pflag.Flag) {
		name := variable(f.Name)
		value, ok := a.env(name)
		if f.Changed || f.Name == "help" || f.Name == "version" || !ok || value == "" || problem != nil || inTask && saysWhichTask(name) {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			problem = usagef("%s=%q: %w", name, value, cause(err))
		}
	})
	return problem
}

// saysWhichTask is true for what the scheduler sets for every task and what
// would be an option, too: a task that lists groups must see all of them.
func saysWhichTask(name string) bool {
	return name == "FAIRLEAD_FRAMEWORK" || name == "FAIRLEAD_INSTANCES" || name == "FAIRLEAD_TASK"
}

// variable is the environment variable of an option.
func variable(option string) string {
	return "FAIRLEAD_" + strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}

// defaultServer is where clients look for a scheduler.
const defaultServer = "http://127.0.0.1:8080"

// client makes a command one that speaks to a server.
func (a *app) client(cmd *cobra.Command, run func(ctx context.Context, c *client.Client, args []string) error) *cobra.Command {
	cmd.Flags().StringVar(&a.server, "server", defaultServer, "`URL` of the scheduler")
	a.formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := client.New(a.server)
		if err != nil {
			return usageError{err}
		}
		defer c.Close()
		return ours(run(cmd.Context(), c, args))
	}
	return cmd
}

// ourError marks an error of a command of ours, as opposed to one of cobra's.
type ourError struct{ error }

func (e ourError) Unwrap() error { return e.error }

func ours(err error) error {
	if err == nil {
		return nil
	}
	return ourError{err}
}

// terminal reports whether w is one.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
