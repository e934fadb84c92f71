// Package journal keeps an ordered list of records on disk so that what was reported as written is there after
// a crash. It knows nothing of what a record means.
//
// A journal is one bbolt file holding
//
//   - records, numbered 1, 2, 3, ... without gaps;
//   - at most one snapshot: a state that replaces all records up to its number;
//   - small named values (Meta), such as the framework id.
//
// Recovery is therefore: load the snapshot, replay the records after it.
//
//	j, err := journal.Open(path)
//	seq, state, ok, err := j.Snapshot()
//	err = j.Replay(seq+1, func(seq uint64, record []byte) error { ... })
//	last, err := j.Append(facts, actions) // durable when it returns
//
// The promise is "persist, then speak": Append, SaveSnapshot and SetMeta return nil only after the file has been
// synchronised, and a group of records given to one Append is there completely or not at all. After a failed write
// nobody knows what reached the disk, so every further write is refused (ErrFailed) until the file is opened again.
//
// Every record, snapshot and value carries its own number and a CRC-32C, so that damage is reported with the place
// where it is (CorruptError) instead of being replayed.
package journal
