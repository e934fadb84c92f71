package agent_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead/internal/cluster/wire"
)

// recorded is one line of errors.jsonl: what a real agent answered.
type recorded struct {
	Name    string
	Server  string
	Request struct {
		Method, Path string
		Headers      [][2]string
		Body         string
		BodyBase64   []byte `json:"body_base64"`
	}
	Response struct {
		Status     int
		Headers    [][2]string
		Body       string
		BodyBase64 []byte `json:"body_base64"`
	}
}

// different lists the recordings that this agent answers otherwise, on purpose.
var different = map[string]struct {
	status int
	body   string
	why    string
}{
	"agent-operator/remove-unknown": {500, "Unknown root container", "a real agent dies of a failed assertion"},
}

// readRecorded returns the recordings that concern an agent. Those of /files
// that were made at a master are the same at an agent.
func readRecorded(t *testing.T) []recorded {
	t.Helper()
	file, err := os.Open(fixture("errors.jsonl"))
	if err != nil {
		t.Skipf("recordings of a real Mesos are not here: %v", err)
	}
	defer file.Close()
	var list []recorded
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Server == "agent" || strings.HasPrefix(r.Request.Path, "/files/") {
			list = append(list, r)
		}
	}
	return list
}

func TestAnswersAreThoseOfARealAgent(t *testing.T) {
	list := readRecorded(t)
	if len(list) < 80 {
		t.Fatalf("only %d recordings concern an agent", len(list))
	}
	a := startAgent(t)
	x1 := play(t, a, "x1", wire.JSON, "e1")
	x1.open(nil)
	play(t, a, "x2", wire.JSON, "e2")
	// The recorded sandbox had a stderr of this size.
	if err := os.WriteFile(filepath.Join(a.sandbox("x1"), "stderr"), bytes.Repeat([]byte("x"), 1590), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		t.Run(r.Name, func(t *testing.T) {
			if d, ok := different[r.Name]; ok {
				t.Logf("differs because %s", d.why)
				r.Response.Status, r.Response.Body = d.status, d.body
			}
			replay(t, a.Endpoint(), &r)
		})
	}
}

// replay sends a recorded request and compares status, body and the headers
// that matter.
func replay(t *testing.T, endpoint string, r *recorded) {
	body := r.Request.BodyBase64
	if body == nil {
		body = []byte(r.Request.Body)
	}
	req, err := http.NewRequest(r.Request.Method, "http://"+endpoint+r.Request.Path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range r.Request.Headers {
		req.Header.Set(h[0], h[1])
	}
	resp, err := (&http.Transport{DisableKeepAlives: true, DisableCompression: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := string(r.Response.BodyBase64) + r.Response.Body
	if resp.StatusCode != r.Response.Status || string(got) != want {
		t.Errorf("%s %s: %d %q, want %d %q", r.Request.Method, r.Request.Path, resp.StatusCode, got, r.Response.Status, want)
	}
	for _, h := range r.Response.Headers {
		if h[0] == "Date" {
			continue
		}
		if got := resp.Header.Get(h[0]); got != h[1] {
			t.Errorf("%s: %q, want %q", h[0], got, h[1])
		}
	}
}
