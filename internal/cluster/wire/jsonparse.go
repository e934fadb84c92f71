package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxDepth is how deep JSON may nest, as in Mesos.
const maxDepth = 200

// parseJSON reads one JSON value; numbers stay text (json.Number). The errors
// read like those of the parser inside Mesos, which names the rest of the line
// it stopped at.
func parseJSON(body []byte) (any, error) {
	if at := tooDeepAt(body); at >= 0 {
		return nil, syntaxError(body, at)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) && syntax.Offset > 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, syntaxError(body, int(syntax.Offset)-1)
		}
		return nil, syntaxError(body, len(body))
	}
	rest := body[decoder.InputOffset():]
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("Parsed JSON included non-whitespace trailing characters: %s", rest)
	}
	return tree, nil
}

// tooDeepAt returns the offset of the value that is nested too deeply, or -1.
func tooDeepAt(body []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return i + 1
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return -1
}

// syntaxError quotes what follows the offset up to the end of its line,
// without control characters.
func syntaxError(body []byte, offset int) error {
	offset = min(offset, len(body))
	line := 1 + bytes.Count(body[:offset], []byte{'\n'})
	rest := body[offset:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	near := make([]byte, 0, len(rest))
	for _, c := range rest {
		if c >= ' ' {
			near = append(near, c)
		}
	}
	return fmt.Errorf("syntax error at line %d near: %s", line, near)
}
