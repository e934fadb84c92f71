package strictyaml

import (
	"strings"
	"testing"
)

func TestLargeFiles(t *testing.T) {
	padding := strings.Repeat(" ", maxBytes)
	for name, c := range map[string]struct{ name, file, want string }{
		"JSON":           {"f.json", `{"a": 1}` + padding, ""},
		"JSON by itself": {"-", padding + `{"a": 1}`, ""},
		"small YAML":     {"f.yaml", "a: 1", ""},
		"YAML":           {"f.yaml", "a: 1" + padding, "f.yaml:1:1: file of 16777220 bytes is too large for YAML: at most 16777216; write it as JSON"},
		"broken JSON":    {"f.json", `{"a": }` + padding, "f.json:1:7: invalid character '}' looking for beginning of value"},
		"not UTF-8":      {"f.json", `{"` + "\xff" + `": 1}` + padding, "f.json:1:3: not valid UTF-8"},
	} {
		f := ParseLarge(c.name, []byte(c.file))
		if c.want == "" {
			if err := f.Err(); err != nil || len(f.Documents()) != 1 {
				t.Errorf("%s: got %d documents, %v; want one", name, len(f.Documents()), err)
			}
		} else if err := f.Err(); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
