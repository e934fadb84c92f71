// Fairlead is the daemon, the client and the simulator of a Mesos framework
// scheduler that shares a cluster by Dominant Resource Fairness.
//
// Each command has a file of its own; root.go ties them together, exit.go says
// what the exit status means, output.go how results are printed.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Main runs one command line and returns the exit status. SIGTERM and SIGINT
// end it in an orderly way, and so does SIGHUP, with which terminals go, unless
// nohup has it ignored; a second one ends it at once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	signals := []os.Signal{syscall.SIGTERM, syscall.SIGINT}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := &app{in: stdin, out: stdout, err: stderr, env: os.LookupEnv}
	return a.run(ctx, args)
}
