package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"fairlead/internal/cluster/wire"
)

// Handler serves /files/browse, /files/read, /files/download and /files/debug.
// Status codes and texts are those of Mesos, line feeds included.
func (t *Tree) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/files/browse", t.browse)
	mux.HandleFunc("/files/read", t.read)
	mux.HandleFunc("/files/download", t.download)
	mux.HandleFunc("/files/debug", func(w http.ResponseWriter, r *http.Request) {
		WriteJSON(w, r, t.Attached())
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { wire.WriteError(w, wire.NotFound()) })
	return mux
}

// WriteJSON answers 200 with v, wrapped into a function call if the query has
// jsonp=NAME, as the unversioned endpoints of Mesos do.
func WriteJSON(w http.ResponseWriter, r *http.Request, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	kind := "application/json"
	if call := r.URL.Query().Get("jsonp"); call != "" {
		body = fmt.Appendf(nil, "%s(%s)", call, body)
		kind = "text/javascript"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client's trouble if it is gone
}

// pathOf returns the path parameter; without one it answers and returns false.
func pathOf(w http.ResponseWriter, r *http.Request) (string, bool) {
	name := r.URL.Query().Get("path")
	if name == "" {
		wire.WriteText(w, http.StatusBadRequest, "Expecting 'path=value' in query.\n")
	}
	return name, name != ""
}

// fileJSON is one line of /files/browse. The fields are in the real order.
type fileJSON struct {
	GID   string      `json:"gid"`
	Mode  string      `json:"mode"`
	Mtime wire.Double `json:"mtime"`
	Nlink int         `json:"nlink"`
	Path  string      `json:"path"`
	Size  int64       `json:"size"`
	UID   string      `json:"uid"`
}

func (t *Tree) browse(w http.ResponseWriter, r *http.Request) {
	name, ok := pathOf(w, r)
	if !ok {
		return
	}
	entries, err := t.List(name)
	if err != nil {
		wire.WriteText(w, codeOf(err), "")
		return
	}
	list := make([]fileJSON, 0, len(entries))
	for _, e := range entries {
		list = append(list, fileJSON{
			GID: e.GID, Mode: e.Mode(), Mtime: wire.Double(e.Info.ModTime().Unix()), Nlink: e.Nlink,
			Path: e.Path, Size: e.Info.Size(), UID: e.UID,
		})
	}
	WriteJSON(w, r, list)
}

// codeOf: a path that is not there and one that is out of bounds look alike.
func codeOf(err error) int {
	if errors.Is(err, fs.ErrPermission) {
		return http.StatusForbidden
	}
	return http.StatusNotFound
}

func (t *Tree) read(w http.ResponseWriter, r *http.Request) {
	name, ok := pathOf(w, r)
	if !ok {
		return
	}
	offset, fault := number(r, "offset")
	if fault != "" {
		wire.WriteText(w, http.StatusBadRequest, fault)
		return
	}
	length, fault := number(r, "length")
	if fault != "" {
		wire.WriteText(w, http.StatusBadRequest, fault)
		return
	}
	if offset == -1 {
		length = 0
	}
	size, data, err := t.Read(name, max(0, offset), length)
	switch {
	case errors.Is(err, ErrIsDirectory):
		wire.WriteText(w, http.StatusBadRequest, "Cannot read a directory.\n")
		return
	case err != nil:
		wire.WriteText(w, codeOf(err), "")
		return
	}
	if offset == -1 { // asked for nothing but the end of the file
		offset = size
	}
	WriteJSON(w, r, struct {
		Data   string `json:"data"`
		Offset int64  `json:"offset"`
	}{strings.ToValidUTF8(string(data), "\uFFFD"), offset})
}

// number reads a parameter; absent means -1, and so does -1. The fault is the
// text of the refusal.
func number(r *http.Request, name string) (n int64, fault string) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return -1, ""
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Sprintf("Failed to parse %s: Failed to convert '%s' to number.\n", name, text)
	}
	if n < -1 {
		return 0, fmt.Sprintf("Negative %s provided: %d.\n", name, n)
	}
	return n, ""
}

func (t *Tree) download(w http.ResponseWriter, r *http.Request) {
	name, ok := pathOf(w, r)
	if !ok {
		return
	}
	file, info, err := t.Open(name)
	if err != nil {
		wire.WriteError(w, &wire.StatusError{Code: codeOf(err)})
		return
	}
	defer file.Close()
	if info.IsDir() {
		wire.WriteText(w, http.StatusBadRequest, "Cannot download a directory.\n")
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(name)}))
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	_, _ = io.CopyN(w, file, info.Size()) // the client is gone, or the file shrank
}
