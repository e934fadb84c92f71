package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) sharesCommand() *cobra.Command {
	var watch bool
	var interval time.Duration
	cmd := &cobra.Command{
		Use:     "shares",
		Short:   "Print the fairness tree: who holds which share of what",
		GroupID: groupWatch,
		Long: `Print the roles and the frameworks in them. The share is the dominant one, exact,
before the weight; the rank is that share divided by the weight, as a decimal.
Whoever has the lowest rank is served next. FAIR is the dominant share that exact DRF
over the demands of now gives, before the weight, and ERROR what is held beyond that;
/v1/fairness has them summed up over time (docs/fairness.md). With --watch and
--format json, each line is one look.`,
		Example: `  fairlead shares
  fairlead shares --watch
  fairlead shares --format json | jq '.frameworks[] | {name, share_num, share_den}'`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "print again and again until interrupted")
	cmd.Flags().Var(durationOf(&interval, time.Second), "interval", "`time` between two prints of --watch")
	return a.client(cmd, func(ctx context.Context, c *client.Client, _ []string) error {
		if interval <= 0 {
			return usagef("--interval %s: expected a time above 0", interval)
		}
		if watch {
			return followed(ctx, true, a.watchShares(ctx, c, interval))
		}
		s, err := c.Shares(ctx)
		if err != nil {
			return err
		}
		return a.print(s, func(w io.Writer) { a.writeShares(w, s) })
	})
}

// watchShares draws over what it drew before if that is on a terminal.
func (a *app) watchShares(ctx context.Context, c *client.Client, interval time.Duration) error {
	const home, rest = "\x1b[H\x1b[2J", "\n"
	between := rest
	if terminal(a.out) && a.format == asTable {
		between = home
	}
	for first := true; ; first = false {
		if a.format == asTable && (!first || between == home) {
			io.WriteString(a.out, between) //nolint:errcheck // the next write tells
		}
		s, err := c.Shares(ctx)
		if err == nil {
			err = a.printNext(s, func(w io.Writer) { a.writeShares(w, s) })
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(interval):
		}
	}
}

// writeShares lists each role with its frameworks below it.
func (a *app) writeShares(w io.Writer, s *api.Shares) {
	headings := []string{"ROLE", "FRAMEWORK", "WEIGHT", "DOMINANT", "SHARE", "RANK", "RUNNING", "PENDING", "FAIR", "ERROR", "ALLOCATED"}
	quotas := slices.ContainsFunc(s.Roles, func(r api.Role) bool { return quotaText(&r) != "" })
	if quotas {
		headings = append(headings, "QUOTA")
	}
	t := a.table(headings...)
	t.nothing = "no framework has submitted anything yet"
	for _, r := range s.Roles {
		t.add(shareRow(quotas, text(quotaText(&r)), append(append([]cell{styled(r.Name, bold), text("")}, standingCells(&r.Standing)...),
			number(""), number(""), number(fmt.Sprintf("%.4f", r.FairShare)), number(signed(r.ShareError)), text(amounts(r.Allocated))))...)
		for _, f := range s.Frameworks {
			if f.Role == r.Name {
				t.add(shareRow(quotas, text(""), append(append([]cell{text(""), text(f.Name)}, standingCells(&f.Standing)...),
					number(f.Running), number(f.Pending), number(fmt.Sprintf("%.4f", f.FairShare)), number(signed(f.ShareError)),
					text(amounts(f.Allocated))))...)
			}
		}
	}
	t.write(w)
	fmt.Fprintf(w, "total: %s\npolicy: %s\n", amounts(s.Total), s.Policy)
}

// shareRow adds the last column where there is one.
func shareRow(quotas bool, quota cell, row []cell) []cell {
	if quotas {
		row = append(row, quota)
	}
	return row
}

// quotaText is what a role is promised and may hold at most.
func quotaText(r *api.Role) string {
	var out []string
	if len(r.Guarantee) > 0 {
		out = append(out, "guarantee "+amounts(r.Guarantee))
	}
	if len(r.Limit) > 0 {
		out = append(out, "limit "+amounts(r.Limit))
	}
	return strings.Join(out, ", ")
}

// signed prints an error with its sign, unless there is none.
func signed(e float64) string {
	if e == 0 {
		return "0.0000"
	}
	return fmt.Sprintf("%+.4f", e)
}

func standingCells(s *api.Standing) []cell {
	dominant := s.DominantResource
	if dominant == "" {
		dominant = "-"
	}
	return []cell{
		number(s.Weight), text(dominant), number(fraction(s.ShareNum, s.ShareDen)), number(fmt.Sprintf("%.4f", s.DominantShare)),
	}
}

// amounts lists resources, the standard ones first.
func amounts(r api.Resources) string {
	var out []string
	for _, name := range resourceOrder(r) {
		out = append(out, name+"="+r[name].String())
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, " ")
}

// resourceOrder lists the names in r: the standard ones, then others by name.
func resourceOrder[T any](r map[string]T) []string {
	standard := []string{"cpus", "mem", "disk", "gpus", "ports"}
	var known, others []string
	for name := range r {
		if !slices.Contains(standard, name) {
			others = append(others, name)
		}
	}
	for _, name := range standard {
		if _, ok := r[name]; ok {
			known = append(known, name)
		}
	}
	slices.Sort(others)
	return append(known, others...)
}
