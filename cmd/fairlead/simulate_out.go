package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fairlead/internal/sim"
	"fairlead/internal/sim/report"
)

func (s *simulation) wants(format string) bool { return slices.Contains(s.formats, format) }

// pictures says whether anything is drawn, or listed, over time.
func (s *simulation) pictures() bool {
	return s.wants("html") || s.wants("svg") || s.wants("png") || s.wants("csv") || s.wants(string(asTable))
}

func (s *simulation) checkFormats() error {
	for _, f := range s.formats {
		switch {
		case f != string(asTable) && !report.IsFormat(f):
			return usagef("--format %q: expected table, %s", f, strings.Join(report.Formats(), ", "))
		case s.out == "" && f != string(asTable) && f != string(asJSON):
			return usagef("--format %s writes files: name a directory with --out", f)
		}
	}
	if s.out == "" && len(s.formats) > 1 {
		return usagef("--format %s: standard output takes one format; name a directory with --out", strings.Join(s.formats, ","))
	}
	return nil
}

// mostNames are the files that are named, of those that were written.
const mostNames = 4

// writeOut writes results to where the options say: files into a directory, the rest to standard output.
func (a *app) writeOut(s *simulation, results []*sim.Result, runs simRuns) error {
	done := slices.DeleteFunc(slices.Clone(results), func(r *sim.Result) bool { return r == nil })
	switch {
	case s.wants(string(asTable)):
		a.writeResults(a.out, done)
	case s.out == "":
		if !s.samples {
			done = report.WithoutSamples(done)
		}
		return sim.WriteJSON(a.out, done)
	}
	if s.out == "" {
		return nil
	}
	files := report.Files{Dir: s.out, Formats: s.formats, Dark: s.dark, Samples: s.samples, Origin: report.Origin{Version: build().Version, Command: s.command}}
	names, err := files.Write(done)
	if err != nil {
		return err
	}
	for _, c := range report.Compare(done) {
		for i := range c.Runs {
			run := runs[slices.Index(results, c.Runs[i].Result)]
			if run.groups != nil {
				name := filepath.Join(s.out, c.Runs[i].FileName()+"-groups.csv")
				if err := run.groups.close(name); err != nil {
					return err
				}
				names = append(names, name)
			}
		}
	}
	a.say("wrote %s", strings.Join(names[:min(len(names), mostNames)], ", "))
	if more := len(names) - mostNames; more > 0 {
		a.say("and %d more files in %s", more, s.out)
	}
	return nil
}

// groupFile takes the groups of one run while it goes on. It gets its name when all runs are done.
type groupFile struct {
	file   *os.File
	buffer *bufio.Writer
	rows   *report.GroupRows
	named  bool
}

func newGroupFile(dir string, run int) (*groupFile, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(dir, fmt.Sprintf(".groups-%d.csv", run)))
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriter(file)
	return &groupFile{file: file, buffer: buffer, rows: report.NewGroupRows(buffer)}, nil
}

// discard removes the files that got no name, since something failed.
func (runs simRuns) discard() {
	for _, r := range runs {
		if r.groups != nil && !r.groups.named {
			r.groups.file.Close()           //nolint:errcheck // it is to go
			os.Remove(r.groups.file.Name()) //nolint:errcheck // nobody looks for it
		}
	}
}

func (g *groupFile) close(name string) error {
	if err := g.rows.Flush(); err != nil {
		return err
	}
	if err := g.buffer.Flush(); err != nil {
		return err
	}
	if err := g.file.Close(); err != nil {
		return err
	}
	g.named = true
	return os.Rename(g.file.Name(), name)
}
