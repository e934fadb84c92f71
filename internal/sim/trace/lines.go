package trace

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"fairlead/internal/strictyaml"
)

// maxLine bounds what is kept of a file at a time.
const maxLine = 1 << 20

// lines reads the lines of several files one after the other.
type lines struct {
	open  func(name string) (io.ReadCloser, error)
	files []string // to come

	file   string // the one being read, if in is not nil
	in     *bufio.Reader
	closer io.Closer
	line   int
	begun  bool // a line of this file has been returned
}

// next fills r with the next line that is not empty, without its end. The error is io.EOF after the
// last line of the last file.
func (l *lines) next(r *record) error {
	for {
		if l.in == nil {
			if err := l.nextFile(); err != nil {
				return err
			}
		}
		text, err := l.readLine()
		if errors.Is(err, io.EOF) {
			if err := l.close(); err != nil {
				return fmt.Errorf("%s: %w", l.file, err)
			}
			continue
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		r.reset(l.file, l.line, text)
		r.first, l.begun = !l.begun, true
		return nil
	}
}

func (l *lines) nextFile() error {
	if len(l.files) == 0 {
		return io.EOF
	}
	name := l.files[0]
	in, err := l.open(name)
	if err != nil {
		return err
	}
	l.file, l.files, l.closer = name, l.files[1:], in
	l.line, l.begun = 0, false
	l.in = bufio.NewReaderSize(in, 64<<10)
	if err := l.unpack(); err != nil {
		return err
	}
	if mark, _ := l.in.Peek(3); string(mark) == "\ufeff" {
		_, err = l.in.Discard(3)
	}
	return err
}

// unpack reads on inside what is packed with gzip or bzip2, as its first bytes tell.
func (l *lines) unpack() error {
	magic, _ := l.in.Peek(3)
	switch {
	case strings.HasPrefix(string(magic), "\x1f\x8b"):
		unpacked, err := gzip.NewReader(l.in)
		if err != nil {
			return l.broken(fmt.Sprintf("cannot be unpacked: %v", err))
		}
		l.in = bufio.NewReaderSize(unpacked, 64<<10)
	case string(magic) == "BZh":
		l.in = bufio.NewReaderSize(bzip2.NewReader(l.in), 64<<10)
	}
	return nil
}

// readLine returns io.EOF only if there is no line any more.
func (l *lines) readLine() (string, error) {
	l.line++
	var long []byte
	for {
		part, err := l.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) || len(long) > 0 {
			long = append(long, part...)
			part = long
		}
		if len(part) > maxLine {
			return "", l.broken(fmt.Sprintf("the line is longer than %d bytes", maxLine))
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && len(part) > 0:
			return strings.TrimRight(string(part), "\r\n"), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return "", io.EOF
		case errors.Is(err, io.ErrUnexpectedEOF):
			return "", l.broken("the file is cut off")
		default:
			return "", l.broken(fmt.Sprintf("cannot be read: %v", err))
		}
	}
}

func (l *lines) broken(why string) error {
	return strictyaml.Errors{{File: l.file, Line: max(l.line, 1), Column: 1, Message: why}}
}

// close ends the file being read, if there is one.
func (l *lines) close() error {
	if l.closer == nil {
		return nil
	}
	err := l.closer.Close()
	l.in, l.closer = nil, nil
	return err
}
