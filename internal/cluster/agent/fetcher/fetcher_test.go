package fetcher_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/goleak"

	"fairlead/internal/cluster/agent/fetcher"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// repository serves files over HTTP and counts the requests.
type repository struct {
	files    map[string][]byte
	requests atomic.Int32
}

func (r *repository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.requests.Add(1)
	if req.URL.Path == "/moved" {
		http.Redirect(w, req, "/plain.txt", http.StatusFound)
		return
	}
	body, ok := r.files[strings.TrimPrefix(req.URL.Path, "/")]
	if !ok {
		http.NotFound(w, req)
		return
	}
	w.Write(body)
}

func serve(t *testing.T, files map[string][]byte) (*repository, string) {
	t.Helper()
	r := &repository{files: files}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, server.URL
}

func newFetcher(t *testing.T) *fetcher.Fetcher {
	t.Helper()
	f, err := fetcher.New(filepath.Join(t.TempDir(), "cache"), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// fetch fetches into a new sandbox.
func fetch(t *testing.T, f *fetcher.Fetcher, uris ...mesos.CommandInfo_URI) (dir string, err error) {
	t.Helper()
	dir = t.TempDir()
	return dir, f.Fetch(t.Context(), fetcher.Request{Dir: dir, URIs: uris, Log: io.Discard})
}

// content lists the sandbox: names with their content, links with their target.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		if d.Type()&os.ModeSymlink != 0 {
			target, err := os.Readlink(name)
			found[rel] = "-> " + target
			return err
		}
		text, err := os.ReadFile(name)
		found[rel] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// same compares a sandbox with what is wanted; archives themselves are left out.
func same(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s: %q, want %q", name, got[name], text)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok && !strings.HasPrefix(name, "archive.") {
			t.Errorf("unexpected file %s", name)
		}
	}
}

func on(b bool) *bool { return &b }

func text(s string) *string { return &s }

func TestNamesModesAndSchemes(t *testing.T) {
	_, url := serve(t, map[string][]byte{"plain.txt": []byte("web"), "a/b/tool": []byte("#!/bin/sh\n")})
	local := filepath.Join(t.TempDir(), "local.txt")
	if err := os.WriteFile(local, []byte("disk"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFetcher(t)
	dir, err := fetch(t, f,
		mesos.CommandInfo_URI{Value: "  " + url + "/plain.txt?x=1#y"},
		mesos.CommandInfo_URI{Value: url + "/moved"},
		mesos.CommandInfo_URI{Value: url + "/a/b/tool", Executable: on(true)},
		mesos.CommandInfo_URI{Value: "file://" + local},
		mesos.CommandInfo_URI{Value: local, OutputFile: text("deep/down/copy.txt")},
	)
	if err != nil {
		t.Fatal(err)
	}
	same(t, content(t, dir), map[string]string{
		"plain.txt": "web", "moved": "web", "tool": "#!/bin/sh\n", "local.txt": "disk", "deep/down/copy.txt": "disk",
	})
	for name, want := range map[string]os.FileMode{"tool": 0o755, "plain.txt": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want mode %o", name, info, err, want)
		}
	}
}

func TestFailuresNameTheURI(t *testing.T) {
	_, url := serve(t, nil)
	f := newFetcher(t)
	for _, uri := range []string{
		url + "/missing", "/no/such/file", "file:///no/such/file", "relative/path", "ftp://host/file", "http://127.0.0.1:1/x",
		url, url + "/", "http://[::1/x", "/tmp", "", "/dev/null",
	} {
		if _, err := fetch(t, f, mesos.CommandInfo_URI{Value: uri}); err == nil || !strings.Contains(err.Error(), uri) {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

func TestOutputFileStaysInTheSandbox(t *testing.T) {
	_, url := serve(t, map[string][]byte{"x": []byte("x")})
	f := newFetcher(t)
	for _, name := range []string{"../x", "a/../../x", "/etc/x", "..", ".", "a/..", "x\x00y"} {
		if _, err := fetch(t, f, mesos.CommandInfo_URI{Value: url + "/x", OutputFile: &name}); err == nil {
			t.Errorf("output file %q was accepted", name)
		}
	}
}

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

func TestCacheFetchesOnce(t *testing.T) {
	packed := tarOf(t)
	repo, url := serve(t, map[string][]byte{"archive.tar": packed, "tool": []byte("#!")})
	f := newFetcher(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			dir, err := fetch(t, f,
				mesos.CommandInfo_URI{Value: url + "/archive.tar", Cache: on(true)},
				mesos.CommandInfo_URI{Value: url + "/tool", Cache: on(true), Executable: on(true)})
			if err != nil {
				t.Error(err)
				return
			}
			got := content(t, dir)
			if _, ok := got["archive.tar"]; ok {
				t.Error("an archive unpacked from the cache is in the sandbox")
			}
			same(t, got, map[string]string{"dir/file": "packed", "run.sh": "#!/bin/sh\n", "tool": "#!"})
		})
	}
	wait.Wait()
	if n := repo.requests.Load(); n != 2 {
		t.Errorf("%d requests for 2 cached files", n)
	}
	if _, err := fetch(t, f, mesos.CommandInfo_URI{Value: url + "/missing", Cache: on(true)}); err == nil {
		t.Error("a missing file came from the cache")
	}
	repo.files["missing"] = []byte("there now")
	if _, err := fetch(t, f, mesos.CommandInfo_URI{Value: url + "/missing", Cache: on(true)}); err != nil {
		t.Errorf("a failure was cached: %v", err)
	}
}

func TestNewFetcherForgetsTheOldCache(t *testing.T) {
	repo, url := serve(t, map[string][]byte{"tool": []byte("old")})
	cache := filepath.Join(t.TempDir(), "cache")
	for _, version := range []string{"old", "new"} {
		repo.files["tool"] = []byte(version)
		f, err := fetcher.New(cache, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		dir, err := fetch(t, f, mesos.CommandInfo_URI{Value: url + "/tool", Cache: on(true)})
		if err != nil {
			t.Fatal(err)
		}
		same(t, content(t, dir), map[string]string{"tool": version})
	}
}

func TestStalledAndCancelledDownloadsEnd(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("a little"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	f, err := fetcher.New(filepath.Join(t.TempDir(), "cache"), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t, f, mesos.CommandInfo_URI{Value: server.URL + "/x"}); err == nil || !strings.Contains(err.Error(), "stall") {
		t.Errorf("stalled: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := fetcher.Request{Dir: t.TempDir(), URIs: []mesos.CommandInfo_URI{{Value: server.URL + "/x"}}, Log: io.Discard}
	if err := newFetcher(t).Fetch(ctx, req); err == nil {
		t.Error("a cancelled fetch succeeded")
	}
}

func TestLogTellsWhatWasDone(t *testing.T) {
	_, url := serve(t, map[string][]byte{"x": []byte("x")})
	var log bytes.Buffer
	req := fetcher.Request{Dir: t.TempDir(), URIs: []mesos.CommandInfo_URI{{Value: url + "/x"}, {Value: url + "/y"}}, Log: &log}
	if err := newFetcher(t).Fetch(t.Context(), req); err == nil {
		t.Fatal("a missing file was fetched")
	}
	for _, want := range []string{"Fetching URI '" + url + "/x'", "Failed to fetch '" + url + "/y': server answered 404 Not Found"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %q:\n%s", want, log.String())
		}
	}
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
