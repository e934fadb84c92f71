package wire

import (
	"net/http"
	"strconv"
	"time"
)

// Stream writes the events of one SUBSCRIBE response as RecordIO.
type Stream struct {
	out     http.ResponseWriter
	control *http.ResponseController
}

// OpenStream sends status 200 and the response headers at once, before any
// event is due: mesos-go waits only 15 s for them. Headers beyond Content-Type
// have been set by the caller.
func OpenStream(w http.ResponseWriter, t MediaType) (*Stream, error) {
	s := &Stream{out: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", t.String())
	w.WriteHeader(http.StatusOK)
	return s, s.control.Flush()
}

// Write sends one encoded event as one record in one HTTP chunk, as the real
// servers do. It blocks while the client does not read.
func (s *Stream) Write(record []byte) error {
	if _, err := s.out.Write(Frame(record)); err != nil {
		return err
	}
	return s.control.Flush()
}

// Interrupt makes a blocked and every later Write fail.
func (s *Stream) Interrupt() { _ = s.control.SetWriteDeadline(time.Unix(1, 0)) }

// Frame puts the decimal length and a line feed before a record.
func Frame(record []byte) []byte {
	out := make([]byte, 0, len(record)+12)
	out = strconv.AppendInt(out, int64(len(record)), 10)
	out = append(out, '\n')
	return append(out, record...)
}
