package files_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fairlead/internal/cluster/agent/files"
)

// tree attaches a directory with a few files as /box.
func tree(t *testing.T) (*files.Tree, string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("box/b.txt", "hello")
	write("box/a/inner", "inner")
	write("box/c.html", "<p>")
	write("secret", "secret")
	for link, target := range map[string]string{
		"box/relative": "b.txt", "box/absolute": filepath.Join(dir, "box", "b.txt"), "box/out": filepath.Join(dir, "secret"),
		"box/up": "..", "box/a/back": "../b.txt", "box/dangling": "nowhere", "box/circle": "circle",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "box/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	tr := files.NewTree()
	tr.Attach("/box", filepath.Join(dir, "box"))
	return tr, dir
}

func get(t *testing.T, tr *files.Tree, endpoint string, query ...string) *httptest.ResponseRecorder {
	t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	w := httptest.NewRecorder()
	tr.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, endpoint+"?"+values.Encode(), nil))
	return w
}

func TestWhatCanBeReached(t *testing.T) {
	tr, dir := tree(t)
	tr.Attach("/box/a", filepath.Join(dir, "box", "a")) // a root below another
	for name, want := range map[string]string{
		"/box/b.txt": "hello", "/box/relative": "hello", "/box/absolute": "hello", "/box/a/inner": "inner",
		"/box//b.txt": "hello", "/box/./b.txt": "hello", "/box/d/../b.txt": "", "/box/a/../b.txt": "",
		"/box/out": "", "/box/up/secret": "", "/box/../secret": "", "/box/a/../../secret": "", "/box/a/back": "",
		"/box/dangling": "", "/box/circle": "", "/box/pipe": "", "/secret": "", "": "", "/": "", "/boxes": "", "box/b.txt": "",
		"/box/b.txt\x00": "", "/box/b.txt/x": "",
	} {
		_, data, err := tr.Read(name, 0, -1)
		if string(data) != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q %v, want %q", name, data, err, want)
		}
	}
	tr.Detach("/box")
	if _, _, err := tr.Read("/box/b.txt", 0, -1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a detached file: %v", err)
	}
}

func TestReadPieces(t *testing.T) { // 142
	tr, _ := tree(t)
	for _, c := range []struct {
		query []string
		code  int
		body  string
	}{
		{[]string{"path", "/box/b.txt"}, 200, `{"data":"","offset":5}`},
		{[]string{"path", "/box/b.txt", "offset", "-1"}, 200, `{"data":"","offset":5}`},
		{[]string{"path", "/box/b.txt", "offset", "0"}, 200, `{"data":"hello","offset":0}`},
		{[]string{"path", "/box/b.txt", "offset", "1", "length", "3"}, 200, `{"data":"ell","offset":1}`},
		{[]string{"path", "/box/b.txt", "offset", "1", "length", "-1"}, 200, `{"data":"ello","offset":1}`},
		{[]string{"path", "/box/b.txt", "offset", "99"}, 200, `{"data":"","offset":99}`},
		{[]string{"path", "/box/b.txt", "offset", "0", "jsonp", "cb"}, 200, `cb({"data":"hello","offset":0})`},
		{[]string{"path", "/box/a"}, 400, "Cannot read a directory.\n"},
		{[]string{"path", "/box/b.txt", "offset", "-2"}, 400, "Negative offset provided: -2.\n"},
		{[]string{"path", "/box/b.txt", "length", "x"}, 400, "Failed to parse length: Failed to convert 'x' to number.\n"},
		{[]string{"path", "/box/nope"}, 404, ""},
		{nil, 400, "Expecting 'path=value' in query.\n"},
	} {
		if w := get(t, tr, "/files/read", c.query...); w.Code != c.code || w.Body.String() != c.body {
			t.Errorf("%v: %d %q, want %d %q", c.query, w.Code, w.Body, c.code, c.body)
		}
	}
}

func TestALoopReadsAFileExactly(t *testing.T) { // 143
	tr, dir := tree(t)
	want := bytes.Repeat([]byte("0123456789abcde\n"), 9000) // 144000 bytes
	if err := os.WriteFile(filepath.Join(dir, "box", "big"), want, 0o644); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for {
		w := get(t, tr, "/files/read", "path", "/box/big", "offset", fmt.Sprint(len(got)))
		var piece struct{ Data string }
		if err := json.Unmarshal(w.Body.Bytes(), &piece); err != nil {
			t.Fatal(err)
		}
		if len(piece.Data) > files.MaxRead {
			t.Fatalf("a piece has %d bytes", len(piece.Data))
		}
		if piece.Data == "" {
			break
		}
		got = append(got, piece.Data...)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, want %d", len(got), len(want))
	}
}

func TestBrowse(t *testing.T) { // 145
	tr, _ := tree(t)
	w := get(t, tr, "/files/browse", "path", "/box/")
	var list []struct {
		Path, Mode, UID, GID string
		Size                 int64
		Nlink                int
		Mtime                float64
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); w.Code != 200 || err != nil {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Mode+" "+e.Path)
		if e.UID == "" || e.GID == "" || e.Nlink == 0 || e.Mtime == 0 {
			t.Errorf("incomplete: %+v", e)
		}
	}
	want := "drwxr-xr-x /box/a, -rw-r--r-- /box/absolute, -rw-r--r-- /box/b.txt, -rw-r--r-- /box/c.html, -rw-r--r-- /box/relative"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("listed %s\nwant   %s", got, want)
	}
	if list[2].Size != 5 {
		t.Errorf("size %d, want 5", list[2].Size)
	}
	if w := get(t, tr, "/files/browse", "path", "/box/b.txt"); w.Body.String() != "[]" {
		t.Errorf("browsing a file: %s", w.Body)
	}
}

func TestDownload(t *testing.T) { // 145
	tr, _ := tree(t)
	for name, kind := range map[string]string{"b.txt": "text/plain; charset=utf-8", "c.html": "text/html; charset=utf-8", "a/inner": "application/octet-stream"} {
		w := get(t, tr, "/files/download", "path", "/box/"+name)
		_, want, err := tr.Read("/box/"+name, 0, -1)
		if err != nil || w.Code != 200 || !bytes.Equal(w.Body.Bytes(), want) {
			t.Errorf("%s: %d %q %v", name, w.Code, w.Body, err)
		}
		if got := w.Header().Get("Content-Type"); got != kind {
			t.Errorf("%s: type %q, want %q", name, got, kind)
		}
		if got := w.Header().Get("Content-Disposition"); got != "attachment; filename="+filepath.Base(name) {
			t.Errorf("%s: disposition %q", name, got)
		}
	}
	for name, code := range map[string]int{"/box/a": 400, "/box/nope": 404, "/box/out": 404} {
		if w := get(t, tr, "/files/download", "path", name); w.Code != code {
			t.Errorf("%s: %d, want %d", name, w.Code, code)
		}
	}
}

func TestDebugListsTheRoots(t *testing.T) {
	tr, dir := tree(t)
	var roots map[string]string
	if err := json.Unmarshal(get(t, tr, "/files/debug").Body.Bytes(), &roots); err != nil {
		t.Fatal(err)
	}
	if len(roots) != 1 || roots["/box"] != filepath.Join(dir, "box") {
		t.Errorf("roots: %v", roots)
	}
}
