package taskgroup

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"fairlead/internal/strictyaml"
)

// The script shows bad files and what their authors are told. `go test -rewrite` refreshes it.
func TestWhatAuthorsOfBadFilesAreTold(t *testing.T) {
	datadriven.RunTest(t, "testdata/errors.txt", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "yaml":
			groups, err := Parse("f.yaml", []byte(d.Input))
			return told(t, len(groups), err)
		case "json":
			g, err := ParseJSON([]byte(d.Input))
			if g != nil {
				return told(t, 1, err)
			}
			return told(t, 0, err)
		default:
			d.Fatalf(t, "unknown command")
			return ""
		}
	})
}

func told(t *testing.T, groups int, err error) string {
	t.Helper()
	if err == nil {
		return fmt.Sprintf("%d groups", groups)
	}
	if groups != 0 {
		t.Errorf("got %d groups from a bad file, want none", groups)
	}
	return err.Error() + "\n"
}

func TestErrorsCarryTheirParts(t *testing.T) {
	_, err := Parse("dir/f.yaml", []byte("name: a\ntasks:\n- {name: t, command: x, resources: {cpus: 1}}\n- 3\n"))
	var all strictyaml.Errors
	if !errors.As(err, &all) || len(all) != 1 {
		t.Fatalf("got %v, want one problem", err)
	}
	want := strictyaml.Error{File: "dir/f.yaml", Line: 4, Column: 3, Field: "tasks[1]", Message: `expected a mapping, got number "3"`}
	if *all[0] != want {
		t.Errorf("got %+v, want %+v", *all[0], want)
	}
}

func TestLimits(t *testing.T) {
	const task = "{name: t, command: x, resources: {cpus: 1}}"
	var many strings.Builder
	for i := range maxTasks + 1 {
		fmt.Fprintf(&many, "- {name: t%d, command: x, resources: {cpus: 1}}\n", i)
	}
	for name, c := range map[string]struct{ file, want string }{
		"size":      {"#" + strings.Repeat("x", 16<<20), "too large"},
		"documents": {strings.Repeat("---\na\n", 10_001), "more than 10000 documents"},
		"objects":   {strings.Repeat("{}", 10_001), "more than 10000 documents"},
		"depth":     {"name: " + strings.Repeat("[", 1_000), "nested more than 64 deep"},
		"indented":  {"a:\n" + strings.Repeat(" ", 600) + "b: 1", "nested more than 64 deep"},
		"tasks":     {"name: a\ntasks:\n" + many.String(), "101 items are too many: at most 100"},
		"command":   {"name: a\ntasks: [{name: t, resources: {cpus: 1}, command: " + strings.Repeat("x", maxText+1) + "}]", "too long"},
		"name":      {"name: " + strings.Repeat("a", 64) + "\ntasks: [" + task + "]", "is not a name"},
	} {
		if _, err := Parse("f.yaml", []byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %.200v, want %s", name, err, c.want)
		}
	}
}
