package fetcher

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// cacheKey is what Mesos keys its cache by.
type cacheKey struct{ user, uri string }

// cacheEntry is one file of the cache. Its lock is held while the file is being
// fetched, so that concurrent containers fetch once.
type cacheEntry struct {
	mu   sync.Mutex
	file string // "" until fetched
}

// fromCache opens the cached copy of a URI, fetching it first if need be. A
// failed fetch leaves nothing behind; the next container tries again.
func (f *Fetcher) fromCache(ctx context.Context, key cacheKey, use func(*os.File) error) error {
	name, err := f.cached(ctx, key)
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("fetcher cache: %w", err)
	}
	defer file.Close()
	return use(file)
}

func (f *Fetcher) cached(ctx context.Context, key cacheKey) (string, error) {
	entry := f.entry(key)
	entry.mu.Lock()
	defer entry.mu.Unlock()
	if entry.file != "" {
		return entry.file, nil
	}
	if err := os.MkdirAll(f.cacheDir, 0o755); err != nil {
		return "", fmt.Errorf("fetcher cache: %w", err)
	}
	temp, err := os.CreateTemp(f.cacheDir, "fetching-")
	if err != nil {
		return "", fmt.Errorf("fetcher cache: %w", err)
	}
	defer os.Remove(temp.Name()) // it is renamed in the good case
	err = f.copyInto(ctx, key.uri, func(body io.Reader) error {
		_, err := io.Copy(temp, body)
		return err
	})
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(key.user + "\x00" + key.uri))
	name := filepath.Join(f.cacheDir, hex.EncodeToString(sum[:]))
	if err := os.Rename(temp.Name(), name); err != nil {
		return "", fmt.Errorf("fetcher cache: %w", err)
	}
	entry.file = name
	return name, nil
}

func (f *Fetcher) entry(key cacheKey) *cacheEntry {
	f.mu.Lock()
	defer f.mu.Unlock()
	entry, ok := f.entries[key]
	if !ok {
		entry = &cacheEntry{}
		f.entries[key] = entry
	}
	return entry
}
