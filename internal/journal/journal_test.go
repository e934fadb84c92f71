package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fairlead/internal/journal"

	"go.etcd.io/bbolt"
)

func open(t *testing.T, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func appendStrings(t *testing.T, j *journal.Journal, records ...string) uint64 {
	t.Helper()
	var group [][]byte
	for _, record := range records {
		group = append(group, []byte(record))
	}
	last, err := j.Append(group...)
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// replayed returns the records from number from on, each as "number:content".
func replayed(t *testing.T, j *journal.Journal, from uint64) []string {
	t.Helper()
	var got []string
	err := j.Replay(from, func(seq uint64, record []byte) error {
		got = append(got, fmt.Sprintf("%d:%s", seq, record))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantRecords(t *testing.T, j *journal.Journal, from uint64, want ...string) {
	t.Helper()
	if got := replayed(t, j, from); !slices.Equal(got, want) {
		t.Errorf("replay from %d:\n got %q\nwant %q", from, got, want)
	}
}

func TestRecordsAreNumberedFromOneAndSurviveReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	j := open(t, path)
	wantRecords(t, j, 0)
	if last := appendStrings(t, j, "a", "", "c"); last != 3 {
		t.Errorf("number of the last record = %d, want 3", last)
	}
	if last := appendStrings(t, j); last != 3 {
		t.Errorf("an empty append returns %d, want the newest number 3", last)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	appendStrings(t, j, "d")
	wantRecords(t, j, 0, "1:a", "2:", "3:c", "4:d")
	wantRecords(t, j, 3, "3:c", "4:d")
	wantRecords(t, j, 5)
	wantRecords(t, j, 1<<63)
}

func TestReplayStopsAtTheCallersErrorAndNamesTheRecord(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "state"))
	appendStrings(t, j, "a", "b", "c")
	stop := errors.New("enough")
	calls := 0
	err := j.Replay(1, func(seq uint64, _ []byte) error {
		calls++
		if seq == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || !strings.Contains(err.Error(), "record 2") || calls != 2 {
		t.Errorf("error %v after %d calls, want %q at record 2 after 2 calls", err, calls, stop)
	}
}

func TestPanicOfTheReplayedCodeIsNotTakenForADamagedFile(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "state"))
	appendStrings(t, j, "poison")
	defer func() {
		if p := recover(); p != "bug" {
			t.Errorf("recovered %v, want the caller's own panic", p)
		}
		appendStrings(t, j, "still usable")
	}()
	_ = j.Replay(1, func(uint64, []byte) error { panic("bug") })
}

func TestReplayCrossesChunksWithoutGapAndSeesRecordsAppendedMeanwhile(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "state"))
	large := bytes.Repeat([]byte("x"), 700<<10)
	for range 5 {
		if _, err := j.Append(large); err != nil {
			t.Fatal(err)
		}
	}
	var seen []uint64
	err := j.Replay(1, func(seq uint64, record []byte) error {
		seen = append(seen, seq)
		if seq <= 5 && !bytes.Equal(record, large) {
			t.Errorf("record %d has %d bytes and is not what was written", seq, len(record))
		}
		if seq == 2 {
			appendStrings(t, j, "late")
		}
		return nil
	})
	if want := []uint64{1, 2, 3, 4, 5, 6}; err != nil || !slices.Equal(seen, want) {
		t.Errorf("replayed %v, error %v; want %v", seen, err, want)
	}
}

func TestSnapshotReplacesTheRecordsUpToItsNumber(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	j := open(t, path)
	if _, _, ok, err := j.Snapshot(); ok || err != nil {
		t.Fatalf("a new journal has snapshot %v, error %v", ok, err)
	}
	appendStrings(t, j, "a", "b", "c", "d")
	for _, seq := range []uint64{2, 3} {
		if err := j.SaveSnapshot(seq, fmt.Appendf(nil, "state after %d", seq)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	seq, data, ok, err := j.Snapshot()
	if seq != 3 || string(data) != "state after 3" || !ok || err != nil {
		t.Errorf("snapshot = %d %q %v %v, want the one of record 3", seq, data, ok, err)
	}
	wantRecords(t, j, 4, "4:d")
	if err := j.Replay(3, nil); err == nil || !strings.Contains(err.Error(), "record 3 was replaced by the snapshot of record 3") {
		t.Errorf("replay of a dropped record: %v", err)
	}
	if err := j.SaveSnapshot(4, nil); err != nil {
		t.Fatal(err)
	}
	if last := appendStrings(t, j, "e"); last != 5 {
		t.Errorf("numbering goes on at %d, want 5", last)
	}
	wantRecords(t, j, 5, "5:e")
}

func TestSnapshotOutsideOfTheRecordsIsRefusedAndHarmless(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "state"))
	appendStrings(t, j, "a", "b", "c")
	if err := j.SaveSnapshot(2, []byte("two")); err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{1, 4} {
		if err := j.SaveSnapshot(seq, nil); err == nil {
			t.Errorf("snapshot of record %d accepted", seq)
		}
	}
	appendStrings(t, j, "d")
	wantRecords(t, j, 3, "3:c", "4:d")
}

func TestMetaKeepsTheLatestValueOfEachKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	j := open(t, path)
	for _, value := range []string{"first", "", "7a1c-0000"} {
		if err := j.SetMeta("framework-id", []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.SetMeta("", []byte("x")); err == nil {
		t.Error("a value without a key was accepted")
	}
	j.Close()
	j = open(t, path)
	if value, ok, err := j.Meta("framework-id"); string(value) != "7a1c-0000" || !ok || err != nil {
		t.Errorf("Meta = %q %v %v", value, ok, err)
	}
	if _, ok, err := j.Meta("other"); ok || err != nil {
		t.Errorf("a key never set: %v %v", ok, err)
	}
}

func TestOpenRefusesWhatIsNoJournalAndLeavesItAlone(t *testing.T) {
	boltWithBucket := func(bucket, key string, value []byte) func(string) error {
		return func(path string) error {
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			defer db.Close()
			return db.Update(func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte(bucket))
				if err != nil {
					return err
				}
				return b.Put([]byte(key), value)
			})
		}
	}
	text := func(size int) func(string) error {
		return func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("text\n"), size), 0o600) }
	}
	cases := []struct {
		name string
		make func(path string) error
		want error
	}{
		{"short text", text(1), journal.ErrNotJournal},
		{"long text", text(50_000), journal.ErrNotJournal},
		{"another program's bbolt file", boltWithBucket("users", "k", []byte("v")), journal.ErrNotJournal},
		{"a newer format", boltWithBucket("fairlead-journal", "version", []byte{0, 0, 0, 0, 0, 0, 0, 2}), journal.ErrNewer},
		{"a directory", func(path string) error { return os.Mkdir(path, 0o700) }, journal.ErrNotJournal},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			_, err := journal.Open(path)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want %v with the name of the file", err, c.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
			if _, err := journal.OpenReadOnly(path); err == nil {
				t.Error("OpenReadOnly accepted it")
			}
		})
	}
}

func TestOpenTakesAnEmptyFileForANewJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	appendStrings(t, open(t, path), "a")
}

func TestOpenNamesAMissingDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent", "state")
	if _, err := journal.Open(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that says the directory is missing", err)
	}
	if _, err := journal.OpenReadOnly(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("read-only: error %v, want one that says the file is missing", err)
	}
}
