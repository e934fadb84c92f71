//go:build unix && !linux

package process

import "syscall"

// members finds the processes that belong to one command. Without a process
// table to read that is the process group of the command.
type members struct {
	leader int
	marks  []string
}

// wait lets the command end, then ends what is left of its group. There is no
// portable way to learn of the end without reaping, hence the order.
func (p *Process) wait() {
	p.reap()
	p.end()
	p.members.signal(syscall.SIGKILL)
}

func (m members) signal(sig syscall.Signal) {
	_ = syscall.Kill(-m.leader, sig) // the group may be gone
}
