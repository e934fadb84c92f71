package executor

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// vanishTimeout is how long the last processes of a group may take to vanish after SIGKILL. Only one stuck in
// the kernel exceeds it.
const vanishTimeout = time.Second

// Orphans are not our children, so they can only be looked for: after the first of these times, and less
// and less often up to the second.
const (
	firstLook = time.Millisecond
	rareLook  = 100 * time.Millisecond
)

// command is what a process is made of.
type command struct {
	file   string   // what is executed; without a slash it is looked up on the PATH of env
	argv   []string // what the program sees, its own name included
	env    []string
	dir    string
	stdout string // paths of files to append to; empty for none
	stderr string
}

// shellCommand is what /bin/sh makes of line.
func shellCommand(line string) command {
	return command{file: "/bin/sh", argv: []string{"sh", "-c", line}}
}

// process is a running child that leads a process group.
type process struct {
	cmd    *exec.Cmd
	ending atomic.Bool // terminate was called: the group has until kill
	killed chan struct{}
}

// startProcess starts c. The caller must call wait.
func startProcess(c command) (*process, error) {
	file, err := c.lookPath()
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{
		Path: file, Args: c.argv, Env: c.env, Dir: c.dir,
		// A group, not a session: agents kill the whole session of an executor that has ended.
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	stdout, err := openOutput(c.stdout)
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	stderr, err := openOutput(c.stderr)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, killed: make(chan struct{})}, nil
}

func openOutput(path string) (*os.File, error) {
	if path == "" {
		path = os.DevNull
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
}

// lookPath is exec.LookPath with the PATH that the process will have, not ours.
func (c command) lookPath() (string, error) {
	if strings.Contains(c.file, "/") {
		return c.file, nil
	}
	var path string
	for _, variable := range c.env { // the last one counts
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(c.dir, dir, c.file)
		if filepath.IsAbs(dir) {
			file = filepath.Join(dir, c.file)
		}
		if info, err := os.Stat(file); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%q: %w", c.file, exec.ErrNotFound)
}

// terminate asks the group to end, once; it may take until kill is called.
func (p *process) terminate() {
	if p.ending.CompareAndSwap(false, true) {
		p.signal(unix.SIGTERM)
	}
}

// kill ends the group. It may be called more than once, but not at the same time.
func (p *process) kill() {
	select {
	case <-p.killed:
	default:
		close(p.killed)
	}
	p.signal(unix.SIGKILL)
}

// signal sends sig to every process of the group. A group that is gone is what the caller wants anyway.
func (p *process) signal(sig unix.Signal) { _ = unix.Kill(-p.cmd.Process.Pid, sig) }

// wait returns how the leader ended, once its whole group is gone.
//
// A shell that runs a server dies of SIGTERM at once while the server is still cleaning up, so after
// terminate the rest of the group keeps its time until kill. A leader that ends by itself takes the
// rest with it, as the end of a container would.
func (p *process) wait() unix.WaitStatus {
	p.awaitExit()
	if !p.ending.Load() {
		p.signal(unix.SIGKILL) // the leader is not collected yet, so its group id is still its own
	}
	_ = p.cmd.Wait() // its error only repeats the status
	p.awaitGroup()
	return unix.WaitStatus(p.cmd.ProcessState.Sys().(syscall.WaitStatus))
}

// awaitExit returns when the leader has ended, and leaves it to be collected.
func (p *process) awaitExit() {
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// awaitGroup returns when no process of the group is left, or vanishTimeout after it should have been so.
func (p *process) awaitGroup() {
	var late <-chan time.Time
	killed := p.killed
	if !p.ending.Load() {
		late = time.After(vanishTimeout)
	}
	for pause := firstLook; groupRuns(p.cmd.Process.Pid); pause = min(2*pause, rareLook) {
		select {
		case <-killed:
			killed, late, pause = nil, time.After(vanishTimeout), firstLook
		case <-late:
			return
		case <-time.After(pause):
		}
	}
}

// groupRuns reports whether a process of the group does anything but wait for its parent to collect it: in
// many containers there is no init that would do so for orphans.
func groupRuns(group int) bool {
	if errors.Is(unix.Kill(-group, 0), unix.ESRCH) {
		return false // the usual case, without a search
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	return slices.ContainsFunc(stats, func(file string) bool {
		stat, err := os.ReadFile(file)
		return err == nil && runsIn(string(stat), group)
	})
}

// runsIn reads /proc/<pid>/stat: pid (name) state parent group ..., where the name may hold anything.
func runsIn(stat string, group int) bool {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	return len(fields) > 2 && fields[2] == strconv.Itoa(group) && !strings.Contains("ZX", fields[0])
}

// describe says how a process ended, in words for a status message.
func describe(status unix.WaitStatus) string {
	if status.Signaled() {
		return "terminated by signal " + unix.SignalName(status.Signal())
	}
	return fmt.Sprintf("exited with status %d", status.ExitStatus())
}
