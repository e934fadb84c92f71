package fetcher

import (
	"io"
	"os"
	"path"
)

// sandbox writes below one directory. Every path goes through os.Root, so that
// neither dots nor symbolic links, those of an archive included, lead out.
type sandbox struct {
	root  *os.Root
	owner *Owner
}

// write makes a file with the content of body, and the directories above it.
func (s *sandbox) write(name string, body io.Reader, mode os.FileMode) error {
	if err := s.mkdir(path.Dir(name)); err != nil {
		return err
	}
	// A new file, not a truncated old one: another hard link, or a running
	// program, may hold the old one.
	if err := s.root.Remove(name); err != nil && !os.IsNotExist(err) {
		return err
	}
	file, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, body)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := s.root.Chmod(name, mode); err != nil { // the umask took its part at creation
		return err
	}
	return s.own(name)
}

// mkdir makes a directory and those above it.
func (s *sandbox) mkdir(name string) error {
	if name == "." {
		return nil
	}
	if info, err := s.root.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	if err := s.mkdir(path.Dir(name)); err != nil {
		return err
	}
	if err := s.root.Mkdir(name, 0o755); err != nil {
		return err
	}
	return s.own(name)
}

// own gives name itself, not what it points to, to the owner.
func (s *sandbox) own(name string) error {
	if s.owner == nil {
		return nil
	}
	return s.root.Lchown(name, s.owner.UID, s.owner.GID)
}
