package wire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/wire"
)

// The first failing check decides the answer.
func TestOrderOfChecks(t *testing.T) {
	for _, c := range []struct {
		name, method, contentType, body string
		code                            int
	}{
		{"method before content type", "GET", "", "", 405},
		{"content type there", "POST", "", "{", 400},
		{"content type known, before the body", "POST", "application/json; charset=utf-8", "{", 415},
		{"body", "POST", "application/json", "{", 400},
		{"protobuf body", "POST", "application/x-protobuf", "\xff", 400},
		{"type", "POST", "application/json", "{}", 400},
		{"type UNKNOWN in JSON", "POST", "application/json", `{"type":"UNKNOWN"}`, 501},
		{"type UNKNOWN in protobuf", "POST", "application/x-protobuf", "\x10\x00", 501},
		{"no type in protobuf", "POST", "application/x-protobuf", "", 400},
		{"too large", "POST", "application/json", strings.Repeat(" ", 33<<20), 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/", strings.NewReader(c.body))
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			err := wire.DecodeCall(r, "scheduler", &scheduler.Call{})
			refusal, ok := err.(*wire.StatusError)
			if !ok || refusal.Code != c.code {
				t.Errorf("%v, want %d", err, c.code)
			}
		})
	}
}

func TestNegotiation(t *testing.T) {
	for accept, want := range map[string]string{
		"*/*":                    "application/json",
		"application/*":          "application/json",
		"application/json":       "application/json",
		"application/x-protobuf": "application/x-protobuf",
		"application/x-protobuf, application/json":    "application/json",
		"*/*;q=0.5, application/json;q=0":             "application/x-protobuf",
		"application/json;q=0,application/x-protobuf": "application/x-protobuf",
		"text/html":            "406",
		"application/recordio": "406",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Accept", accept)
		media, err := wire.Negotiate(r)
		got := media.String()
		if refusal, ok := err.(*wire.StatusError); ok {
			got = "406"
			if refusal.Code != http.StatusNotAcceptable {
				t.Errorf("%s: %v", accept, err)
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", accept, got, want)
		}
	}
	if media, err := wire.Negotiate(httptest.NewRequest(http.MethodPost, "/", nil)); media != wire.JSON || err != nil {
		t.Errorf("without Accept: %s %v", media, err)
	}
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0ns", 90 * time.Second: "90secs", 1500 * time.Millisecond: "1500ms", time.Minute: "1mins",
		36 * time.Hour: "36hrs", 14 * 24 * time.Hour: "2weeks", time.Nanosecond: "1ns",
	} {
		if got := wire.FormatDuration(d); got != want {
			t.Errorf("%v prints as %s, want %s", d, got, want)
		}
		if back, err := wire.ParseDuration(want); back != d || err != nil {
			t.Errorf("%s reads as %v (%v), want %v", want, back, err, d)
		}
	}
	if d, err := wire.ParseDuration("1.5mins"); d != 90*time.Second || err != nil {
		t.Errorf("1.5mins is %v (%v)", d, err)
	}
	for _, text := range []string{"", "5", "secs", "5s", "1e9weeks", "99999999weeks", "x5secs"} {
		if d, err := wire.ParseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, d)
		}
	}
}

func TestUUIDs(t *testing.T) {
	if !wire.ValidUUID(wire.NewUUID()) {
		t.Error("a new uuid is not valid")
	}
	id := wire.NewUUID()
	for nibble := range byte(16) {
		id[6] = nibble << 4
		if got, want := wire.ValidUUID(id), nibble >= 1 && nibble <= 5; got != want {
			t.Errorf("version %d: valid %v", nibble, got)
		}
	}
	if wire.ValidUUID(id[:15]) || wire.ValidUUID(nil) {
		t.Error("15 bytes are a uuid")
	}
}

// One record is one chunk, length first.
func TestFrame(t *testing.T) {
	if got := string(wire.Frame([]byte(`{"type":"HEARTBEAT"}`))); got != "20\n{\"type\":\"HEARTBEAT\"}" {
		t.Errorf("%q", got)
	}
}
