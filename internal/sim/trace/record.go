package trace

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"fairlead/drf"
	"fairlead/internal/strictyaml"
)

// record is one line, cut into fields. Its readers return zero values after the first thing that is
// wrong, which is in err, so that a parser can read on and leave the rest to its caller.
type record struct {
	file  string
	line  int
	text  string
	first bool // of its file
	// untimed is true if nobody asks for times.
	untimed bool

	fields []string
	starts []int // where the fields start in text
	// names are those of the columns, for messages.
	names []string

	err *strictyaml.Error
	// reason is why the job is impossible, "" if it is not.
	reason string
	// ignored is what the job asks for and a simulation does not do.
	ignored []string
}

func (r *record) reset(file string, line int, text string) {
	*r = record{
		file: file, line: line, text: text, names: r.names, untimed: r.untimed,
		fields: r.fields[:0], starts: r.starts[:0], ignored: r.ignored[:0],
	}
}

// failf reports that field i breaks the rules of the format.
func (r *record) failf(i int, format string, args ...any) {
	name := ""
	if i < len(r.names) {
		name = r.names[i]
	}
	r.fail(r.start(i), name, fmt.Sprintf(format, args...))
}

// fail reports what is wrong at a place of the line. Only the first such report is kept.
func (r *record) fail(start int, field, message string) {
	if r.err != nil {
		return
	}
	r.err = &strictyaml.Error{
		File: r.file, Line: r.line, Column: 1 + utf8.RuneCountInString(r.text[:start]), Field: field, Message: message,
	}
}

// start is where field i starts, or the end of the line if there are fewer fields.
func (r *record) start(i int) int {
	if i < len(r.starts) {
		return r.starts[i]
	}
	return len(r.text)
}

// impossible reports that the job is well written but cannot be. Only the first reason is kept.
func (r *record) impossible(reason string) {
	if r.reason == "" {
		r.reason = reason
	}
}

// ignore reports that a simulation does not do something that the job asks for.
func (r *record) ignore(what string) { r.ignored = append(r.ignored, what) }

// add appends the field that is text[start:end].
func (r *record) add(start, end int) {
	r.fields, r.starts = append(r.fields, r.text[start:end]), append(r.starts, start)
}

// splitBlanks cuts at spaces and tabs.
func (r *record) splitBlanks() {
	for at := 0; at < len(r.text); {
		if r.text[at] == ' ' || r.text[at] == '\t' {
			at++
			continue
		}
		end := strings.IndexAny(r.text[at:], " \t")
		if end < 0 {
			end = len(r.text) - at
		}
		r.add(at, at+end)
		at += end
	}
}

// splitAt cuts at each separator.
func (r *record) splitAt(separator byte) {
	start := 0
	for at := range len(r.text) {
		if r.text[at] == separator {
			r.add(start, at)
			start = at + 1
		}
	}
	r.add(start, len(r.text))
}

// splitCommas cuts at commas that are not in quotes. Quoted fields end in the line they begin in.
func (r *record) splitCommas() {
	if strings.IndexByte(r.text, '"') < 0 {
		r.splitAt(',')
		return
	}
	c := csv.NewReader(strings.NewReader(r.text))
	fields, err := c.Read()
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		r.fail(min(wrong.Column-1, len(r.text)), "", wrong.Err.Error())
		return
	}
	for i, field := range fields {
		_, column := c.FieldPos(i)
		r.fields, r.starts = append(r.fields, field), append(r.starts, column-1)
	}
}

// expect checks the number of fields.
func (r *record) expect(n int) bool {
	if len(r.fields) != n {
		r.fail(r.start(n), "", fmt.Sprintf("expected %d fields, got %d", n, len(r.fields)))
	}
	return r.err == nil
}

// field is field i, or "" if something is wrong already.
func (r *record) field(i int) string {
	if r.err != nil || i >= len(r.fields) {
		return ""
	}
	return strings.TrimSpace(r.fields[i])
}

// scaled reads field i as a whole number of units of 10^-places.
func (r *record) scaled(i, places int, how rounding) int64 {
	n, err := scaled(r.field(i), places, how)
	switch {
	case errors.Is(err, errRange):
		r.failf(i, "%s is out of range", short(r.field(i)))
	case err != nil:
		r.failf(i, "expected a number, got %s", short(r.field(i)))
	}
	return n
}

// numbers checks that the first n fields are numbers, also those that nobody reads.
func (r *record) numbers(n int) {
	for i := range n {
		if _, err := scaled(r.field(i), 0, nearest); errors.Is(err, errDecimal) && r.err == nil {
			r.failf(i, "expected a number, got %s", short(r.field(i)))
		}
	}
}

// whole reads field i as a whole number.
func (r *record) whole(i int) int64 {
	n := r.scaled(i, 0, nearest)
	if r.err == nil && strings.ContainsAny(r.field(i), ".eE") {
		r.failf(i, "expected a whole number, got %s", short(r.field(i)))
	}
	return n
}

// millis reads field i as seconds.
func (r *record) millis(i int) int64 { return r.scaled(i, 3, nearest) }

// amount reads field i as an amount that is not negative.
func (r *record) amount(i int) drf.Amount {
	a := r.scaled(i, 3, up)
	if a < 0 {
		r.impossible("negative " + r.names[i])
		return 0
	}
	return drf.Amount(a)
}

// runTime is the time from start to end as what an instance runs for: at least a millisecond.
func (r *record) runTime(millis int64) int64 {
	if millis < 0 {
		r.impossible("negative run time")
	}
	return max(millis, 1)
}

// short is s in quotes, cut if it is long.
func short(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
