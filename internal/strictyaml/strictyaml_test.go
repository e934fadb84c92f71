package strictyaml

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// outline shows a document with the places of its parts.
func outline(v Value) string {
	n := v.node
	head := fmt.Sprintf("%d:%d ", n.line, n.column)
	switch n.kind {
	case mapping:
		var parts []string
		for _, e := range v.Entries(1000) {
			parts = append(parts, fmt.Sprintf("%d:%d %s=%s", e.Key.at.node.line, e.Key.at.node.column, e.Key.Name, outline(e.Value)))
		}
		return head + "{" + strings.Join(parts, ", ") + "}"
	case list:
		var parts []string
		for _, item := range v.List(1000) {
			parts = append(parts, outline(item))
		}
		return head + "[" + strings.Join(parts, ", ") + "]"
	case text:
		return head + fmt.Sprintf("%q", n.text)
	case null:
		return head + "null"
	default:
		return head + n.text
	}
}

func outlines(f *File) string {
	var parts []string
	for _, d := range f.Documents() {
		parts = append(parts, outline(d))
	}
	if err := f.Err(); err != nil {
		parts = append(parts, "error "+err.Error())
	}
	return strings.Join(parts, "; ")
}

func TestPlacesInFiles(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"block style", "a: 1\nb:\n  - x\n  - {c: d}\n",
			`1:1 {1:1 a=1:4 1, 2:1 b=3:3 [3:5 "x", 4:5 {4:6 c=4:9 "d"}]}`},
		{"JSON", "{\"a\": 1,\n \"b\": [\"x\", {\"c\":null}]}",
			`1:1 {1:2 a=1:7 1, 2:2 b=2:7 [2:8 "x", 2:13 {2:14 c=2:18 null}]}`},
		{"columns count characters", "é: [ü, x]\n", `1:1 {1:1 é=1:4 [1:5 "ü", 1:8 "x"]}`},
		{"JSON columns count characters", `{"é": ["ü", "x"]}`, `1:1 {1:2 é=1:7 [1:8 "ü", 1:13 "x"]}`},
		{"JSON documents", `{"a": 1} {"b": 2}`, `1:1 {1:2 a=1:7 1}; 1:10 {1:11 b=1:16 2}`},
		{"byte order mark", "\ufeffa: 1\n", `1:1 {1:1 a=1:4 1}`},
		{"Windows line ends", "a: x\r\nb: y\r\n", `1:1 {1:1 a=1:4 "x", 2:1 b=2:4 "y"}`},
		{"literal block", "a: |\n  x\n  y\nb: >-\n  x\n  y\nc: z\n", `1:1 {1:1 a=1:4 "x\ny\n", 4:1 b=4:4 "x y", 7:1 c=7:4 "z"}`},
		{"numbers keep their spelling", "[1.50, 010, 0x1f, 1_0, -3, .5]", `1:1 [1:2 1.50, 1:8 010, 1:13 0x1f, 1:19 1_0, 1:24 -3, 1:28 .5]`},
		{"nothing is guessed", "[yes, 1e3, ~, null, True]", `1:1 [1:2 "yes", 1:7 "1e3", 1:12 null, 1:15 null, 1:21 True]`},
		{"odd keys are text", "{1: a, true: b, null: c}", `1:1 {1:2 1=1:5 "a", 1:8 true=1:14 "b", 1:17 null=1:23 "c"}`},
		{"documents", "# c\n---\na: 1\n---\n# only a comment\n---\nb: 2\n...\n---\n", `3:1 {3:1 a=3:4 1}; 7:1 {7:1 b=7:4 2}`},
		{"document on its marker", "--- {a: 1}\n--- x\n", `1:5 {1:6 a=1:9 1}; 2:5 "x"`},
		{"no marker inside of a line", "a: x --- y\nb: ---z\n", `1:1 {1:1 a=1:4 "x --- y", 2:1 b=2:4 "---z"}`},
		{"empty", "", ""},
		{"blank", "\n  \n# c\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := outlines(Parse("", []byte(c.file))); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSyntaxThatIsRefused(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"anchor", "a: &x 1\n", "1:4: anchors, aliases and merge keys are not supported here"},
		{"merge key", "a: 1\n<<: {b: 1}\n", "2:1: anchors, aliases and merge keys are not supported here"},
		{"tag", "a: !!str 1\n", "1:4: tags are not supported here"},
		{"list as key", "? [a]\n: b\n", "2:1: "},
		{"explicit key", "? a\n: b\n", "1:1: keys other than plain text are not supported here"},
		{"key twice", "a: 1\na: 2\n", "2:1: "},
		{"key twice, spelt differently", "a: 1\n\"a\": 2\n", "2:1: "},
		{"key twice in JSON", "{\"a\": 1,\n \"a\": 2}", `2:2: key "a" is already defined in line 1`},
		{"key twice deep in JSON", `{"x": [{"a": 1, "a": 2}]}`, `1:17: key "a" is already defined in line 1`},
		{"directive", "%YAML 1.2\n---\na: 1\n", "1:1: "},
		{"broken UTF-8", "a: 1\nb: \xff\n", "2:4: not valid UTF-8"},
		{"open bracket", "a: [1\n", "1:4: "},
		{"tab", "a:\n\tb: 1\n", "2:1: "},
		{"second document", "a: 1\n---\nb: [\n", "3:4: "},
		{"JSON without end", `{"a": [1`, "1:9: unexpected end of JSON"},
		{"JSON with a comma too many", "{\"a\": [1,\n]}", "2:1: invalid character ']'"},
		{"deep JSON", `{"a": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", "nested more than 64 deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := ""
			if strings.Contains(c.name, "JSON") {
				name = "f.json"
			}
			err := Parse(name, []byte(c.file)).Err()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestTheNameDecidesOnJSON(t *testing.T) {
	if err := Parse("a.json", []byte("a: 1\n")).Err(); err == nil {
		t.Error("YAML was taken for JSON")
	}
	if err := Parse("a.yaml", []byte("{a: 1}\n")).Err(); err != nil {
		t.Errorf("a flow mapping was taken for JSON: %v", err)
	}
}

func TestUnknownFieldsAreComparedWithThoseAskedFor(t *testing.T) {
	for field, want := range map[string]string{
		"instance":                       "did you mean instances?",
		"Instances":                      "did you mean instances?",
		"nmae":                           "did you mean name?",
		"x":                              "expected name, instances or tasks",
		"colour":                         "expected name, instances or tasks",
		strings.Repeat("instances", 100): "expected name, instances or tasks",
	} {
		f := Parse("", []byte(field+": 1\n"))
		o, _ := f.Documents()[0].Object()
		for _, known := range []string{"name", "instances", "tasks"} {
			o.Optional(known)
		}
		o.Done()
		if err := f.Err(); err == nil || !strings.HasSuffix(err.Error(), "unknown field: "+want) {
			t.Errorf("%.20s: got %v, want %s", field, err, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}, {"nmae", "name", 1}, {"abcd", "badc", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]int64{
		"0s": 0, "5s": 5_000, "1.5s": 1_500, "10m": 600_000, "1h30m": 5_400_000, "2d": 172_800_000,
		"1d12h": 129_600_000, "250ms": 250, "0": 0, "36500d": 36500 * 86_400_000,
	} {
		if got, err := ParseMillis(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"": errDuration, "5": errDuration, "-5s": errDuration, "+5s": errDuration, "d": errDuration, "1w": errDuration,
		"1d 2h": errDuration, "1d-2h": errDuration, "1.5d": errDuration, "99999d": errDuration, "1us": errSubMillis,
		"36501d": errLong, "36500d1ms": errLong, "2000000h": errLong,
	} {
		if got, err := ParseMillis(text); !errors.Is(err, want) {
			t.Errorf("%q: got %d, %v; want %v", text, got, err, want)
		}
	}
}

func TestDurationsAreWrittenShortAndReadBack(t *testing.T) {
	for ms, want := range map[int64]string{
		0: "0s", 1: "1ms", 1500: "1.5s", 60_000: "1m", 90_000: "1m30s", 3_600_000: "1h", 5_400_000: "1h30m",
		3_601_000: "1h0m1s", 86_400_000: "1d", 90_000_000: "1d1h",
	} {
		if got := FormatMillis(ms); got != want {
			t.Errorf("%d ms: got %s, want %s", ms, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, longest.Milliseconds()).Draw(t, "ms")
		if got, err := ParseMillis(FormatMillis(ms)); err != nil || got != ms {
			t.Fatalf("%d is written as %s, which is read as %d, %v", ms, FormatMillis(ms), got, err)
		}
	})
}

func TestManyProblemsAreCutShort(t *testing.T) {
	f := Parse("f.yaml", []byte("["+strings.Repeat("x, ", 250)+"]"))
	for _, item := range f.Documents()[0].List(1000) {
		item.Object()
	}
	lines := strings.Split(f.Err().Error(), "\n")
	if last := lines[len(lines)-1]; len(lines) != maxReported+1 || last != "f.yaml: and 150 more" {
		t.Errorf("got %d lines, the last one %q", len(lines), last)
	}
}

func TestTheFirstProblemIsFoundByErrorsAs(t *testing.T) {
	f := Parse("f.yaml", []byte("b: 1\na: 1\n"))
	o, _ := f.Documents()[0].Object()
	o.Required("c")
	o.Done()
	var first *Error
	if err := f.Err(); !errors.As(err, &first) || first.Line != 1 || first.Field != "c" {
		t.Errorf("got %+v of %v, want the missing field c in line 1", first, err)
	}
}

// What is written in either format is read back as the same document.
func TestTreesAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := Mapping().With("root", anyTree(t, 3))
		for name, text := range map[string][]byte{"f.yaml": tree.ToYAML(), "f.json": tree.ToJSON()} {
			f := Parse(name, text)
			docs := f.Documents()
			if err := f.Err(); err != nil || len(docs) != 1 {
				t.Fatalf("%s: %d documents, %v, from:\n%s", name, len(docs), err, text)
			}
			if got := docs[0].node; !sameNode(got, tree.n) {
				t.Fatalf("%s: got %s, from:\n%s", name, outline(docs[0]), text)
			}
		}
	})
}

func anyTree(t *rapid.T, depth int) Tree {
	anyText := rapid.OneOf(rapid.StringMatching(`[ -~\n]{0,20}`), rapid.String(), rapid.SampledFrom([]string{
		"true", "No", "null", "~", "1", "1.5", "0x1", "1e3", "---", "...", "- a", "a: b", "a #b", "#", "5s", "1d", "x\ny\n", "x\n y", "{", "*a", "&a", "!a", "%a",
	}))
	kinds := 5
	if depth == 0 {
		kinds = 3
	}
	switch rapid.IntRange(1, kinds).Draw(t, "kind") {
	case 1:
		return Text(anyText.Draw(t, "text"))
	case 2:
		return Int(rapid.Int64().Draw(t, "int"))
	case 3:
		return Bool(rapid.Bool().Draw(t, "bool"))
	case 4:
		var items []Tree
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			items = append(items, anyTree(t, depth-1))
		}
		return List(items...)
	default:
		m := Mapping()
		for _, name := range rapid.SliceOfNDistinct(anyText, 0, 3, rapid.ID[string]).Draw(t, "names") {
			m.With(name, anyTree(t, depth-1))
		}
		return m
	}
}

func sameNode(a, b *node) bool {
	if a.kind != b.kind || a.text != b.text || len(a.items) != len(b.items) || len(a.fields) != len(b.fields) {
		return false
	}
	for i := range a.items {
		if !sameNode(a.items[i], b.items[i]) {
			return false
		}
	}
	for i := range a.fields {
		if a.fields[i].name != b.fields[i].name || !sameNode(a.fields[i].value, b.fields[i].value) {
			return false
		}
	}
	return true
}
