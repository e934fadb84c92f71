package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"fairlead/allocator"
	"fairlead/internal/strictyaml"
)

// endlessTime is a time limit for a scenario in which everything ends by itself.
const endlessTime = "36500d"

// Write reads the trace to its end and writes it as a scenario in JSON, one task group a line, which
// sim.Parse takes. After an error the scenario is incomplete.
//
// A scenario in which everything ends runs until all has; otherwise until the latest time that the
// trace knows, which is at once if nothing ends and all is there from the start.
func (t *Reader) Write(w io.Writer) error {
	out := newWriter(w)
	for job, err := range t.Jobs() {
		if err != nil {
			return err
		}
		if t.summary.Jobs == 1 {
			out.begin(t.name(), t.cluster.machines)
		}
		if err := out.job(job); err != nil {
			return err
		}
	}
	if t.summary.Jobs == 0 {
		return fmt.Errorf("%s: %w", strings.Join(t.opts.Files, ", "), ErrEmpty)
	}
	out.end(t.until(), t.holdsNothing())
	return out.Flush()
}

// until is when the scenario ends.
func (t *Reader) until() string {
	if t.summary.Endless == 0 {
		return endlessTime
	}
	return strictyaml.FormatMillis(min(t.summary.EndMillis, maxMillis))
}

// name is the scenario's: that of the first file, as far as it can be.
func (t *Reader) name() string {
	if len(t.opts.Files) == 0 {
		return t.summary.Format
	}
	base := path.Base(t.opts.Files[0])
	for ext := path.Ext(base); ext != "" && ext != base; ext = path.Ext(base) {
		base = strings.TrimSuffix(base, ext)
	}
	name := strings.TrimLeft(notInName.ReplaceAllString(base, "-"), "._-")
	if name == "" {
		return t.summary.Format
	}
	return name[:min(len(name), 100)]
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

type writer struct {
	*bufio.Writer
	begun bool // a group has been written
}

func newWriter(w io.Writer) *writer { return &writer{Writer: bufio.NewWriterSize(w, 64<<10)} }

// holdsNothing tells that nothing which does not fit keeps room from others: in a sample, and in a plain SWF,
// where gangs of processors run for hours, so that what is held for one drains the machine.
func (t *Reader) holdsNothing() bool {
	log, ok := t.parser.(*swf)
	return t.opts.Sample > 0 || ok && log.plain
}

// end writes what stands after the groups.
func (w *writer) end(until string, holdsNothing bool) {
	w.printf("\n],\n")
	if holdsNothing {
		w.printf("\"reserve_after\": \"never\",\n")
	}
	w.printf("\"until\": %q\n}\n", until)
}

// printf leaves errors to Flush, which returns the first of them.
func (w *writer) printf(format string, args ...any) { fmt.Fprintf(w, format, args...) }

func text(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("trace: a string has no JSON: " + err.Error()) // every string has
	}
	return string(b)
}

// begin writes what stands before the groups.
func (w *writer) begin(name string, machines []Machine) {
	w.printf("{\n\"name\": %s,\n\"cluster\": {\"agents\": [", text(name))
	for i, m := range machines {
		if i > 0 {
			w.printf(",")
		}
		w.printf("\n{\"name\": %s, ", text(m.Name))
		if m.Count > 1 {
			w.printf("\"count\": %d, ", m.Count)
		}
		w.resources(m.Resources, m.Ports)
		if len(m.Attributes) > 0 {
			w.printf(", \"attributes\": {")
			for i, a := range m.Attributes {
				w.printf("%s%s: %s", comma(i), text(a.Name), text(a.Value))
			}
			w.printf("}")
		}
		w.printf("}")
	}
	w.printf("\n]},\n\"groups\": [")
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

func (w *writer) resources(all []allocator.Quantity, ports uint32) {
	w.printf("\"resources\": {")
	for i, q := range all {
		w.printf("%s%s: %s", comma(i), text(q.Name), q.Amount)
	}
	if ports > 0 {
		w.printf("%s\"ports\": %d", comma(len(all)), ports)
	}
	w.printf("}")
}

// wants writes what is wanted of the machine as constraints.
func (w *writer) wants(all []Want) {
	for i, want := range all {
		if i == 0 {
			w.printf(", \"constraints\": [")
		}
		w.printf("%s[%s, \"LIKE\", %s]", comma(i), text(want.Attribute), text(want.pattern()))
	}
	if len(all) > 0 {
		w.printf("]")
	}
}

// pattern is the regular expression that matches the values and nothing else.
func (w Want) pattern() string {
	quoted := make([]string, len(w.Values))
	for i, v := range w.Values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return strings.Join(quoted, "|")
}

// job writes the groups of a job. The error is the first one of writing so far, so that a full disk
// ends an import at once.
func (w *writer) job(job Job) error {
	for _, g := range job.Groups {
		if w.begun {
			w.printf(",")
		}
		w.begun = true
		w.printf("\n{\"framework\": %s, \"name\": %s", text(job.Framework), text(g.Name))
		if job.Role != "" {
			w.printf(", \"role\": %s", text(job.Role))
		}
		if g.Instances != 1 {
			w.printf(", \"instances\": %d", g.Instances)
		}
		if g.Gang {
			w.printf(", \"gang\": true")
		}
		w.wants(g.Wants)
		if g.After != "" {
			w.printf(", \"after\": [%s]", text(g.After))
		}
		if job.ArrivalMillis > 0 {
			w.printf(", \"arrival\": %q", strictyaml.FormatMillis(job.ArrivalMillis))
		}
		if g.DurationMillis > 0 {
			w.printf(", \"duration\": %q", strictyaml.FormatMillis(g.DurationMillis))
		}
		w.printf(", \"tasks\": [{\"name\": \"main\", ")
		w.resources(g.Resources, 0)
		w.printf("}]}")
	}
	_, err := w.Writer.Write(nil) // bufio gives the first error again
	return err
}
