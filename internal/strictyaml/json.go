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

func (f *File) parseJSON(data []byte) {
	p := &jsonParser{data: data, decoder: json.NewDecoder(bytes.NewReader(data)), line: 1, column: 1}
	p.decoder.UseNumber()
	for {
		token, err := p.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if len(f.roots) == maxDocuments {
			f.add(errTooMany())
			return
		}
		if err == nil {
			var n *node
			if n, err = p.value(token, 0); err == nil {
				f.roots = append(f.roots, n)
				continue
			}
		}
		f.add(p.problem(err))
		return
	}
}

// jsonParser builds nodes from tokens, because decoding into values would lose the positions.
type jsonParser struct {
	data    []byte
	decoder *json.Decoder
	// line and column are those of data[at], the start of the latest token.
	at, line, column int
}

// next returns the next token and moves the position to its start.
func (p *jsonParser) next() (json.Token, error) {
	// InputOffset is the end of the token before; separators stand between it and the next one.
	from := int(p.decoder.InputOffset())
	for from < len(p.data) && bytes.IndexByte([]byte(" \t\r\n,:"), p.data[from]) >= 0 {
		from++
	}
	p.moveTo(from)
	return p.decoder.Token()
}

func (p *jsonParser) moveTo(offset int) {
	skipped := p.data[p.at:offset]
	if newline := bytes.LastIndexByte(skipped, '\n'); newline >= 0 {
		p.line += bytes.Count(skipped, []byte("\n"))
		p.column = 1 + utf8.RuneCount(skipped[newline+1:])
	} else {
		p.column += utf8.RuneCount(skipped)
	}
	p.at = offset
}

func (p *jsonParser) value(token json.Token, depth int) (*node, error) {
	n := &node{line: p.line, column: p.column}
	switch t := token.(type) {
	case nil:
		n.kind = null
	case string:
		n.kind, n.text = text, t
	case json.Number:
		n.kind, n.text = number, t.String()
	case bool:
		n.kind, n.text = boolean, fmt.Sprint(t)
	case json.Delim:
		if depth == maxDepth {
			return nil, fmt.Errorf("nested more than %d deep", maxDepth)
		}
		if t == '{' {
			return n, p.object(n, depth+1)
		}
		return n, p.array(n, depth+1)
	}
	return n, nil
}

func (p *jsonParser) object(n *node, depth int) error {
	n.kind = mapping
	seen := make(map[string]int) // key to line
	for p.decoder.More() {
		token, err := p.next()
		if err != nil {
			return err
		}
		key := token.(string) // the decoder takes nothing else here
		if line, twice := seen[key]; twice {
			return fmt.Errorf("key %q is already defined in line %d", key, line)
		}
		seen[key] = p.line
		entry := field{name: key, line: p.line, column: p.column}
		if token, err = p.next(); err != nil {
			return err
		}
		if entry.value, err = p.value(token, depth); err != nil {
			return err
		}
		n.fields = append(n.fields, entry)
	}
	_, err := p.next()
	return err
}

func (p *jsonParser) array(n *node, depth int) error {
	n.kind = list
	for p.decoder.More() {
		token, err := p.next()
		if err != nil {
			return err
		}
		item, err := p.value(token, depth)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := p.next()
	return err
}

func (p *jsonParser) problem(err error) *Error {
	message := err.Error()
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		p.moveTo(max(p.at, min(int(syntax.Offset)-1, len(p.data))))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		message = "unexpected end of JSON"
	}
	return &Error{Line: p.line, Column: p.column, Message: message}
}
