package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/sim"
	"fairlead/internal/sim/report"
	"fairlead/internal/strictyaml"
)

// simulation is what the options of 'fairlead simulate' say.
type simulation struct {
	policies   []string
	placements []string
	formats    []string
	out        string // directory
	dark       bool
	sets       []string
	sweeps     []string
	command    string // that was given
	seed       int64
	knob       string
	halfLife   time.Duration
	starts     bool // to be listed
	samples    bool
	check      bool
	alone      bool
	bins       []uint
	fromServer string
	trace      traceImport
}

func (a *app) simulateCommand() *cobra.Command {
	var s simulation
	cmd := &cobra.Command{
		Use:     "simulate SCENARIO...",
		Short:   "Run scenarios in virtual time",
		GroupID: groupSimulate,
		Long: fmt.Sprintf(`Run scenarios in virtual time, with the allocator that the scheduler uses. Each
scenario is run once for each --policy and each --placement, or with those that it
names itself, and the runs are compared. If it names no policy, that is drf, and hdrf
once a role stands below another one. The same scenario and seed give the same
result, and digest, on every machine. docs/results.md says what the figures mean.

--set and --sweep change a value by its path in the file: until, roles.NAME.weight,
frameworks.NAME.role, groups.FRAMEWORK/NAME.duration, cluster.agents.NAME.count.

Policies (docs/fairness.md says when to use which):
%s

Placements (docs/placement.md):
%s`, described(allocator.Policies()), described(allocator.Placements())),
		Example: `  fairlead simulate examples/paper/*.yaml
  fairlead simulate day.yaml --policy drf,fifo --placement best-fit,first-fit
  fairlead simulate day.yaml --policy drf,fifo --format html --out day    # a page
  fairlead simulate day.yaml --format png,csv --out day    # pictures, and rows
  fairlead simulate day.yaml --set roles.eng.weight=3    # what if?
  fairlead simulate day.yaml --sweep roles.eng.weight=1,2,4 --policy drf,hdrf
  fairlead simulate day.yaml --format json --placements
  fairlead simulate day.yaml --policy drf,slots --format csv    # a row a framework
  fairlead simulate --trace swf:log.swf.gz --policy drf,fifo
  fairlead simulate --from-server http://127.0.0.1:8080 --policy drf,hdrf`,
		Args: func(cmd *cobra.Command, files []string) error {
			if s.fromServer != "" || len(s.trace.Files) > 0 {
				return nil
			}
			return cobra.MinimumNArgs(1)(cmd, files)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&s.policies, "policy", nil, "simulate with this `policy`; may be given several times")
	flags.Var(durationOf(&s.halfLife, 0), "half-life", "let what frameworks held lately count too, and half as much after this `time`, instead of what the scenario says")
	flags.StringVar(&s.knob, "fairness-knob", "", "`number` from 0 to 1 for the placement tetris, instead of the scenario's: the best aligned among the first 1-f of the frameworks is served")
	flags.StringSliceVar(&s.placements, "placement", nil, "choose agents by this `placement`; may be given several times")
	flags.StringSliceVar(&s.formats, "format", []string{"table"}, "table, json, csv or html, and in files svg or png; may be given several times")
	choices(cmd, "policy", allocator.Policies())
	choices(cmd, "placement", allocator.Placements())
	choices(cmd, "format", append([]string{string(asTable)}, report.Formats()...))
	flags.StringArrayVar(&s.sets, "set", nil, "simulate also with `PATH=VALUE` in the scenario, and say what differs; may be given several times")
	flags.StringArrayVar(&s.sweeps, "sweep", nil, "as --set for each of several values, `PATH=VALUE,VALUE`")
	flags.StringVar(&s.out, "out", "", "`directory` for files, in the formats that --format names, or else html and json")
	flags.BoolVar(&s.dark, "dark", false, "dark pictures in PNG")
	flags.Int64Var(&s.seed, "seed", 0, "seed, instead of the scenario's")
	flags.BoolVar(&s.starts, "placements", false, "list every start of an instance")
	flags.BoolVar(&s.samples, "samples", false, "put shares, utilization and waits over time into the JSON")
	flags.BoolVar(&s.check, "check", false, "check the allocator's books after each step (slow)")
	flags.BoolVar(&s.alone, "alone", false, "run each framework by itself too, on its part of the cluster, and say who does better so")
	flags.UintSliceVar(&s.bins, "bins", []uint{1, 10, 100, 1000}, "sizes of jobs, in instances, up to which times are told apart")
	flags.StringSliceVar(&s.trace.Files, "trace", nil, "read a trace while it is simulated: `FORMAT:FILE`, more files after commas ('fairlead trace import --help' has the formats)")
	s.trace.flags(flags, "with --trace: ")
	flags.StringVar(&s.fromServer, "from-server", "", "begin with what the scheduler at `URL` is doing now")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if err := s.checkTraceOptions(flags); err != nil {
			return ours(err)
		}
		s.command = commandLine(cmd, files)
		return ours(a.simulate(cmd.Context(), s, files, flags.Changed("seed")))
	}
	return cmd
}

