package files

import (
	"io"
	"os/user"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"io/fs"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Entry describes one file in a directory.
type Entry struct {
	Path     string // virtual
	Info     fs.FileInfo
	Nlink    int
	UID, GID string // names, or numbers for accounts without one
}

// List returns the entries of a directory, sorted by path; none for a file. A
// link that leads out of the directory, or nowhere, is left out.
func (t *Tree) List(name string) ([]Entry, error) {
	dir, info, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if !info.IsDir() {
		return nil, nil
	}
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var entries []Entry
	for _, base := range names {
		file := path.Join(name, base)
		info, err := t.stat(file)
		if err != nil {
			continue // gone since, or out of bounds
		}
		entries = append(entries, entry(file, info))
	}
	return entries, nil
}

// stat looks at what the path leads to, as a real agent does: a directory
// behind a link is listed as a directory.
func (t *Tree) stat(name string) (fs.FileInfo, error) {
	file, info, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	return info, file.Close()
}

func entry(name string, info fs.FileInfo) Entry {
	e := Entry{Path: name, Info: info, Nlink: 1}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		e.Nlink = int(st.Nlink)
		e.UID = userName(strconv.FormatUint(uint64(st.Uid), 10))
		e.GID = groupName(strconv.FormatUint(uint64(st.Gid), 10))
	}
	return e
}

func userName(id string) string {
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

func groupName(id string) string {
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}

// Mode returns the ten letters that ls prints.
func (e Entry) Mode() string {
	letters := []byte(strings.Repeat("-", 10))
	if e.Info.IsDir() {
		letters[0] = 'd'
	}
	for i, letter := range []byte("rwxrwxrwx") {
		if e.Info.Mode()&(1<<(8-i)) != 0 {
			letters[i+1] = letter
		}
	}
	return string(letters)
}

// Message returns the entry as the operator API has it. The mode is the number
// of stat(2), type bits included; the time has whole seconds, as the real one.
func (e Entry) Message() mesos.FileInfo {
	mode := uint32(e.Info.Mode().Perm())
	if e.Info.IsDir() {
		mode |= syscall.S_IFDIR
	} else {
		mode |= syscall.S_IFREG
	}
	nlink, size := int32(e.Nlink), uint64(e.Info.Size())
	uid, gid := e.UID, e.GID
	mtime := mesos.TimeInfo{Nanoseconds: e.Info.ModTime().Unix() * int64(time.Second)}
	return mesos.FileInfo{
		Path: e.Path, Nlink: &nlink, Size_: &size, Mtime: &mtime, Mode: &mode, UID: &uid, GID: &gid,
	}
}

// Read returns up to length bytes of a file from offset on, MaxRead at most,
// and the file's size. A negative length means as much as allowed.
func (t *Tree) Read(name string, offset, length int64) (size int64, data []byte, err error) {
	file, info, err := t.Open(name)
	if err != nil {
		return 0, nil, err
	}
	defer file.Close()
	if info.IsDir() {
		return 0, nil, ErrIsDirectory
	}
	if length < 0 || length > MaxRead {
		length = MaxRead
	}
	length = max(0, min(length, info.Size()-offset))
	data = make([]byte, length)
	n, err := file.ReadAt(data, offset)
	if err == io.EOF { // shortened meanwhile
		err = nil
	}
	return info.Size(), data[:n], err
}
