package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

// format is how a result is printed.
type format string

// The formats. Only the result goes to standard output, whatever the format.
const (
	asTable format = "table"
	asJSON  format = "json"
	asYAML  format = "yaml"
)

// Set is of pflag.Value.
func (f *format) Set(text string) error {
	switch format(text) {
	case asTable, asJSON, asYAML:
		*f = format(text)
		return nil
	}
	return fmt.Errorf("expected table, json or yaml")
}

// String is of pflag.Value.
func (f *format) String() string { return string(*f) }

// Type is of pflag.Value.
func (f *format) Type() string { return "FORMAT" }

func (a *app) formatFlag(cmd *cobra.Command) {
	a.format = asTable
	cmd.Flags().Var(&a.format, "format", "table, json or yaml")
	choices(cmd, "format", []format{asTable, asJSON, asYAML})
}

// print writes v as JSON or YAML, or calls text for people.
func (a *app) print(v any, text func(w io.Writer)) error {
	var out []byte
	var err error
	switch a.format {
	case asJSON:
		out, err = json.MarshalIndent(v, "", "  ")
		out = append(out, '\n')
	case asYAML:
		if out, err = json.Marshal(v); err == nil {
			out, err = yaml.JSONToYAML(out)
		}
	default:
		var b strings.Builder
		text(&b)
		out = []byte(b.String())
	}
	if err != nil {
		return err
	}
	_, err = a.out.Write(out)
	return err
}

// printNext is print for what comes again and again: each time a line of JSON,
// or a document of YAML.
func (a *app) printNext(v any, text func(w io.Writer)) error {
	if a.format == asYAML {
		if _, err := io.WriteString(a.out, "---\n"); err != nil {
			return err
		}
	}
	if a.format != asJSON {
		return a.print(v, text)
	}
	return json.NewEncoder(a.out).Encode(v)
}

// say writes a line for people who wait.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.err, format+"\n", args...)
}

// colourful reports whether standard output wants colours.
func (a *app) colourful() bool {
	none, set := a.env("NO_COLOR")
	kind, _ := a.env("TERM")
	return terminal(a.out) && !(set && none != "") && kind != "dumb"
}

// style is a colour of a cell.
type style string

// The styles, as parameters of the terminal's SGR sequence.
const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	best   style = "1;32"
)

// stateStyle is the colour of a state.
func stateStyle(state string) style {
	switch state {
	case "running", "finished":
		return green
	case "failed", "lost", "error":
		return red
	}
	return yellow
}

// cell is one entry of a table.
type cell struct {
	text  string
	style style
	right bool // numbers end where their column does
}

func text(s string) cell             { return cell{text: s} }
func styled(s string, of style) cell { return cell{text: s, style: of} }
func number[T any](n T) cell         { return cell{text: fmt.Sprint(n), right: true} }

// orDash is a number that is only worth a look if it is not zero.
func orDash[T comparable](n T) cell {
	var zero T
	if n == zero {
		return cell{text: "-", style: dim, right: true}
	}
	return number(n)
}

// table collects rows and prints them in columns.
type table struct {
	header  []string
	rows    [][]cell
	colour  bool
	nothing string   // said instead of a table without rows
	left    []string // titles of the columns that were left out
}

func (a *app) table(header ...string) *table { return &table{header: header, colour: a.colourful()} }

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

// write prints the table. What users wrote can't steer the terminal: control
// characters are shown, not sent.
func (t *table) write(w io.Writer) {
	if len(t.rows) == 0 && t.nothing != "" {
		fmt.Fprintln(w, t.nothing)
		return
	}
	rows := append([][]cell{t.head()}, t.rows...)
	for _, row := range rows {
		for i := range row {
			row[i].text = printable(row[i].text)
		}
	}
	widths := t.widths(rows)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(t.line(row, widths), " "))
	}
	t.writeLeft(w)
}

func (t *table) head() []cell {
	head := make([]cell, len(t.header))
	for i, title := range t.header {
		head[i] = cell{text: title, style: bold}
		head[i].right = len(t.rows) > 0 && i < len(t.rows[0]) && t.rows[0][i].right
	}
	return head
}

func (t *table) line(row []cell, widths []int) string {
	var b strings.Builder
	for i, c := range row {
		if i > 0 {
			b.WriteString("  ")
		}
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text))
		if c.right {
			b.WriteString(pad)
		}
		b.WriteString(paint(c, t.colour))
		if !c.right {
			b.WriteString(pad)
		}
	}
	return b.String()
}

func paint(c cell, colour bool) string {
	if !colour || c.style == plain || c.text == "" {
		return c.text
	}
	return "\x1b[" + string(c.style) + "m" + c.text + "\x1b[0m"
}

// printable shows control characters as escapes.
func printable(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unprintable(r) {
			fmt.Fprintf(&b, "\\x%02x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }
