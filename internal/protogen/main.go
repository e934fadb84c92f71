// Command protogen turns proto/*.proto into Go with gogo/protobuf, all in one process: it needs
// neither protoc nor a plug-in, so `make proto` works wherever Go does. The same input always
// gives the same output, byte by byte.
//
// Run it from the root of the module. A file is written next to the others of its go_package.
package main

import (
	"context"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/gogo/protobuf/gogoproto"
	_ "github.com/gogo/protobuf/plugin/equal"
	_ "github.com/gogo/protobuf/plugin/marshalto"
	_ "github.com/gogo/protobuf/plugin/size"
	_ "github.com/gogo/protobuf/plugin/unmarshal"
	gogo "github.com/gogo/protobuf/proto"
	"github.com/gogo/protobuf/protoc-gen-gogo/descriptor"
	"github.com/gogo/protobuf/protoc-gen-gogo/generator"
	plugin "github.com/gogo/protobuf/protoc-gen-gogo/plugin"
	"github.com/gogo/protobuf/vanity"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
)

// modulePrefix is what the import path of every generated package starts with.
const modulePrefix = "fairlead/"

func main() {
	root := flag.String("root", ".", "root directory of the module")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(root, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(f.content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// file is a generated Go file; path is relative to the root of the module, with slashes.
type file struct{ path, content string }

// generate compiles every proto/*.proto below root and returns the Go files for them.
func generate(root string) ([]file, error) {
	sources, err := filepath.Glob(filepath.Join(root, "proto", "*.proto"))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = "proto/" + filepath.Base(s)
	}
	compiler := protocompile.Compiler{
		Resolver:       &protocompile.SourceResolver{ImportPaths: []string{root}},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	compiled, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return generateGo(compiled)
}

// generateGo runs gogo's generator once for each Go package, as it can do no more than one at a time.
func generateGo(compiled linker.Files) ([]file, error) {
	descriptors, err := gogoDescriptors(compiled)
	if err != nil {
		return nil, err
	}
	setOptions(descriptors)
	byPackage := make(map[string][]string)
	for _, d := range descriptors {
		pkg := d.GetOptions().GetGoPackage()
		byPackage[pkg] = append(byPackage[pkg], d.GetName())
	}
	var files []file
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		made, err := generatePackage(byPackage[pkg], descriptors)
		if err != nil {
			return nil, fmt.Errorf("generate %s: %w", pkg, err)
		}
		files = append(files, made...)
	}
	return files, nil
}

func generatePackage(names []string, descriptors []*descriptor.FileDescriptorProto) ([]file, error) {
	g := generator.New()
	g.Request = &plugin.CodeGeneratorRequest{FileToGenerate: names, ProtoFile: descriptors}
	g.CommandLineParameters("")
	g.WrapTypes()
	g.SetPackageNames()
	g.BuildTypeNameMap()
	g.GenerateAllFiles()

	files := make([]file, len(g.Response.File))
	for i, f := range g.Response.File {
		path, ours := strings.CutPrefix(f.GetName(), modulePrefix)
		if !ours {
			return nil, fmt.Errorf("%s is outside of this module: wrong go_package", f.GetName())
		}
		formatted, err := format.Source([]byte(f.GetContent()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files[i] = file{path: path, content: string(formatted)}
	}
	return files, nil
}

// gogoDescriptors translates the compiler's descriptors to gogo's, a file after those it imports.
func gogoDescriptors(compiled linker.Files) ([]*descriptor.FileDescriptorProto, error) {
	var out []*descriptor.FileDescriptorProto
	seen := make(map[string]bool)
	var add func(f linker.File) error
	add = func(f linker.File) error {
		if seen[f.Path()] {
			return nil
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			if dep := f.FindImportByPath(f.Imports().Get(i).Path()); dep != nil {
				if err := add(dep); err != nil {
					return err
				}
			}
		}
		d, err := gogoDescriptor(f)
		out = append(out, d)
		return err
	}
	for _, f := range compiled {
		if err := add(f); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path(), err)
		}
	}
	return out, nil
}

func gogoDescriptor(f linker.File) (*descriptor.FileDescriptorProto, error) {
	message := protodesc.ToFileDescriptorProto(f)
	if r, ok := f.(linker.Result); ok {
		message = r.FileDescriptorProto() // this one still has the comments
	}
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return nil, err
	}
	d := new(descriptor.FileDescriptorProto)
	return d, gogo.Unmarshal(encoded, d)
}

// setOptions asks for what protoc-gen-gogofaster does (fast code for marshal, unmarshal and size,
// no hidden fields), for Equal, and for lists of values instead of lists of pointers. A single
// message stays a pointer, because its absence means something.
func setOptions(files []*descriptor.FileDescriptorProto) {
	for _, set := range []func(*descriptor.FileDescriptorProto){
		vanity.TurnOnMarshalerAll, vanity.TurnOnSizerAll, vanity.TurnOnUnmarshalerAll, vanity.TurnOnEqualAll,
		vanity.TurnOffGoUnrecognizedAll, vanity.TurnOffGoUnkeyedAll, vanity.TurnOffGoSizecacheAll,
	} {
		vanity.ForEachFile(files, set)
	}
	vanity.ForEachFieldInFilesExcludingExtensions(files, func(field *descriptor.FieldDescriptorProto) {
		if field.IsRepeated() && field.IsMessage() {
			vanity.SetBoolFieldOption(gogoproto.E_Nullable, false)(field)
		}
	})
}
