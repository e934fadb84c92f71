package fetcher

import (
	"archive/tar"
	"archive/zip"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// isArchive says whether extract knows the name's ending. Order matters to
// extract: .tar.gz before .gz.
func isArchive(name string) bool {
	for _, suffix := range []string{".tar", ".tgz", ".gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// extract unpacks an archive into the sandbox; name decides how. A .gz that is
// no .tar.gz becomes the file without that ending.
func (s *sandbox) extract(name string, archive *os.File) error {
	has := func(suffix string) bool { return strings.HasSuffix(name, suffix) }
	switch {
	case has(".tar"):
		return s.untar(archive)
	case has(".tgz"), has(".tar.gz"):
		return s.gunzip(archive, s.untar)
	case has(".tbz2"), has(".tar.bz2"):
		return s.untar(bzip2.NewReader(archive))
	case has(".zip"):
		return s.unzip(archive)
	case has(".gz"):
		return s.gunzip(archive, func(r io.Reader) error {
			return s.write(strings.TrimSuffix(name, ".gz"), r, 0o644)
		})
	}
	return fmt.Errorf("extracting %s: xz is not supported by this agent", name)
}

func (s *sandbox) gunzip(archive io.Reader, use func(io.Reader) error) error {
	r, err := gzip.NewReader(archive)
	if err != nil {
		return fmt.Errorf("gunzip: %w", err)
	}
	return use(r)
}

func (s *sandbox) untar(archive io.Reader) error {
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("untar: %w", err)
		}
		if err := s.member(header, r); err != nil {
			return fmt.Errorf("untar %s: %w", header.Name, err)
		}
	}
}

// member unpacks one member of a tar archive. Devices and the like are refused.
func (s *sandbox) member(header *tar.Header, body io.Reader) error {
	if path.Clean(header.Name) == "." {
		return nil
	}
	name, err := confined(header.Name)
	if err != nil {
		return err
	}
	mode := header.FileInfo().Mode().Perm()
	switch header.Typeflag {
	case tar.TypeDir:
		if err := s.mkdir(name); err != nil {
			return err
		}
		return s.root.Chmod(name, mode|0o700) // else the rest of it can't be unpacked
	case tar.TypeReg:
		return s.write(name, body, mode)
	case tar.TypeSymlink:
		return s.link(name, func() error { return s.root.Symlink(header.Linkname, name) })
	case tar.TypeLink:
		target, err := confined(header.Linkname)
		if err != nil {
			return err
		}
		return s.link(name, func() error { return s.root.Link(target, name) })
	case tar.TypeXGlobalHeader:
		return nil
	}
	return fmt.Errorf("type %q is not supported", header.Typeflag)
}

// link makes a link in place of whatever file has its name. A symbolic link may
// point anywhere: nothing of ours ever follows it out of the sandbox.
func (s *sandbox) link(name string, create func() error) error {
	if err := s.mkdir(path.Dir(name)); err != nil {
		return err
	}
	if err := s.root.Remove(name); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := create(); err != nil {
		return err
	}
	return s.own(name)
}

func (s *sandbox) unzip(archive *os.File) error {
	info, err := archive.Stat()
	if err != nil {
		return err
	}
	r, err := zip.NewReader(archive, info.Size())
	if err != nil {
		return fmt.Errorf("unzip: %w", err)
	}
	for _, file := range r.File {
		if err := s.zipped(file); err != nil {
			return fmt.Errorf("unzip %s: %w", file.Name, err)
		}
	}
	return nil
}

// zipped unpacks one member of a zip archive.
func (s *sandbox) zipped(file *zip.File) error {
	if path.Clean(file.Name) == "." {
		return nil
	}
	name, err := confined(file.Name)
	if err != nil {
		return err
	}
	body, err := file.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	switch file.Mode().Type() {
	case fs.ModeDir:
		return s.mkdir(name)
	case 0:
		return s.write(name, body, file.Mode().Perm()|0o600)
	case fs.ModeSymlink:
		target, err := io.ReadAll(io.LimitReader(body, 4096))
		if err != nil {
			return err
		}
		return s.link(name, func() error { return s.root.Symlink(string(target), name) })
	}
	return fmt.Errorf("type %s is not supported", file.Mode().Type())
}
