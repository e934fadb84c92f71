package journal_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"fairlead/internal/journal"
)

// BenchmarkAppend measures what a commit costs by the number of records in it; one commit is one synchronisation of the
// disk. Records have 200 bytes, about one allocator event. file-B/record is what a record takes in the file.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("group=%d", size), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "state")
			j, err := journal.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			group := make([][]byte, size)
			for i := range group {
				group[i] = bytes.Repeat([]byte{'x'}, 200)
			}
			for b.Loop() {
				if _, err := j.Append(group...); err != nil {
					b.Fatal(err)
				}
			}
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			records := float64(b.N * size)
			b.ReportMetric(records/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(info.Size())/records, "file-B/record")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkReplay measures recovery; a commit of ten records each was made before.
func BenchmarkReplay(b *testing.B) {
	j, err := journal.Open(filepath.Join(b.TempDir(), "state"))
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	group := make([][]byte, 1000)
	for i := range group {
		group[i] = bytes.Repeat([]byte{'x'}, 200)
	}
	for range 20 {
		if _, err := j.Append(group...); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := j.Replay(1, func(uint64, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*20_000/b.Elapsed().Seconds(), "records/s")
}
