package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/sim"
	"fairlead/internal/strictyaml"
)

// simulation is what the options of 'fairlead simulate' say.
type simulation struct {
	policies   []string
	placement  string
	format     string
	seed       int64
	placements bool
	knob       string
}

func (a *app) simulateCommand() *cobra.Command {
	var s simulation
	cmd := &cobra.Command{
		Use:     "simulate SCENARIO...",
		Short:   "Run scenarios in virtual time",
		GroupID: groupSimulate,
		Long: fmt.Sprintf(`Run scenarios in virtual time, with the allocator that the scheduler uses. Each
scenario is run once for each --policy, or with the policy that it names itself; if
it names none, with drf, and with hdrf once a role stands below another one.
The same scenario and seed give the same result, and digest, on every machine.

Policies (docs/fairness.md says when to use which):
%s

Placements (docs/placement.md):
%s`, described(allocator.Policies()), described(allocator.Placements())),
		Example: `  fairlead simulate examples/paper/*.yaml
  fairlead simulate day.yaml --policy drf --policy hdrf
  fairlead simulate day.yaml --format json --placements`,
		Args: cobra.MinimumNArgs(1),
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&s.policies, "policy", nil, "simulate with this `policy`; may be given several times")
	flags.StringVar(&s.placement, "placement", "", "how agents are chosen, instead of what the scenario says")
	flags.StringVar(&s.knob, "fairness-knob", "", "`number` from 0 to 1 for the placement tetris, instead of the scenario's: the best aligned among the first 1-f of the frameworks is served")
	flags.StringVar(&s.format, "format", "table", "table or json")
	flags.Int64Var(&s.seed, "seed", 0, "seed, instead of the scenario's")
	flags.BoolVar(&s.placements, "placements", false, "list every start of an instance")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		return ours(a.simulate(cmd.Context(), s, files, flags.Changed("seed")))
	}
	return cmd
}

// described is a line for each policy, or each placement.
func described[T interface {
	~string
	Description() string
}](names []T) string {
	var lines []string
	for _, n := range names {
		lines = append(lines, fmt.Sprintf("  %-12s %s", n, n.Description()))
	}
	return strings.Join(lines, "\n")
}

func join[T ~string](names []T) string {
	var out []string
	for _, n := range names {
		out = append(out, string(n))
	}
	return strings.Join(out, ", ")
}

// fairnessKnob reads --fairness-knob as allocator.Config wants it.
func fairnessKnob(text string) (drf.Amount, error) {
	if text == "" {
		return 0, nil
	}
	f, err := drf.ParseAmount(text)
	switch {
	case err != nil || f > drf.Unit:
		return 0, usagef("--fairness-knob %q: expected a number from 0 to 1", text)
	case f == 0:
		return -1, nil
	}
	return f, nil
}

func (a *app) simulate(ctx context.Context, s simulation, files []string, seeded bool) error {
	options, err := s.options(seeded)
	if err != nil {
		return err
	}
	scenarios, err := a.readScenarios(files)
	if err != nil {
		return err
	}
	var results []*sim.Result
	for _, scenario := range scenarios {
		for _, o := range options {
			r, err := sim.Run(ctx, scenario, o)
			if errors.Is(err, allocator.ErrInvalid) {
				return usageError{err}
			}
			if err != nil {
				return err
			}
			results = append(results, r)
		}
	}
	if s.format == string(asJSON) {
		return sim.WriteJSON(a.out, results)
	}
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		a.writeResult(a.out, r)
	}
	return nil
}

