package journal

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// update runs f in a write transaction and commits. An error of f leaves the journal as it was and usable. A failed
// commit bars further writes: the kernel may have dropped pages that it now believes to be clean, so that trying
// again would report success for what is lost.
func (j *Journal) update(f func(*bbolt.Tx) error) error {
	if j.readOnly {
		return fmt.Errorf("journal %s: %w", j.path, ErrReadOnly)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return fmt.Errorf("journal %s: %w: %w", j.path, ErrFailed, j.failed)
	}
	var refused error
	err := guard(j.path, func() error {
		return j.db.Update(func(tx *bbolt.Tx) error {
			refused = f(tx)
			return refused
		})
	})
	if refused == nil {
		j.failed = err
	}
	return j.wrap(err)
}

func (j *Journal) view(f func(*bbolt.Tx) error) error {
	return j.wrap(guard(j.path, func() error { return j.db.View(f) }))
}

// wrap names the file, unless the error does so itself.
func (j *Journal) wrap(err error) error {
	var corrupt *CorruptError
	if err == nil || errors.As(err, &corrupt) {
		return err
	}
	return fmt.Errorf("journal %s: %w", j.path, err)
}
