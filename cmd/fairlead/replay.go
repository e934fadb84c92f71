package main

import (
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/spf13/cobra"

	"fairlead/allocator"
	"fairlead/internal/journal"
	"fairlead/scheduler"
)

// replayed is what 'fairlead replay' prints.
type replayed struct {
	Journal    string            `json:"journal"`
	From       uint64            `json:"from_record"`
	Records    int               `json:"records"`
	Facts      int               `json:"facts"`
	Decisions  int               `json:"decisions"`
	Same       bool              `json:"same"`
	Difference *replayDifference `json:"difference,omitempty"`
}

type replayDifference struct {
	Record uint64    `json:"record"`
	At     time.Time `json:"at"`
	Stored []string  `json:"stored"`
	Again  []string  `json:"again"`
}

func (a *app) replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "replay JOURNAL",
		Short:   "Decide a journal again and compare",
		GroupID: groupSimulate,
		Long: `Read the state file of a scheduler, of one that runs too, book again what came in
since its last snapshot, decide again, and compare with what was decided then.
The file is not changed. The first difference is printed.

Exit status: 0 all decisions are the same; 1 one differs; 2 the file can't be read.`,
		Example: `  fairlead replay fairlead.db
  fairlead replay fairlead.db --format json`,
		Args: cobra.ExactArgs(1),
	}
	a.formatFlag(cmd)
	cmd.RunE = func(_ *cobra.Command, files []string) error { return ours(a.replay(files[0])) }
	return cmd
}

func (a *app) replay(file string) error {
	j, err := journal.OpenReadOnly(file)
	if err != nil {
		return usageError{err}
	}
	defer j.Close()
	report, err := scheduler.Replay(j)
	if err != nil {
		return usageError{err}
	}
	out := replayed{
		Journal: file, From: report.From, Records: report.Records, Facts: report.Facts,
		Decisions: report.Actions, Same: report.Difference == nil,
	}
	if d := report.Difference; d != nil {
		out.Difference = &replayDifference{d.Record, time.UnixMilli(d.At), describeActions(d.Stored), describeActions(d.Again)}
	}
	if err := a.print(out, out.write); err != nil {
		return err
	}
	if !out.Same {
		return quietError(exitFailed)
	}
	return nil
}

func (r *replayed) write(w io.Writer) {
	fmt.Fprintf(w, "%s: %d records after record %d, %d facts, %d decisions\n", r.Journal, r.Records, r.From, r.Facts, r.Decisions)
	if r.Same {
		fmt.Fprintln(w, "every decision comes out the same")
		return
	}
	fmt.Fprintf(w, "record %d, of %s, was decided differently\n", r.Difference.Record, r.Difference.At.Format(time.RFC3339))
	for _, s := range r.Difference.Stored {
		fmt.Fprintln(w, "  then:", s)
	}
	for _, s := range r.Difference.Again {
		fmt.Fprintln(w, "  now: ", s)
	}
}

// describeActions prints decisions for people who compare two lists of them.
func describeActions(actions []allocator.Action) []string {
	out := []string{}
	for _, a := range actions {
		v := reflect.Indirect(reflect.ValueOf(a)) // those that come often are pointers
		out = append(out, fmt.Sprintf("%s %+v", v.Type(), v))
	}
	return out
}
