package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// Append adds records in order, in one commit with one synchronisation: after a crash either all of them are there
// or none. It returns the number of the last record of the journal. Without records it writes nothing.
func (j *Journal) Append(records ...[]byte) (last uint64, err error) {
	if len(records) == 0 {
		return j.last()
	}
	err = j.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketRecords)
		// Keys only grow, so pages are never split in the middle: fill them.
		bucket.FillPercent = 1
		last = bucket.Sequence()
		for _, record := range records {
			last++
			key := seqKey(last)
			if err := bucket.Put(key, seal(key, record)); err != nil {
				return err
			}
		}
		return bucket.SetSequence(last)
	})
	return last, err
}

// last is the number of the newest record ever appended, dropped or not.
func (j *Journal) last() (last uint64, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		last = tx.Bucket(bucketRecords).Sequence()
		return nil
	})
	return last, err
}

// replayChunk bounds how many bytes of records Replay holds at a time.
const replayChunk = 1 << 20

// Replay calls fn for every record from number from on, in order, and ends with fn's error. Asking for records
// that a snapshot has replaced is an error, and so is a gap in the numbers. The record belongs to fn, which may use
// the journal; records appended meanwhile are replayed too.
func (j *Journal) Replay(from uint64, fn func(seq uint64, record []byte) error) error {
	next := max(from, 1)
	for {
		records, err := j.chunk(next)
		for _, record := range records {
			// Called outside of any transaction and guard: a panic of fn is not a damaged file.
			if err := fn(next, record); err != nil {
				return fmt.Errorf("journal %s: replay record %d: %w", j.path, next, err)
			}
			next++
		}
		if err != nil || len(records) == 0 {
			return err
		}
	}
}

// chunk reads some records from number next on; none at the end of the journal. Records before a damaged one are
// returned together with the error.
func (j *Journal) chunk(next uint64) (records [][]byte, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		if dropped := droppedUpTo(tx); next <= dropped {
			return fmt.Errorf("record %d was replaced by the snapshot of record %d", next, dropped)
		}
		bucket, size := tx.Bucket(bucketRecords), 0
		cursor := bucket.Cursor()
		key, sealed := cursor.Seek(seqKey(next))
		for ; next <= bucket.Sequence() && size < replayChunk; next++ {
			record, damage := unseal(seqKey(next), sealed)
			if !bytes.Equal(key, seqKey(next)) {
				damage = "it is missing"
			}
			if damage != "" {
				return &CorruptError{Path: j.path, Part: fmt.Sprintf("record %d", next), Seq: next, Damage: damage}
			}
			records, size = append(records, record), size+len(record)+headerSize
			key, sealed = cursor.Next()
		}
		return nil
	})
	return records, err
}

// SaveSnapshot stores data as the state after record seq and drops the records up to seq, both in one commit. seq may
// not lie beyond the newest record or before an earlier snapshot. The file does not shrink; its space is used again.
func (j *Journal) SaveSnapshot(seq uint64, data []byte) error {
	return j.update(func(tx *bbolt.Tx) error {
		dropped, last := droppedUpTo(tx), tx.Bucket(bucketRecords).Sequence()
		if seq > last || seq < dropped {
			return fmt.Errorf("snapshot of record %d: the journal has records %d to %d", seq, dropped+1, last)
		}
		if err := keepAfter(tx, seq); err != nil {
			return err
		}
		if err := tx.DeleteBucket(bucketSnapshot); err != nil {
			return err
		}
		snapshots, err := tx.CreateBucket(bucketSnapshot)
		if err != nil {
			return err
		}
		key := seqKey(seq)
		return snapshots.Put(key, seal(key, data))
	})
}

// keepAfter drops the records up to seq by giving back the bucket's pages in one go and putting the few records
// after seq into a new one. Deleting key by key costs time that grows with the square of their number.
func keepAfter(tx *bbolt.Tx, seq uint64) error {
	old := tx.Bucket(bucketRecords)
	last := old.Sequence()
	var keys, values [][]byte
	cursor := old.Cursor()
	for key, value := cursor.Seek(seqKey(seq + 1)); key != nil; key, value = cursor.Next() {
		keys, values = append(keys, bytes.Clone(key)), append(values, bytes.Clone(value))
	}
	if err := tx.DeleteBucket(bucketRecords); err != nil {
		return err
	}
	kept, err := tx.CreateBucket(bucketRecords)
	if err != nil {
		return err
	}
	for i, key := range keys {
		if err := kept.Put(key, values[i]); err != nil {
			return err
		}
	}
	return kept.SetSequence(last)
}

// droppedUpTo is the number of the snapshot's record, 0 without a snapshot.
func droppedUpTo(tx *bbolt.Tx) uint64 {
	key, _ := tx.Bucket(bucketSnapshot).Cursor().First()
	if key == nil {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

// Snapshot returns the latest snapshot and the number of the last record in it; ok is false if none was ever saved.
func (j *Journal) Snapshot() (seq uint64, data []byte, ok bool, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		key, sealed := tx.Bucket(bucketSnapshot).Cursor().First()
		if key == nil {
			return nil
		}
		seq, ok = droppedUpTo(tx), true
		var damage string
		if data, damage = unseal(key, sealed); damage != "" {
			return &CorruptError{Path: j.path, Part: "snapshot", Seq: seq, Damage: damage}
		}
		return nil
	})
	return seq, data, ok, err
}

// SetMeta durably stores value under key, replacing an earlier one. The key must not be empty.
func (j *Journal) SetMeta(key string, value []byte) error {
	return j.update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketMeta).Put([]byte(key), seal([]byte(key), value))
	})
}

// Meta returns the value stored under key; ok is false if there is none.
func (j *Journal) Meta(key string) (value []byte, ok bool, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		sealed := tx.Bucket(bucketMeta).Get([]byte(key))
		if sealed == nil {
			return nil
		}
		var damage string
		if value, damage = unseal([]byte(key), sealed); damage != "" {
			return &CorruptError{Path: j.path, Part: "value " + key, Damage: damage}
		}
		ok = true
		return nil
	})
	return value, ok, err
}
