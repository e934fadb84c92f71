package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// executors lists the processes that run a program.
func executors(t *testing.T, program string) []string {
	t.Helper()
	var out []string
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		// A process may end meanwhile: then it is not one of those looked for.
		if exe, err := os.Readlink(link); err == nil && strings.TrimSuffix(exe, " (deleted)") == program {
			out = append(out, link)
		}
	}
	return out
}
