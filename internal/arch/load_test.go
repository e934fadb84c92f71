package arch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// module is the import path that all of our packages start with.
const module = "fairlead"

// root is the directory of go.mod, seen from this package.
const root = "../.."

// pkg is one package of ours as the compiler sees it, without its tests.
type pkg struct {
	path    string
	name    string
	fset    *token.FileSet
	files   []*ast.File
	info    types.Info
	imports []string
}

// listed is what we read of the output of go list.
type listed struct {
	ImportPath, Name, Dir, Export string
	GoFiles, Imports              []string
	DepOnly                       bool
	Error                         *struct{ Err string }
}

// list asks the go command for our packages and everything that they import,
// compiled. It takes a second or more, so that all tests share one answer.
var list = sync.OnceValues(func() ([]listed, error) {
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Name,Dir,Export,GoFiles,Imports,DepOnly,Error", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p listed
		if err := d.Decode(&p); err != nil {
			return nil, fmt.Errorf("output of go list: %w", err)
		}
		if p.Error != nil {
			return nil, fmt.Errorf("%s does not compile, so that no rule can be read from it: %s", p.ImportPath, p.Error.Err)
		}
		all = append(all, p)
	}
	return all, nil
})

// load returns all packages of ours, type-checked.
func load(t *testing.T) []*pkg {
	t.Helper()
	ours, err := checked()
	if err != nil {
		t.Fatal(err)
	}
	if len(ours) == 0 {
		t.Fatal("no packages found: the rules would hold of nothing")
	}
	return ours
}

var checked = sync.OnceValues(func() ([]*pkg, error) {
	all, err := list()
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	compiled := imports(all, fset)
	var ours []*pkg
	for _, p := range all {
		if p.DepOnly || len(p.GoFiles) == 0 {
			continue
		}
		one, err := check(p, fset, compiled)
		if err != nil {
			return nil, err
		}
		ours = append(ours, one)
	}
	return ours, nil
})

// imports reads what the go command has compiled.
func imports(all []listed, fset *token.FileSet) types.Importer {
	export := map[string]string{}
	for _, p := range all {
		export[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(export[path]) })
}

// check parses and type-checks one package against its compiled imports.
func check(p listed, fset *token.FileSet, compiled types.Importer) (*pkg, error) {
	one := &pkg{path: p.ImportPath, name: p.Name, fset: fset, imports: p.Imports, info: types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
	}}
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		one.files = append(one.files, f)
	}
	config := types.Config{Importer: compiled}
	if _, err := config.Check(p.ImportPath, fset, one.files, &one.info); err != nil {
		return nil, err
	}
	return one, nil
}

// source is one hand-written Go file, with or without tests in it.
type source struct {
	path string // below root
	fset *token.FileSet
	file *ast.File
	test bool
}

// functions visits every function and method of a file.
func (s source) functions(visit func(*ast.FuncDecl)) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			visit(f)
		}
	}
}

// reporter takes what breaks a rule and what to say about it.
type reporter func(n ast.Node, why string)

// failures reports by failing a test.
func failures(t *testing.T, fset *token.FileSet) reporter {
	return func(n ast.Node, why string) {
		t.Helper()
		t.Errorf("%s: %s", position(fset, n.Pos()), why)
	}
}

// position is "drf/tree.go:12".
func position(fset *token.FileSet, at token.Pos) string {
	p := fset.Position(at)
	return fmt.Sprintf("%s:%d", relative(p.Filename), p.Line)
}

// relative shortens the path of a file of ours to the one below root.
func relative(path string) string {
	top, err := filepath.Abs(root)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(top, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// walkFiles calls visit with every file of the project, as the working tree
// has it, but for what git and builds leave there.
func walkFiles(t *testing.T, visit func(path string, content []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && (d.Name() == ".git" || rel == "bin" || rel == "dist"):
			return filepath.SkipDir
		case !d.Type().IsRegular() || rel == ".git": // a file, in a linked work tree
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(rel), content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
