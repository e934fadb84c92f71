package fetcher_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent/fetcher"
)

// members are what the archives of the tests hold.
var members = []struct{ name, body string }{{"dir/", ""}, {"dir/file", "packed"}, {"run.sh", "#!/bin/sh\n"}}

func tarOf(t *testing.T, headers ...*tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Mode: 0o755, Size: int64(len(m.body)), Typeflag: tar.TypeReg}
		if strings.HasSuffix(m.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, m.body)
	}
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, strings.Repeat("y", int(h.Size)))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipOf(t *testing.T, more ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, m.body)
	}
	for _, name := range more {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipOf(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(body)
	w.Close()
	return out.Bytes()
}

// bzip2Of needs the tool: there is no compressor in the library.
func bzip2Of(t *testing.T, body []byte) []byte {
	t.Helper()
	cmd := exec.Command("bzip2", "-c")
	cmd.Stdin = bytes.NewReader(body)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("bzip2: %v", err)
	}
	return out
}

func TestArchivesAreUnpacked(t *testing.T) {
	packed := tarOf(t)
	unpacked := map[string]string{"dir/file": "packed", "run.sh": "#!/bin/sh\n"}
	for name, c := range map[string]struct {
		body func(t *testing.T) []byte
		want map[string]string
	}{
		"archive.tar":     {func(*testing.T) []byte { return packed }, unpacked},
		"archive.tgz":     {func(*testing.T) []byte { return gzipOf(packed) }, unpacked},
		"archive.tar.gz":  {func(*testing.T) []byte { return gzipOf(packed) }, unpacked},
		"archive.tbz2":    {func(t *testing.T) []byte { return bzip2Of(t, packed) }, unpacked},
		"archive.tar.bz2": {func(t *testing.T) []byte { return bzip2Of(t, packed) }, unpacked},
		"archive.zip":     {func(t *testing.T) []byte { return zipOf(t) }, unpacked},
		"data.csv.gz":     {func(*testing.T) []byte { return gzipOf([]byte("1,2")) }, map[string]string{"data.csv": "1,2", "data.csv.gz": string(gzipOf([]byte("1,2")))}},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := serve(t, map[string][]byte{name: c.body(t)})
			dir, err := fetch(t, newFetcher(t), mesos.CommandInfo_URI{Value: url + "/" + name})
			if err != nil {
				t.Fatal(err)
			}
			got := content(t, dir)
			same(t, got, c.want)
			if _, ok := got[name]; !ok {
				t.Error("the archive itself is gone")
			}
		})
	}
}

func TestExecutablesAndUnwantedArchivesStayPacked(t *testing.T) {
	body := tarOf(t)
	_, url := serve(t, map[string][]byte{"archive.tar": body})
	f := newFetcher(t)
	for _, uri := range []mesos.CommandInfo_URI{
		{Value: url + "/archive.tar", Extract: on(false)}, {Value: url + "/archive.tar", Executable: on(true)},
	} {
		dir, err := fetch(t, f, uri)
		if err != nil {
			t.Fatal(err)
		}
		same(t, content(t, dir), map[string]string{"archive.tar": string(body)})
	}
}

func TestBadArchivesFail(t *testing.T) {
	_, url := serve(t, map[string][]byte{
		"a.tar": []byte("no tar at all"), "a.tgz": []byte("x"), "a.zip": []byte("x"), "a.gz": []byte("x"),
		"a.tbz2": []byte("x"), "a.tar.xz": []byte("x"),
	})
	f := newFetcher(t)
	for _, name := range []string{"a.tar", "a.tgz", "a.zip", "a.gz", "a.tbz2", "a.tar.xz"} {
		if _, err := fetch(t, f, mesos.CommandInfo_URI{Value: url + "/" + name}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestArchivesCannotLeaveTheSandbox(t *testing.T) {
	outside := t.TempDir()
	link := func(to string) *tar.Header { return &tar.Header{Name: "link", Linkname: to, Typeflag: tar.TypeSymlink} }
	file := func(name string) *tar.Header {
		return &tar.Header{Name: name, Mode: 0o644, Size: 1, Typeflag: tar.TypeReg}
	}
	for name, headers := range map[string][]*tar.Header{
		"dots":           {file("../evil")},
		"absolute":       {file(filepath.Join(outside, "evil"))},
		"through a link": {link(outside), file("link/evil")},
		"relative link":  {link("../../../../../../../.." + outside), file("link/evil")},
		"hard link":      {{Name: "hard", Linkname: "../../../etc/passwd", Typeflag: tar.TypeLink}},
		"device":         {{Name: "dev", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := serve(t, map[string][]byte{"archive.tar": tarOf(t, headers...)})
			if _, err := fetch(t, newFetcher(t), mesos.CommandInfo_URI{Value: url + "/archive.tar"}); err == nil {
				t.Error("accepted")
			}
			if left, _ := os.ReadDir(outside); len(left) > 0 {
				t.Errorf("written outside the sandbox: %v", left)
			}
		})
	}
	t.Run("zip", func(t *testing.T) {
		_, url := serve(t, map[string][]byte{"archive.zip": zipOf(t, "../evil")})
		if _, err := fetch(t, newFetcher(t), mesos.CommandInfo_URI{Value: url + "/archive.zip"}); err == nil {
			t.Error("accepted")
		}
	})
}

func TestLinksOfAnArchiveAreKept(t *testing.T) {
	_, url := serve(t, map[string][]byte{"archive.tar": tarOf(t,
		&tar.Header{Name: "dir/soft", Linkname: "file", Typeflag: tar.TypeSymlink},
		&tar.Header{Name: "hard", Linkname: "dir/file", Typeflag: tar.TypeLink})})
	dir, err := fetch(t, newFetcher(t), mesos.CommandInfo_URI{Value: url + "/archive.tar"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, content(t, dir), map[string]string{
		"dir/file": "packed", "run.sh": "#!/bin/sh\n", "dir/soft": "-> file", "hard": "packed",
	})
}

// FuzzNames holds the fetcher against names from a hostile framework: whatever
// they are, nothing appears outside the sandbox.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"x", "../x", "a/b", "/abs", "..", "a/../..", "./x", "a//b", "link/x", "\x00", strings.Repeat("a/", 300)} {
		f.Add(seed, seed)
	}
	base := f.TempDir()
	source := filepath.Join(base, "source")
	if err := os.WriteFile(source, []byte("data"), 0o600); err != nil {
		f.Fatal(err)
	}
	fetch, err := fetcher.New(filepath.Join(base, "cache"), time.Second)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, output, member string) {
		outer, err := os.MkdirTemp(base, "outer")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(outer)
		dir := filepath.Join(outer, "sandbox")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("..", filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		uris := []mesos.CommandInfo_URI{{Value: source, OutputFile: &output}}
		var packed bytes.Buffer
		w := tar.NewWriter(&packed)
		if w.WriteHeader(&tar.Header{Name: member, Size: 1, Mode: 0o644, Typeflag: tar.TypeReg}) == nil {
			w.Write([]byte("y"))
			w.Close()
			name := filepath.Join(base, "archive.tar")
			if err := os.WriteFile(name, packed.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			uris = append(uris, mesos.CommandInfo_URI{Value: name})
		}
		for _, uri := range uris {
			req := fetcher.Request{Dir: dir, URIs: []mesos.CommandInfo_URI{uri}, Log: io.Discard}
			_ = fetch.Fetch(t.Context(), req) // most names are refused; what counts is below
		}
		if left, _ := os.ReadDir(outer); len(left) != 1 {
			t.Errorf("output %q, member %q: %v appeared outside the sandbox", output, member, left)
		}
	})
}
