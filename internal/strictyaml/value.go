package strictyaml

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"fairlead/drf"
)

// Value is one value of a document and the path to it. Its readers return the zero value after
// having reported to the file that the value is not what was asked for.
type Value struct {
	file *File
	path string
	node *node
}

// Failf reports a problem with this value.
func (v Value) Failf(format string, args ...any) {
	v.file.add(&Error{
		Line: v.node.line, Column: v.node.column, Field: v.path, Message: fmt.Sprintf(format, args...),
	})
}

// Problems is how many problems the file has so far, for readers that say no more about a part in
// which something is wrong already.
func (v Value) Problems() int { return len(v.file.errors) }

// Line is the line that the value starts in.
func (v Value) Line() int { return v.node.line }

// IsText is true for text, quoted or not.
func (v Value) IsText() bool { return v.node.kind == text }

// IsBool is true for true and false.
func (v Value) IsBool() bool { return v.node.kind == boolean }

// IsList is true for a list.
func (v Value) IsList() bool { return v.node.kind == list }

// IsMapping is true for a mapping.
func (v Value) IsMapping() bool { return v.node.kind == mapping }

// wrongType reports that the value is no example of what was expected, and what it is instead.
func (v Value) wrongType(expected string) {
	switch v.node.kind {
	case text, number, boolean:
		v.Failf("expected %s, got %s %s", expected, strings.TrimPrefix(string(v.node.kind), "a "), quoted(v.node.text))
	default:
		v.Failf("expected %s, got %s", expected, v.node.kind)
	}
}

// quoted is s in quotes, cut if it is long.
func quoted(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return strconv.Quote(string(r[:most])) + "..."
	}
	return strconv.Quote(s)
}

// Text is a text of 1 to limit bytes without NUL.
func (v Value) Text(limit int) (string, bool) {
	switch {
	case v.node.kind == number || v.node.kind == boolean:
		v.Failf("expected text, got %s: put quotes around it", v.node.text)
	case v.node.kind != text:
		v.wrongType("text")
	case v.node.text == "":
		v.Failf("must not be empty")
	default:
		return v.checkText(limit)
	}
	return "", false
}

// Literal is Text for places where numbers and booleans can be meant as text too, such as the
// value of an environment variable: they are taken as they were written. It may be empty.
func (v Value) Literal(limit int) (string, bool) {
	if v.node.kind != text && v.node.kind != number && v.node.kind != boolean {
		v.wrongType("text")
		return "", false
	}
	return v.checkText(limit)
}

func (v Value) checkText(limit int) (string, bool) {
	if len(v.node.text) > limit {
		v.Failf("text of %d bytes is too long: at most %d", len(v.node.text), limit)
		return "", false
	}
	if strings.ContainsRune(v.node.text, 0) {
		v.Failf("must not contain a NUL character")
		return "", false
	}
	return v.node.text, true
}

// Matching is a text that pattern matches; description says in words what that means. The pattern is a
// *regexp.Regexp, or something faster.
func (v Value) Matching(pattern interface{ MatchString(string) bool }, description string) (string, bool) {
	s, ok := v.Text(maxBytes)
	if ok && !pattern.MatchString(s) {
		v.Failf("%s is not %s", quoted(s), description)
		return "", false
	}
	return s, ok
}

// OneOf is the index of a text among the names that are possible, or -1.
func (v Value) OneOf(names ...string) int {
	s, ok := v.Text(maxBytes)
	if !ok {
		return -1
	}
	for i, name := range names {
		if s == name {
			return i
		}
	}
	hint := didYouMean(s, names)
	if hint == "" {
		hint = ": expected " + alternatives(names)
	}
	v.Failf("unknown value %s%s", quoted(s), hint)
	return -1
}

// Bool is true or false.
func (v Value) Bool() bool {
	if v.node.kind != boolean {
		v.wrongType("true or false")
		return false
	}
	return strings.EqualFold(v.node.text, "true")
}

var wholePattern = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// tooLong is true for whole numbers of so many digits that YAML takes them for text.
func tooLong(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return wholePattern.MatchString(s) && err != nil
}

// Int is a whole number from least to most.
func (v Value) Int(least, most int64) (int64, bool) {
	if v.node.kind == text && tooLong(v.node.text) {
		v.Failf("%s is out of range: expected %d to %d", v.node.text, least, most)
		return 0, false
	}
	if v.node.kind != number {
		v.wrongType("a whole number")
		return 0, false
	}
	if !wholePattern.MatchString(v.node.text) {
		v.Failf("%s is not a whole number in plain decimal digits", v.node.text)
		return 0, false
	}
	n, err := strconv.ParseInt(v.node.text, 10, 64)
	if err != nil || n < least || n > most {
		v.Failf("%s is out of range: expected %d to %d", v.node.text, least, most)
		return 0, false
	}
	return n, true
}

