package arch

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// core are the packages that must give the same answers on every machine and
// every day: a journal is replayed, and a simulation repeated, by running them
// again.
func core(t *testing.T) []*pkg {
	t.Helper()
	pkgs := slices.DeleteFunc(slices.Clone(load(t)), func(p *pkg) bool {
		return strings.HasSuffix(p.path, "test") || !below(p.path, "drf") && !below(p.path, "allocator")
	})
	if len(pkgs) < 2 {
		t.Fatalf("found %d of the packages drf and allocator: the rules would hold of nothing", len(pkgs))
	}
	return pkgs
}

// impure are the parts of the standard library whose answers differ from run
// to run, or that do more than answer.
var impure = map[string]string{
	"time":        "time is a field of every event, in milliseconds",
	"math/rand":   "break ties by share, placements and name; where Mesos shuffles, rotate a cursor kept in the state",
	"crypto/rand": "ids come from counters in the state",
	"sync":        "one goroutine owns the state; the driver hands out snapshots",
	"context":     "a step is never cancelled half way; drivers decide when to step",
	"net":         "return an action and let the driver talk",
	"os":          "return an action, or take a value; drivers read files and environment",
	"io/ioutil":   "drivers read files",
	"log":         "return a reason; drivers log it",
	"runtime":     "the state must not depend on the machine",
	"syscall":     "return an action and let the driver do it",
	"unsafe":      "a layout is no value",
}

func TestTheCoreImportsNothingImpure(t *testing.T) {
	for _, p := range core(t) {
		impurities(p, failures(t, p.fset))
	}
}

func impurities(p *pkg, report reporter) {
	for _, f := range p.files {
		for _, spec := range f.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
				report(spec, "the core stands on the standard library alone, so that an upgrade of a library cannot change "+
					"a decision; let the driver use "+path+" and pass what comes of it")
			}
			for parent, instead := range impure {
				if path == parent || strings.HasPrefix(path, parent+"/") {
					report(spec, "replays must agree with the first run, so that the core cannot import "+path+"; "+instead)
				}
			}
		}
	}
}

func TestTheCoreIsSequential(t *testing.T) {
	for _, p := range core(t) {
		concurrency(p, failures(t, p.fset))
	}
}

func concurrency(p *pkg, report reporter) {
	inspect(p, func(n ast.Node, _ []ast.Node) {
		switch n.(type) {
		case *ast.GoStmt, *ast.SelectStmt, *ast.ChanType, *ast.SendStmt:
			report(n, "goroutines and channels make the order of decisions a matter of luck; return actions and let the driver run them")
		}
	})
}

// TestTheCoreDecidesNothingByFloat allows floating point for printing only:
// in methods called Float, Format... or String, and as an argument of a function
// that takes ...any as fmt.Sprintf does.
func TestTheCoreDecidesNothingByFloat(t *testing.T) {
	for _, p := range core(t) {
		floats(p, failures(t, p.fset))
	}
}

func floats(p *pkg, report reporter) {
	inspect(p, func(n ast.Node, above []ast.Node) {
		e, ok := n.(ast.Expr)
		if !ok || !isFloat(p.info.TypeOf(e)) || slices.ContainsFunc(above, func(n ast.Node) bool { return prints(p, n) }) {
			return
		}
		if outermostFloat(p, above) {
			report(n, "floating point rounds, so that equal shares differ and books drift; compute with drf.Amount and "+
				"drf.Share, and leave floats to Float and to printing")
		}
	})
}

func isFloat(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0 && b.Info()&types.IsUntyped == 0
}

// outermostFloat keeps one expression from being reported with all its parts.
func outermostFloat(p *pkg, above []ast.Node) bool {
	parent, ok := above[len(above)-1].(ast.Expr)
	return !ok || !isFloat(p.info.TypeOf(parent))
}

func prints(p *pkg, n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Name.Name == "String" || n.Name.Name == "Float" || strings.HasPrefix(n.Name.Name, "Format")
	case *ast.CallExpr:
		sig, ok := p.info.TypeOf(n.Fun).(*types.Signature)
		if !ok || !sig.Variadic() {
			return false
		}
		last := sig.Params().At(sig.Params().Len() - 1).Type().(*types.Slice)
		empty, ok := last.Elem().Underlying().(*types.Interface)
		return ok && empty.Empty()
	}
	return false
}

// calls reports whether a call is one of the named functions of a package.
func calls(p *pkg, call *ast.CallExpr, from string, names ...string) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := p.info.Uses[sel.Sel].(*types.Func)
	return ok && f.Pkg() != nil && f.Pkg().Path() == from && slices.Contains(names, f.Name())
}

const commutes = "// commutes:"

// TestTheCoreDecidesNothingByMapOrder finds loops over maps, and maps.Keys and
// its like where nothing sorts them.
func TestTheCoreDecidesNothingByMapOrder(t *testing.T) {
	for _, p := range core(t) {
		mapOrder(p, failures(t, p.fset))
	}
}

func mapOrder(p *pkg, report reporter) {
	const why = "Go visits maps in a different order each time, so that replays would disagree; keep a slice beside the " +
		"map or sort the keys, or, if order cannot matter, say why in a comment `" + commutes + " ...` on the line or the one above"
	excused := commentLines(p, commutes)
	inspect(p, func(n ast.Node, above []ast.Node) {
		if excused[position(p.fset, n.Pos())] {
			return
		}
		switch n := n.(type) {
		case *ast.RangeStmt:
			if _, ok := p.info.TypeOf(n.X).Underlying().(*types.Map); ok {
				report(n, "this ranges over a map: "+why)
			}
		case *ast.CallExpr:
			if calls(p, n, "maps", "Keys", "Values", "All") && !sorted(p, above) {
				report(n, "this takes a map in no order: "+why)
			}
		}
	})
}

func sorted(p *pkg, above []ast.Node) bool {
	call, ok := above[len(above)-1].(*ast.CallExpr)
	return ok && calls(p, call, "slices", "Sorted", "SortedFunc")
}

// commentLines are the positions that a comment with this prefix covers: the
// line that it stands on, and the line after its group of comments.
func commentLines(p *pkg, prefix string) map[string]bool {
	covered := map[string]bool{}
	for _, f := range p.files {
		for _, group := range f.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, prefix) {
					end := p.fset.Position(group.End())
					covered[position(p.fset, c.Pos())] = true
					covered[fmt.Sprintf("%s:%d", relative(end.Filename), end.Line+1)] = true
				}
			}
		}
	}
	return covered
}

// inspect visits every node of a package with the nodes above it, the nearest
// last.
func inspect(p *pkg, visit func(n ast.Node, above []ast.Node)) {
	for _, f := range p.files {
		if ast.IsGenerated(f) {
			continue
		}
		var above []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if n == nil {
				above = above[:len(above)-1]
				return true
			}
			visit(n, above)
			above = append(above, n)
			return true
		})
	}
}
