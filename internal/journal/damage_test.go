package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fairlead/internal/journal"

	"go.etcd.io/bbolt"
)

// rawUpdate changes the file behind the journal's back, as a bad disk would.
func rawUpdate(t *testing.T, path string, f func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(f); err != nil {
		t.Fatal(err)
	}
}

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func TestDamagedRecordIsNamedAndNotReplayed(t *testing.T) {
	change := func(edit func(value []byte) []byte) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("records"))
			return b.Put(key(2), edit(bytes.Clone(b.Get(key(2)))))
		}
	}
	cases := map[string]func(*bbolt.Tx) error{
		"a flipped bit":      change(func(v []byte) []byte { v[len(v)-1] ^= 1; return v }),
		"a flipped checksum": change(func(v []byte) []byte { v[1] ^= 1; return v }),
		"an unknown version": change(func(v []byte) []byte { v[0] = 9; return v }),
		"a cut value":        change(func(v []byte) []byte { return v[:3] }),
		"an empty value":     change(func([]byte) []byte { return nil }),
		"a missing record":   func(tx *bbolt.Tx) error { return tx.Bucket([]byte("records")).Delete(key(2)) },
		"the record before it once more": func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("records"))
			return b.Put(key(2), bytes.Clone(b.Get(key(1))))
		},
		"all later records missing": func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("records"))
			return errors.Join(b.Delete(key(2)), b.Delete(key(3)))
		},
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state")
			j := open(t, path)
			appendStrings(t, j, "a", "b", "c")
			j.Close()
			rawUpdate(t, path, damage)
			var seen []uint64
			err := open(t, path).Replay(1, func(seq uint64, _ []byte) error {
				seen = append(seen, seq)
				return nil
			})
			var corrupt *journal.CorruptError
			if !errors.As(err, &corrupt) || corrupt.Seq != 2 || !slices.Equal(seen, []uint64{1}) {
				t.Fatalf("replayed %v, error %v; want record 1 and a CorruptError for record 2", seen, err)
			}
			for _, part := range []string{path, "record 2", "restore the file from a backup"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not mention %q", err, part)
				}
			}
		})
	}
}

func TestDamagedSnapshotAndValueAreReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	j := open(t, path)
	appendStrings(t, j, "a")
	if err := errors.Join(j.SaveSnapshot(1, []byte("state")), j.SetMeta("id", []byte("x"))); err != nil {
		t.Fatal(err)
	}
	j.Close()
	rawUpdate(t, path, func(tx *bbolt.Tx) error {
		return errors.Join(tx.Bucket([]byte("snapshot")).Put(key(1), []byte("\x01abcdstate")),
			tx.Bucket([]byte("meta")).Put([]byte("id"), []byte("\x01abcdx")))
	})
	j = open(t, path)
	var corrupt *journal.CorruptError
	if _, _, ok, err := j.Snapshot(); ok && err == nil || !errors.As(err, &corrupt) || corrupt.Part != "snapshot" {
		t.Errorf("snapshot: %v", err)
	}
	if _, _, err := j.Meta("id"); !errors.As(err, &corrupt) || corrupt.Part != "value id" {
		t.Errorf("value: %v", err)
	}
}

func TestTruncatedFileIsReportedNotAMemoryFault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	j := open(t, path)
	if _, err := j.Append(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
		t.Fatal(err)
	}
	j.Close()
	for _, size := range []int64{600_000, 40_000, 8192, 4096, 100} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(path)
		if err == nil {
			j.Close()
			t.Errorf("a file cut to %d bytes was opened", size)
		}
		if j, err := journal.OpenReadOnly(path); err == nil {
			j.Close()
			t.Errorf("a file cut to %d bytes was opened for reading", size)
		}
	}
}

// Bytes are overwritten at random places of the file. Whatever was hit, the journal must either report damage or give
// exactly the records that were written (if it hit free space); it may not crash, hang or invent records. The newest
// commit may be missing if one of the two pages was hit that name the commits: bbolt then falls back to the older.
func TestDamageAnywhereNeverInventsRecords(t *testing.T) {
	pristine := filepath.Join(t.TempDir(), "pristine")
	j := open(t, pristine)
	var want [][]byte
	for i := range 200 {
		want = append(want, fmt.Appendf(nil, "record %d %s", i+1, strings.Repeat("x", i*3)))
		if _, err := j.Append(want[i]); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	content, err := os.ReadFile(pristine)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	reported := 0
	for range 300 {
		damaged := bytes.Clone(content)
		for range 1 + random.IntN(8) {
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
		}
		path := filepath.Join(t.TempDir(), "damaged")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(path)
		if err != nil {
			reported++
		}
		if len(got) > len(want) || err == nil && len(got) < len(want)-1 {
			t.Fatalf("%d records were read, error %v; %d were written", len(got), err, len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("record %d is %q, want %q", i+1, got[i], want[i])
			}
		}
	}
	if reported == 0 {
		t.Error("300 damaged files and not one was noticed")
	}
}

func readAll(path string) (records [][]byte, err error) {
	j, err := journal.Open(path)
	if err != nil {
		return nil, err
	}
	defer j.Close()
	err = j.Replay(1, func(_ uint64, record []byte) error {
		records = append(records, record)
		return nil
	})
	return records, err
}
