package taskgroup

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryFieldIsInTheDocumentation asks the parser which fields there are, by one that there is not.
func TestEveryFieldIsInTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/task-groups.md")
	if err != nil {
		t.Fatal(err)
	}
	known := regexp.MustCompile(`no-such-field: unknown field: expected (.*)`)
	for _, text := range []string{
		"{no-such-field: 1}",
		"{tasks: [{no-such-field: 1, sidecar: true}]}",
		"{tasks: [{health: {no-such-field: 1}}]}",
		"{tasks: [{sidecar: true, ready: {no-such-field: 1}}]}",
		"{tasks: [{sidecar: true, quit: {no-such-field: 1}}]}",
		"{tasks: [{health: {http: {no-such-field: 1}}}]}",
		"{tasks: [{uris: [{no-such-field: 1}]}]}",
	} {
		_, err := Parse("x.yaml", []byte(text))
		if err == nil {
			t.Fatalf("%s is accepted", text)
		}
		found := known.FindStringSubmatch(err.Error())
		if found == nil {
			t.Fatalf("%s: %v", text, err)
		}
		for name := range strings.SplitSeq(strings.ReplaceAll(found[1], " or ", ", "), ", ") {
			if !regexp.MustCompile("`[^`]*\\b" + regexp.QuoteMeta(name) + "\\b[^`]*`").Match(page) {
				t.Errorf("%s: docs/task-groups.md does not name %s", text, name)
			}
		}
	}
}
