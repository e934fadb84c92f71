package arch

import (
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTheRulesFindWhatTheyAreFor runs the rules on testdata/broken.go, which
// says on each line what must be found there. A rule that finds nothing there
// would find nothing anywhere.
func TestTheRulesFindWhatTheyAreFor(t *testing.T) {
	all, err := list()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	p, err := check(listed{ImportPath: "broken", Dir: "testdata", GoFiles: []string{"broken.go"}}, fset, imports(all, fset))
	if err != nil {
		t.Fatal(err)
	}
	s := source{path: "broken.go", fset: fset, file: p.files[0]}
	for name, find := range map[string]func(reporter){
		"impurities":     func(r reporter) { impurities(p, r) },
		"concurrency":    func(r reporter) { concurrency(p, r) },
		"floats":         func(r reporter) { floats(p, r) },
		"mapOrder":       func(r reporter) { mapOrder(p, r) },
		"assignments":    func(r reporter) { assignments(p, r) },
		"silentNames":    func(r reporter) { silentNames(s, r) },
		"inits":          func(r reporter) { inits(s, r) },
		"manyParameters": func(r reporter) { manyParameters(s, r) },
	} {
		found := map[int]bool{}
		find(func(n ast.Node, why string) { found[fset.Position(n.Pos()).Line] = true })
		got, want := slices.Sorted(maps.Keys(found)), marked(t, "testdata/broken.go", name)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s reports lines %v of testdata/broken.go; want %v", name, got, want)
		}
	}
}

// marked lists the lines that a comment says break a rule.
func marked(t *testing.T, path, rule string) (marked []int) {
	t.Helper()
	content, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(content), "\n") {
		if strings.HasSuffix(line, "// breaks "+rule) {
			marked = append(marked, i+1)
		}
	}
	return marked
}

func TestLongFunctionsAreFound(t *testing.T) {
	for lines, want := range map[int]int{maxFunctionLines: 0, maxFunctionLines + 1: 1} {
		s := parse(t, "package p\n\nfunc f() {"+strings.Repeat("\n", lines-1)+"}\n")
		found := 0
		longFunctions(s, func(ast.Node, string) { found++ })
		if found != want {
			t.Errorf("%d reports of a function of %d lines; want %d", found, lines, want)
		}
	}
}

func parse(t *testing.T, content string) source {
	t.Helper()
	s, err := parseSource("p.go", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestForbiddenWaysAreFound(t *testing.T) {
	sim := &pkg{path: "fairlead/internal/sim", imports: []string{"fmt", "fairlead/internal/report"}}
	byPath := map[string]*pkg{
		"fairlead/internal/report": {path: "fairlead/internal/report", imports: []string{"fairlead/scheduler"}},
		"fairlead/scheduler":       {path: "fairlead/scheduler", imports: []string{"fairlead/internal/report"}},
	}
	ways := reach(sim, byPath)
	const want = "fairlead/internal/sim -> fairlead/internal/report -> fairlead/scheduler"
	if got := ways["fairlead/scheduler"]; got != want || len(ways) != 2 {
		t.Errorf("reach finds %v; want %q", ways, want)
	}
	if !below("fairlead/drf", "drf") || !below("fairlead/drf/x", "drf") || below("fairlead/drfx", "drf") {
		t.Error("below must hold of a package and what stands below it, and of nothing else")
	}
}

func TestBannedWordsAreFound(t *testing.T) {
	for i, text := range []string{"see /wor" + "k/main", "prox" + "y.golang.org", "// TO" + "DO: later", "<<<<<<" + "< HEAD", "COMPAS" + "S.md"} {
		if !banned[i].words.MatchString(text) {
			t.Errorf("%v does not find %q", banned[i].words, text)
		}
	}
}
