package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// lockTimeout is how long Open waits for another process to let go, for example a daemon that is being replaced.
const lockTimeout = 2 * time.Second

// formatVersion counts the layouts of buckets and keys. It is raised when an older build could not read the file.
const formatVersion = 1

// The buckets of the file. bucketFormat holds formatVersion and tells a journal from other bbolt files.
var (
	bucketFormat   = []byte("fairlead-journal")
	bucketRecords  = []byte("records")
	bucketSnapshot = []byte("snapshot")
	bucketMeta     = []byte("meta")

	keyVersion = []byte("version")
)

// Journal is an open journal file. Its methods may be called from several goroutines; records of concurrent
// Appends follow each other in some order.
type Journal struct {
	path     string
	db       *bbolt.DB
	readOnly bool
	copied   string // the private copy behind a read-only view of a file in use, removed by Close

	mu     sync.Mutex // serialises writers and guards failed
	failed error      // the first failed write
}

// Open opens the journal at path for reading and writing and creates it if there is no file. It waits up to two
// seconds for another process to let go of it (ErrLocked). A file that is no journal, or a newer one, is left
// unchanged (ErrNotJournal, ErrNewer).
func Open(path string) (*Journal, error) {
	created, err := inspect(path)
	if err != nil {
		return nil, err
	}
	db, err := openDB(path, &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, db: db}
	if err := j.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if created {
		if err := syncDir(filepath.Dir(path)); err != nil {
			return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), db.Close())
		}
	}
	return j, nil
}

// inspect refuses an existing file before anything could be written to it, and reports whether there is none yet.
func inspect(path string) (created bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("journal: %w", err)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("journal %s: %w: not a regular file", path, ErrNotJournal)
	case info.Size() == 0: // created by a process that died before its first write
		return true, nil
	}
	db, err := openDB(path, &bbolt.Options{Timeout: lockTimeout, ReadOnly: true})
	if err != nil {
		return false, err
	}
	return false, errors.Join(checkFormat(path, db), db.Close())
}

// openDB opens the bbolt file and words its errors. It closes the file even if bbolt panics over its content,
// because an open file would keep its lock.
func openDB(path string, options *bbolt.Options) (db *bbolt.DB, err error) {
	var file *os.File
	options.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		var err error
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	err = guard(path, func() error {
		var err error
		db, err = bbolt.Open(path, 0o600, options)
		return err
	})
	var corrupt *CorruptError
	switch {
	case err == nil:
		return db, nil
	case errors.As(err, &corrupt):
		return nil, errors.Join(err, file.Close())
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("journal %s: %w", path, ErrLocked)
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("journal: %w", err)
	}
	return nil, fmt.Errorf("journal %s: %w: %w", path, ErrNotJournal, err)
}

// checkFormat looks at an existing file without changing it. A bbolt file without any bucket is what a crash
// between the creation of the file and prepare leaves; it is as good as none.
func checkFormat(path string, db *bbolt.DB) error {
	return guard(path, func() error {
		return db.View(func(tx *bbolt.Tx) error {
			info, err := os.Stat(path)
			if err != nil {
				return fmt.Errorf("journal: %w", err)
			}
			if tx.Size() > info.Size() {
				damage := fmt.Sprintf("it has %d bytes and should have %d", info.Size(), tx.Size())
				return &CorruptError{Path: path, Part: "file", Damage: damage}
			}
			format := tx.Bucket(bucketFormat)
			if format == nil {
				if first, _ := tx.Cursor().First(); first != nil {
					return fmt.Errorf("journal %s: %w: a bbolt file of another program", path, ErrNotJournal)
				}
				return nil
			}
			return checkVersion(path, format.Get(keyVersion))
		})
	})
}

func checkVersion(path string, stored []byte) error {
	if len(stored) != 8 {
		return &CorruptError{Path: path, Part: "file", Damage: "the format version is missing"}
	}
	if version := binary.BigEndian.Uint64(stored); version > formatVersion {
		return fmt.Errorf("journal %s: %w: format %d, known are formats up to %d", path, ErrNewer, version, formatVersion)
	}
	return nil
}

// prepare makes the buckets of a new file. It writes nothing to a file that has them.
func (j *Journal) prepare() error {
	present := false
	err := j.view(func(tx *bbolt.Tx) error {
		present = tx.Bucket(bucketFormat) != nil
		return nil
	})
	if err != nil || present {
		return err
	}
	return j.update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bucketFormat, bucketRecords, bucketSnapshot, bucketMeta} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketFormat).Put(keyVersion, seqKey(formatVersion))
	})
}

// Close releases the file. It waits for calls in progress.
func (j *Journal) Close() error {
	err := j.db.Close()
	if j.copied != "" {
		err = errors.Join(err, os.Remove(j.copied))
	}
	if err != nil {
		return fmt.Errorf("journal %s: close: %w", j.path, err)
	}
	return nil
}

// syncDir makes the name of a new file durable: synchronising the file alone keeps its content only.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
