package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) psCommand() *cobra.Command {
	var framework string
	var instances bool
	cmd := &cobra.Command{
		Use:     "ps",
		Short:   "List task groups",
		GroupID: groupWatch,
		Long:    "List the task groups, or with --instances every instance that was ever started.",
		Example: `  fairlead ps
  fairlead ps --framework analytics
  fairlead ps --instances --format json`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&framework, "framework", "", "only those of one `framework`")
	cmd.Flags().BoolVar(&instances, "instances", false, "list instances")
	return a.client(cmd, func(ctx context.Context, c *client.Client, _ []string) error {
		if instances {
			return a.listInstances(ctx, c, framework)
		}
		return a.listGroups(ctx, c, framework)
	})
}

func (a *app) listGroups(ctx context.Context, c *client.Client, framework string) error {
	list, err := c.Groups(ctx, framework)
	if err != nil {
		return err
	}
	return a.print(list, func(w io.Writer) {
		columns := []string{"GROUP", "ROLE", "STATE", "INSTANCES", "RUNNING", "PENDING", "FINISHED", "FAILED", "KILLED", "AGE"}
		periodic := slices.ContainsFunc(list.Groups, func(g api.Group) bool { return g.Next != nil })
		if periodic {
			columns = append(columns, "NEXT")
		}
		t := a.table(columns...)
		t.nothing = "no task groups"
		for i := range list.Groups {
			g := &list.Groups[i]
			row := []cell{text(g.Framework + "/" + g.Name), text(g.Role), styled(g.State, stateStyle(g.State)), instancesOf(g),
				orDash(g.Running), orDash(g.Pending), orDash(g.Finished), orDash(g.Failed), orDash(g.Killed), text(age(g.Submitted))}
			if periodic {
				row = append(row, text(when(g.Next)))
			}
			t.add(row...)
		}
		t.write(w)
	})
}

// when is a time of this place, or a dash.
func when(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// instancesOf is how many instances there are to be: 4, or 2-20.
func instancesOf(g *api.Group) cell {
	if g.Surplus == 0 {
		return number(g.Instances)
	}
	return cell{text: fmt.Sprintf("%d-%d", g.Instances-g.Surplus, g.Instances), right: true}
}

func (a *app) listInstances(ctx context.Context, c *client.Client, framework string) error {
	list, err := c.Instances(ctx, framework)
	if err != nil {
		return err
	}
	return a.print(list, func(w io.Writer) {
		t := a.table("INSTANCE", "STATE", "RUN", "ATTEMPTS", "STARTED", "AGENT")
		t.nothing = "no instances"
		for _, in := range list.Instances {
			t.add(text(fmt.Sprintf("%s/%s/%d", in.Framework, in.Group, in.Number)), styled(in.State, stateStyle(in.State)),
				text(in.Run), number(in.Attempts), text(optionalAge(in.Started)), text(in.Agent))
		}
		t.write(w)
	})
}

func optionalAge(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return age(*t)
}

// age is how long ago something was, in its largest unit.
func age(t time.Time) string {
	d := time.Since(t)
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= unit.size {
			return fmt.Sprintf("%d%s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%ds", max(0, d/time.Second))
}
