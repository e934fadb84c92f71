package agent

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"fairlead/internal/cluster/agent/process"
	"fairlead/internal/cluster/wire"
)

// sandboxError is why there is no sandbox. Its text goes to the framework, in the
// words of Mesos.
type sandboxError struct{ text string }

func (e *sandboxError) Error() string { return e.text }

// account is whom an executor runs as; nil stands for the user of this process.
type account struct {
	name string
	process.User
}

// lookAccount finds the account to run as. Only root can be somebody else, so
// for others every known user is the user of this process, and so is no user.
func lookAccount(name string) (*account, error) {
	if name == "" {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, &sandboxError{fmt.Sprintf("Failed to chown directory to '%s': No such user '%s'", name, name)}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil || os.Geteuid() != 0 || uid == 0 {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	groups := make([]uint32, 0, len(ids))
	for _, id := range ids {
		g, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return nil, err
		}
		groups = append(groups, uint32(g))
	}
	return &account{name, process.User{UID: uint32(uid), GID: uint32(gid), Groups: groups}}, nil
}

// chown gives a file to the account.
func (u *account) chown(name string) error {
	if u == nil {
		return nil
	}
	return os.Lchown(name, int(u.UID), int(u.GID))
}

// makeSandbox makes the directory of an executor's run, as
// WORK/slaves/A/frameworks/F/executors/E/runs/C with runs/latest pointing to
// it, and attaches it to the files API.
func (a *Agent) makeSandbox(e *runningExecutor, userName string) error {
	for _, id := range []string{e.fw.id(), e.id} {
		if err := wire.ValidateID(id); err != nil {
			return fmt.Errorf("id: %w", err)
		}
	}
	executorDir := filepath.Join("frameworks", e.fw.id(), "executors", e.id)
	runs := filepath.Join(a.cfg.WorkDir, "slaves", a.cfg.ID, executorDir, "runs")
	e.dir = filepath.Join(runs, e.containerID)
	failed := func(err error) error {
		return &sandboxError{fmt.Sprintf("Failed to create executor directory '%s': %v", e.dir, err)}
	}
	var err error
	if e.account, err = lookAccount(userName); err != nil {
		return failed(err)
	}
	if err := makeDir(e.dir, e.account); err != nil {
		return failed(err)
	}
	if err := pointTo(filepath.Join(runs, "latest"), e.containerID); err != nil {
		return failed(err)
	}
	for _, name := range e.virtualPaths() {
		a.files.Attach(name, e.dir)
	}
	if unsupported(e.info.Container) == nil { // else told at the launch
		if err := linkShared(e.dir, e.dir, e.info.Container, e.account); err != nil {
			return err
		}
	}
	return a.linkPersistent(e.dir, e.info.Resources, e.account)
}

// makeDir makes a sandbox and what is above it.
func makeDir(dir string, owner *account) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		return err
	}
	return owner.chown(dir)
}

// pointTo makes or moves a symbolic link in one step.
func pointTo(link, target string) error {
	temp := link + "." + filepath.Base(target)
	if err := os.Symlink(target, temp); err != nil {
		return err
	}
	return os.Rename(temp, link)
}

// virtualPaths are the names under which the sandbox is in the files API.
func (e *runningExecutor) virtualPaths() []string {
	return []string{
		e.dir,
		filepath.Join(filepath.Dir(e.dir), "latest"),
		"/frameworks/" + e.fw.id() + "/executors/" + e.id + "/runs/latest",
	}
}

// detach takes forgotten executors out of the files API. Their directories
// stay: they are the user's to look at and to remove.
func (a *Agent) detach(executors []*runningExecutor) {
	attached := a.files.Attached()
	for _, e := range executors {
		for _, name := range e.virtualPaths() {
			if attached[name] == e.dir { // "latest" may be a later run's
				a.files.Detach(name)
			}
		}
	}
}
