// Package recording finds, for tests, the traffic recorded from a real Mesos
// master and agent that the embedded ones are held against. The recordings are
// not part of the module; without them the tests that want them are skipped.
package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Dir returns the directory of the recordings: shared/fixtures/mesos-1.12
// beside the module's own directory.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's directory")
		}
		dir = parent
	}
	fixtures := filepath.Join(filepath.Dir(dir), "shared", "fixtures", "mesos-1.12")
	if _, err := os.Stat(fixtures); err != nil {
		t.Skipf("no recordings of a real Mesos at ../shared/fixtures/mesos-1.12: %v", err)
	}
	return fixtures
}

// Lines decodes each line of a JSON-lines table.
func Lines[T any](t testing.TB, name string) []T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Dir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for _, line := range bytes.Split(bytes.TrimSpace(data), []byte{'\n'}) {
		var one T
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, one)
	}
	return all
}

// Files returns the files below a recorded directory
// whose names match a pattern, in directory order.
func Files(t testing.TB, under, pattern string) []string {
	t.Helper()
	root := Dir(t)
	var found []string
	err := filepath.WalkDir(filepath.Join(root, under), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if ok, _ := filepath.Match(pattern, entry.Name()); ok {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Records splits a recorded event stream (RecordIO) into its records.
func Records(t testing.TB, path string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var records [][]byte
	for reader := bufio.NewReader(bytes.NewReader(data)); ; {
		header, err := reader.ReadString('\n')
		if header == "" {
			return records
		}
		length, convErr := strconv.Atoi(header[:len(header)-1])
		if err != nil || convErr != nil {
			t.Fatal(fmt.Errorf("%s: bad record length %q", path, header))
		}
		record := make([]byte, length)
		if _, err := io.ReadFull(reader, record); err != nil {
			t.Fatalf("%s: record cut short: %v", path, err)
		}
		records = append(records, record)
	}
}
