package api_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"fairlead/allocator"
	"fairlead/internal/api"
)

// follow opens a stream and returns it; it ends with the test.
func (f *fixture) follow(path string, header ...string) *http.Response {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	r, err := http.NewRequestWithContext(ctx, "GET", f.url+path, nil)
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
	f.t.Cleanup(func() { cancel(); response.Body.Close() })
	return response
}

// expect reads exactly the given text from a stream.
func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("read %q (%v), want %q", got[:n], err, want)
	}
}

const twoTasks = `
framework: A
name: a
instances: 2
restart: {policy: on-failure, max: 3, backoff: 0s}
tasks:
  - {name: proxy, sidecar: true, command: sleep 60, resources: {cpus: 1, mem: 1}}
  - {name: main, command: sleep 60, resources: {cpus: 1, mem: 1}}
`

func TestLogsAreTheBytesOfTheFile(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(twoTasks)
	f.place("A/a/0/main", "/run/1")
	f.place("A/a/1/proxy", "/run/2")
	long := strings.Repeat("0123456789abcdef", 20_000) // several reads of an agent
	f.disk.append("/run/1/stdout", "caf\xc3\xa9 \xff\x00\n"+long)
	f.disk.append("/run/1/stderr", "oops\n")
	f.disk.append("/run/2/stdout", "")
	for path, want := range map[string]string{
		"":                               "caf\xc3\xa9 \xff\x00\n" + long, // instance 0, the first task that is no sidecar
		"?stream=stderr":                 "oops\n",
		"?task=main&stream=stderr":       "oops\n",
		"?offset=9":                      long,
		"?offset=-4":                     "cdef",
		"?stream=stderr&offset=-100":     "oops\n",
		"?stream=stderr&offset=100":      "",
		"?instance=1&task=proxy":         "",
		"?instance=0&stream=stderr&task": "oops\n",
	} {
		a := f.do("GET", "/v1/groups/A/a/logs"+path, "")
		if a.status != 200 || a.body != want {
			t.Errorf("logs%s: %d with %d bytes, want %d bytes", path, a.status, len(a.body), len(want))
		}
	}
}

func TestLogsThatDoNotExistAreRefused(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(twoTasks)
	f.place("A/a/0/main", "/run/1")
	for path, want := range map[string]struct {
		status        int
		code, message string
	}{
		"/v1/groups/A/none/logs":             {404, api.CodeNotFound, "A/none"},
		"/v1/groups/A/a/logs?instance=2":     {404, api.CodeNotFound, "no instance 2: they are 0 to 1"},
		"/v1/groups/A/a/logs?instance=1":     {404, api.CodeNotFound, "has not been started"},
		"/v1/groups/A/a/logs?task=none":      {404, api.CodeNotFound, `no task "none"`},
		"/v1/groups/A/a/logs":                {404, api.CodeNotFound, "not exist"},
		"/v1/groups/A/a/logs?stream=stdin":   {400, api.CodeBadRequest, "stdout or stderr"},
		"/v1/groups/A/a/logs?offset=x":       {400, api.CodeBadRequest, "number of bytes"},
		"/v1/groups/A/a/logs?follow=perhaps": {400, api.CodeBadRequest, "true or false"},
	} {
		f.refused(f.do("GET", path, ""), want.status, want.code, want.message)
	}
	f.disk.down = errors.New("agent-1: connection refused")
	f.refused(f.do("GET", "/v1/groups/A/a/logs", ""), 502, api.CodeAgent, "connection refused")
}

func TestFollowedLogsGoOnAcrossRunsUntilTheEnd(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(twoTasks)
	body := f.follow("/v1/groups/A/a/logs?follow=true").Body // nothing is there yet

	f.disk.append("/run/1/stdout", "first ")
	f.place("A/a/0/main", "/run/1")
	expect(t, body, "first ")
	f.disk.append("/run/1/stdout", "more ")
	expect(t, body, "more ")

	f.disk.append("/run/1/stdout", "last words ")
	f.disk.append("/run/2/stdout", "second run ")
	f.end("A/a/0", allocator.TaskFailed, "exited with status 1")
	f.mustStep(allocator.Tick{})
	f.place("A/a/0/main", "/run/2")
	expect(t, body, "last words second run ")

	f.disk.append("/run/2/stdout", "the end")
	f.end("A/a/0", allocator.TaskFinished, "exited with status 0")
	rest, err := io.ReadAll(body)
	if string(rest) != "the end" || err != nil {
		t.Errorf("read %q, %v", rest, err)
	}
}

func TestFollowedLogsThatBreakOffDoNotLookComplete(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(twoTasks)
	f.disk.append("/run/1/stdout", "some")
	f.place("A/a/0/main", "/run/1")
	body := f.follow("/v1/groups/A/a/logs?follow=true").Body
	expect(t, body, "some")
	f.disk.mu.Lock()
	f.disk.down = errors.New("agent-1: connection refused")
	f.disk.mu.Unlock()
	if rest, err := io.ReadAll(body); err == nil {
		t.Errorf("the stream ended well after %q", rest)
	}
}

func TestFollowingWhatNeverStartedEndsWithTheGroup(t *testing.T) {
	f := serve(t, "cpus:1;mem:16384")
	f.submit(group("A", "blocker") + "---\n" + group("B", "b"))
	body := f.follow("/v1/groups/B/b/logs?follow=true").Body
	if a := f.do("DELETE", "/v1/groups/B/b", ""); a.status != http.StatusAccepted {
		t.Fatal(a.body)
	}
	f.mu.Lock()
	f.say(eventOfGroup("B", "b", "group.killed"))
	f.mu.Unlock()
	if rest, err := io.ReadAll(body); len(rest) != 0 || err != nil {
		t.Errorf("read %q, %v", rest, err)
	}
}

// nextEvent reads one server-sent event and skips comments.
func nextEvent(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	var event []string
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "" && len(event) > 0:
			return strings.Join(event, "|")
		case line != "" && !strings.HasPrefix(line, ":"):
			event = append(event, line)
		}
	}
	t.Fatalf("the stream ended with %v after %v", lines.Err(), event)
	return ""
}
