package process

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// members finds the processes that belong to one command.
type members struct {
	leader int      // pid of the command, which is its session id too
	marks  []string // see Spec.Marks
}

// sweepLimit bounds the wait for killed processes to vanish; a process in an
// uninterruptible system call can outlive its SIGKILL.
const sweepLimit = 10 * time.Second

// doubtLimit is far longer than an exec takes, on a busy machine too.
const doubtLimit = 5 * time.Second

// wait lets the command end, then ends what it left behind. The command is
// reaped last: as long as it is there, even as a zombie, its process id, which
// is also the id of the session, can't be given to another process.
func (p *Process) wait() {
	for unix.Waitid(unix.P_PID, p.Pid(), nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	p.end()
	p.members.sweep(time.Now().Add(sweepLimit))
	p.reap()
}

// signal sends sig to every member, the leader first: a script must not go on
// because what it was waiting for has been ended.
func (m members) signal(sig syscall.Signal) {
	found, _ := m.find()
	if leader, ok := found[m.leader]; ok {
		signalOne(m.leader, leader, sig)
		delete(found, m.leader)
	}
	for pid, seen := range found {
		signalOne(pid, seen, sig)
	}
}

// signalOne makes sure that pid still is the process that was seen: on Linux
// os.FindProcess holds a descriptor of the process, so that after a second look
// the signal can't hit another one that was given the same number.
func signalOne(pid int, seen proc, sig syscall.Signal) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return
	}
	defer p.Release()
	if now, ok := look(pid); ok && now.start == seen.start {
		_ = p.Signal(sig) // it may have ended by now, and that is fine
	}
}

// sweep kills all members but the leader, which has ended already, until none
// is left. Processes about which nothing can be said yet are given doubtLimit
// to show what they are.
func (m members) sweep(deadline time.Time) {
	doubtEnds := time.Now().Add(doubtLimit)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		left, doubt := m.find()
		now := time.Now()
		if len(left) == 0 && (!doubt || now.After(doubtEnds)) || now.After(deadline) {
			return
		}
		for pid, seen := range left {
			signalOne(pid, seen, syscall.SIGKILL)
		}
		time.Sleep(pause)
	}
}

// find returns the living members, and whether there are processes that could
// be members. Zombies are left out: they are for their parents to reap.
func (m members) find() (found map[int]proc, doubt bool) {
	look := search{members: m, procs: snapshot(), verdicts: map[int]bool{}}
	found = make(map[int]proc)
	for pid, p := range look.procs {
		if p.state != 'Z' && p.state != 'X' && look.belongs(pid) {
			found[pid] = p
		}
	}
	return found, look.doubt
}

// search is one look at the process table.
type search struct {
	members
	procs    map[int]proc
	verdicts map[int]bool // answers so far
	doubt    bool
}

// belongs says whether pid or an ancestor is a member by itself. This process
// is never a member, even if it was itself started inside a sandbox.
func (s *search) belongs(pid int) bool {
	p, known := s.procs[pid]
	if !known || pid <= 1 || pid == os.Getpid() {
		return false
	}
	if verdict, ok := s.verdicts[pid]; ok {
		return verdict
	}
	s.verdicts[pid] = false // ends a circle, which a table read piece by piece can show
	verdict := pid == s.leader || p.session == s.leader || s.belongs(p.parent) || s.marked(pid, p)
	s.verdicts[pid] = verdict
	return verdict
}

// marked reads the environment of a process. There is doubt while that can't
// tell yet.
func (s *search) marked(pid int, p proc) bool {
	if len(s.marks) == 0 || p.kernel || p.state == 'Z' || p.start < s.procs[s.leader].start {
		return false
	}
	env, settled := environ(pid)
	if !settled {
		s.doubt = true
	}
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		name, value, _ := strings.Cut(string(entry), "=")
		if (name == "MESOS_SANDBOX" || name == "MESOS_DIRECTORY") && s.below(value) {
			return true
		}
	}
	return false
}

// environ reads the environment of a process. It can't be read in the middle of
// an exec, when the kernel has not said yet where the new one lies, nor of a
// process that has been killed and is not quite dead: settled is false then.
func environ(pid int) (env []byte, settled bool) {
	env, err := os.ReadFile(procFile(pid, "environ"))
	if len(env) > 0 || errors.Is(err, fs.ErrPermission) {
		return env, true
	}
	if now, ok := look(pid); ok && now.state != 'Z' && !now.placed {
		return nil, false
	}
	env, _ = os.ReadFile(procFile(pid, "environ")) // the exec may be over by now
	return env, true
}

func (m members) below(dir string) bool {
	for _, mark := range m.marks {
		if dir == mark || strings.HasPrefix(dir, mark+"/") {
			return true
		}
	}
	return false
}

// proc is one line of the process table.
type proc struct {
	state   byte
	parent  int
	session int
	kernel  bool   // a kernel thread
	placed  bool   // the environment has its place in memory
	start   uint64 // in clock ticks since boot; with the pid, names a process for good
}

// snapshot reads the process table.
func snapshot() map[int]proc {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what was read before an error is still good
	procs := make(map[int]proc, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := look(pid); ok {
			procs[pid] = p
		}
	}
	return procs
}

// look reads one line of the process table.
func look(pid int) (proc, bool) {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return proc{}, false
	}
	return parseStat(stat)
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

// kernelThread is PF_KTHREAD of the kernel's sched.h.
const kernelThread = 0x00200000

// parseStat reads /proc/PID/stat. The second field, the name, is in brackets
// and may itself hold brackets and blanks, so the fields are counted from the
// last bracket on: state, parent, group, session, terminal, its group, flags,
// ..., start time as the 20th, ..., end of the environment as the 49th.
func parseStat(stat []byte) (proc, bool) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return proc{}, false
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 49 || len(fields[0]) != 1 {
		return proc{}, false
	}
	parent, err1 := strconv.Atoi(fields[1])
	session, err2 := strconv.Atoi(fields[3])
	flags, err3 := strconv.ParseUint(fields[6], 10, 64)
	start, err4 := strconv.ParseUint(fields[19], 10, 64)
	p := proc{
		state: fields[0][0], parent: parent, session: session, start: start,
		kernel: flags&kernelThread != 0, placed: fields[48] != "0",
	}
	return p, errors.Join(err1, err2, err3, err4) == nil
}
