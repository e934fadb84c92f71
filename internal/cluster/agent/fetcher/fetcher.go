// Package fetcher brings the URIs of a command into a sandbox, as the fetcher
// of a Mesos agent does: downloads or copies, sets the executable bit, unpacks
// archives. Unlike that, it never writes outside the sandbox.
package fetcher

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Fetcher fetches for one agent. It is safe for concurrent use.
type Fetcher struct {
	cacheDir string
	stall    time.Duration

	mu      sync.Mutex
	entries map[cacheKey]*cacheEntry
}

// New makes a fetcher with an empty cache in cacheDir; what an earlier one left
// there is removed, because the cache knows nothing of freshness. A download
// that brings no data for the duration stall fails.
func New(cacheDir string, stall time.Duration) (*Fetcher, error) {
	if err := os.RemoveAll(cacheDir); err != nil {
		return nil, fmt.Errorf("empty fetcher cache: %w", err)
	}
	return &Fetcher{cacheDir: cacheDir, stall: stall, entries: map[cacheKey]*cacheEntry{}}, nil
}

// Request is one container's fetch.
type Request struct {
	Dir   string // the sandbox, which must exist
	URIs  []mesos.CommandInfo_URI
	User  string    // part of the cache's key
	Owner *Owner    // who gets the files; nil leaves them to this process's user
	Log   io.Writer // what was done, line by line, for the user to read
}

// Owner is the account that fetched files are given to.
type Owner struct{ UID, GID int }

// Fetch brings all URIs of the request, one after the other, and stops at the
// first failure, which names the URI.
func (f *Fetcher) Fetch(ctx context.Context, req Request) error {
	if len(req.URIs) == 0 {
		return nil
	}
	root, err := os.OpenRoot(req.Dir)
	if err != nil {
		return fmt.Errorf("open sandbox: %w", err)
	}
	defer root.Close()
	box := &sandbox{root: root, owner: req.Owner}
	for i := range req.URIs {
		uri := &req.URIs[i]
		fmt.Fprintf(req.Log, "Fetching URI '%s'\n", uri.Value)
		if err := f.fetchOne(ctx, box, uri, req.User); err != nil {
			fmt.Fprintf(req.Log, "Failed to fetch '%s': %v\n", uri.Value, err)
			return fmt.Errorf("fetch %s: %w", uri.Value, err)
		}
	}
	fmt.Fprintf(req.Log, "Successfully fetched all URIs into '%s'\n", req.Dir)
	return nil
}

func (f *Fetcher) fetchOne(ctx context.Context, box *sandbox, uri *mesos.CommandInfo_URI, user string) error {
	source := strings.TrimLeft(uri.Value, " \t\r\n")
	name, err := fileName(source, uri.GetOutputFile())
	if err != nil {
		return err
	}
	unpack := uri.GetExtract() && !uri.GetExecutable()
	if uri.GetCache() {
		return f.fromCache(ctx, cacheKey{user, source}, func(cached *os.File) error {
			if unpack && isArchive(name) {
				return box.extract(name, cached)
			}
			return box.write(name, cached, mode(uri))
		})
	}
	if err := f.copyInto(ctx, source, func(body io.Reader) error {
		return box.write(name, body, mode(uri))
	}); err != nil {
		return err
	}
	if !unpack || !isArchive(name) {
		return nil
	}
	archive, err := box.root.Open(name)
	if err != nil {
		return err
	}
	defer archive.Close()
	return box.extract(name, archive)
}

// mode is that of a fetched file: 755 if it is to be executed, else 644.
func mode(uri *mesos.CommandInfo_URI) os.FileMode {
	if uri.GetExecutable() {
		return 0o755
	}
	return 0o644
}

// fileName is where in the sandbox a URI goes: output_file, or the last element
// of the URI's path.
func fileName(source, output string) (string, error) {
	if output != "" {
		return confined(output)
	}
	name := source
	if _, rest, ok := strings.Cut(source, "://"); ok {
		host, file, slash := strings.Cut(rest, "/")
		if !slash && !strings.HasPrefix(source, "file:") {
			return "", fmt.Errorf("URI has no path after %q", host)
		}
		name, _, _ = strings.Cut(file, "?")
		name, _, _ = strings.Cut(name, "#")
	}
	name = path.Base("/" + name)
	if name == "/" || strings.HasSuffix(source, "/") {
		return "", fmt.Errorf("URI names no file")
	}
	return confined(name)
}

// confined refuses a name that could lead out of the sandbox.
func confined(name string) (string, error) {
	if !filepath.IsLocal(name) || strings.ContainsRune(name, 0) || path.Clean(name) == "." {
		return "", fmt.Errorf("path %q leaves the sandbox or names no file", name)
	}
	return path.Clean(name), nil
}
