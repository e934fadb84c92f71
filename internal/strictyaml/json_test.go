package strictyaml

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// tree is a node as encoding/json would have it, numbers and texts told apart.
func (n *node) tree() any {
	switch n.kind {
	case mapping:
		out := map[string]any{}
		for _, f := range n.fields {
			out[f.name] = f.value.tree()
		}
		return out
	case list:
		out := []any{}
		for _, item := range n.items {
			out = append(out, item.tree())
		}
		return out
	case text:
		return n.text
	case number:
		return json.Number(n.text)
	case boolean:
		return n.text == "true"
	}
	return nil
}

const sampleJSON = `{"a": [1, -0.5e+3, "x\u00e9\n\"", true, false, null, {}, []], "bcd":
	{"e": "ünï", "f": [[{"g": 0}]]}, "h": "\\"}`

// Texts that are nearly JSON: both parsers take them, and understand the same, or neither does.
func TestJSONIsWhatEncodingJSONTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(sampleJSON)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
			with := rapid.SampledFrom([]string{"", "x", "0", ".", "-", "e", `"`, `\`, "[", "]", "{", "}", ",", ":", " ", "\n", "\x01"}).Draw(t, "with")
			data = append(data[:at:at], append([]byte(with), data[at+1:]...)...)
		}
		if !utf8.Valid(data) {
			return // refused before
		}
		f := &File{}
		f.parseJSON(data, false)
		var want any
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		err := d.Decode(&want)
		if err == nil {
			switch rest := d.Decode(new(any)); {
			case rest == nil:
				return // several documents
			case !errors.Is(rest, io.EOF):
				err = rest // d.More would take a bracket for the end
			}
		}
		if strings.Contains(fmt.Sprint(f.Err()), "already defined") {
			return // encoding/json is not strict with that
		}
		if (err == nil) != (f.Err() == nil) {
			t.Fatalf("%s\ngot %v, want %v", data, f.Err(), err)
		}
		if err != nil {
			return
		}
		got, _ := json.Marshal(f.roots[0].tree())
		if expected, _ := json.Marshal(want); string(got) != string(expected) {
			t.Fatalf("%s\ngot %s, want %s", data, got, expected)
		}
		lazy := &File{}
		lazy.parseJSON(data, true)
		expectSame(t, lazy, f)
	})
}

// expectSame compares documents whose lists are parsed late with those that were parsed at once.
func expectSame(t *rapid.T, lazy, eager *File) {
	a, b := lazy.Documents()[0], eager.Documents()[0]
	for i, f := range b.node.fields {
		late := Value{file: lazy, node: a.node.fields[i].value}
		early := Value{file: eager, node: f.value}
		if late.Len() != early.Len() {
			t.Fatalf("%d items, want %d", late.Len(), early.Len())
		}
		for k := range early.Len() {
			x, y := late.Item(k), early.Item(k)
			if fmt.Sprint(x.node.tree()) != fmt.Sprint(y.node.tree()) || x.node.line != y.node.line || x.node.column != y.node.column {
				t.Fatalf("item %d is %v at %d:%d, want %v at %d:%d", k,
					x.node.tree(), x.node.line, x.node.column, y.node.tree(), y.node.line, y.node.column)
			}
		}
	}
}

func TestWhatIsWrongInALongListIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": [1, {"b": 2 "c": 3}]}`:           `f.json:1:19: invalid character '"' after object key:value pair`,
		"{\"a\": [1,\n  {\"b\": 2, \"b\": 3}]}": `f.json:2:12: key "b" is already defined in line 2`,
		`{"a": [1, 2,]}`:                        "f.json:1:13: invalid character ']' looking for beginning of value",
		`{"a": [1, tru]}`:                       "f.json:1:14: invalid character ']' in literal true (expecting 'e')",
		`{"a": [` + strings.Repeat("[", 100) + "1" + strings.Repeat("]", 100) + "]}": "f.json:1:70: nested more than 64 deep",
	} {
		f := &File{name: "f.json"}
		f.parseJSON([]byte(text), true)
		for _, doc := range f.Documents() {
			v := Value{file: f, node: doc.node.fields[0].value}
			for i := range v.Len() {
				v.Item(i)
			}
		}
		if err := f.Err(); err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}
