package strictyaml

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits on every file. Going beyond one is an error like any other.
const (
	maxBytes     = 16 << 20
	maxLarge     = 1 << 30 // of ParseLarge
	maxDocuments = 10_000
	maxDepth     = 64
)

// File is a parsed file and everything found wrong with it so far. It is not safe for concurrent use.
type File struct {
	name   string
	roots  []*node
	errors Errors
}

// Parse reads all documents of a file. It never fails by itself: what is wrong with the syntax is
// in Err, like everything else. A file is JSON if its name ends in ".json" or if all of it is
// valid JSON, several values one after the other being several documents; otherwise it is YAML.
func Parse(name string, data []byte) *File {
	f := &File{name: name}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxBytes:
		f.add(&Error{Message: fmt.Sprintf("file of %d bytes is too large: at most %d", len(data), maxBytes)})
	case !utf8.Valid(data):
		f.add(notUTF8(data))
	case strings.HasSuffix(name, ".json") || isJSON(data):
		f.parseJSON(data, false)
	default:
		f.parseYAML(data)
	}
	return f
}

// ParseLarge is Parse for files that programs write: JSON may have up to a GiB, and long lists in it are
// parsed item by item (Value.Item), so that not all of it is held. YAML is held to the limit of Parse,
// since reading it takes many times as long.
func ParseLarge(name string, data []byte) *File {
	if len(data) <= maxBytes {
		return Parse(name, data)
	}
	f := &File{name: name}
	switch {
	case len(data) > maxLarge:
		f.Fail("file of %d bytes is too large: at most %d", len(data), maxLarge)
	case !utf8.Valid(data):
		f.add(notUTF8(data))
	case bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")):
		f.parseJSON(data, true)
	default:
		f.Fail("file of %d bytes is too large for YAML: at most %d; write it as JSON", len(data), maxBytes)
	}
	return f
}

// errTooMany refuses more documents than maxDocuments, before their number costs much.
func errTooMany() *Error {
	return &Error{Message: fmt.Sprintf("more than %d documents", maxDocuments)}
}

// ParseJSON is Parse for data that must be JSON whatever its name.
func ParseJSON(name string, data []byte) *File {
	f := &File{name: name}
	switch {
	case len(data) > maxBytes:
		f.add(&Error{Message: fmt.Sprintf("%d bytes are too large: at most %d", len(data), maxBytes)})
	case !utf8.Valid(data):
		f.add(notUTF8(data))
	default:
		f.parseJSON(data, false)
	}
	return f
}

// Documents are the documents of the file, without those that hold nothing but comments. One whose
// syntax is wrong is not among them, so that the others can be read for further problems.
func (f *File) Documents() []Value {
	values := make([]Value, len(f.roots))
	for i, n := range f.roots {
		values[i] = Value{file: f, node: n}
	}
	return values
}

// Err is nil, or an Errors with everything found so far, sorted by position.
func (f *File) Err() error {
	if len(f.errors) == 0 {
		return nil
	}
	f.errors.sort()
	return f.errors
}

// Fail adds a problem of the file as a whole.
func (f *File) Fail(format string, args ...any) {
	f.add(&Error{Line: 1, Column: 1, Message: fmt.Sprintf(format, args...)})
}

func (f *File) add(e *Error) {
	e.File = f.name
	f.errors = append(f.errors, e)
}

func notUTF8(data []byte) *Error {
	good := data
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			good = data[:i]
			break
		}
		i += size
	}
	line, column := position(good)
	return &Error{Line: line, Column: column, Message: "not valid UTF-8"}
}

// position is the line and column of what follows data, both counted from 1.
func position(data []byte) (line, column int) {
	start := bytes.LastIndexByte(data, '\n') + 1
	return 1 + bytes.Count(data, []byte("\n")), 1 + utf8.RuneCount(data[start:])
}
