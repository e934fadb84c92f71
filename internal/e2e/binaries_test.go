package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bin holds the binaries, built once for the package.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "fairlead-e2e-")
	if err != nil {
		panic(err)
	}
	bin = dir
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "fairlead/cmd/...")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the binaries: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// daemon is a fairlead process that serves until it is ended.
type daemon struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	output *bytes.Buffer
	exited chan error
}

// start runs fairlead with arguments and waits until it serves.
func start(t *testing.T, args ...string) *daemon {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	d := &daemon{t: t, output: &bytes.Buffer{}, exited: make(chan error, 1)}
	d.cmd = exec.Command(filepath.Join(bin, "fairlead"), append(args, "--ready-file", ready)...)
	d.cmd.Stdout, d.cmd.Stderr = d.output, d.output
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.exited <- d.cmd.Wait() }()
	t.Cleanup(func() {
		d.end(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s said\n%s", args[0], d.output)
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if url, err := os.ReadFile(ready); err == nil && len(url) > 0 {
			d.url = strings.TrimSpace(string(url))
			return d
		}
		select {
		case err := <-d.exited:
			d.exited <- err
			t.Fatalf("%s ended before it served: %v\n%s", args[0], err, d.output)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not serve\n%s", args[0], d.output)
		}
	}
}

// end sends a signal and waits for the process.
func (d *daemon) end(sig syscall.Signal) error {
	d.cmd.Process.Signal(sig)
	select {
	case err := <-d.exited:
		d.exited <- err
		return err
	case <-time.After(time.Minute):
		d.cmd.Process.Kill()
		return errors.New("did not end within a minute")
	}
}

// cli runs a client command against the daemon.
func (d *daemon) cli(args ...string) (stdout, stderr string, exit int) {
	d.t.Helper()
	cmd := exec.Command(filepath.Join(bin, "fairlead"), args...)
	cmd.Env = append(os.Environ(), "FAIRLEAD_SERVER="+d.url)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		d.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// query runs a client command with --format json and decodes its answer.
func query[T any](d *daemon, args ...string) T {
	d.t.Helper()
	out, errs, exit := d.cli(append(args, "--format", "json")...)
	if exit != 0 {
		d.t.Fatalf("fairlead %s: exit status %d\n%s", strings.Join(args, " "), exit, errs)
	}
	var v T
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		d.t.Fatalf("fairlead %s: %v in\n%s", strings.Join(args, " "), err, out)
	}
	return v
}

// eventually polls until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting for %s", what)
		}
	}
}

// write makes a file for a command to read.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
