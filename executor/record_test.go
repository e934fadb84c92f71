package executor

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestRecordReader(t *testing.T) {
	tests := []struct {
		name, stream string
		records      []string
		malformed    bool
	}{
		{"empty stream", "", nil, false},
		{"records follow each other without separator", "3\nabc2\nde", []string{"abc", "de"}, false},
		{"a record may contain anything", "4\n1\n2\n", []string{"1\n2\n"}, false},
		{"an empty record", "0\n1\nx", []string{"", "x"}, false},
		{"stream ends inside a length", "3\nabc1", []string{"abc"}, true},
		{"stream ends inside a record", "3\nab", nil, true},
		{"length is no number", "HTTP\n", nil, true},
		{"length is negative", "-1\n", nil, true},
		{"length is empty", "\nabc", nil, true},
		{"length does not end", strings.Repeat("1", 100), nil, true},
		{"length overflows an int", "18446744073709551615\nx", nil, true},
		{"length exceeds the limit", "16777217\nx", nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// One byte at a time: chunks of the connection have nothing to do with records.
			r := newRecordReader(iotest.OneByteReader(strings.NewReader(test.stream)))
			for _, want := range test.records {
				got, err := r.next()
				if err != nil || string(got) != want {
					t.Fatalf("next() = %q, %v, want %q", got, err, want)
				}
			}
			_, err := r.next()
			if test.malformed != errors.Is(err, errRecord) || !test.malformed && err != io.EOF {
				t.Errorf("at the end: %v, want malformed %v", err, test.malformed)
			}
		})
	}
}

// A field with a length near 2^63 makes the generated decoder of mesos-go panic; such garbage
// must come out as an error.
func TestDecodeEventSurvivesLengthOverflow(t *testing.T) {
	garbage := []byte{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}
	if event, err := decodeEvent(garbage); !errors.Is(err, errRecord) {
		t.Errorf("decodeEvent = %v, %v", event, err)
	}
}

// Whatever comes, reading ends with an error and without a panic, and good records before the damage arrive.
func FuzzEventStream(f *testing.F) {
	heartbeat := "2\n\x08\x09"
	for _, seed := range []string{"", "2\n\x08", heartbeat, heartbeat + heartbeat[:3], "x\n", "9999999999999999999999\n",
		"3\n\xff\xff\xff", "10\n\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "4\n\x08\x03\x2a\x00", "2\n\x08\x08"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tail string) {
		r := newRecordReader(strings.NewReader(heartbeat + tail))
		for n := 0; ; n++ {
			record, err := r.next()
			if err != nil {
				if n == 0 {
					t.Fatalf("the good record is lost: %v", err)
				}
				return
			}
			event, err := decodeEvent(record)
			if (event == nil) == (err == nil) {
				t.Fatalf("decodeEvent(%q) = %v, %v", record, event, err)
			}
		}
	})
}
