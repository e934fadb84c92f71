package trace

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"fairlead/internal/strictyaml"
)

const twoJobs = "; MaxNodes: 4\n1 0 0 10 1 -1 -1 -1 -1 -1 1 1 1 -1 -1 -1 -1 -1\n2 5 0 10 2 -1 -1 -1 -1 -1 1 2 1 -1 -1 -1 -1 -1\n"

// bzipped is twoJobs after bzip2, in base64: the standard library only unpacks.
const bzipped = "QlpoOTFBWSZTWRaEpa8AADHdgAAQQAJ2GAADJgCIQCAAVFHqMgyabUEiKPU2iAVuhU0FcRMwmnibwhGzHYiEwLggaBakgFzPifi7kinChIC0JS14"

// The same trace in other clothes gives the same jobs.
func TestFilesOfAllKinds(t *testing.T) {
	for name, file := range map[string]string{
		"plain":                twoJobs,
		"without the last end": strings.TrimSuffix(twoJobs, "\n"),
		"of Windows":           "\ufeff" + strings.ReplaceAll(twoJobs, "\n", "\r\n"),
		"with empty lines":     "\n \n" + strings.ReplaceAll(twoJobs, "\n", "\n\n"),
		"gzip":                 packed(t, twoJobs),
		"bzip2":                unbased(t, bzipped),
		"two gzip members":     packed(t, twoJobs[:30]) + packed(t, twoJobs[30:]),
		"a mark, packed":       packed(t, "\ufeff"+twoJobs),
	} {
		r, err := readAll(t, Options{Format: "swf", Files: []string{"f"}, Open: memory{"f": file}.open})
		if err != nil || r.Summary().Jobs != 2 || r.Summary().Total("cpus") != "3" || r.Summary().Frameworks() != 2 {
			t.Errorf("%s: got %+v, %v", name, r.Summary(), err)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"cut off":      {packed(t, twoJobs)[:60], "the file is cut off"},
		"not gzip":     {"\x1f\x8bno", "f:1:1: cannot be unpacked: unexpected EOF"},
		"not bzip2":    {"BZh9no", "f:1:1: the file is cut off"},
		"damaged":      {strings.TrimSuffix(packed(t, twoJobs), "\x00\x00\x00") + "\xff\x00\x00", "cannot be read: gzip: invalid checksum"},
		"a long line":  {twoJobs + strings.Repeat("1", maxLine+1), "f:4:1: the line is longer than 1048576 bytes"},
		"another form": {"a,b\n", "f:1:4: expected 18 fields, or 21 in the form of MetaCentrum, got 1"},
	} {
		r, err := readAll(t, Options{Format: "swf", Files: []string{"f"}, Open: memory{"f": c.file}.open})
		var all strictyaml.Errors
		if !errors.As(err, &all) || !strings.Contains(all.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if r.lines.closer != nil {
			t.Errorf("%s: the file was left open", name)
		}
	}
}

func readAll(t *testing.T, opts Options) (*Reader, error) {
	t.Helper()
	r, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.Jobs() {
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

func unbased(t *testing.T, text string) string {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// generated is a trace of any length that nobody has to store.
type generated struct {
	jobs, at int
	rest     string
}

func (g *generated) Read(p []byte) (int, error) {
	for g.rest == "" {
		if g.at == g.jobs {
			return 0, io.EOF
		}
		g.at++
		g.rest = jobLine(g.at)
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

func (g *generated) Close() error { return nil }

// A reader keeps what it needs for the next job and for the summary, however many there were.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	const allowed = 256 << 10 // far less than the many jobs, even at a few bytes for each
	few, many := kept(t, 1_000), kept(t, 200_000)
	if many > few+allowed {
		t.Errorf("%d bytes are kept of 1,000 jobs, but %d of 200,000", few, many)
	}
}

// kept is the size of the heap when a trace has been read.
func kept(t *testing.T, jobs int) uint64 {
	t.Helper()
	open := func(string) (io.ReadCloser, error) { return &generated{jobs: jobs}, nil }
	r, err := readAll(t, Options{Format: "swf", Files: []string{"f"}, Open: open})
	if err != nil || r.Summary().Read != int64(jobs) {
		t.Fatalf("read %d jobs, %v; want %d", r.Summary().Read, err, jobs)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	runtime.KeepAlive(r)
	return m.HeapAlloc
}
