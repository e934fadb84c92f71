package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plan FILE...",
		Short:   "Say what a submit would do, without doing it",
		GroupID: groupWork,
		Long: `Say for each task group whether it would start now, wait, or could never run, and
why; what the submission would do to the shares of all; and which runs preemption
would end for it. What others wait for is served first where they are entitled to it.

Exit status: 0 all would start now; 1 some would wait; 2 invalid, or one could
never run; 3 no answer from the server.`,
		Example: `  fairlead plan etl.yaml
  fairlead plan etl.yaml --format json | jq '.groups[].verdict'`,
		Args: cobra.MinimumNArgs(1),
	}
	return a.client(cmd, a.plan)
}

func (a *app) plan(ctx context.Context, c *client.Client, files []string) error {
	groups, err := a.readGroups(files)
	if err != nil {
		return err
	}
	plan, err := c.Plan(ctx, groups)
	if err != nil {
		return err
	}
	if err := a.print(plan, func(w io.Writer) { a.writePlan(w, plan) }); err != nil {
		return err
	}
	return verdict(plan)
}

// writePlan says of each group what would become of it, then what the submission
// would do to the shares of all, and whom preemption would end.
func (a *app) writePlan(w io.Writer, plan *api.Plan) {
	t := a.table("GROUP", "VERDICT", "STARTS", "WAITS")
	for _, p := range plan.Groups {
		of := map[string]style{api.VerdictStarts: green, api.VerdictWaits: yellow, api.VerdictNever: red}[p.Verdict]
		t.add(text(p.Framework+"/"+p.Group), styled(p.Verdict, of), number(p.Starts), number(p.Explanation.Pending))
	}
	t.write(w)
	for _, p := range plan.Groups {
		if p.Known {
			fmt.Fprintf(w, "%s/%s is there already (%s): a submit leaves it as it is\n", p.Framework, p.Group, p.Explanation.State)
		}
	}
	for _, p := range plan.Groups {
		e := p.Explanation
		if p.Verdict == api.VerdictStarts {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", printable(e.Summary))
		for _, r := range e.Reasons {
			fmt.Fprintf(w, "  - %s\n", printable(r.Message))
		}
		if e.Start != nil {
			fmt.Fprintf(w, "  starts %s\n", printable(startText(e.Start, time.Now())))
		}
		a.writeVictims(w, e.Preemption)
	}
	fmt.Fprintln(w)
	a.writeShareChanges(w, plan.Shares)
}

func (a *app) writeShareChanges(w io.Writer, shares []api.ShareChange) {
	t := a.table("FRAMEWORK", "ROLE", "SHARE BEFORE", "AFTER", "RUNNING BEFORE", "AFTER", "WAITING")
	for _, c := range shares {
		if c.BeforeNum|c.AfterNum == 0 && c.RunningBefore|c.RunningAfter|c.Pending == 0 {
			continue // it has no part in this
		}
		t.add(text(c.Framework), text(c.Role), number(fraction(c.BeforeNum, c.BeforeDen)), number(fraction(c.AfterNum, c.AfterDen)),
			number(c.RunningBefore), number(c.RunningAfter), number(c.Pending))
	}
	t.write(w)
}

// verdict is the exit status of a plan: that of its worst group.
func verdict(plan *api.Plan) error {
	worst := exitDone
	for _, p := range plan.Groups {
		switch p.Verdict {
		case api.VerdictWaits:
			worst = max(worst, exitFailed)
		case api.VerdictNever:
			worst = exitUsage
		}
	}
	if worst == exitDone {
		return nil
	}
	return quietError(worst)
}
