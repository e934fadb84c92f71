package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "explain NAME",
		Short:   "Say why a task group does, or does not, run",
		GroupID: groupWatch,
		Long: `Say what a task group waits for: every reason with its amounts, its place in line,
who is served earlier and why, and on how many agents which resource is short.`,
		Example: `  fairlead explain analytics/etl
  fairlead explain analytics/etl --format json | jq -r '.reasons[].code'`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeNames,
	}
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		// Instances of a group are alike: what one waits for, all do.
		t, err := parseTarget(args[0])
		if err != nil {
			return err
		}
		e, err := c.Explain(ctx, t.Name)
		if err != nil {
			return err
		}
		return a.print(e, func(w io.Writer) { a.writeExplanation(w, e) })
	})
}

func (a *app) writeExplanation(w io.Writer, e *api.Explanation) {
	fmt.Fprintf(w, "%s/%s is %s: %d of %d instances run, %d wait\n",
		e.Framework, e.Group, paint(styled(e.State, stateStyle(e.State)), a.colourful()), e.Running, e.Instances, e.Pending)
	if e.Message != "" {
		fmt.Fprintf(w, "  %s\n", printable(e.Message))
	}
	for _, r := range e.Reasons {
		fmt.Fprintf(w, "  - %s\n", printable(r.Message))
	}
	share := "holds nothing yet"
	if e.ShareNum > 0 {
		share = fmt.Sprintf("has a dominant share of %s, of %s", fraction(e.ShareNum, e.ShareDen), e.DominantResource)
	}
	fmt.Fprintf(w, "framework %s %s", e.Framework, share)
	if e.Position > 0 {
		fmt.Fprintf(w, "; the group is number %d in its line", e.Position)
	}
	fmt.Fprintln(w)
	fmt.Fprintf(w, "%d of %d agents have room for one more instance\n", e.Fit, e.Agents)
	if len(e.Attempts) > 0 {
		fmt.Fprintln(w, "\nruns that ended:")
		a.writeAttempts(w, e.Attempts)
	}
}

func (a *app) writeAttempts(w io.Writer, attempts []api.Attempt) {
	t := a.table("INSTANCE", "RUN", "OUTCOME", "ENDED", "RAN", "AGENT", "MESSAGE")
	for _, r := range attempts {
		t.add(number(r.Instance), text(r.Run), styled(r.Outcome, stateStyle(r.Outcome)), text(age(r.Ended)+" ago"),
			text(fmt.Sprintf("%.1fs", r.Ended.Sub(r.Started).Seconds())), text(r.Agent), text(r.Message))
	}
	t.write(w)
}

// fraction is num/den, or a whole number.
func fraction(num, den uint64) string {
	if den == 1 {
		return fmt.Sprint(num)
	}
	return fmt.Sprintf("%d/%d", num, den)
}
