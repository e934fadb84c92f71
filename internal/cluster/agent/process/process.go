// Package process runs a command as the leader of a session of its own and
// ends it together with everything it has started.
//
// Isolation is by session only: no control groups, no namespaces. A process
// belongs to the command when it is in the command's session, when it has a
// living ancestor that belongs, or (on Linux) when it carries the command's
// mark in its environment, which catches those that left the session.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Spec says what to run.
type Spec struct {
	Path   string   // looked up on PATH of Env; with a slash, relative to Dir
	Args   []string // argv, the program's name included; none means Path alone
	Dir    string   // working directory
	Env    []string // NAME=value; nothing is inherited
	Stdout *os.File // the caller may close both after Start
	Stderr *os.File
	User   *User // nil: the user of this process

	// Marks are directories: a process with one of them, or one below it, in
	// its MESOS_SANDBOX or MESOS_DIRECTORY belongs to the command wherever it
	// has gone.
	Marks []string

	// Guard, if not nil, ends the command should this process be killed.
	Guard *Guard
}

// User is an account to run as.
type User struct {
	UID, GID uint32
	Groups   []uint32
}

// Process is a started command.
type Process struct {
	cmd     *exec.Cmd
	members members
	guard   *Guard
	done    chan struct{}
	status  syscall.WaitStatus

	mu    sync.Mutex
	ended bool
}

// busyRetries bounds the attempts to start a program that is still open for
// writing; each waits twice as long as the one before, 2 s in all.
const busyRetries = 10

// startPatiently starts what build makes. A program that was fetched a moment
// ago can be busy: a process that was forked while the fetcher wrote it holds
// the open file until it has become another program itself.
func startPatiently(build func() *exec.Cmd, guard *Guard) (*exec.Cmd, error) {
	wait := 2 * time.Millisecond
	for attempt := 0; ; attempt++ {
		cmd := build()
		start := cmd.Start
		if guard != nil {
			start = func() error { return guard.start(cmd) }
		}
		err := start()
		if err == nil || attempt == busyRetries || !errors.Is(err, syscall.ETXTBSY) {
			return cmd, err
		}
		time.Sleep(wait)
		wait *= 2
	}
}

// Start runs the command.
func Start(spec Spec) (*Process, error) {
	path, err := lookPath(spec)
	if err != nil {
		return nil, err
	}
	args := spec.Args
	if len(args) == 0 {
		args = []string{spec.Path}
	}
	env := spec.Env
	if env == nil {
		env = []string{} // nil would inherit ours
	}
	build := func() *exec.Cmd {
		cmd := &exec.Cmd{Path: path, Args: args, Dir: spec.Dir, Env: env, Stdout: spec.Stdout, Stderr: spec.Stderr}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if u := spec.User; u != nil {
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}
		}
		return cmd
	}
	cmd, err := startPatiently(build, spec.Guard)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Path, err)
	}
	p := &Process{
		cmd: cmd, members: members{leader: cmd.Process.Pid, marks: spec.Marks}, guard: spec.Guard, done: make(chan struct{}),
	}
	go func() {
		p.wait()
		close(p.done)
	}()
	return p, nil
}

// lookPath finds the program the way execvp does, but on the command's own
// PATH and from its own directory.
func lookPath(spec Spec) (string, error) {
	if spec.Path == "" {
		return "", fmt.Errorf("start: the command has no program")
	}
	if strings.Contains(spec.Path, "/") {
		if filepath.IsAbs(spec.Path) {
			return spec.Path, nil
		}
		return filepath.Join(spec.Dir, spec.Path), nil
	}
	for _, entry := range spec.Env {
		list, ok := strings.CutPrefix(entry, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(spec.Dir, dir)
			}
			file := filepath.Join(dir, spec.Path)
			if info, err := os.Stat(file); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
				return file, nil
			}
		}
	}
	return "", fmt.Errorf("start %s: %w", spec.Path, exec.ErrNotFound)
}

// Pid returns the process id of the command.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the command has ended and nothing of it is left.
func (p *Process) Done() <-chan struct{} { return p.done }

// Status returns the raw wait status of the command itself. It is valid after
// Done.
func (p *Process) Status() syscall.WaitStatus { return p.status }

// Signal sends sig to the command and all that belongs to it. It does nothing
// after the end of the command.
func (p *Process) Signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.members.signal(sig)
	}
}

// Kill ends the command and all that belongs to it with SIGKILL. It does not
// wait; see Done.
func (p *Process) Kill() { p.Signal(syscall.SIGKILL) }

// end stops signals: after it the process id may be given to another process.
func (p *Process) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// reap collects the exit status.
func (p *Process) reap() {
	if p.guard != nil {
		p.guard.drop(p.Pid())
	}
	_ = p.cmd.Wait() // the status is read below, and there is nothing to copy
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok {
		p.status = s
	}
}
