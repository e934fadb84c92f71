// Fairlead-executor runs the tasks of one task group instance. A Mesos agent starts it; everything it has to
// know comes in the environment.
//
// It logs to its standard error, which the agent keeps in the sandbox. Exit status: 0 when every task was
// reported to the agent, however it ended; 1 when the agent was lost or had not confirmed all reports in
// time; 2 when the environment is not that of an executor.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"fairlead/executor"
)

func main() {
	os.Exit(run())
}

func run() int {
	// There is one such process for every running instance of a cluster: space counts, speed does not.
	debug.SetGCPercent(20)
	runtime.GOMAXPROCS(min(2, runtime.NumCPU()))

	cfg, err := executor.FromEnv(os.LookupEnv)
	if err != nil {
		fmt.Fprintf(os.Stderr, "fairlead-executor is started by a Mesos agent, which sets its environment:\n%v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := executor.New(cfg, log).Run(ctx); err != nil {
		log.Error("ended", "error", err)
		return 1
	}
	return 0
}
