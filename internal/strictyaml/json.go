package strictyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// isJSON is true if data is one JSON object after the other. Everything else is left to the YAML
// parser, whose messages help more with what was probably meant as YAML.
func isJSON(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	for n := 0; ; n++ {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return n > 0
		}
		if err != nil || raw[0] != '{' {
			return false
		}
	}
}

// parseJSON reads one value after the other. With lazy, the items of lists right below a document are
// only looked at when they are asked for.
func (f *File) parseJSON(data []byte, lazy bool) {
	p := newJSONParser(data)
	p.lazy = lazy
	for p.space(); p.at < len(data); p.space() {
		if len(f.roots) == maxDocuments {
			f.add(errTooMany())
			return
		}
		start := p.at
		n, err := p.value(0)
		if err != nil {
			f.add(p.problem(start, err))
			return
		}
		f.roots = append(f.roots, n)
	}
}

// jsonParser builds nodes. It is several times as fast as the tokens of encoding/json, which is asked
// what is wrong with a text that this parser does not understand.
type jsonParser struct {
	data []byte
	at   int
	line int
	// column is that of data[columnAt], which is in this line.
	columnAt, column int
	keys             map[string]string // that were read, so that each is held once
	nodes            []node            // that were made ahead
	lazy             bool
}

func newJSONParser(data []byte) *jsonParser {
	return &jsonParser{data: data, line: 1, column: 1, keys: make(map[string]string)}
}

// errSyntax stands for whatever encoding/json says.
var errSyntax = errors.New("syntax")

// space moves over what separates tokens.
func (p *jsonParser) space() {
	for ; p.at < len(p.data); p.at++ {
		switch p.data[p.at] {
		case '\n':
			p.line++
			p.columnAt, p.column = p.at+1, 1
		case ' ', '\t', '\r':
		default:
			return
		}
	}
}

// position makes a node for what comes next.
func (p *jsonParser) position() *node {
	p.column += utf8.RuneCount(p.data[p.columnAt:p.at])
	p.columnAt = p.at
	if len(p.nodes) == 0 {
		const chunk = 64
		p.nodes = make([]node, chunk)
	}
	n := &p.nodes[0]
	p.nodes = p.nodes[1:]
	n.line, n.column = p.line, p.column
	return n
}

