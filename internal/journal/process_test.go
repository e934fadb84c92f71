package journal_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"fairlead/internal/journal"
)

// childVar names the role in which the test binary runs as another process; childPath its journal.
const (
	childVar  = "FAIRLEAD_JOURNAL_TEST_CHILD"
	childPath = "FAIRLEAD_JOURNAL_TEST_PATH"
)

func TestMain(m *testing.M) {
	role := os.Getenv(childVar)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := runChild(role, os.Getenv(childPath)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runChild(role, path string) error {
	// The limit of the file size is meant to be an error, not the end of the process.
	signal.Ignore(syscall.SIGXFSZ)
	j, err := journal.Open(path)
	if err != nil {
		return err
	}
	if role == "hold" {
		fmt.Println("open")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	return appendForEver(j, role == "append")
}

// appendForEver appends groups of one to five records and reports each number once it is durable. If asked it saves
// a snapshot now and then, which also keeps the file small.
func appendForEver(j *journal.Journal, snapshots bool) error {
	last, err := j.Append()
	if err != nil {
		return err
	}
	for round := 0; ; round++ {
		var group [][]byte
		for i := range round%5 + 1 {
			group = append(group, content(last+uint64(i)+1))
		}
		if last, err = j.Append(group...); err != nil {
			_, again := j.Append([]byte("after the failure"))
			return fmt.Errorf("%w; then: %w", err, again)
		}
		fmt.Println(last)
		if snapshots && round%50 == 49 {
			if err := j.SaveSnapshot(last-3, content(last-3)); err != nil {
				return err
			}
		}
	}
}

// content is what record seq must hold.
func content(seq uint64) []byte {
	return fmt.Appendf(nil, "record %d %s", seq, strings.Repeat("x", int(seq*37%400)))
}

func startChild(t *testing.T, path, role string, limit ...string) (*exec.Cmd, io.ReadCloser, *bytes.Buffer) {
	t.Helper()
	command := append(limit, os.Args[0])
	child := exec.Command(command[0], command[1:]...)
	child.Env = append(os.Environ(), childVar+"="+role, childPath+"="+path)
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := new(bytes.Buffer)
	child.Stderr = stderr
	return child, stdout, stderr
}

// checkEverythingReported opens the journal that a dead child left and demands every record it had reported, in
// groups that are complete.
func checkEverythingReported(t *testing.T, path string, reported uint64) {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	seq, state, ok, err := j.Snapshot()
	if err != nil || ok && !bytes.Equal(state, content(seq)) {
		t.Fatalf("snapshot of record %d: %q, error %v", seq, state, err)
	}
	last := seq
	err = j.Replay(seq+1, func(seq uint64, record []byte) error {
		if !bytes.Equal(record, content(seq)) {
			t.Errorf("record %d holds %q", seq, record)
		}
		last = seq
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if last < reported {
		t.Errorf("the journal ends at record %d, but record %d was reported as written", last, reported)
	}
}

func TestEverythingReportedSurvivesSIGKILL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	random := rand.New(rand.NewPCG(7, 7))
	var reported uint64
	for round := range 12 {
		child, stdout, stderr := startChild(t, path, "append")
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		kill := 1 + random.IntN(120) // the child is somewhere in its next commits when the signal arrives
		lines := bufio.NewScanner(stdout)
		for n := 0; lines.Scan(); n++ {
			seq, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil || seq <= reported {
				t.Fatalf("the child reports %q after %d", lines.Text(), reported)
			}
			reported = seq
			if n == kill {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := child.Wait(); err == nil || stderr.Len() > 0 {
			t.Fatalf("round %d: the child ended by itself: %v %s", round, err, stderr)
		}
		checkEverythingReported(t, path, reported)
	}
}

func TestFullDiskIsAnErrorAndNoFurtherWriteIsAccepted(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("needs sh to limit the size of files")
	}
	path := filepath.Join(t.TempDir(), "state")
	child, stdout, stderr := startChild(t, path, "fill", sh, "-c", `ulimit -f 400; exec "$0"`)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var reported uint64
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if reported, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	if child.Wait() == nil {
		t.Fatal("the child wrote for ever into a limited file")
	}
	for _, want := range []string{path, syscall.EFBIG.Error(), journal.ErrFailed.Error()} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the child ended with %q, which does not mention %q", stderr, want)
		}
	}
	if reported == 0 {
		t.Fatal("the child wrote nothing")
	}
	checkEverythingReported(t, path, reported)
}

func TestJournalInUseIsLockedForWritersButReadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	j := open(t, path)
	appendStrings(t, j, "a", "b")
	j.Close()

	child, stdout, _ := startChild(t, path, "hold")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "open\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	if _, err := journal.Open(path); !errors.Is(err, journal.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("second writer: %v, want ErrLocked with the name of the file", err)
	}
	reader, err := journal.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	wantRecords(t, reader, 1, "1:a", "2:b")
	if _, err := reader.Append([]byte("c")); !errors.Is(err, journal.ErrReadOnly) {
		t.Errorf("append to a read-only journal: %v", err)
	}
	if err := errors.Join(reader.Close(), stdin.Close(), child.Wait()); err != nil {
		t.Fatal(err)
	}
	appendStrings(t, open(t, path), "c") // the lock went with the process
}

// A reader copies the file again and again while a writer commits as fast as it can. Each copy must be the state of
// one commit: complete, and never older than what had been reported before it was taken.
func TestReadingALiveJournalShowsOneCommit(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	path := filepath.Join(t.TempDir(), "state")
	child, stdout, _ := startChild(t, path, "append")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for range 30 {
		lines.Scan()
		before, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		checkCopy(t, path, before)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 || err != nil {
		t.Errorf("copies left behind: %v %v", left, err)
	}
}

func checkCopy(t *testing.T, path string, reported uint64) {
	t.Helper()
	j, err := journal.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	last, _, _, err := j.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	err = j.Replay(last+1, func(seq uint64, record []byte) error {
		if !bytes.Equal(record, content(seq)) {
			t.Errorf("record %d holds %q", seq, record)
		}
		last = seq
		return nil
	})
	if err != nil || last < reported {
		t.Errorf("a copy ends at record %d, error %v; %d was written before", last, err, reported)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
