package mesoshttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixtures is the directory of what was recorded from a real master. The test is skipped where it is absent.
func fixtures(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../../../shared/fixtures/mesos-1.12")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the recordings of a real master are not here: %v", err)
	}
	return dir
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(fixtures(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// fixtureFiles lists the files below dir whose names end with suffix; there must be some.
func fixtureFiles(t testing.TB, dir, suffix string) []string {
	t.Helper()
	root := fixtures(t)
	var names []string
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, suffix) {
			names = append(names, strings.TrimPrefix(path, root+"/"))
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s below %s: %v", suffix, dir, err)
	}
	return names
}

// exchange is a recorded request with its answer.
type exchange struct {
	method, path string
	status       int
	header       http.Header
	body         []byte // "" if it is in a file of its own
}

func readExchange(t testing.TB, name string) exchange {
	t.Helper()
	request, response, found := strings.Cut(string(fixture(t, name)), "\n--- response\n")
	_, request, ok := strings.Cut(request, "--- request\n")
	if !found || !ok {
		t.Fatalf("%s is not an exchange", name)
	}
	e := exchange{header: http.Header{}}
	if _, err := fmt.Sscanf(request, "%s %s", &e.method, &e.path); err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(response, "\n\n")
	lines := strings.Split(head, "\n")
	if _, err := fmt.Sscanf(lines[0], "HTTP/1.1 %d", &e.status); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		key, value, _ := strings.Cut(line, ": ")
		e.header.Add(key, value)
	}
	e.body = []byte(strings.TrimSuffix(body, "\n"))
	return e
}

func newClient(t testing.TB, masters string) *Client {
	t.Helper()
	return newClientWith(t, Config{Masters: masters})
}

func newClientWith(t testing.TB, config Config) *Client {
	t.Helper()
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// serve runs a real HTTP server on loopback.
func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// stream answers SUBSCRIBE with the pieces, flushed one by one, and ends the stream.
func streamPieces(pieces ...[]byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		acceptSubscription(w)
		for _, piece := range pieces {
			if _, err := w.Write(piece); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	}
}

func acceptSubscription(w http.ResponseWriter) {
	w.Header().Set("Content-Type", protobufType)
	w.Header().Set(streamIDHeader, "stream-1")
	_ = http.NewResponseController(w).Flush()
}

func frame(record []byte) []byte { return append(fmt.Appendf(nil, "%d\n", len(record)), record...) }

func eventFrame(t testing.TB, event *scheduler.Event) []byte {
	t.Helper()
	record, err := event.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return frame(record)
}

func heartbeatFrame(t testing.TB) []byte {
	return eventFrame(t, &scheduler.Event{Type: scheduler.Event_HEARTBEAT})
}

func subscribedFrame(t testing.TB, heartbeatSeconds float64) []byte {
	return eventFrame(t, &scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: &scheduler.Event_Subscribed{
		FrameworkID: &mesos.FrameworkID{Value: "f-0000"}, HeartbeatIntervalSeconds: &heartbeatSeconds}})
}

func subscribeCall() *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_SUBSCRIBE, Subscribe: &scheduler.Call_Subscribe{
		FrameworkInfo: &mesos.FrameworkInfo{User: "nobody", Name: "test", Roles: []string{"eng"}}}}
}

func reviveCall() *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_REVIVE, FrameworkID: &mesos.FrameworkID{Value: "f-0000"}}
}

func subscribe(t testing.TB, c *Client) *Stream {
	t.Helper()
	s, err := c.Subscribe(t.Context(), subscribeCall())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// drain reads until the stream ends.
func drain(s *Stream) (types []string, err error) {
	for {
		event, err := s.Next()
		if err != nil {
			return types, err
		}
		types = append(types, event.Type.String())
	}
}

// records splits a recorded stream; the recording is whole, so any error is the reader's fault.
func records(t testing.TB, stream []byte) [][]byte {
	t.Helper()
	var all [][]byte
	reader := newRecordReader(bytes.NewReader(stream))
	for {
		record, err := reader.next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Clone(record))
	}
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
