package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fairlead/internal/client"
)

func (a *app) rerunCommand() *cobra.Command {
	var below bool
	cmd := &cobra.Command{
		Use:     "rerun NAME",
		Short:   "Start a task group again that has ended",
		GroupID: groupWork,
		Long: `Start a task group (framework/group) again that has ended, as if it was submitted
now; the runs that ended before stay in its history. What it comes after must have
ended as it must, or not be there any more.

With --below everything that comes after it is started again too, once it has
ended: also what was never run because it failed. None of that may be at work.`,
		Example: `  fairlead rerun analytics/report
  fairlead rerun analytics/extract --below`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeNames,
	}
	cmd.Flags().BoolVar(&below, "below", false, "also all that comes after it")
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		t, err := parseTarget(args[0])
		if err != nil {
			return err
		}
		if t.instance >= 0 {
			return usagef("%q is an instance: a task group is started again as a whole", args[0])
		}
		started, err := c.Rerun(ctx, t.Name, below)
		if err != nil {
			return err
		}
		return a.print(started, func(w io.Writer) {
			for _, g := range started.Groups {
				fmt.Fprintf(w, "%s is started again\n", g.Full())
			}
		})
	})
}
