package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"fairlead/internal/sim"
)

// Files says what WriteFiles writes, and where.
type Files struct {
	Dir     string   // is made if it isn't there
	Formats []string // of Formats; the rows of groups are written by GroupRows
	Dark    bool     // pictures in PNG
	Samples bool     // in JSON
	Origin  Origin
}

// Write writes results as files and says which, those that people open first.
func (f *Files) Write(results []*sim.Result) (names []string, err error) {
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		return nil, err
	}
	write := func(name string, text func(io.Writer) error) {
		if err != nil {
			return
		}
		err = f.write(name, text)
		names = append(names, filepath.Join(f.Dir, name))
	}
	if f.wants("html") {
		write("index.html", func(w io.Writer) error { return WritePage(w, results, f.Origin) })
	}
	listed := results
	if !f.Samples {
		listed = WithoutSamples(results)
	}
	if f.wants("json") {
		write("results.json", func(w io.Writer) error { return sim.WriteJSON(w, listed) })
	}
	if f.wants("csv") {
		write("frameworks.csv", func(w io.Writer) error { return WriteFrameworks(w, results) })
	}
	for _, c := range Compare(results) {
		if f.wants("csv") {
			for i := range c.Runs {
				if s := c.Runs[i].Result.Samples; s != nil {
					write(c.Runs[i].FileName()+"-samples.csv", func(w io.Writer) error { return WriteSamples(w, s) })
				}
			}
		}
		if !f.wants("svg") && !f.wants("png") {
			continue
		}
		for _, chart := range Charts(&c) {
			if f.wants("svg") {
				write(chart.Name+".svg", chart.WriteSVG)
			}
			if f.wants("png") {
				write(chart.Name+".png", func(w io.Writer) error { return chart.WritePNG(w, f.Dark) })
			}
		}
	}
	return names, err
}

// WithoutSamples are results without what pictures need only.
func WithoutSamples(results []*sim.Result) []*sim.Result {
	out := []*sim.Result{}
	for _, r := range results {
		one := *r
		one.Samples = nil
		out = append(out, &one)
	}
	return out
}

func (f *Files) wants(format string) bool { return slices.Contains(f.Formats, format) }

func (f *Files) write(name string, text func(io.Writer) error) error {
	file, err := os.Create(filepath.Join(f.Dir, name))
	if err != nil {
		return err
	}
	if err := text(file); err != nil {
		file.Close() //nolint:errcheck // the first error counts
		return fmt.Errorf("%s: %w", name, err)
	}
	return file.Close()
}

// FileName is how files about a run begin.
func (r *Run) FileName() string { return slug(r.Result.Scenario + " " + r.Label) }
