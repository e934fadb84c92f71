package process

import (
	"bytes"
	"os"
	"strconv"
)

// MeasuresMemory says whether Table.Memory can tell anything on this system.
const MeasuresMemory = true

// Table is the process table as it was at one moment.
type Table struct{ procs map[int]proc }

// ReadTable reads the process table.
func ReadTable() Table { return Table{snapshot()} }

// Memory returns how many bytes the commands ps hold together with all that belongs
// to them: what a control group would charge them for and could not take back, which
// is all but pages of files. A process that has left the session and whose parents
// have ended is not found.
//
// Pages that processes share are counted for each of them, which is quick, unless
// that comes to more than limit: then each of n processes has an nth of them.
func (t Table) Memory(ps []*Process, limit int64) int64 {
	var pids []int
	for _, p := range ps {
		look := search{members: members{leader: p.Pid()}, procs: t.procs, verdicts: map[int]bool{}}
		for pid, found := range t.procs {
			if found.state != 'Z' && found.state != 'X' && look.belongs(pid) {
				pids = append(pids, pid)
			}
		}
	}
	sum := int64(0)
	for _, pid := range pids {
		sum += kilobytes(pid, "status", "RssAnon", "RssShmem", "VmSwap")
	}
	if sum <= limit>>10 {
		return sum << 10
	}
	exact := int64(0)
	for _, pid := range pids {
		exact += kilobytes(pid, "smaps_rollup", "Pss_Anon", "Pss_Shmem", "SwapPss")
	}
	return exact << 10
}

// kilobytes adds up lines of a file of /proc/PID; a process that is gone has none.
func kilobytes(pid int, file string, names ...string) int64 {
	text, _ := os.ReadFile(procFile(pid, file))
	sum := int64(0)
	for line := range bytes.Lines(text) {
		name, value, _ := bytes.Cut(line, []byte{':'})
		for _, want := range names {
			if string(name) != want {
				continue
			}
			if fields := bytes.Fields(value); len(fields) > 0 {
				n, _ := strconv.ParseInt(string(fields[0]), 10, 64)
				sum += n
			}
		}
	}
	return sum
}
