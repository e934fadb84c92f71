package wire_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gogo/protobuf/proto"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/recording"
	"fairlead/internal/cluster/wire"
)

// kinds of recorded message, by the directory they stand in.
var kinds = []struct {
	under       string
	event, call func() wire.Message
	answer      func() wire.Message
}{
	{"scheduler", func() wire.Message { return &scheduler.Event{} }, func() wire.Message { return &scheduler.Call{} }, nil},
	{"executor/groups", func() wire.Message { return &executor.Event{} }, func() wire.Message { return &executor.Call{} }, nil},
	{"executor/agent-restart", func() wire.Message { return &executor.Event{} }, func() wire.Message { return &executor.Call{} }, nil},
	{"operator/subscribe", func() wire.Message { return &master.Event{} }, func() wire.Message { return &master.Call{} }, nil},
	{"operator/v1-master", nil, func() wire.Message { return &master.Call{} }, func() wire.Message { return &master.Response{} }},
}

// Every JSON event of a real master and agent decodes and encodes to the same
// bytes again: same names, same order, same numbers, same defaults.
func TestRecordedJSONEventsRoundTrip(t *testing.T) {
	for _, kind := range kinds {
		if kind.event == nil {
			continue
		}
		for _, path := range recording.Files(t, kind.under, "*.stream") {
			if !strings.Contains(path, "/json/") {
				continue
			}
			for _, record := range recording.Records(t, path) {
				roundTripJSON(t, path, record, kind.event())
			}
		}
	}
}

func roundTripJSON(t *testing.T, path string, record []byte, m wire.Message) {
	t.Helper()
	if err := wire.DecodeJSON(record, m); err != nil {
		t.Errorf("%s: %v\n%s", path, err, record)
		return
	}
	again, err := wire.EncodeJSON(m)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if got, want := sameDigits(string(again)), sameDigits(withoutUnknown(string(record))); got != want {
		t.Errorf("%s: %s", path, firstDifference(got, want))
	}
}

func firstDifference(got, want string) string {
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	around := func(text string) string { return text[max(0, at-60):min(len(text), at+60)] }
	return fmt.Sprintf("differs at %d:\n got %s\nwant %s", at, around(got), around(want))
}

// sameDigits writes doubles with microseconds: Mesos prints some doubles
// (Grisu2) with another last digit than the shortest form Go finds, though
// both read back as the same double.
func sameDigits(record string) string {
	return regexp.MustCompile(`\d+\.\d{12,}|\d{10}\.\d+`).ReplaceAllStringFunc(record, func(number string) string {
		value, _ := strconv.ParseFloat(number, 64)
		return strconv.FormatFloat(value, 'f', 6, 64)
	})
}

// withoutUnknown removes what mesos-go's protos of 2020 have no field for.
func withoutUnknown(record string) string {
	record = strings.ReplaceAll(record, `{"type":"QUOTA_V2"}`, `{}`)
	record = strings.ReplaceAll(record, `,"offer_constraints":{}`, ``)
	record = regexp.MustCompile(`,"checkpoint":(true|false)(}|,"(domain|capabilities)")`).ReplaceAllString(record, "$2")
	return record
}

// The same messages in protobuf survive decoding and encoding; where a JSON
// twin exists is not compared, the two runs have different ids.
func TestRecordedProtobufEventsRoundTrip(t *testing.T) {
	for _, kind := range kinds {
		if kind.event == nil {
			continue
		}
		for _, path := range recording.Files(t, kind.under, "*.stream") {
			if !strings.Contains(path, "/protobuf/") {
				continue
			}
			for _, record := range recording.Records(t, path) {
				roundTripBoth(t, path, record, kind.event)
			}
		}
	}
}

// roundTripBoth: protobuf -> struct -> JSON -> struct gives the first struct.
func roundTripBoth(t *testing.T, path string, record []byte, blank func() wire.Message) {
	t.Helper()
	first, second := blank(), blank()
	if err := wire.Protobuf.Unmarshal(record, first); err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	text, err := wire.EncodeJSON(first)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if err := wire.DecodeJSON(text, second); err != nil {
		t.Errorf("%s: %v\n%s", path, err, text)
		return
	}
	again, err := wire.EncodeJSON(second)
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("%s: second encoding differs (%v):\n%s\n%s", path, err, text, again)
	}
}

func TestRecordedCallsDecode(t *testing.T) {
	for _, kind := range kinds {
		for _, path := range recording.Files(t, kind.under, "*.req.*") {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			call := kind.call
			if strings.Contains(path, "-operator-") { // done to the cluster in between
				call = func() wire.Message { return &master.Call{} }
			}
			if strings.HasSuffix(path, ".pb") {
				roundTripBoth(t, path, body, call)
				continue
			}
			if call := call(); wire.DecodeJSON(body, call) != nil || proto.Size(call) == 0 {
				t.Errorf("%s: not decoded", path)
			}
		}
	}
}

func TestRecordedOperatorAnswersRoundTrip(t *testing.T) {
	for _, path := range recording.Files(t, "operator/v1-master", "*.resp.*") {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".pb") {
			roundTripBoth(t, path, body, func() wire.Message { return &master.Response{} })
			continue
		}
		roundTripJSON(t, path, body, &master.Response{})
	}
}
