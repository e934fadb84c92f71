package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cases are the names of the golden cases in a text: G07, or "S01 to S07" for
// all of them.
func cases(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`\b([GSA])(\d\d)(?:(?:–| to )[GSA](\d\d))?`).FindAllStringSubmatch(text, -1) {
		first, _ := strconv.Atoi(m[2])
		last := first
		if m[3] != "" {
			last, _ = strconv.Atoi(m[3])
		}
		for n := first; n <= last; n++ {
			out = append(out, fmt.Sprintf("%s%02d", m[1], n))
		}
	}
	return out
}

// TestGoldenCasesAreWhereTheTableSays reads the table in docs/fairness.md: each
// case is there once, and is named in the files that it is said to be tested in,
// or there is a reason why it is not.
func TestGoldenCasesAreWhereTheTableSays(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "fairness.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Golden cases")
	table, _, _ = strings.Cut(table, "\n## ")
	var listed []string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || len(cases(cells[1])) == 0 {
			continue
		}
		listed = append(listed, cases(cells[1])...)
		checkCase(t, cases(cells[1]), strings.TrimSpace(cells[3]))
	}
	slices.Sort(listed)
	if want := cases("A01–A36 G01–G50 S01–S31"); !slices.Equal(listed, want) {
		t.Errorf("the table has %v; want each of %v once", listed, want)
	}
}

// checkCase looks for cases in the files that are named.
func checkCase(t *testing.T, names []string, where string) {
	t.Helper()
	if reason, ok := strings.CutPrefix(where, "not: "); ok {
		if len(reason) < 30 {
			t.Errorf("%v: %q is no reason", names, reason)
		}
		return
	}
	found := map[string]bool{}
	files := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(where, -1)
	if len(files) == 0 {
		t.Errorf("%v: neither files nor a reason in %q", names, where)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(root, f[1]))
		if err != nil {
			t.Errorf("%v: %v", names, err)
			continue
		}
		some := false
		for _, name := range cases(string(text)) {
			found[name] = true
			some = some || slices.Contains(names, name)
		}
		if !some {
			t.Errorf("%s names none of %v", f[1], names)
		}
	}
	for _, name := range names {
		if !found[name] {
			t.Errorf("%s is in none of the files of its row", name)
		}
	}
}
