package mesoshttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxRecord bounds one event. An OFFERS event of thousands of agents takes some megabytes, more than the four that
// mesos-go accepts.
const maxRecord = 64 << 20

// maxDigits is as long as the decimal length of a record can be; maxRecord has eight digits.
const maxDigits = 20

// keepBuffer is the size up to which the memory of one record is used for the next.
const keepBuffer = 1 << 20

// recordReader splits a RecordIO stream: decimal length, line feed, that many bytes, and again.
type recordReader struct {
	source *bufio.Reader
	offset int64
	buffer bytes.Buffer
}

func newRecordReader(source io.Reader) *recordReader {
	return &recordReader{source: bufio.NewReaderSize(source, 32<<10)}
}

// next returns the next record, valid until the following call; io.EOF if the stream ends between two records, a
// RecordError if it is malformed or ends within one, and the source's own error if reading fails.
func (r *recordReader) next() ([]byte, error) {
	start := r.offset
	length, err := r.length()
	if err != nil {
		return nil, r.fail(start, err)
	}
	// The buffer grows with what arrives, not with what the length claims, and is not kept when it has grown large.
	r.buffer.Reset()
	if r.buffer.Cap() > keepBuffer {
		r.buffer = bytes.Buffer{}
	}
	copied, err := io.CopyN(&r.buffer, r.source, length)
	r.offset += copied
	if err == io.EOF {
		err = malformed(fmt.Sprintf("it ends after %d of %d bytes", copied, length))
	}
	if err != nil {
		return nil, r.fail(start, err)
	}
	return r.buffer.Bytes(), nil
}

// length reads the line before a record.
func (r *recordReader) length() (int64, error) {
	var digits []byte
	for {
		c, err := r.source.ReadByte()
		if err == io.EOF && len(digits) > 0 {
			return 0, malformed("it ends within its length")
		}
		if err != nil {
			return 0, err
		}
		r.offset++
		if c == '\n' {
			return parseLength(digits)
		}
		if c < '0' || c > '9' || len(digits) == maxDigits {
			return 0, malformed(fmt.Sprintf("its length begins with %q", append(digits, c)))
		}
		digits = append(digits, c)
	}
}

func parseLength(digits []byte) (int64, error) {
	length, err := strconv.ParseUint(string(digits), 10, 63)
	switch {
	case len(digits) == 0:
		return 0, malformed("its length is missing")
	case err != nil || length > maxRecord:
		return 0, malformed(fmt.Sprintf("its length %s is more than %d bytes", digits, maxRecord))
	case length == 0:
		return 0, malformed("it is empty")
	}
	return int64(length), nil
}

// malformed is the reason of a RecordError whose offset is not known yet.
type malformed string

func (m malformed) Error() string { return string(m) }

func (r *recordReader) fail(start int64, err error) error {
	var reason malformed
	if errors.As(err, &reason) {
		return &RecordError{Offset: start, Reason: string(reason)}
	}
	return err
}
