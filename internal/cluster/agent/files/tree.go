// Package files serves the sandboxes of an agent: the virtual file tree behind
// the /files endpoints and the LIST_FILES and READ_FILE calls.
//
// A path is virtual. Only what was attached can be reached, and nothing leads
// out of an attached directory: not "..", not a symbolic link.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// MaxRead is the largest piece one read returns, as on a real agent: 16 pages.
const MaxRead = 64 << 10

// Errors of the tree. They wrap fs.ErrNotExist where the difference to a
// missing file is nobody's business.
var (
	ErrNotAttached = fmt.Errorf("path is not attached: %w", fs.ErrNotExist)
	ErrIsDirectory = errors.New("is a directory")
)

// Tree maps virtual paths to directories. It is safe for concurrent use.
type Tree struct {
	mu    sync.RWMutex
	roots map[string]string
}

// NewTree returns an empty tree.
func NewTree() *Tree { return &Tree{roots: map[string]string{}} }

// Attach makes the directory dir reachable under the virtual path name,
// replacing what was there.
func (t *Tree) Attach(name, dir string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.roots[path.Clean(name)] = dir
}

// Detach removes the virtual path name.
func (t *Tree) Detach(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.roots, path.Clean(name))
}

// Attached returns a copy of the map of virtual paths to directories.
func (t *Tree) Attached() map[string]string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return maps.Clone(t.roots)
}

// locate splits a virtual path into an attached directory and the rest.
func (t *Tree) locate(name string) (root, rest string, err error) {
	if name == "" || strings.ContainsRune(name, 0) {
		return "", "", ErrNotAttached
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	// The longest attached prefix of the path as it was given wins; dots are
	// left for the end, so that they can't lead from one root to another.
	for prefix := strings.TrimRight(name, "/"); prefix != ""; prefix = parent(prefix) {
		if dir, ok := t.roots[prefix]; ok {
			rest := "." + strings.TrimRight(strings.TrimPrefix(name, prefix), "/")
			if !filepath.IsLocal(rest) {
				return "", "", ErrNotAttached
			}
			return dir, rest, nil
		}
	}
	return "", "", ErrNotAttached
}

// parent drops the last element of a path, without cleaning it.
func parent(name string) string {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return ""
	}
	return strings.TrimRight(name[:i], "/")
}

// Open opens a file or directory for reading. Opening never waits, not even
// for the writer of a named pipe.
func (t *Tree) Open(name string) (*os.File, fs.FileInfo, error) {
	dir, rest, err := t.locate(name)
	if err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	file, err := openIn(root, dir, rest)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// openIn opens rest below root. os.Root refuses absolute links even if they
// stay inside, so such a path is resolved first and opened through the root
// again, which refuses what is really outside.
func openIn(root *os.Root, dir, rest string) (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK
	file, err := root.OpenFile(rest, flags, 0)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	base, baseErr := filepath.EvalSymlinks(dir)
	real, realErr := filepath.EvalSymlinks(filepath.Join(dir, rest))
	if baseErr != nil || realErr != nil {
		return nil, err
	}
	inside, relErr := filepath.Rel(base, real)
	if relErr != nil || !filepath.IsLocal(inside) {
		return nil, fmt.Errorf("%s leaves its directory: %w", rest, fs.ErrNotExist)
	}
	return root.OpenFile(inside, flags, 0)
}