// options is one set for each policy.
func (s *simulation) options(seeded bool) ([]sim.Options, error) {
	o := sim.Options{Placement: allocator.Placement(s.placement), Placements: s.placements}
	var err error
	if o.FairnessKnob, err = fairnessKnob(s.knob); err != nil {
		return nil, err
	}
	if seeded {
		o.Seed = &s.seed
	}
	if s.placement != "" && !slices.Contains(allocator.Placements(), o.Placement) {
		return nil, usagef("--placement %q: expected one of %s", s.placement, join(allocator.Placements()))
	}
	if s.format != string(asTable) && s.format != string(asJSON) {
		return nil, usagef("--format %q: expected table or json", s.format)
	}
	if len(s.policies) == 0 {
		return []sim.Options{o}, nil
	}
	var all []sim.Options
	for _, p := range s.policies {
		if !slices.Contains(allocator.Policies(), allocator.Policy(p)) {
			return nil, usagef("--policy %q: expected one of %s", p, join(allocator.Policies()))
		}
		o.Policy = allocator.Policy(p)
		all = append(all, o)
	}
	return all, nil
}

// readScenarios reads all files, and reports all that is wrong with any.
func (a *app) readScenarios(files []string) ([]*sim.Scenario, error) {
	var scenarios []*sim.Scenario
	var problems strictyaml.Errors
	for _, file := range files {
		data, err := a.readFile(file)
		if err != nil {
			return nil, usageError{err}
		}
		some, err := sim.Parse(file, data)
		var wrong strictyaml.Errors
		if errors.As(err, &wrong) {
			problems = append(problems, wrong...)
		} else if err != nil {
			return nil, usageError{err}
		}
		scenarios = append(scenarios, some...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return scenarios, nil
}

func (a *app) writeResult(w io.Writer, r *sim.Result) {
	fmt.Fprintf(w, "%s: policy %s, placement %s, seed %d\n", r.Scenario, r.Policy, r.Placement, r.Seed)
	t := a.table("FRAMEWORK", "ROLE", "WEIGHT", "DOMINANT", "SHARE", "RANK", "RUNNING", "PENDING", "FINISHED", "FAILED", "WAIT", "COMPLETION", "ALLOCATED")
	t.nothing = "no framework"
	for _, f := range r.Frameworks {
		dominant := f.DominantResource
		if dominant == "" {
			dominant = "-"
		}
		t.add(text(f.Name), text(f.Role), number(f.Weight), text(dominant), number(fraction(f.ShareNum, f.ShareDen)),
			number(fmt.Sprintf("%.4f", f.DominantShare)), number(f.Running), number(f.Pending), orDash(f.Finished), orDash(f.Failed),
			number(fmt.Sprintf("%.1fs", f.MeanWaitS)), number(fmt.Sprintf("%.1fs", f.MeanCompletionS)), text(floatAmounts(f.Allocated)))
	}
	t.write(w)
	fmt.Fprintf(w, "in use at %s: %s; on average: %s\n", seconds(r.EndS), percentages(r.Utilization), percentages(r.MeanUtilization))
	fmt.Fprintf(w, "makespan %s, %d events, %d placements, %s\n", seconds(r.MakespanS), r.Events, r.Decisions, r.Digest)
	if len(r.Placements) > 0 {
		a.writePlacements(w, r.Placements)
	}
}

func (a *app) writePlacements(w io.Writer, placements []sim.Placement) {
	t := a.table("AT", "INSTANCE", "AGENT")
	for _, p := range placements {
		t.add(number(fmt.Sprintf("%gs", p.AtS)), text(fmt.Sprintf("%s/%s/%d", p.Framework, p.Group, p.Instance)), text(p.Agent))
	}
	t.write(w)
}

func floatAmounts(of map[string]float64) string {
	var out []string
	for _, name := range resourceOrder(of) {
		out = append(out, fmt.Sprintf("%s=%s", name, trimmed(of[name])))
	}
	return strings.Join(out, " ")
}

func percentages(of map[string]float64) string {
	var out []string
	for _, name := range resourceOrder(of) {
		out = append(out, fmt.Sprintf("%s %.1f %%", name, 100*of[name]))
	}
	return strings.Join(out, ", ")
}

// trimmed is a number with three places at most.
func trimmed(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", x), "0"), ".")
}

// seconds prints a time without an exponent, however long it is.
func seconds(s float64) string { return strconv.FormatFloat(s, 'f', -1, 64) + "s" }
