package agent

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/agent/fetcher"
	"fairlead/internal/cluster/agent/process"
)

// command is what a container runs.
type command struct {
	containerID string
	dir         string
	info        *mesos.CommandInfo
	container   *mesos.ContainerInfo
	env         []string
	account     *account
	guard       *process.Guard // nil for executors: they notice the loss of their agent
	started     func(*process.Process)
}

// exitedWith1 is the wait status of a command that could not be executed; it
// is the status of the launcher of a real agent in that case.
const exitedWith1 = 1 << 8

// contain fetches the command's URIs, runs it, and returns its raw wait status
// when nothing of it is left. The end of ctx ends the fetching or kills
// everything. An error means that the command never got to run.
func (a *Agent) contain(ctx context.Context, c command) (int, error) {
	if err := unsupported(c.container); err != nil {
		return 0, err
	}
	stdout, stderr, err := openOutput(c.dir, c.account)
	if err != nil {
		return 0, err
	}
	defer stdout.Close()
	defer stderr.Close()
	if err := a.fetch(ctx, c, stderr); err != nil {
		return 0, err
	}
	spec := process.Spec{
		Dir: c.dir, Env: c.env, Stdout: stdout, Stderr: stderr, Marks: []string{c.dir}, Guard: c.guard,
	}
	spec.Path, spec.Args = commandLine(c.info)
	if c.account != nil {
		spec.User = &c.account.User
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	p, err := process.Start(spec)
	if err != nil {
		fmt.Fprintf(stderr, "Failed to execute command: %v\n", err)
		return exitedWith1, nil
	}
	c.started(p)
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Kill()
		<-p.Done()
	}
	return int(p.Status()), nil
}

// fetchError is the end of a launch. Its text goes to the framework, in the words
// of Mesos.
type fetchError struct {
	containerID string
	err         error
}

func (e *fetchError) Error() string {
	return "Failed to fetch all URIs for container '" + e.containerID + "': " + e.err.Error()
}

func (e *fetchError) Unwrap() error { return e.err }

// fetch brings the URIs; what is done goes to the sandbox's stderr.
func (a *Agent) fetch(ctx context.Context, c command, log io.Writer) error {
	req := fetcher.Request{Dir: c.dir, URIs: c.info.GetURIs(), Log: log}
	if c.account != nil {
		req.User = c.account.name
		req.Owner = &fetcher.Owner{UID: int(c.account.UID), GID: int(c.account.GID)}
	}
	if err := a.fetcher.Fetch(ctx, req); err != nil {
		return &fetchError{c.containerID, err}
	}
	return nil
}

// commandLine turns a CommandInfo into a program and its argv; no program if it
// has no value.
func commandLine(c *mesos.CommandInfo) (path string, args []string) {
	if c != nil && c.Value != nil && c.GetShell() {
		return "/bin/sh", []string{"sh", "-c", c.GetValue()}
	}
	return c.GetValue(), c.GetArguments()
}

// openOutput opens stdout and stderr of a sandbox for appending. This comes
// before anything is fetched, so that no fetched link is followed.
func openOutput(dir string, owner *account) (stdout, stderr *os.File, err error) {
	if stdout, err = openLog(filepath.Join(dir, "stdout"), owner); err != nil {
		return nil, nil, err
	}
	if stderr, err = openLog(filepath.Join(dir, "stderr"), owner); err != nil {
		stdout.Close()
		return nil, nil, err
	}
	return stdout, stderr, nil
}

func openLog(name string, owner *account) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	if err := owner.chown(name); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// refusal says why a unit can't be taken at all, if so: it asks for limits, and
// there is nobody here to enforce them.
func refusal(u *unit) string {
	for _, t := range u.tasks {
		for _, name := range []string{"cpus", "mem"} {
			if _, ok := t.info.Limits[name]; ok {
				return limitRefusal(name)
			}
		}
	}
	return ""
}

func limitRefusal(name string) string {
	if name == "cpus" {
		return "CPU limits can only be set on tasks launched in Mesos containers when the agent has loaded the 'cgroups/cpu' isolator"
	}
	return "Memory limits can only be set on tasks launched in Mesos containers when the agent has loaded the 'cgroups/mem' isolator"
}

// unsupported says what of a container can't be had here.
func unsupported(c *mesos.ContainerInfo) error {
	switch {
	case c == nil:
		return nil
	case c.GetType() == mesos.ContainerInfo_DOCKER || c.Docker != nil:
		return fmt.Errorf("container type DOCKER is not supported by this agent")
	case c.GetMesos().GetImage() != nil:
		return fmt.Errorf("container images are not supported by this agent")
	case len(c.NetworkInfos) > 0 || c.Hostname != nil:
		return fmt.Errorf("container networks are not supported by this agent")
	case c.LinuxInfo != nil || c.RlimitInfo != nil || c.TTYInfo != nil:
		return fmt.Errorf("container isolation is not supported by this agent")
	case !shareable(c.Volumes):
		return fmt.Errorf("container volumes other than those of a sandbox are not supported by this agent")
	}
	return nil
}
