// Package journalpb holds the records and snapshots of the scheduler's journal as they are stored.
//
// The Go code is made from ../journal.proto by internal/protogen (`make proto`).
package journalpb
