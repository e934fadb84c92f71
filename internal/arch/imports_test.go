package arch

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// never lists, for each package of ours and everything below it, which others
// it must not reach, by any path. Arrows point one way:
//
//	cmd -> internal/api -> scheduler -> allocator -> drf
var never = []struct {
	from string
	to   []string
	why  string
}{
	{"drf", []string{"allocator", "scheduler", "executor", "proto", "internal", "cmd"},
		"fairness arithmetic stands at the bottom; whatever it seems to need, its caller passes as a value"},
	{"allocator", []string{"scheduler", "executor", "proto", "internal", "cmd"},
		"the allocator is the same in the daemon, the embedded cluster and the simulator; let the driver convert and pass events"},
	{"scheduler", []string{"internal/api", "internal/client", "internal/cluster", "internal/sim", "cmd"},
		"the live loop must work against any Mesos master; what it needs of the embedded one goes over HTTP"},
	{"executor", []string{"drf", "allocator", "scheduler", "cmd", "internal/api", "internal/client", "internal/cluster",
		"internal/journal", "internal/mesoshttp", "internal/sim", "internal/strictyaml", "internal/taskgroup"},
		"the executor is shipped to every agent and stays small: it knows the protocol (proto, mesos-go, its safe decoder) and nothing of allocation"},
	{"internal/cluster", []string{"allocator", "scheduler", "internal/api", "cmd"},
		"the embedded master stands in for Mesos; sharing code with the scheduler would let both share a bug"},
	{"internal/sim", []string{"scheduler", "internal/cluster", "internal/mesoshttp", "cmd"},
		"the simulator drives the allocator itself and has no second task life cycle; add a fact or an action instead"},
	{"internal/mesoshttp", []string{"drf", "allocator", "scheduler", "executor", "cmd"},
		"it carries bytes to and from Mesos; what they mean is decided by its caller"},
	{"internal/journal", []string{"drf", "allocator", "scheduler", "executor", "cmd"},
		"it stores records in order and knows nothing of what they mean; encode and decode them in the scheduler"},
	{"internal/taskgroup", []string{"scheduler", "executor", "internal/api", "internal/cluster", "cmd"},
		"it reads and checks files; whoever submits converts the result"},
	{"internal/strictyaml", []string{"allocator", "scheduler", "executor", "proto", "cmd"},
		"it reads configuration of any shape; what a field means belongs to the package that asks for it"},
	{"internal/api", []string{"internal/client", "internal/cluster", "cmd"},
		"the API answers from snapshots of the scheduler; it starts nothing"},
	{"internal/client", []string{"internal/cluster", "cmd"},
		"the client talks to a server over HTTP only"},
	{"proto", []string{"drf", "allocator", "scheduler", "executor", "internal", "cmd"},
		"messages are described in .proto files and hold no logic"},
}

// TestEveryRuleNamesPackagesThatExist keeps the table above honest: a renamed
// package would slip out of its rules unseen.
func TestEveryRuleNamesPackagesThatExist(t *testing.T) {
	pkgs := load(t)
	exists := func(path string) bool {
		return slices.ContainsFunc(pkgs, func(p *pkg) bool { return below(p.path, path) })
	}
	named := map[string]bool{}
	for _, rule := range never {
		for _, path := range append(slices.Clone(rule.to), rule.from) {
			named[path] = true
		}
	}
	for _, path := range slices.Sorted(maps.Keys(named)) {
		if !exists(path) {
			t.Errorf("the import rules name %s/%s, which does not exist: rename or remove it in `never`", module, path)
		}
	}
}

func TestImportsPointOneWay(t *testing.T) {
	pkgs := load(t)
	byPath := map[string]*pkg{}
	for _, p := range pkgs {
		byPath[p.path] = p
	}
	for _, p := range pkgs {
		ways := reach(p, byPath)
		for _, rule := range never {
			if !below(p.path, rule.from) {
				continue
			}
			for _, target := range slices.Sorted(maps.Keys(ways)) {
				if slices.ContainsFunc(rule.to, func(to string) bool { return below(target, to) }) {
					t.Errorf("%s imports %s (%s): %s", p.path, target, ways[target], rule.why)
				}
			}
		}
	}
}

// below reports whether an import path is one of our packages or below it.
func below(path, ours string) bool {
	return strings.HasPrefix(path+"/", module+"/"+ours+"/")
}

// reach maps every package of ours that p depends on to how it gets there.
func reach(p *pkg, byPath map[string]*pkg) map[string]string {
	ways := map[string]string{}
	var visit func(at *pkg, way string)
	visit = func(at *pkg, way string) {
		for _, path := range at.imports {
			if next := byPath[path]; next != nil && ways[path] == "" {
				ways[path] = way + " -> " + path
				visit(next, ways[path])
			}
		}
	}
	visit(p, p.path)
	return ways
}

// forTests are packages that only tests may import.
var forTests = []string{
	"testing", "net/http/httptest", "github.com/cockroachdb/datadriven", "pgregory.net/rapid",
	"go.uber.org/goleak", "github.com/rogpeppe/go-internal/testscript",
}

// TestProductionCodeImportsNoTestSupport allows packages of helpers for tests,
// which import "testing", as long as nothing but tests imports them.
func TestProductionCodeImportsNoTestSupport(t *testing.T) {
	helpers := map[string]string{}
	pkgs := load(t)
	for _, p := range pkgs {
		for _, path := range p.imports {
			if slices.ContainsFunc(forTests, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") }) {
				helpers[p.path] = path
			}
		}
	}
	const why = "a test hook makes two programs of one; inject what differs through the constructor, or move the code to a _test.go file"
	for _, p := range pkgs {
		if by := helpers[p.path]; by != "" && p.name == "main" {
			t.Errorf("%s imports %s: %s", p.path, by, why)
		}
		for _, path := range p.imports {
			if by := helpers[path]; by != "" && helpers[p.path] == "" {
				t.Errorf("%s imports %s, which imports %s: %s", p.path, path, by, why)
			}
		}
	}
}
