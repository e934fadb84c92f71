package strictyaml

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Tree is a document to be written. Parse reads what ToYAML and ToJSON write back as the same.
type Tree struct{ n *node }

// Text is a text.
func Text(s string) Tree { return Tree{&node{kind: text, text: s}} }

// Number is a number in decimal digits.
func Number(digits string) Tree { return Tree{&node{kind: number, text: digits}} }

// Int is a whole number.
func Int[T int32 | int64 | uint32](i T) Tree { return Number(strconv.FormatInt(int64(i), 10)) }

// Bool is true or false.
func Bool(b bool) Tree { return Tree{&node{kind: boolean, text: strconv.FormatBool(b)}} }

// Millis is a duration.
func Millis(ms int64) Tree { return Text(FormatMillis(ms)) }

// List is a list.
func List(items ...Tree) Tree {
	n := &node{kind: list}
	for _, item := range items {
		n.items = append(n.items, item.n)
	}
	return Tree{n}
}

// Mapping is a mapping to which fields are added in order.
func Mapping() Tree { return Tree{&node{kind: mapping}} }

// With adds a field and returns the same mapping.
func (t Tree) With(name string, value Tree) Tree {
	t.n.fields = append(t.n.fields, field{name: name, value: value.n})
	return t
}

// WithText adds a text unless it is empty, and returns the same mapping.
func (t Tree) WithText(name, value string) Tree {
	if value == "" {
		return t
	}
	return t.With(name, Text(value))
}

// ToJSON is the document as indented JSON that ends in a newline.
func (t Tree) ToJSON() []byte {
	var compact, out bytes.Buffer
	writeFlow(&compact, t.n, jsonQuoting)
	if err := json.Indent(&out, compact.Bytes(), "", "  "); err != nil {
		panic("strictyaml: wrote broken JSON: " + err.Error()) // a Number that is none
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// ToLine is the document as JSON on one line, without its end.
func (t Tree) ToLine() string {
	var out bytes.Buffer
	writeFlow(&out, t.n, jsonQuoting)
	return out.String()
}

// ToYAML is the document as YAML that ends in a newline. What fits in a line is kept in a line.
func (t Tree) ToYAML() []byte {
	var out bytes.Buffer
	w := yamlWriter{out: &out}
	if fitsLine(t.n, 0) && t.n.kind != mapping {
		writeFlow(&out, t.n, yamlQuoting)
		out.WriteByte('\n')
	} else {
		w.block(t.n, 0)
	}
	return out.Bytes()
}

// quoting is how one of the two formats writes a text and a key.
type quoting struct{ text, key func(string) string }

var (
	jsonQuoting = quoting{text: jsonText, key: jsonText}
	yamlQuoting = quoting{text: yamlText, key: yamlKey}
)

// writeFlow writes on one line.
func writeFlow(out *bytes.Buffer, n *node, q quoting) {
	switch n.kind {
	case text:
		out.WriteString(q.text(n.text))
	case list:
		out.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				out.WriteString(", ")
			}
			writeFlow(out, item, q)
		}
		out.WriteByte(']')
	case mapping:
		out.WriteByte('{')
		for i, f := range n.fields {
			if i > 0 {
				out.WriteString(", ")
			}
			out.WriteString(q.key(f.name) + ": ")
			writeFlow(out, f.value, q)
		}
		out.WriteByte('}')
	default:
		out.WriteString(n.text)
	}
}

func jsonText(s string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic("strictyaml: a string has no JSON: " + err.Error()) // every string has
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// plainText needs no quotes in YAML: words of a letter or slash, then letters, digits and what has
// no meaning there; a colon only inside a word.
var plainText = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_/.=@%+-]*([: ][A-Za-z0-9_/.=@%+-]+)*$`)

// plainKey is narrower, as readers differ on colons in keys.
var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// plainDuration is the form of FormatMillis; its unit keeps it from being a number.
var plainDuration = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ms|[smhd]))+$`)

// reserved are the words that some YAML reader takes for something other than text.
var reserved = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}

func yamlText(s string) string {
	if plainText.MatchString(s) && !isReserved(s) || plainDuration.MatchString(s) {
		return s
	}
	return jsonText(s)
}

func yamlKey(s string) string {
	if plainKey.MatchString(s) && !isReserved(s) {
		return s
	}
	return jsonText(s)
}

func isReserved(s string) bool { return slices.Contains(reserved, strings.ToLower(s)) }

const lineWidth = 100

// fitsLine is true for what is short and not made of mappings inside lists, which are easier to
// read one below the other.
func fitsLine(n *node, indent int) bool {
	for _, item := range n.items {
		if item.kind == mapping {
			return false
		}
	}
	if n.kind == text && strings.Contains(n.text, "\n") {
		return false
	}
	var line bytes.Buffer
	writeFlow(&line, n, yamlQuoting)
	return indent+line.Len() <= lineWidth
}

type yamlWriter struct{ out *bytes.Buffer }

// block writes the fields or items of n below one another; the first goes where the cursor is.
func (w yamlWriter) block(n *node, indent int) {
	for i, f := range n.fields {
		w.startLine(i, indent)
		key := yamlKey(f.name) + ":"
		w.out.WriteString(key)
		w.fieldValue(f.value, indent, len(key)+1)
	}
	for i, item := range n.items {
		w.startLine(i, indent)
		w.out.WriteString("- ")
		if item.kind == mapping && len(item.fields) > 0 || item.kind == list && !fitsLine(item, indent+2) {
			w.block(item, indent+2)
		} else {
			w.line(item, indent)
		}
	}
}

func (w yamlWriter) startLine(i, indent int) {
	if i > 0 {
		w.out.WriteString(strings.Repeat(" ", indent))
	}
}

func (w yamlWriter) fieldValue(n *node, indent, used int) {
	empty := len(n.fields) == 0 && len(n.items) == 0
	if n.kind == text || empty || fitsLine(n, indent+used) {
		w.out.WriteByte(' ')
		w.line(n, indent)
		return
	}
	w.out.WriteByte('\n')
	w.out.WriteString(strings.Repeat(" ", indent+2))
	w.block(n, indent+2)
}

// line writes n and ends the line; a text of several lines follows as a literal block.
func (w yamlWriter) line(n *node, indent int) {
	if n.kind == text && literal.MatchString(n.text) {
		w.literal(n.text, indent+2)
		return
	}
	writeFlow(w.out, n, yamlQuoting)
	w.out.WriteByte('\n')
}

// literal matches texts of several lines that a literal block holds as they are: ASCII, no line
// empty or with space at an end, at most one newline at the end.
var literal = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?(\n[ -~]*[!-~])+\n?$`)

func (w yamlWriter) literal(s string, indent int) {
	header := "|\n"
	if !strings.HasSuffix(s, "\n") {
		header = "|-\n"
	}
	w.out.WriteString(header)
	for line := range strings.Lines(s) {
		w.out.WriteString(strings.Repeat(" ", indent) + strings.TrimSuffix(line, "\n") + "\n")
	}
}
