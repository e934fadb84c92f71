package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"fairlead/internal/client"
	"fairlead/internal/journal"
	"fairlead/internal/recorded"
)

// The sources of 'fairlead trace import' that are schedulers of ours.
const (
	fromJournal = "journal"
	fromState   = "state"
	fromServer  = "server"
)

// recordedHelp says what becomes of each of them.
const recordedHelp = `journal
  The state file of a scheduler, of one that runs too. Agents, roles, frameworks and
  task groups come as they were seen and submitted, with the times that instances were
  seen to run. Where the file begins with a snapshot, what ran by then is there from the
  start, each instance as a group of its own (NAME.3) that is bound to its agent, and
  what waited arrives a millisecond later. An instance that did not end has no end. Of
  one that was started several times the last run counts. Groups that were killed are
  killed at the same time, and agents come and go as they did.
state
  The same file: the state that it ends with, in the same way, as a start for what-ifs.
server
  The URL of a running scheduler: the state that it is in. 'fairlead simulate
  --from-server URL' does the same without a file. Of its options only the policy is
  known; the others are those of a scenario.`

// isRecorded reports whether a format is one of a scheduler.
func isRecorded(format string) bool {
	return format == fromJournal || format == fromState || format == fromServer
}

// importRecorded writes what a scheduler recorded as a scenario.
func (a *app) importRecorded(ctx context.Context, t traceImport) error {
	if len(t.Files) != 1 {
		return usagef("%s: expected one source, got %d", t.Format, len(t.Files))
	}
	if t.Cluster != "" || t.Tenants != 0 || t.Limit != 0 || t.Fill || t.sample != "" || t.scale != "1" {
		return usagef("%s: only -o goes with it", t.Format)
	}
	w, err := a.readRecorded(ctx, t.Format, t.Files[0])
	if err != nil {
		return err
	}
	if t.output == "" {
		err = w.Write(a.out)
	} else {
		err = writeFile(t.output, w.Write)
	}
	return errors.Join(describeRecorded(a.err, t.Format, w), err)
}

func (a *app) readRecorded(ctx context.Context, format, source string) (*recorded.Workload, error) {
	if format == fromServer {
		c, err := client.New(source)
		if err != nil {
			return nil, usageError{err}
		}
		defer c.Close()
		return recorded.ReadServer(ctx, c)
	}
	j, err := journal.OpenReadOnly(source)
	if err != nil {
		return nil, usageError{err}
	}
	defer j.Close()
	read := recorded.ReadJournal
	if format == fromState {
		read = recorded.ReadState
	}
	w, err := read(scenarioName(source), j)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", source, err)}
	}
	return w, nil
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// scenarioName is the name of a file as far as it can be that of a scenario.
func scenarioName(file string) string {
	base := filepath.Base(file)
	name := strings.Trim(notInName.ReplaceAllString(strings.TrimSuffix(base, filepath.Ext(base)), "-"), "._-")
	if name == "" {
		return fromJournal
	}
	return name[:min(len(name), 100)]
}

// describeRecorded says what was read and what is not in the scenario.
func describeRecorded(out io.Writer, format string, w *recorded.Workload) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s", format, countOf(len(w.Agents), "agent"), countOf(len(w.Groups), "task group"))
	if n := w.Running(); n > 0 {
		fmt.Fprintf(&b, ", %d of them to stand for what runs from the start", n)
	}
	fmt.Fprintln(&b)
	for _, note := range slices.Sorted(maps.Keys(w.Notes)) {
		fmt.Fprintf(&b, "not simulated: %s: %d\n", note, w.Notes[note])
	}
	_, err := io.WriteString(out, b.String())
	return err
}
