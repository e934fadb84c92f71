package cluster_test

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"fairlead/internal/cluster"
)

// TestAForeignFrameworkRunsUnchanged runs mesos-go's own example framework, of
// which not a line is ours, on the embedded cluster: five tasks through its own
// executor, fetched from its own server, in both encodings. On a real Mesos it
// ends with the same words.
//
// The framework is built from a module of its own, since it needs a Prometheus
// client of 2018.
func TestAForeignFrameworkRunsUnchanged(t *testing.T) {
	if testing.Short() {
		t.Skip("builds mesos-go's examples: not with -short")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator),
		"github.com/mesos/mesos-go/api/v1/cmd/example-scheduler", "github.com/mesos/mesos-go/api/v1/cmd/example-executor")
	build.Dir = filepath.Join("testdata", "mesos-go-examples")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building mesos-go's examples: %v\n%s", err, out)
	}
	c, err := cluster.Start(t.Context(), cluster.Config{
		Agents: 2, Resources: "cpus:4;mem:4096;disk:4096;ports:[31000-31999]",
		AllocationInterval: 100 * time.Millisecond, WorkDir: t.TempDir(), Logger: zaptest.NewLogger(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	for _, codec := range []string{"protobuf", "json"} {
		t.Run(codec, func(t *testing.T) { accomplish(t, c.URL(), bin, codec) })
	}
}

// accomplish runs the example until it has ended by itself.
func accomplish(t *testing.T, master, bin, codec string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, filepath.Join(bin, "example-scheduler"),
		"-url", master+"/api/v1/scheduler", "-codec", codec, "-executor", filepath.Join(bin, "example-executor"),
		"-server.address", "127.0.0.1", "-metrics.port", strconv.Itoa(freePort(t)),
		"-tasks", "5", "-cpu", "0.5", "-memory", "64", "-maxRefuseSeconds", "1s", "-verbose")
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	// It ends itself by cancelling its context and reports that as an error, so
	// its exit status says nothing.
	err := run.Run()
	finished := bytes.Count(out.Bytes(), []byte("is in state TASK_FINISHED"))
	if finished != 5 || !bytes.Contains(out.Bytes(), []byte("mission accomplished")) {
		t.Errorf("the example ended with %v after %d of 5 tasks and said\n%s", err, finished, &out)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
