package mesoshttp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readRecords collects records until the reader fails.
func readRecords(source io.Reader) (got []string, err error) {
	reader := newRecordReader(source)
	for {
		record, err := reader.next()
		if err != nil {
			return got, err
		}
		got = append(got, string(record))
	}
}

func TestRecordsAreFoundHoweverTheBytesArrive(t *testing.T) {
	large := strings.Repeat("x", 5<<20) // more than mesos-go's reader takes
	want := []string{"a", "10\n", "\n", large, "end"}
	var stream bytes.Buffer
	for _, record := range want {
		stream.Write(frame([]byte(record)))
	}
	sources := map[string]io.Reader{
		"at once":      bytes.NewReader(stream.Bytes()),
		"half by half": iotest.HalfReader(bytes.NewReader(stream.Bytes())),
		"EOF at once":  iotest.DataErrReader(bytes.NewReader(stream.Bytes())),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(stream.Bytes())),
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			if got, err := readRecords(source); err != io.EOF || !slices.Equal(got, want) {
				t.Errorf("%d records, error %v; want %d and EOF", len(got), err, len(want))
			}
		})
	}
}

func TestMalformedStreamsAreNamedWithTheirPlace(t *testing.T) {
	cases := []struct {
		stream string
		want   string
		offset int64
	}{
		{"\n", "its length is missing", 0},
		{"0\n", "it is empty", 0},
		{"3\nabc0\n", "it is empty", 5},
		{"-1\n", `its length begins with "-"`, 0},
		{"+1\na", `its length begins with "+"`, 0},
		{" 1\na", `its length begins with " "`, 0},
		{"1\r\na", `its length begins with "1\r"`, 0},
		{"0x1\na", `its length begins with "0x"`, 0},
		{"HTTP/1.1 500", `its length begins with "H"`, 0},
		{"3\nabcdef", `its length begins with "d"`, 5},
		{"67108865\n", "its length 67108865 is more than", 0},
		{"18446744073709551615\n", "is more than", 0},
		{"99999999999999999999\n", "is more than", 0},
		{strings.Repeat("1", 100), "its length begins with", 0},
		{"3\nabc4", "it ends within its length", 5},
		{"4\n", "it ends after 0 of 4 bytes", 0},
		{"4\nabc", "it ends after 3 of 4 bytes", 0},
		{"1\na60000000\nabc", "it ends after 3 of 60000000 bytes", 3},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%.20q", c.stream), func(t *testing.T) {
			_, err := readRecords(strings.NewReader(c.stream))
			var broken *RecordError
			if !errors.As(err, &broken) || broken.Offset != c.offset || !strings.Contains(broken.Reason, c.want) {
				t.Errorf("error %v, want %q at byte %d", err, c.want, c.offset)
			}
		})
	}
}

func TestErrorsOfTheSourceAreNotBlamedOnTheStream(t *testing.T) {
	broken := errors.New("connection reset")
	for _, head := range []string{"", "1", "12\n", "12\nabc"} {
		_, err := readRecords(io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("after %q: %v, want %v", head, err, broken)
		}
	}
}

// A claimed length costs no memory until the bytes are there.
func TestAClaimedLengthIsNotAllocated(t *testing.T) {
	allocated := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			_, _ = readRecords(strings.NewReader("60000000\nabc"))
		}
	}).AllocedBytesPerOp()
	if allocated > 1<<20 {
		t.Errorf("%d bytes allocated for a record of which three bytes came", allocated)
	}
}

// FuzzRecordReader: the reader ends on any input, its records and errors do not depend on how the bytes arrive, and
// framing what it found gives back the bytes it was found in.
func FuzzRecordReader(f *testing.F) {
	for _, seed := range []string{"", "1\na", "3\nabc2\nde", "0\n", "12", "5\nab", "18446744073709551615\nx", "007\n1234567"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		got, err := readRecords(bytes.NewReader(stream))
		again, errAgain := readRecords(iotest.OneByteReader(bytes.NewReader(stream)))
		if !slices.Equal(got, again) || fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Fatalf("at once: %q %v; byte by byte: %q %v", got, err, again, errAgain)
		}
		rest := stream
		for _, record := range got {
			line, tail, _ := bytes.Cut(rest, []byte("\n"))
			if string(bytes.TrimLeft(line, "0")) != fmt.Sprint(len(record)) || string(tail[:len(record)]) != record {
				t.Fatalf("record %q is not what stands at %q", record, rest)
			}
			rest = tail[len(record):]
		}
		var broken *RecordError
		if errors.As(err, &broken) && broken.Offset != int64(len(stream)-len(rest)) {
			t.Fatalf("error at byte %d, the records end at byte %d", broken.Offset, len(stream)-len(rest))
		}
		if err == io.EOF && len(rest) > 0 {
			t.Fatalf("an end in order, but %q is left", rest)
		}
	})
}