// checkTraceOptions refuses options that say how to read a trace where none is.
func (s *simulation) checkTraceOptions(flags *pflag.FlagSet) error {
	if len(s.trace.Files) > 0 {
		return nil
	}
	for _, name := range []string{"cluster", "tenants", "limit", "scale", "sample", "sample-seed", "fill"} {
		if flags.Changed(name) {
			return usagef("--%s says how to read a trace: name one with --trace", name)
		}
	}
	return nil
}

// commandLine is what to type to do the same again, with the options that came from the environment.
func commandLine(cmd *cobra.Command, args []string) string {
	parts := []string{cmd.CommandPath()}
	for _, arg := range args {
		parts = append(parts, quoted(arg))
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		if list, ok := f.Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",")
		}
		if f.Value.Type() == "bool" && value == "true" {
			parts = append(parts, "--"+f.Name)
			return
		}
		parts = append(parts, "--"+f.Name, quoted(value))
	})
	return strings.Join(parts, " ")
}

var needsNoQuotes = regexp.MustCompile(`^[A-Za-z0-9_./,:=@%+-]+$`)

// quoted is a word for a shell.
func quoted(word string) string {
	if needsNoQuotes.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
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

// simulationGC is the GOGC of simulations, unless somebody set one: less time, for half as much
// memory again at most.
const simulationGC = 200

func (a *app) simulate(ctx context.Context, s simulation, files []string, seeded bool) error {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(simulationGC))
	}
	options, err := s.variants(seeded)
	if err != nil {
		return err
	}
	scenarios, stream, err := a.sources(ctx, s, files)
	if err != nil {
		return err
	}
	runs, err := s.runs(scenarios, options)
	if err != nil {
		return err
	}
	defer runs.discard()
	bar := a.simProgress(len(runs))
	results, err := runs.do(ctx, bar)
	bar.close()
	compareToBase(results)
	if stream != nil {
		err = errors.Join(stream.Summary().Write(a.err), err)
	}
	if err != nil {
		return err
	}
	if err := a.writeOut(&s, results, runs); err != nil {
		return err
	}
	a.sayImpossible(results)
	if ctx.Err() != nil {
		a.say("fairlead: interrupted: this is what happened until then")
		return quietError(exitFailed)
	}
	return nil
}

// readScenarios reads all files, with what is to be changed in them, and reports all that is wrong with any.
func (a *app) readScenarios(files []string, settings [][]sim.Setting) ([][]variation, error) {
	var scenarios [][]variation
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
		if len(problems) > 0 {
			continue
		}
		for _, s := range some {
			a.sayOrphans(file, s)
		}
		varied, err := vary(file, data, some, settings)
		if err != nil {
			return nil, err
		}
		scenarios = append(scenarios, varied...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return scenarios, nil
}
