package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"fairlead/internal/api"
	"fairlead/internal/mesoshttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is the files of an agent.
type disk struct {
	mu    sync.Mutex
	files map[string][]byte // by path
	down  error             // what every read fails with, if not nil
}

func (d *disk) ReadFile(_ context.Context, r mesoshttp.FileRange) ([]byte, int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.files[r.Path]
	switch {
	case d.down != nil:
		return nil, 0, d.down
	case !ok:
		return nil, 0, fs.ErrNotExist
	}
	from := min(r.Offset, int64(len(data)))
	to := min(from+r.Length, int64(len(data)))
	return bytes.Clone(data[from:to]), int64(len(data)), nil
}

func (d *disk) append(path, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[path] = append(d.files[path], text...)
}

// fixture is an API over a book, served over real HTTP.
type fixture struct {
	*book
	disk *disk
	url  string
	http *http.Client
}

func serve(t *testing.T, resources string) *fixture {
	t.Helper()
	f := &fixture{book: newBook(t, resources), disk: &disk{files: map[string][]byte{}}}
	server := httptest.NewServer(api.New(api.Config{
		Scheduler: f.book, Files: f.disk, Logger: zaptest.NewLogger(t), Version: "v1.2.3",
	}))
	t.Cleanup(server.Close)
	f.url, f.http = server.URL, server.Client()
	return f
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (f *fixture) do(method, path, body string, header ...string) answer {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := f.http.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatalf("%s %s: %v after %q", method, path, err, got)
	}
	return answer{response.StatusCode, response.Header, string(got)}
}

// read decodes the answer to a GET that must succeed.
func read[T any](f *fixture, path string) T {
	f.t.Helper()
	var out T
	a := f.do("GET", path, "")
	if a.status != http.StatusOK {
		f.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		f.t.Fatalf("GET %s: %v in %s", path, err, a.body)
	}
	return out
}

// submit submits YAML and expects it to be accepted.
func (f *fixture) submit(yaml string) {
	f.t.Helper()
	if a := f.do("POST", "/v1/groups", yaml); a.status != http.StatusOK {
		f.t.Fatalf("submit: %d %s", a.status, a.body)
	}
}

// refused checks status, code and part of the message of a refusal.
func (f *fixture) refused(a answer, status int, code, message string) {
	f.t.Helper()
	var body api.ErrorBody
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || body.Error == nil {
		f.t.Fatalf("want a JSON error, got %d %q", a.status, a.body)
	}
	if a.status != status || body.Error.Code != code || !strings.Contains(body.Error.Message, message) {
		f.t.Errorf("got %d %s, want %d %s with %q", a.status, a.body, status, code, message)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		f.t.Errorf("content type %q of an error", got)
	}
}

// group is the YAML of a task group with one task.
func group(framework, name string, more ...string) string {
	return "framework: " + framework + "\nname: " + name + "\n" + strings.Join(more, "\n") + `
tasks:
  - {name: main, command: sleep 60, resources: {cpus: 1, mem: 4096}}
`
}
