package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// The committed Go is what the committed .proto files give: whoever edits one must run the other.
func TestGeneratedCodeIsUpToDate(t *testing.T) {
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("nothing was generated")
	}
	for _, f := range files {
		got, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != f.content {
			t.Errorf("%s is stale: run `make proto`", f.path)
		}
	}
}

func TestTwoRunsGiveTheSameBytes(t *testing.T) {
	first, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	second, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for i := range first {
		if first[i] != second[i] {
			t.Errorf("%s differs between two runs", first[i].path)
		}
	}
}

func TestSyntaxErrorNamesFileAndLine(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "proto"), 0o755); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "proto", "bad.proto")
	if err := os.WriteFile(bad, []byte("syntax = \"proto3\";\nmessage {\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := generate(dir)
	if err == nil || !strings.Contains(err.Error(), "proto/bad.proto:2:9") {
		t.Fatalf("got error %v, want one at proto/bad.proto:2:9", err)
	}
}
