package journal

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Conditions that callers and users can tell apart with errors.Is.
var (
	// ErrLocked: another process has the journal open for writing.
	ErrLocked = errors.New("journal is in use by another process")
	// ErrNotJournal: the file is something else. It was not changed.
	ErrNotJournal = errors.New("file is not a journal")
	// ErrNewer: a newer build wrote the file in a format that this one does not know.
	ErrNewer = errors.New("journal was written by a newer version of this program")
	// ErrFailed: an earlier write failed, so this handle refuses to write. Open the journal again.
	ErrFailed = errors.New("journal refuses writes after a failed one")
	// ErrReadOnly: the journal was opened with OpenReadOnly.
	ErrReadOnly = errors.New("journal is open for reading only")
)

// advice ends every report of damage: nothing is repaired or skipped by itself, because a state that was built
// with a record missing looks healthy and is wrong.
const advice = "restore the file from a backup, or move it away to start with an empty journal"

// CorruptError says which part of a journal cannot be trusted. Everything before it was read correctly.
type CorruptError struct {
	Path   string
	Part   string // "record 17", "snapshot", "value framework-id", or "file"
	Seq    uint64 // the number of the record or snapshot, 0 if it is neither
	Damage string
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal %s: %s is damaged: %s; %s", e.Path, e.Part, e.Damage, advice)
}

// guard runs f and turns its panics into a CorruptError. bbolt maps the file into memory and trusts its own pages, so
// that a damaged page ends in a failed assertion, and a file that was cut off in a memory fault.
func guard(path string, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &CorruptError{Path: path, Part: "file", Damage: fmt.Sprint(p)}
		}
	}()
	return f()
}
