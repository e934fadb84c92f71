package main

import (
	"context"

	"github.com/spf13/cobra"

	"fairlead/internal/client"
)

func (a *app) logsCommand() *cobra.Command {
	var q client.Logs
	var stderr bool
	var last uint32
	cmd := &cobra.Command{
		Use:     "logs NAME",
		Short:   "Print the output of a task",
		GroupID: groupWork,
		Long: `Print the output of a task, byte for byte. Without an instance in NAME the first
one is meant; without --task the first task that is no sidecar.

With -f the output is followed until the instance has ended, also across
restarts; an instance that has not started yet is waited for.`,
		Example: `  fairlead logs analytics/etl
  fairlead logs analytics/etl/3 --task proxy --stderr
  fairlead logs analytics/etl -f --tail 1000`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeNames,
	}
	cmd.Flags().StringVar(&q.Task, "task", "", "which `task` of the group")
	cmd.Flags().BoolVarP(&q.Follow, "follow", "f", false, "go on until the instance has ended")
	cmd.Flags().BoolVar(&stderr, "stderr", false, "print its standard error instead")
	cmd.Flags().Uint32Var(&last, "tail", 0, "print only the last so many `bytes`; 0: all")
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		t, err := parseTarget(args[0])
		if err != nil {
			return err
		}
		q.Group, q.Instance, q.Offset, q.Stream = t.Name, max(0, t.instance), -int64(last), "stdout"
		if stderr {
			q.Stream = "stderr"
		}
		return followed(ctx, q.Follow, c.Logs(ctx, q, a.out))
	})
}

// followed is the error of something that goes on until it is interrupted:
// that is its good end.
func followed(ctx context.Context, follow bool, err error) error {
	if follow && ctx.Err() != nil {
		return nil
	}
	return err
}
