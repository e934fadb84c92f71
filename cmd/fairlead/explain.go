package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "explain NAME",
		Short:   "Say why a task group does, or does not, run",
		GroupID: groupWatch,
		Long: `Say what a task group waits for, in one sentence first: what is missing, which agent
is nearest to having it, and who holds what its framework is entitled to. Then when
it starts, and what that rests on; every reason with its amounts; who is served
first and why; what preemption would end; and what happened to it so far. If NAME
is an instance, how it is with that one, too.`,
		Example: `  fairlead explain analytics/etl
  fairlead explain analytics/etl/3
  fairlead explain analytics/etl --format json | jq -r .summary`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeNames,
	}
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		t, err := parseTarget(args[0])
		if err != nil {
			return err
		}
		instance := ""
		if t.instance >= 0 {
			g, err := c.Group(ctx, t.Name)
			if err != nil {
				return err
			}
			if err := t.in(g); err != nil {
				return err
			}
			instance = instanceText(g, t.instance)
		}
		e, err := c.Explain(ctx, t.Name)
		if err != nil {
			return err
		}
		if t.instance >= 0 {
			e.Attempts = attemptsOf(e.Attempts, t.instance)
		}
		return a.print(e, func(w io.Writer) { a.writeExplanation(w, e, instance) })
	})
}

// instanceText says how it is with one instance. Instances of a group are
// alike: what one waits for, all do.
func instanceText(g *api.GroupDetail, instance int32) string {
	for i := range g.Runs {
		r := &g.Runs[i]
		if r.Number != instance {
			continue
		}
		text := fmt.Sprintf("%d: %s, started %s", instance, r.State, times(int64(r.Attempts)))
		if r.Agent != "" {
			text += fmt.Sprintf(", run %s on agent %s", r.Run, r.Agent)
		}
		return text
	}
	if g.Over() {
		return fmt.Sprintf("%d: was never started", instance)
	}
	return fmt.Sprintf("%d: waits for its first start", instance)
}

// writeExplanation says the whole in one sentence, then gives the evidence.
// With an instance that comes next.
func (a *app) writeExplanation(w io.Writer, e *api.Explanation, instance string) {
	fmt.Fprintln(w, printable(e.Summary))
	fmt.Fprintf(w, "\nState:      %s: %d of %d instances run, %d wait\n",
		paint(styled(e.State, stateStyle(e.State)), a.colourful()), e.Running, e.Instances, e.Pending)
	if instance != "" {
		fmt.Fprintf(w, "Instance:   %s\n", printable(instance))
	}
	if e.Message != "" {
		fmt.Fprintf(w, "Message:    %s\n", printable(e.Message))
	}
	if e.Start != nil {
		fmt.Fprintf(w, "Starts:     %s\n", startText(e.Start, time.Now()))
	}
	fmt.Fprintf(w, "Framework:  %s\n", standingText(e))
	for _, q := range e.Quotas {
		fmt.Fprintf(w, "Quota:      role %s holds %s%s\n", q.Role, amounts(q.Held), ofQuota(&q))
	}
	if e.Pending > 0 {
		fmt.Fprintf(w, "Agents:     %d of %d have room for one more instance\n", e.Fit, e.Agents)
	}
	a.writeReasons(w, e)
	a.writeBefore(w, e.Before)
	a.writeVictims(w, e.Preemption)
	a.writeTrail(w, e)
	if len(e.Attempts) > 0 {
		fmt.Fprintln(w, "\nRuns that ended:")
		a.writeAttempts(w, e.Attempts)
	}
}

// startText is when a group starts, seen from now.
func startText(s *api.Start, now time.Time) string {
	if s.At == nil {
		return "unknown: " + s.Assumes
	}
	in := s.At.Sub(now)
	if in < time.Second {
		return "with the next offers, if " + s.Assumes
	}
	return fmt.Sprintf("in about %s (%s), if %s", in.Round(time.Second), s.At.Local().Format(time.TimeOnly), s.Assumes)
}

// standingText is where the framework stands.
func standingText(e *api.Explanation) string {
	text := fmt.Sprintf("%s of role %s holds nothing", e.Framework, e.Role)
	if e.ShareNum > 0 {
		text = fmt.Sprintf("%s of role %s has a dominant share of %s, of %s", e.Framework, e.Role, fraction(e.ShareNum, e.ShareDen), e.DominantResource)
	}
	if e.Position > 0 {
		text += fmt.Sprintf("; the group is number %d in its line", e.Position)
	}
	return text
}

// ofQuota is what a role is promised and may hold at most.
func ofQuota(q *api.Quota) string {
	text := ""
	if len(q.Guarantee) > 0 {
		text += ", guaranteed " + amounts(q.Guarantee)
	}
	if len(q.Limit) > 0 {
		text += ", limited to " + amounts(q.Limit)
	}
	return text
}

func (a *app) writeReasons(w io.Writer, e *api.Explanation) {
	if len(e.Reasons) == 0 {
		return
	}
	fmt.Fprintln(w, "\nWhy:")
	for _, r := range e.Reasons {
		fmt.Fprintf(w, "  - %s\n", printable(r.Message))
	}
}

func (a *app) writeBefore(w io.Writer, before []api.Ahead) {
	if len(before) == 0 {
		return
	}
	fmt.Fprintln(w, "\nServed first:")
	t := a.table("FRAMEWORK", "ROLE", "SHARE", "WAITING", "WHY")
	for _, f := range before {
		t.add(text(f.Framework), text(f.Role), number(fraction(f.ShareNum, f.ShareDen)), number(f.Pending), text(f.Why))
	}
	t.write(w)
}

func (a *app) writeVictims(w io.Writer, victims []api.Victim) {
	if len(victims) == 0 {
		return
	}
	fmt.Fprintln(w, "\nPreemption would end:")
	t := a.table("INSTANCE", "AGENT", "SHARE BEFORE", "AFTER", "FAIR")
	for _, v := range victims {
		t.add(text(fmt.Sprintf("%s/%s/%d", v.Framework, v.Group, v.Instance)), text(v.Agent),
			number(share(v.Before)), number(share(v.After)), number(share(v.Fair)))
	}
	t.write(w)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func share(x float64) string { return fmt.Sprintf("%.4f", x) }

// writeTrail tells what happened to the group so far.
func (a *app) writeTrail(w io.Writer, e *api.Explanation) {
	fmt.Fprintln(w, "\nSo far:")
	for _, step := range e.Trail {
		line := fmt.Sprintf("  %s  %-9s  %s", step.At.Local().Format(time.TimeOnly), step.What, printable(step.Message))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	if e.Sought > 0 {
		fmt.Fprintf(w, "  room was sought in vain %s since it came into line\n", times(e.Sought))
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
