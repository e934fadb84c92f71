package api_test

import (
	"bufio"
	"strings"
	"testing"

	"fairlead/internal/api"
	"fairlead/scheduler"
)

func eventOfGroup(framework, group, kind string) scheduler.Event {
	return scheduler.Event{Type: kind, Framework: framework, Group: group}
}

// happen makes some events happen: A/a, B/b, A/c, numbered from 1.
func (f *fixture) happen() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range []string{"A/a", "B/b", "A/c"} {
		framework, group, _ := strings.Cut(g, "/")
		f.say(eventOfGroup(framework, group, "group.submitted"))
	}
}

func TestEventsAreReplayedAndThenFollowed(t *testing.T) {
	f := serve(t, "cpus:1;mem:1")
	f.happen()
	response := f.follow("/v1/events?framework=A", "Last-Event-ID", "1")
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(response.Body)
	want := `id: 3|event: group.submitted|data: {"seq":3,"at":"0001-01-01T00:00:00Z","type":"group.submitted","framework":"A","group":"c","instance":0}`
	if got := nextEvent(t, lines); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	f.happen()
	if got := nextEvent(t, lines); !strings.HasPrefix(got, "id: 4|") {
		t.Errorf("then got %s", got)
	}
	if got := nextEvent(t, lines); !strings.HasPrefix(got, "id: 6|") {
		t.Errorf("then got %s", got)
	}
}

func TestAStreamThatIsEndedOnPurposeSaysSo(t *testing.T) {
	f := serve(t, "cpus:1;mem:1")
	lines := bufio.NewScanner(f.follow("/v1/events").Body)
	f.stop()
	if got := nextEvent(t, lines); !strings.HasPrefix(got, "event: end|data: {") {
		t.Errorf("got %s", got)
	}
	for lines.Scan() {
		if lines.Text() != "" {
			t.Errorf("more after the end: %q", lines.Text())
		}
	}
}

func TestPastEventsComeAsOneObject(t *testing.T) {
	f := serve(t, "cpus:1;mem:1")
	f.happen()
	for path, want := range map[string]string{
		"/v1/events?follow=false":                   "A/a B/b A/c",
		"/v1/events?follow=false&after=2":           "A/c",
		"/v1/events?follow=false&framework=A":       "A/a A/c",
		"/v1/events?follow=false&after=3":           "",
		"/v1/events?follow=false&group=b":           "B/b",
		"/v1/events?follow=false&after=99999999999": "",
	} {
		var got []string
		for _, e := range read[api.Events](f, path).Events {
			got = append(got, e.Framework+"/"+e.Group)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %q, want %q", path, s, want)
		}
	}
	f.refused(f.do("GET", "/v1/events?after=-1", ""), 400, api.CodeBadRequest, "number of an event")
	f.refused(f.do("GET", "/v1/events", "", "Last-Event-ID", "x"), 400, api.CodeBadRequest, "number of an event")
}
