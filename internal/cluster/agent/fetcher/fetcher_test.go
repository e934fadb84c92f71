package fetcher_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
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
