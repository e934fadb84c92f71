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

// printed are the formats that standard output takes.
func printed(format string) bool {
	return format == string(asTable) || format == string(asJSON) || format == "csv" || format == "html"
}

func (s *simulation) checkFormats() error {
	for _, f := range s.formats {
		switch {
		case f != string(asTable) && !report.IsFormat(f):
			return usagef("--format %q: expected table, %s", f, strings.Join(report.Formats(), ", "))
		case s.out == "" && !printed(f):
			return usagef("--format %s writes files: name a directory with --out", f)
		}
	}
	if s.out == "" && len(s.formats) > 1 {
		return usagef("--format %s: standard output takes one format; name a directory with --out", strings.Join(s.formats, ","))
	}
	return nil
}

// fileFormats are those of the files in --out: a page and the figures, unless some were named.
func (s *simulation) fileFormats() []string {
	if len(s.formats) == 1 && s.wants(string(asTable)) {
		return []string{"html", string(asJSON)}
	}
	return s.formats
}

// mostNames are the files that are named, of those that were written.
const mostNames = 4

// printResults writes results to standard output: as a table or as JSON if either was asked for, and without
// --out as what was.
func (a *app) printResults(s *simulation, results []*sim.Result) error {
	switch {
	case s.wants(string(asTable)):
		a.writeResults(a.out, results)
	case s.wants(string(asJSON)):
		if !s.samples {
			results = report.WithoutSamples(results)
		}
		return sim.WriteJSON(a.out, results)
	case s.out == "" && s.wants("csv"):
		return report.WriteFrameworks(a.out, results)
	case s.out == "" && s.wants("html"):
		return report.WritePage(a.out, results, s.origin())
	}
	return nil
}

func (s *simulation) origin() report.Origin {
	return report.Origin{Version: build().Version, Command: s.command}
}

// writeOut writes results to where the options say: to standard output, and files into a directory.
func (a *app) writeOut(s *simulation, results []*sim.Result, runs simRuns) error {
	done := slices.DeleteFunc(slices.Clone(results), func(r *sim.Result) bool { return r == nil })
	if err := a.printResults(s, done); err != nil || s.out == "" {
		return err
	}
	files := report.Files{Dir: s.out, Formats: s.fileFormats(), Dark: s.dark, Samples: s.samples, Origin: s.origin()}
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
