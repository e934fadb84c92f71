package process_test

import (
	"path/filepath"
	"testing"
	"time"

	"fairlead/internal/cluster/agent/process"
)

// A shell holds 20 MB and forks four times: each of the five shows all of it,
// and together they hold little more than one of them.
func TestSharedMemoryIsCountedOnce(t *testing.T) {
	const held = 20 << 20
	p, dir := run(t, `x=$(head -c 20971520 /dev/zero | tr '\0' x)
for i in 1 2 3 4; do (sleep 1000; echo "$x" > never) & done
echo $$ > pid; wait`)
	pidIn(t, filepath.Join(dir, "pid"))
	var each, together int64
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		table, ps := process.ReadTable(), []*process.Process{p}
		each, together = table.Memory(ps, 1<<40), table.Memory(ps, 0)
		if each >= 5*held && together >= held && together < each/3 {
			return
		}
	}
	t.Errorf("counted for each of them %d bytes, once %d", each, together)
}

func TestNothingIsCountedOfOthers(t *testing.T) {
	large, _ := run(t, "head -c 50000000 /dev/zero | tail -c 50000000 | sleep 1000")
	small, _ := run(t, "exec sleep 1000")
	var ofLarge, ofSmall int64
	for deadline := time.Now().Add(60 * time.Second); ofLarge < 50e6 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		table := process.ReadTable()
		ofLarge = table.Memory([]*process.Process{large}, 1<<40)
		ofSmall = table.Memory([]*process.Process{small}, 1<<40)
	}
	if ofLarge < 50e6 || ofSmall <= 0 || ofSmall > 5e6 {
		t.Errorf("%d bytes of what holds 50 MB, %d of sleep", ofLarge, ofSmall)
	}
}
