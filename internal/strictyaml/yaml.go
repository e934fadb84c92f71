package strictyaml

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxIndent bounds how deep block style can nest, which maxDepth cannot see before parsing.
const maxIndent = 512

func (f *File) parseYAML(data []byte) {
	docs := splitDocuments(data)
	if len(docs) > maxDocuments {
		f.add(errTooMany())
		return
	}
	for _, doc := range docs {
		if err := f.parseYAMLDocument(doc); err != nil {
			f.add(err)
		}
	}
}

// document is the text of one YAML document and the number of lines before it.
type document struct {
	text        []byte
	linesBefore int
}

// splitDocuments cuts a stream at its "---" and "..." lines. In YAML such a line is a marker
// wherever it stands, even inside quotes. It is not left to the parser because that loses
// documents that follow one which holds only comments.
func splitDocuments(data []byte) []document {
	docs := []document{{}}
	line := 0
	for rest := range bytes.Lines(data) {
		if isMarker(rest, "---") || isMarker(rest, "...") {
			docs = append(docs, document{linesBefore: line})
			rest = append([]byte("   "), rest[3:]...) // what follows a marker keeps its column
		}
		doc := &docs[len(docs)-1]
		doc.text = append(doc.text, rest...)
		line++
	}
	return docs
}

func isMarker(line []byte, marker string) bool {
	after, found := bytes.CutPrefix(line, []byte(marker))
	return found && (len(after) == 0 || bytes.IndexByte([]byte(" \t\r\n"), after[0]) >= 0)
}

func (f *File) parseYAMLDocument(doc document) *Error {
	if len(bytes.TrimSpace(doc.text)) == 0 {
		return nil
	}
	builder := yamlBuilder{linesBefore: doc.linesBefore}
	tokens := lexer.Tokenize(string(doc.text))
	if err := builder.checkNesting(tokens); err != nil {
		return err
	}
	parsed, err := parser.Parse(tokens, 0)
	if err != nil {
		return builder.syntaxError(err)
	}
	for _, d := range parsed.Docs {
		if d.Body == nil || d.Body.Type() == ast.CommentType {
			continue
		}
		n, err := builder.build(d.Body)
		if err != nil {
			return err
		}
		f.roots = append(f.roots, n)
	}
	return nil
}

// yamlBuilder turns the parser's tree into nodes, refusing what this package does not accept.
type yamlBuilder struct{ linesBefore int }

func (b yamlBuilder) at(t *token.Token) (line, column int) {
	return t.Position.Line + b.linesBefore, t.Position.Column
}

func (b yamlBuilder) errorf(t *token.Token, format string, args ...any) *Error {
	line, column := b.at(t)
	return &Error{Line: line, Column: column, Message: fmt.Sprintf(format, args...)}
}

func (b yamlBuilder) syntaxError(err error) *Error {
	var yamlErr yaml.Error
	if errors.As(err, &yamlErr) && yamlErr.GetToken() != nil {
		return b.errorf(yamlErr.GetToken(), "%s", yamlErr.GetMessage())
	}
	return &Error{Line: b.linesBefore + 1, Column: 1, Message: err.Error()}
}

// checkNesting keeps the recursive parser, whose time grows with the square of the depth, away
// from input made to hurt it.
func (b yamlBuilder) checkNesting(tokens token.Tokens) *Error {
	flow, inline, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			inline, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			inline++
		}
		if flow > maxDepth || inline > maxDepth || t.Position.IndentNum > maxIndent {
			return b.errorf(t, "nested more than %d deep", maxDepth)
		}
	}
	return nil
}

func (b yamlBuilder) build(n ast.Node) (*node, *Error) {
	out := &node{}
	out.line, out.column = b.at(n.GetToken())
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = null
	case *ast.StringNode:
		out.kind, out.text = text, n.Value
	case *ast.LiteralNode:
		out.kind, out.text = text, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = number, n.GetToken().Value
	case *ast.BoolNode:
		out.kind, out.text = boolean, n.GetToken().Value
	case *ast.SequenceNode:
		return out, b.sequence(out, n)
	case *ast.MappingNode:
		return out, b.mapping(out, n)
	default:
		return nil, b.errorf(n.GetToken(), "%s are not supported here", plural(n))
	}
	return out, nil
}

func plural(n ast.Node) string {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "anchors, aliases and merge keys"
	case *ast.TagNode:
		return "tags"
	case *ast.MappingKeyNode:
		return "keys other than plain text"
	default:
		return fmt.Sprintf("%v nodes", n.Type())
	}
}

func (b yamlBuilder) sequence(out *node, n *ast.SequenceNode) *Error {
	out.kind = list
	for _, value := range n.Values {
		item, err := b.build(value)
		if err != nil {
			return err
		}
		out.items = append(out.items, item)
	}
	return nil
}

func (b yamlBuilder) mapping(out *node, n *ast.MappingNode) *Error {
	out.kind = mapping
	if !n.IsFlowStyle && len(n.Values) > 0 {
		// A block mapping begins with its first key; the parser says that it begins with a colon.
		out.line, out.column = b.at(n.Values[0].Key.GetToken())
	}
	for _, entry := range n.Values {
		name, err := b.key(entry.Key)
		if err != nil {
			return err
		}
		value, err := b.build(entry.Value)
		if err != nil {
			return err
		}
		line, column := b.at(entry.Key.GetToken())
		if first, twice := out.lookup(name); twice {
			return b.errorf(entry.Key.GetToken(), "key %q is already defined in line %d", name, first.line)
		}
		out.fields = append(out.fields, field{name: name, line: line, column: column, value: value})
	}
	return nil
}

// key takes numbers and booleans too, by what was written: a variable may well be called 1 or ON.
func (b yamlBuilder) key(key ast.MapKeyNode) (string, *Error) {
	n, err := b.build(key)
	if err != nil {
		return "", err
	}
	if n.kind == list || n.kind == mapping {
		return "", b.errorf(key.GetToken(), "%s are not supported here", plural(&ast.MappingKeyNode{}))
	}
	if n.kind == null {
		return key.GetToken().Value, nil
	}
	return n.text, nil
}
