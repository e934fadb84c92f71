package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestEachItemOfASetIsUsedByOneTask: two of three tasks get a licence of their own, and
// are told which; the third waits until one ends, also across a crash of the scheduler.
func TestEachItemOfASetIsUsedByOneTask(t *testing.T) {
	cluster := start(t, "cluster", "--listen", "127.0.0.1:0", "--resources", "cpus:4;mem:1024;disk:1024;licences:{red,blue}")
	state, dir := filepath.Join(t.TempDir(), "s.db"), t.TempDir()
	args := []string{"scheduler", "--master", cluster.url, "--listen", "127.0.0.1:0", "--state", state, "--executor-slots", "64"}
	first := start(t, args...)
	group := task("solve", "until test -e "+dir+"/$FAIRLEAD_SET_LICENCES; do sleep 0.1; done", "instances: 3")
	first.submit(strings.Replace(group, "mem: 32", "mem: 32, sets: {licences: 1}", 1))
	first.runs("solve", 2).says(t, "lacks licences{}=1")
	eventually(t, "two processes", func() bool { return len(running(t, cluster)) == 2 })
	if got := given(first); got != "blue red" {
		t.Errorf("licences in use: %q", got)
	}
	first.end(syscall.SIGKILL)

	second := start(t, args...)
	second.runs("solve", 2)
	if got := given(second); got != "blue red" {
		t.Errorf("licences in use after a restart: %q", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "blue"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	// Whoever comes to have the blue one ends at once; the red one stays where it is.
	eventually(t, "two ends", func() bool { return len(query[described](second, "describe", "solve").History) == 2 })
	if got := given(second); got != "red" {
		t.Errorf("licences in use in the end: %q", got)
	}
	second.done("replay", state)
}

// given lists the items that running instances have.
func given(d *daemon) string {
	var out []string
	for _, r := range query[struct {
		Runs []struct {
			State string
			Items map[string][]string
		}
	}](d, "describe", "solve").Runs {
		out = append(out, r.Items["licences"]...)
	}
	return strings.Join(out, " ")
}
