package process

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
)

// guardScript keeps a list of process groups that it reads from its standard
// input. The end of the input means that whoever wrote it is gone, and by then
// a group that is still on the list has nobody to end it.
const guardScript = `
groups=
while read -r what group; do
	case $what in
	add) groups="$groups $group" ;;
	drop)
		kept=
		for g in $groups; do
			[ "$g" = "$group" ] || kept="$kept $g"
		done
		groups=$kept
		;;
	esac
done
for g in $groups; do
	kill -s KILL -- "-$g"
done
`

// Guard ends commands that this process left running because it was itself
// killed and had no time to end them. It is a shell, started with the first
// command, that notices the death of this process by the end of its input.
// The zero value is ready; it is safe for concurrent use.
//
// It reaches the process group of a command, not what has left that.
type Guard struct {
	mu    sync.Mutex
	shell *exec.Cmd
	list  io.WriteCloser
}

// start starts a command and puts it on the list. The shell is there before the
// command is, so that hardly a moment is left in which nobody knows of it.
func (g *Guard) start(cmd *exec.Cmd) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shell == nil {
		if err := g.startShell(); err != nil {
			return fmt.Errorf("start guard: %w", err)
		}
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(g.list, "add", cmd.Process.Pid) // without its guard it runs as well
	return nil
}

// startShell runs the shell in a session of its own: an interrupt from the
// terminal is not meant for it.
func (g *Guard) startShell() error {
	shell := &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", guardScript}, Dir: "/", Env: []string{"PATH=/bin"}}
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	list, err := shell.StdinPipe()
	if err != nil {
		return err
	}
	if err := shell.Start(); err != nil {
		list.Close()
		return err
	}
	g.shell, g.list = shell, list
	return nil
}

// drop takes a command off the list. It comes before the command is reaped,
// while its number can't be another's yet.
func (g *Guard) drop(pid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shell != nil {
		_, _ = fmt.Fprintln(g.list, "drop", pid) // a guard that is gone has forgotten it
	}
}

// Close ends the guard, and with it whatever command is still on its list.
func (g *Guard) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shell == nil {
		return
	}
	g.list.Close()
	_ = g.shell.Wait() // however it ended, it is gone
	g.shell = nil
}
