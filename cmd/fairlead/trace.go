package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fairlead/drf"
	"fairlead/internal/sim/trace"
)

func (a *app) traceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "trace",
		Short:   "Work with recorded workloads of real clusters",
		GroupID: groupSimulate,
		Long:    "Work with recorded workloads, of real clusters and of our own scheduler: import one as a\nscenario.",
		Example: `  fairlead trace import swf log.swf.gz -o day.json
  fairlead simulate day.json`,
	}
	cmd.AddCommand(a.traceImportCommand())
	return cmd
}

// traceImport is what the options of 'fairlead trace import' say.
type traceImport struct {
	trace.Options
	output, scale, sample string
}

func (a *app) traceImportCommand() *cobra.Command {
	var t traceImport
	cmd := &cobra.Command{
		Use:   "import FORMAT FILE...",
		Short: "Turn a trace into a scenario for 'fairlead simulate'",
		Long: `Read a trace, plain or packed with gzip or bzip2, and write it as a scenario. Several
files are read as one trace; "-" is standard input. What was read, what was left out and
why, and what a simulation does not honour is said on standard error.

The formats, and what they assume where a trace is silent:

` + formatHelp() + "\n\n" + recordedHelp,
		Example: `  fairlead trace import swf KTH-SP2.swf | fairlead simulate -
  fairlead trace import swf wagap.swf.gz --cluster wagap.machines -o wagap.json
  fairlead trace import openb pods.csv --cluster nodes.csv --fill --tenants 10 -o fill.json
  fairlead trace import journal fairlead.db -o yesterday.json
  fairlead trace import openb pods.csv --cluster nodes.csv --sample 130% -o fgd.json
  fairlead trace import swim FB-2009.tsv --tenants 5 --scale 0.5 --limit 1000 -o busy.json`,
		Args: cobra.MinimumNArgs(2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return sources(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	t.flags(cmd.Flags(), "")
	cmd.Flags().StringVarP(&t.output, "output", "o", "", "write to `FILE` instead of standard output")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		t.Format, t.Files = args[0], args[1:]
		if isRecorded(t.Format) {
			return ours(a.importRecorded(cmd.Context(), t))
		}
		if !slices.Contains(sources(), t.Format) {
			return usagef("unknown format %q: expected one of %s", t.Format, strings.Join(sources(), ", "))
		}
		return ours(a.importTrace(t))
	}
	return cmd
}

// sources are all that can be imported.
func sources() []string {
	var names []string
	for _, f := range trace.Formats() {
		names = append(names, f.Name)
	}
	return append(names, fromJournal, fromState, fromServer)
}

// flags are the options that say what is read of a trace.
func (t *traceImport) flags(flags *pflag.FlagSet, of string) {
	flags.StringVar(&t.Cluster, "cluster", "", of+"`FILE` with the machines, where the trace has none or others are wanted")
	flags.IntVar(&t.Tenants, "tenants", 0, of+"spread the users over `N` frameworks, in turn as they appear; without users, the jobs")
	flags.Int64Var(&t.Limit, "limit", 0, of+"stop after `N` jobs")
	flags.StringVar(&t.scale, "scale", "1", of+"multiply the times of arrival by `F`: 0.5 doubles the load")
	flags.StringVar(&t.sample, "sample", "", of+"jobs in random order, drawn again until they ask for `N%` of the GPUs (without GPUs, of the CPUs); they stay")
	flags.Int64Var(&t.SampleSeed, "sample-seed", 1, of+"which jobs --sample draws")
	flags.BoolVar(&t.Fill, "fill", false, of+"leave out times: all is there from the start and stays")
}

// options are those of package trace.
func (t *traceImport) options(a *app) (trace.Options, error) {
	scale, err := drf.ParseAmount(t.scale)
	if err != nil || scale == 0 {
		return t.Options, usagef("--scale %q: expected a decimal above 0 with at most three places", t.scale)
	}
	t.Scale, t.Open = scale, a.openFile
	if t.sample != "" {
		percent, isPercent := strings.CutSuffix(t.sample, "%")
		n, err := drf.ParseAmount(percent)
		if t.Sample = n / 100; err != nil || !isPercent || t.Sample == 0 {
			return t.Options, usagef("--sample %q: expected a percentage with at most one place, such as 130%%", t.sample)
		}
	}
	return t.Options, nil
}

func formatHelp() string {
	var b strings.Builder
	for i, f := range trace.Formats() {
		if i > 0 {
			b.WriteString("\n\n")
		}
		fmt.Fprintf(&b, "%s\n  %s", f.Name, strings.ReplaceAll(f.About, "\n", "\n  "))
	}
	return b.String()
}

func (a *app) importTrace(t traceImport) (err error) {
	options, err := t.options(a)
	if err != nil {
		return err
	}
	reader, err := trace.Open(options)
	if err != nil {
		return usageError{err}
	}
	if t.output == "" {
		err = reader.Write(a.out)
	} else {
		err = writeFile(t.output, reader.Write)
	}
	if empty := errors.Is(err, trace.ErrEmpty); err == nil || empty && reader.Summary().Read > 0 { // it says what was left out
		err = errors.Join(reader.Summary().Write(a.err), err)
	}
	if errors.Is(err, trace.ErrEmpty) || errors.Is(err, os.ErrNotExist) {
		err = usageError{err}
	}
	return err
}

func (a *app) openFile(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.in), nil
	}
	return os.Open(name)
}

// reason is what the system says, without a name that nobody gave.
func reason(err error) error {
	if of := (*fs.PathError)(nil); errors.As(err, &of) {
		return of.Err
	}
	return err
}

// writeFile writes a file that is there only when it is complete; until then, one of that name stays
// as it was. What is no plain file, such as a pipe, is written to directly.
func writeFile(name string, write func(io.Writer) error) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return usageError{err}
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return usagef("%s can't be written: %w", name, reason(err))
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
