package agent

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// Without file system isolation a volume is a symbolic link in the sandbox, as
// it is with the posix isolator of Mesos.

// linkPersistent links the persistent volumes among the resources into a
// sandbox. Their data is at WORK/volumes/roles/ROLE/ID and outlives all tasks.
func (a *Agent) linkPersistent(sandbox string, resources []mesos.Resource, owner *account) error {
	for _, r := range resources {
		disk := r.Disk
		if disk.GetPersistence() == nil || disk.GetVolume() == nil {
			continue
		}
		if err := wire.ValidateID(disk.Persistence.ID); err != nil {
			return fmt.Errorf("persistent volume: %w", err)
		}
		role := strings.ReplaceAll(wire.ReservationRole(r), "/", " ") // as Mesos names them; roles have no blanks
		data := filepath.Join(a.cfg.WorkDir, "volumes", "roles", role, disk.Persistence.ID)
		if err := makeDir(data, owner); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("persistent volume: %w", err)
		}
		if err := linkVolume(sandbox, disk.Volume.ContainerPath, data); err != nil {
			return fmt.Errorf("persistent volume %s: %w", disk.Persistence.ID, err)
		}
	}
	return nil
}

// linkShared links directories of the executor's sandbox into that of a task of
// the default executor, which is how tasks of a group share files.
func linkShared(parent, sandbox string, c *mesos.ContainerInfo, owner *account) error {
	for _, v := range c.GetVolumes() {
		source := v.GetSource().GetSandboxPath()
		from := sandbox
		if source.GetType() == mesos.Volume_Source_SandboxPath_PARENT {
			from = parent
		}
		data, err := makeBelow(from, source.GetPath(), owner)
		if err == nil {
			err = linkVolume(sandbox, v.ContainerPath, data)
		}
		if err != nil {
			return fmt.Errorf("volume %s: %w", v.ContainerPath, err)
		}
	}
	return nil
}

// makeBelow makes a directory below another, and nowhere else.
func makeBelow(dir, name string, owner *account) (string, error) {
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("%q leaves the sandbox", name)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	if err := root.MkdirAll(name, 0o755); err != nil {
		return "", err
	}
	if owner != nil {
		err = root.Lchown(name, int(owner.UID), int(owner.GID))
	}
	return filepath.Join(dir, name), err
}

// linkVolume makes a link in a sandbox. A path from the root would need an
// image of one's own.
func linkVolume(sandbox, name, data string) error {
	if !filepath.IsLocal(name) || path.Clean(name) == "." {
		return fmt.Errorf("container path %q is not below the sandbox", name)
	}
	root, err := os.OpenRoot(sandbox)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if target, err := root.Readlink(name); err == nil && target == data {
		return nil // another task of the executor has it too
	}
	return root.Symlink(data, name)
}

// shareable reports whether all volumes are of the kind linkShared makes.
func shareable(volumes []mesos.Volume) bool {
	for _, v := range volumes {
		if v.GetSource().GetType() != mesos.Volume_Source_SANDBOX_PATH || v.Source.SandboxPath == nil {
			return false
		}
	}
	return true
}
