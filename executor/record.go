package executor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"fairlead/internal/mesosproto"
)

// maxRecord bounds one event. The largest is a LAUNCH_GROUP; the agent's own limit for a protobuf
// message is 64 MiB, and no task group comes near 16.
const maxRecord = 16 << 20

// maxHeader is the number of digits in the largest length, and a line feed.
const maxHeader = len("18446744073709551615\n")

// errRecord tells a broken stream from one that ended.
var errRecord = errors.New("malformed record")

// recordReader takes events from a RecordIO stream: a decimal length, a line feed, that many bytes.
//
// The reader of mesos-go is not used because it panics on a length of 2^63 or more.
type recordReader struct {
	in  *bufio.Reader
	buf []byte
}

func newRecordReader(in io.Reader) *recordReader {
	return &recordReader{in: bufio.NewReaderSize(in, 4096)}
}

// next returns the next record, valid until the following call. io.EOF means that the stream ended between
// two records.
func (r *recordReader) next() ([]byte, error) {
	n, err := r.length()
	if err != nil {
		return nil, err
	}
	if uint64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.in, r.buf); err != nil {
		return nil, fmt.Errorf("%w: stream ended inside a record of %d bytes: %w", errRecord, n, err)
	}
	return r.buf, nil
}

func (r *recordReader) length() (uint64, error) {
	var digits []byte
	for len(digits) < maxHeader {
		c, err := r.in.ReadByte()
		if err != nil && len(digits) > 0 {
			return 0, fmt.Errorf("%w: stream ended inside a length: %w", errRecord, err)
		}
		if err != nil {
			return 0, err
		}
		if c == '\n' {
			return parseLength(digits)
		}
		digits = append(digits, c)
	}
	return 0, fmt.Errorf("%w: length %q does not end", errRecord, digits)
}

func parseLength(digits []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: length %q", errRecord, digits)
	}
	if n > maxRecord {
		return 0, fmt.Errorf("%w: length %d exceeds %d", errRecord, n, maxRecord)
	}
	return n, nil
}

// decodeEvent parses one record. Strings and bytes of the event do not refer to the record.
func decodeEvent(record []byte) (*executor.Event, error) {
	event := new(executor.Event)
	if err := mesosproto.Unmarshal(record, event); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	return event, nil
}