// take moves over one byte if it is the next one.
func (p *jsonParser) take(c byte) bool {
	p.space()
	if p.at < len(p.data) && p.data[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *jsonParser) value(depth int) (*node, error) {
	p.space()
	if p.at == len(p.data) {
		return nil, errSyntax
	}
	n := p.position()
	switch c := p.data[p.at]; {
	case c == '{' || c == '[':
		if depth == maxDepth {
			return nil, fmt.Errorf("nested more than %d deep", maxDepth)
		}
		p.at++
		if c == '{' {
			return n, p.object(n, depth+1)
		}
		if p.lazy && depth == 1 {
			return n, p.lazyArray(n)
		}
		return n, p.array(n, depth+1)
	case c == '"':
		var err error
		n.kind = text
		n.text, err = p.string()
		return n, err
	case c == 't':
		n.kind, n.text = boolean, "true"
		return n, p.word("true")
	case c == 'f':
		n.kind, n.text = boolean, "false"
		return n, p.word("false")
	case c == 'n':
		n.kind = null
		return n, p.word("null")
	}
	start := p.at
	n.kind = number
	if !p.number() {
		return nil, errSyntax
	}
	n.text = string(p.data[start:p.at])
	return n, nil
}

func (p *jsonParser) word(w string) error {
	if !bytes.HasPrefix(p.data[p.at:], []byte(w)) {
		return errSyntax
	}
	p.at += len(w)
	return nil
}

// number moves over a number: an optional sign, digits without zeros in front, a fraction, an exponent.
func (p *jsonParser) number() bool {
	if p.data[p.at] == '-' {
		p.at++
	}
	start := p.at
	if n := p.digits(); n == 0 || n > 1 && p.data[start] == '0' {
		return false
	}
	if p.at < len(p.data) && p.data[p.at] == '.' {
		p.at++
		if p.digits() == 0 {
			return false
		}
	}
	if p.at < len(p.data) && (p.data[p.at] == 'e' || p.data[p.at] == 'E') {
		p.at++
		if p.at < len(p.data) && (p.data[p.at] == '+' || p.data[p.at] == '-') {
			p.at++
		}
		return p.digits() > 0
	}
	return true
}

func (p *jsonParser) digits() int {
	start := p.at
	for p.at < len(p.data) && '0' <= p.data[p.at] && p.data[p.at] <= '9' {
		p.at++
	}
	return p.at - start
}

// quoted moves over a text and returns it with its quotes; plain tells that it stands for itself.
func (p *jsonParser) quoted() (raw []byte, plain, ok bool) {
	start := p.at
	plain = true
	for p.at++; p.at < len(p.data); p.at++ {
		switch c := p.data[p.at]; {
		case c == '"':
			p.at++
			return p.data[start:p.at], plain, true
		case c == '\\':
			plain = false
			p.at++
		case c < ' ':
			return nil, false, false
		}
	}
	return nil, false, false
}

func (p *jsonParser) string() (string, error) {
	raw, plain, ok := p.quoted()
	if !ok {
		return "", errSyntax
	}
	if plain {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", errSyntax
	}
	return s, nil
}

// key is string for the keys of objects.
func (p *jsonParser) key() (string, error) {
	start := p.at
	if raw, plain, ok := p.quoted(); ok && plain {
		if known, ok := p.keys[string(raw[1:len(raw)-1])]; ok {
			return known, nil
		}
	}
	p.at = start
	s, err := p.string()
	const most = 1000 // of what programs use again and again
	if err == nil && len(p.keys) < most {
		p.keys[s] = s
	}
	return s, err
}

// manyFields is from how many fields on they are looked up in a map.
const manyFields = 16

func (p *jsonParser) object(n *node, depth int) error {
	n.kind = mapping
	if p.take('}') {
		return nil
	}
	var seen map[string]int // key to line
	for {
		p.space()
		if p.at == len(p.data) || p.data[p.at] != '"' {
			return errSyntax
		}
		at := p.position()
		name, err := p.key()
		if err != nil {
			return err
		}
		if line, twice := twice(n, &seen, name); twice {
			p.column, p.columnAt = at.column, p.at
			return &keyTwice{at, fmt.Errorf("key %q is already defined in line %d", name, line)}
		}
		if !p.take(':') {
			return errSyntax
		}
		value, err := p.value(depth)
		if err != nil {
			return err
		}
		n.fields = append(n.fields, field{name: name, line: at.line, column: at.column, value: value})
		if seen != nil {
			seen[name] = at.line
		}
		if p.take('}') {
			return nil
		}
		if !p.take(',') {
			return errSyntax
		}
	}
}

// keyTwice is a key that is there already.
type keyTwice struct {
	at *node
	error
}

// twice looks a key up among those of an object: one by one, until there are many.
func twice(n *node, seen *map[string]int, name string) (int, bool) {
	if *seen == nil && len(n.fields) >= manyFields {
		*seen = make(map[string]int)
		for _, f := range n.fields {
			(*seen)[f.name] = f.line
		}
	}
	if *seen != nil {
		line, there := (*seen)[name]
		return line, there
	}
	f, there := n.lookup(name)
	return f.line, there
}

func (p *jsonParser) array(n *node, depth int) error {
	n.kind = list
	if p.take(']') {
		return nil
	}
	for {
		item, err := p.value(depth)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
		if p.take(']') {
			return nil
		}
		if !p.take(',') {
			return errSyntax
		}
	}
}

// problem says what is wrong with the value that begins at start.
func (p *jsonParser) problem(start int, err error) *Error {
	var key *keyTwice
	if errors.As(err, &key) {
		return &Error{Line: key.at.line, Column: key.at.column, Message: key.Error()}
	}
	if !errors.Is(err, errSyntax) {
		return &Error{Line: p.line, Column: p.column, Message: err.Error()}
	}
	at, message := p.at, "not valid JSON"
	var raw json.RawMessage
	var syntax *json.SyntaxError
	switch err := json.NewDecoder(bytes.NewReader(p.data[start:])).Decode(&raw); {
	case errors.As(err, &syntax):
		at, message = start+max(int(syntax.Offset)-1, 0), syntax.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		at, message = len(p.data), "unexpected end of JSON"
	}
	line, column := position(p.data[:min(at, len(p.data))])
	return &Error{Line: line, Column: column, Message: message}
}
