package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) submitCommand() *cobra.Command {
	var wait, dryRun, allow bool
	cmd := &cobra.Command{
		Use:     "submit FILE...",
		Short:   "Submit task groups",
		GroupID: groupWork,
		Long: `Submit the task groups of some files, all or none of them; "-" is standard input.
YAML and JSON are read, several documents to a file.

What could never start on this cluster is refused with the reason, as 'fairlead
plan' tells it. Submitting the same again does no harm: what is there already in
the same form is left as it is. Another specification under a name that is taken
is refused.`,
		Example: `  fairlead submit etl.yaml
  fairlead submit etl.yaml report.yaml --wait
  fairlead submit --dry-run etl.yaml
  generate-groups | fairlead submit -`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until every group has ended; fail unless all finished well")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would happen, as 'fairlead plan' does")
	cmd.Flags().BoolVar(&allow, "allow-unsatisfiable", false, "submit also what could never start on the agents that are known")
	return a.client(cmd, func(ctx context.Context, c *client.Client, files []string) error {
		if dryRun {
			return a.plan(ctx, c, files)
		}
		groups, err := a.readGroups(files)
		if err != nil {
			return err
		}
		done, err := c.Submit(ctx, groups, allow)
		if err != nil {
			return allowing(err, "submits it all the same, to wait for a larger cluster")
		}
		if !wait {
			return a.print(done, func(w io.Writer) {
				for _, g := range done.Groups {
					fmt.Fprintln(w, acceptedText(g))
				}
			})
		}
		for _, g := range done.Groups {
			a.say("%s", acceptedText(g))
		}
		return a.waitFor(ctx, c, targets(done.Groups))
	})
}

func acceptedText(g api.Accepted) string {
	if g.Known {
		return g.Full().String() + " is there already"
	}
	return g.Full().String() + " submitted"
}

// allowing adds to a refusal of what the cluster can't give how to insist.
func allowing(err error, does string) error {
	var refused *api.Error
	if errors.As(err, &refused) && refused.Code == api.CodeUnsatisfiable {
		return fmt.Errorf("%w\n--allow-unsatisfiable %s", err, does)
	}
	return err
}

func targets(groups []api.Accepted) []target {
	var out []target
	for _, g := range groups {
		out = append(out, target{Name: g.Full(), instance: -1})
	}
	return out
}
