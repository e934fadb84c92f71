package main

import (
	"context"
	"fmt"
	"io"

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
why. What others wait for is served first where they are entitled to it.

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
	err = a.print(plan, func(w io.Writer) {
		t := a.table("GROUP", "VERDICT", "STARTS", "WAITS", "REASON")
		for _, p := range plan.Groups {
			of := map[string]style{api.VerdictStarts: green, api.VerdictWaits: yellow, api.VerdictNever: red}[p.Verdict]
			t.add(text(p.Framework+"/"+p.Group), styled(p.Verdict, of), number(p.Starts),
				number(p.Explanation.Pending), text(firstReason(p.Explanation)))
		}
		t.write(w)
	})
	if err != nil {
		return err
	}
	return verdict(plan)
}

// firstReason is the first of the reasons, and how many more there are.
func firstReason(e *api.Explanation) string {
	switch n := len(e.Reasons); n {
	case 0:
		return ""
	case 1:
		return e.Reasons[0].Message
	default:
		return fmt.Sprintf("%s (and %d more)", e.Reasons[0].Message, n-1)
	}
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
