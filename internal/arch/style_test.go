package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// Limits of size. They are far above what is usual here: most functions have
// less than 20 lines.
const (
	maxFunctionLines = 70
	maxParameters    = 4
	maxFileLines     = 450
)

// sources parses every Go file that a person wrote, tests included.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	walkFiles(t, func(path string, content []byte) {
		if !strings.HasSuffix(path, ".go") || strings.Contains(path, "testdata/") {
			return
		}
		s, err := parseSource(path, content)
		if err != nil {
			t.Error(err)
		} else if !ast.IsGenerated(s.file) {
			all = append(all, s)
		}
	})
	if len(all) == 0 {
		t.Fatal("no Go files found: the rules would hold of nothing")
	}
	return all
}

func parseSource(path string, content []byte) (source, error) {
	s := source{path: path, fset: token.NewFileSet(), test: strings.HasSuffix(path, "_test.go")}
	var err error
	s.file, err = parser.ParseFile(s.fset, path, content, parser.ParseComments|parser.SkipObjectResolution)
	return s, err
}

func lines(fset *token.FileSet, n ast.Node) int {
	return fset.Position(n.End()).Line - fset.Position(n.Pos()).Line + 1
}

func TestNoFileIsTooLong(t *testing.T) {
	for _, s := range sources(t) {
		if n := s.fset.File(s.file.Pos()).LineCount(); n > maxFileLines {
			t.Errorf("%s has %d lines, more than %d: a file holds one idea; give the second one its own", s.path, n, maxFileLines)
		}
	}
}

func TestNoFunctionIsTooLong(t *testing.T) {
	for _, s := range sources(t) {
		longFunctions(s, failures(t, s.fset))
	}
}

func longFunctions(s source, report reporter) {
	s.functions(func(f *ast.FuncDecl) {
		if n := lines(s.fset, f); n > maxFunctionLines {
			report(f, fmt.Sprintf("%s has %d lines, more than %d: it cannot be tested or read in parts; let it decide, and "+
				"let smaller functions compute", f.Name.Name, n, maxFunctionLines))
		}
	})
}

func TestNoFunctionTakesTooManyParameters(t *testing.T) {
	for _, s := range sources(t) {
		manyParameters(s, failures(t, s.fset))
	}
}

func manyParameters(s source, report reporter) {
	s.functions(func(f *ast.FuncDecl) {
		if n := parameters(f); n > maxParameters {
			report(f, fmt.Sprintf("%s takes %d parameters, more than %d: neighbours of one type get swapped and still "+
				"compile; pass a struct", f.Name.Name, n, maxParameters))
		}
	})
}

// parameters counts what a caller passes, without a context and a test.
func parameters(f *ast.FuncDecl) (n int) {
	for _, field := range f.Type.Params.List {
		switch types.ExprString(field.Type) {
		case "context.Context", "*testing.T", "testing.TB", "*testing.B", "*rapid.T", "rapid.TB":
			continue
		}
		n += max(1, len(field.Names))
	}
	return n
}

func TestNothingHappensBeforeMain(t *testing.T) {
	for _, s := range sources(t) {
		inits(s, failures(t, s.fset))
	}
}

func inits(s source, report reporter) {
	s.functions(func(f *ast.FuncDecl) {
		if f.Recv == nil && f.Name.Name == "init" {
			report(f, "an init function runs in every program that imports the package, in an order nobody reads; "+
				"call a constructor from main")
		}
	})
}

func TestEveryPackageIsDescribed(t *testing.T) {
	described, name := map[string]bool{}, map[string]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		dir := filepath.Dir(s.path)
		name[dir] = s.file.Name.Name
		described[dir] = described[dir] || strings.TrimSpace(s.file.Doc.Text()) != ""
	}
	for dir, ok := range described {
		if !ok {
			t.Errorf("package %s in %s has no doc comment: say in its doc.go what it is for and what it guarantees", name[dir], dir)
		}
	}
}

func TestEveryExportedNameIsDescribed(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test {
			silentNames(s, failures(t, s.fset))
		}
	}
}

func silentNames(s source, report reporter) {
	for _, d := range s.file.Decls {
		for _, n := range undocumented(d) {
			report(n, n.Name+" is exported and has no doc comment: say what it guarantees, its units and its odd cases, "+
				"or make it unexported")
		}
	}
}

// undocumented lists the exported names of a declaration that have no comment.
// A group of constants or variables may share the comment above the group.
func undocumented(d ast.Decl) (names []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
					names = append(names, spec.Name)
				}
			case *ast.ValueSpec:
				if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					names = append(names, exported(spec.Names)...)
				}
			}
		}
	}
	return names
}

func exported(names []*ast.Ident) (out []*ast.Ident) {
	for _, n := range names {
		if n.IsExported() {
			out = append(out, n)
		}
	}
	return out
}

// exportedReceiver reports whether users can see the type of a method.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	name := strings.TrimLeft(types.ExprString(f.Recv.List[0].Type), "*")
	return ast.IsExported(name)
}

// TestPackageVariablesAreConstants allows package-level variables (errors,
// tables) that nothing assigns to once they are made.
func TestPackageVariablesAreConstants(t *testing.T) {
	for _, p := range load(t) {
		assignments(p, failures(t, p.fset))
	}
}

func assignments(p *pkg, report reporter) {
	inspect(p, func(n ast.Node, _ []ast.Node) {
		for _, target := range assigned(n) {
			v, ok := p.info.Uses[base(p, target)].(*types.Var)
			if ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
				report(n, "this assigns to "+v.Name()+", a variable of the whole package: tests cannot run side by side, "+
					"and no reader sees who changes it; keep it in a struct that a constructor makes")
			}
		}
	})
}

// assigned lists what a statement changes: x = 1, x.f = 1, x[i]++.
func assigned(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		return n.Lhs
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		return []ast.Expr{n.Key, n.Value}
	}
	return nil
}

// base is the x of x, x.f, x[i], *x, (x) and pkg.x.
func base(p *pkg, e ast.Expr) *ast.Ident {
	switch x := e.(type) {
	case *ast.Ident:
		return x
	case *ast.SelectorExpr:
		if id, ok := x.X.(*ast.Ident); ok {
			if _, ok := p.info.Uses[id].(*types.PkgName); ok {
				return x.Sel
			}
		}
		return base(p, x.X)
	case *ast.IndexExpr:
		return base(p, x.X)
	case *ast.StarExpr:
		return base(p, x.X)
	case *ast.ParenExpr:
		return base(p, x.X)
	}
	return nil
}
