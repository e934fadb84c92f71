package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// sharedLockTimeout is short: a writer holds its lock for as long as it runs.
const sharedLockTimeout = 50 * time.Millisecond

// copyAttempts bounds how often a copy of a journal in use is taken again because a commit happened meanwhile.
const copyAttempts = 1000

// OpenReadOnly opens an existing journal for reading, also while a running daemon writes to it: then what it shows is
// the state of one commit, taken now. Writes give ErrReadOnly.
func OpenReadOnly(path string) (*Journal, error) {
	j, err := openShared(path)
	if !errors.Is(err, ErrLocked) {
		return j, err
	}
	copied, err := copyLive(path)
	if err != nil {
		return nil, fmt.Errorf("journal %s: copy: %w", path, err)
	}
	j, err = openShared(copied)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), os.Remove(copied))
	}
	j.path, j.copied = path, copied
	return j, nil
}

func openShared(path string) (*Journal, error) {
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return nil, fmt.Errorf("journal %s: %w: it is empty", path, ErrNotJournal)
	} else if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("journal %s: %w: not a regular file", path, ErrNotJournal)
	}
	db, err := openDB(path, &bbolt.Options{Timeout: sharedLockTimeout, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, db: db, readOnly: true}
	if err := errors.Join(checkFormat(path, db), j.checkNotEmpty()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return j, nil
}

// checkNotEmpty refuses a file whose buckets were never made, which only a writer may do.
func (j *Journal) checkNotEmpty() error {
	return j.view(func(tx *bbolt.Tx) error {
		if tx.Bucket(bucketFormat) == nil {
			return ErrNotJournal
		}
		return nil
	})
}

// copyLive copies a journal that another process writes to, and returns the name of the copy. bbolt never changes
// pages that its newest commit uses, and the commit is the writing of one of the first two pages. So a copy whose first
// two pages were the same before and after copying the others is consistent; else a commit came between: again.
func copyLive(path string) (copied string, err error) {
	source, err := os.Open(path)
	if err != nil {
		return "", err
	}
	target, err := os.CreateTemp("", "fairlead-journal-*")
	if err != nil {
		return "", errors.Join(err, source.Close())
	}
	err = copyConsistently(target, source)
	err = errors.Join(err, source.Close(), target.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(target.Name()))
	}
	return target.Name(), nil
}

func copyConsistently(target, source *os.File) error {
	for range copyAttempts {
		before, err := readMeta(source)
		if err != nil {
			return err
		}
		if err := copyAll(target, source); err != nil {
			return err
		}
		after, err := readMeta(source)
		if err != nil {
			return err
		}
		if bytes.Equal(before, after) {
			_, err := target.WriteAt(before, 0)
			return err
		}
	}
	return errors.New("the daemon writes faster than the file can be copied; stop it, or copy the file when it is idle")
}

// readMeta reads the two pages that name the newest commit and the one before.
func readMeta(source *os.File) ([]byte, error) {
	meta := make([]byte, 2*os.Getpagesize())
	_, err := source.ReadAt(meta, 0)
	return meta, err
}

func copyAll(target, source *os.File) error {
	for _, file := range []*os.File{target, source} {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	_, err := io.Copy(target, source)
	return err
}
