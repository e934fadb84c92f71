package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fairlead/drf"
	"fairlead/internal/api"
	"fairlead/internal/client"
	"fairlead/internal/taskgroup"
)

func (a *app) roleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "role",
		Short:   "Change roles of a running scheduler",
		GroupID: groupWatch,
		Long:    `Change roles of a running scheduler. 'fairlead shares' prints them.`,
		Example: `  fairlead role set eng --weight 3 --limit cpus=80`,
		Args:    cobra.NoArgs,
	}
	cmd.AddCommand(a.roleSetCommand())
	return cmd
}

func (a *app) roleSetCommand() *cobra.Command {
	var weight, guarantee, limit string
	var allow bool
	cmd := &cobra.Command{
		Use:   "set ROLE",
		Short: "Change the weight, the guarantee or the limit of a role",
		Long: `Change the weight, the guarantee or the limit of a role such as eng or eng/dev, from
the next decision on; what is not given stays as it is. A guarantee or a limit is
given as a whole, such as cpus=80,mem=65536; "none" takes it away.

Nothing that runs is ended because a limit was lowered. What a Mesos master would
refuse is refused: a limit below the guarantee or above that of the role above, and
guarantees that are more than those of the role above; and guarantees that are more
than the cluster has, unless --allow-unsatisfiable.

The change is kept across restarts, until the file of --config says something else
of the role than it said before.`,
		Example: `  fairlead role set eng --weight 3 --limit cpus=80
  fairlead role set eng/dev --guarantee cpus=8,mem=16384
  fairlead role set eng --limit none`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&weight, "weight", "", "`number` above 0: the part that it gets among its siblings")
	cmd.Flags().StringVar(&guarantee, "guarantee", "", "`amounts` that are promised to the role, such as cpus=8,mem=1024, or none")
	cmd.Flags().StringVar(&limit, "limit", "", "`amounts` that it may hold at most, or none")
	cmd.Flags().BoolVar(&allow, "allow-unsatisfiable", false, "accept guarantees that are more than the cluster has")
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		var change client.RoleChange
		err := taskgroup.CheckRole(args[0])
		if err != nil {
			return usageError{err}
		}
		if change.Weight, err = weightOption(weight); err != nil {
			return err
		}
		if change.Guarantee, err = amountsOption("guarantee", guarantee); err != nil {
			return err
		}
		if change.Limit, err = amountsOption("limit", limit); err != nil {
			return err
		}
		if change == (client.RoleChange{}) {
			return usagef("nothing to change: give --weight, --guarantee or --limit")
		}
		r, err := c.SetRole(ctx, args[0], change, allow)
		if err != nil {
			return allowing(err, "sets it all the same")
		}
		return a.print(r, func(w io.Writer) {
			text := fmt.Sprintf("role %s: weight %s", r.Name, r.Weight)
			if quota := quotaText(r); quota != "" {
				text += ", " + quota
			}
			fmt.Fprintln(w, text)
		})
	})
}

func (a *app) frameworkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "framework",
		Short:   "Change frameworks of a running scheduler",
		GroupID: groupWatch,
		Long:    `Change frameworks of a running scheduler. 'fairlead shares' prints them.`,
		Example: `  fairlead framework set spark --weight 2`,
		Args:    cobra.NoArgs,
	}
	cmd.AddCommand(a.frameworkSetCommand())
	return cmd
}

func (a *app) frameworkSetCommand() *cobra.Command {
	var weight, role string
	cmd := &cobra.Command{
		Use:   "set FRAMEWORK",
		Short: "Change the weight or the role of a framework",
		Long: `Change the weight of a framework, from the next decision on, and with --in the role of
its task groups that name none; what is not given stays as it is. A framework has a
weight in each of its roles: without --in it is changed in all of them, with --in in
that one. Groups that were submitted stay in their role.

The change is kept across restarts, until the file of --config says something else
of the framework than it said before.`,
		Example: `  fairlead framework set spark --weight 2
  fairlead framework set spark --in eng/dev`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&weight, "weight", "", "`number` above 0: the part that it gets among its siblings")
	cmd.Flags().StringVar(&role, "in", "", "`role` of its groups that name none, and of the weight")
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		change := client.FrameworkChange{Role: role}
		if !taskgroup.IsFrameworkName(args[0]) {
			return usagef("%q: expected %s", args[0], taskgroup.FrameworkRule)
		}
		var err error
		if change.Weight, err = weightOption(weight); err != nil {
			return err
		}
		if change == (client.FrameworkChange{}) {
			return usagef("nothing to change: give --weight or --in")
		}
		if role != "" {
			if err := taskgroup.CheckRole(role); err != nil {
				return usagef("--in: %w", err)
			}
		}
		f, err := c.SetFramework(ctx, args[0], change)
		if err != nil {
			return err
		}
		return a.print(f, func(w io.Writer) {
			if role == "" {
				fmt.Fprintf(w, "framework %s: weight %s in each of its roles\n", f.Name, f.Weight)
				return
			}
			fmt.Fprintf(w, "framework %s of role %s: weight %s\n", f.Name, f.Role, f.Weight)
		})
	})
}

// weightOption reads --weight; nil if it is not given.
func weightOption(text string) (*api.Amount, error) {
	if text == "" {
		return nil, nil
	}
	w, err := drf.ParseAmount(text)
	if err != nil {
		return nil, usagef("--weight: %w", err)
	}
	return new(api.Amount(w)), nil
}

// amountsOption reads cpus=80,mem=1024, or none; nil if it is not given.
func amountsOption(option, text string) (*api.Resources, error) {
	out := api.Resources{}
	switch text {
	case "":
		return nil, nil
	case "none":
		return &out, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found || name == "" {
			return nil, usagef("--%s %q: expected name=amount, several separated by commas, or none", option, part)
		}
		a, err := drf.ParseAmount(value)
		if err != nil {
			return nil, usagef("--%s: %s: %w", option, name, err)
		}
		out[name] = api.Amount(a)
	}
	return &out, nil
}
