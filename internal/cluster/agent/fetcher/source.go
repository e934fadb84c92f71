package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// copyInto opens the source and hands its content to use.
func (f *Fetcher) copyInto(ctx context.Context, source string, use func(io.Reader) error) error {
	scheme, rest, ok := strings.Cut(source, "://")
	switch {
	case !ok:
		return copyFile(source, use)
	case scheme == "file":
		return copyFile(rest, use)
	case scheme == "http", scheme == "https":
		return f.download(ctx, source, use)
	}
	return fmt.Errorf("scheme %q is not supported", scheme)
}

func copyFile(name string, use func(io.Reader) error) error {
	if !filepath.IsAbs(name) {
		return fmt.Errorf("%q is a relative path; this agent has no frameworks_home to look in", name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return use(file)
}

// errStalled ends a download that brings nothing any more.
var errStalled = errors.New("no data within the stall timeout")

// download follows redirects and wants status 200 in the end.
func (f *Fetcher) download(ctx context.Context, source string, use func(io.Reader) error) error {
	if _, err := url.Parse(source); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(f.stall, func() { cancel(errStalled) })
	defer watchdog.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return err
	}
	// The body must arrive as it is: an archive is not to be unpacked on the way.
	req.Header.Set("Accept-Encoding", "identity")
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return reason(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("server answered %s", resp.Status)
	}
	return reason(ctx, use(&watched{body: resp.Body, progress: func() { watchdog.Reset(f.stall) }}))
}

// reason prefers the cause of a cancellation to the error it led to.
func reason(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// watched reports each piece of data that is read.
type watched struct {
	body     io.Reader
	progress func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if n > 0 {
		w.progress()
	}
	return n, err
}