var (
	decimalPattern = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	tooPrecise     = regexp.MustCompile(`^(0|[1-9][0-9]*)\.[0-9]{4,}$`)
)

// Amount is a decimal that is not negative and has at most three places.
func (v Value) Amount() (drf.Amount, bool) {
	s := v.node.text
	switch {
	case v.node.kind == text && decimalPattern.MatchString(s):
		v.Failf("expected a number, got text %q: remove the quotes", s)
	case v.node.kind != number:
		v.wrongType("a number in plain decimal digits, such as 1.5")
	case strings.HasPrefix(s, "-"):
		v.Failf("%s is negative", s)
	case tooPrecise.MatchString(s):
		v.Failf("%s has more than three decimal places: write %s", s, roundedUp(s))
	case !decimalPattern.MatchString(s):
		v.Failf("%s is not a plain decimal, such as 1.5", s)
	default:
		a, err := drf.ParseAmount(s)
		if err != nil {
			v.Failf("%s is too large: at most %s", s, drf.MaxAmount)
			return 0, false
		}
		return a, true
	}
	return 0, false
}

// roundedUp is the next decimal with three places, for a decimal with more of them.
func roundedUp(s string) string {
	dot := strings.IndexByte(s, '.')
	a, err := drf.ParseAmount(s[:dot+4])
	if err != nil {
		return "fewer digits"
	}
	if strings.Trim(s[dot+4:], "0") != "" {
		a++
	}
	return a.String()
}

// Millis is a duration such as "1.5s", "10m", "1h30m" or "2d" in milliseconds. It is not negative,
// at most a hundred years, and a whole number of milliseconds.
func (v Value) Millis() (int64, bool) {
	const example = `a duration with its unit, such as "10s", "5m" or "2d"`
	if v.node.kind == number {
		v.Failf("expected %s, got number %s: did you mean %ss?", example, v.node.text, v.node.text)
		return 0, false
	}
	if v.node.kind != text {
		v.wrongType(example)
		return 0, false
	}
	ms, err := ParseMillis(v.node.text)
	switch {
	case errors.Is(err, errDuration):
		v.wrongType(example)
	case err != nil:
		v.Failf("%s is %v", quoted(v.node.text), err)
	}
	return ms, err == nil
}

// List are the items of a list with at most limit of them.
func (v Value) List(limit int) []Value {
	if !v.Lists(limit) {
		return nil
	}
	values := make([]Value, v.Len())
	for i := range values {
		values[i] = v.Item(i)
	}
	return values
}

// Lists reports whether the value is a list with at most limit items; if not, that is a problem.
func (v Value) Lists(limit int) bool {
	switch {
	case v.node.kind != list:
		v.wrongType("a list")
	case v.Len() > limit:
		v.Failf("%d items are too many: at most %d", v.Len(), limit)
	default:
		return true
	}
	return false
}

// Entry is one entry of a mapping whose keys are up to the author.
type Entry struct {
	// Key is what was written before the colon.
	Key Key
	Value
}

// Key is the key of an Entry.
type Key struct {
	Name string
	at   Value
}

// Failf reports a problem with the key.
func (k Key) Failf(format string, args ...any) { k.at.Failf(format, args...) }

// Entries are the entries of a mapping with at most limit of them, in the order of the file.
func (v Value) Entries(limit int) []Entry {
	if v.node.kind != mapping {
		v.wrongType("a mapping")
		return nil
	}
	if len(v.node.fields) > limit {
		v.Failf("%d entries are too many: at most %d", len(v.node.fields), limit)
		return nil
	}
	entries := make([]Entry, len(v.node.fields))
	for i, f := range v.node.fields {
		path := join(v.path, f.name)
		entries[i] = Entry{
			Key:   Key{Name: f.name, at: Value{file: v.file, path: path, node: f.at()}},
			Value: Value{file: v.file, path: path, node: f.value},
		}
	}
	return entries
}

// at is a node with the position of the key.
func (f field) at() *node { return &node{kind: text, line: f.line, column: f.column, text: f.name} }

// isPlainName reports whether a key can stand in a path as it is.
func isPlainName(name string) bool {
	const most = 64
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == '/', c == '@', c == '-':
		default:
			return false
		}
	}
	return name != "" && len(name) <= most
}

func join(path, name string) string {
	if !isPlainName(name) {
		name = quoted(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
