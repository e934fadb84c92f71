package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// volume is disk with a persistent volume on it, reserved for eng.
func volume(id, path string) mesos.Resource {
	mode, kind, role := mesos.RW, mesos.Resource_ReservationInfo_DYNAMIC, "eng"
	r := wire.Scalar("disk", 10)
	r.Reservations = []mesos.Resource_ReservationInfo{{Type: &kind, Role: &role}}
	r.Disk = &mesos.Resource_DiskInfo{
		Persistence: &mesos.Resource_DiskInfo_Persistence{ID: id}, Volume: &mesos.Volume{ContainerPath: path, Mode: &mode},
	}
	return r
}

func TestPersistentVolumesOutliveTasks(t *testing.T) {
	a := startAgent(t)
	task := func(id, script string) mesos.TaskInfo {
		info := commandTask(id, script)
		info.Resources = append(info.Resources, volume("v1", "data/here"))
		return info
	}
	a.runCommand(modern(), task("writer", "echo kept > data/here/file"))
	a.update("writer", mesos.TASK_FINISHED)
	a.Run(modern(), defaultExecutor("de"), []mesos.TaskInfo{task("reader", "cat data/here/file")}, true)
	st := a.update("reader", mesos.TASK_FINISHED).Status
	if st.GetMessage() != "Command exited with status 0" {
		t.Errorf("unexpected update: %v", st)
	}
	if out := a.file("de", "tasks/reader/stdout"); out != "kept\n" {
		t.Errorf("read %q", out)
	}
}

func TestTasksOfAGroupShareFiles(t *testing.T) {
	a := startAgent(t)
	shared := func(id, script string) mesos.TaskInfo {
		info := commandTask(id, script)
		mode := mesos.RW
		info.Container = &mesos.ContainerInfo{Type: pointer(mesos.ContainerInfo_MESOS), Volumes: []mesos.Volume{{
			ContainerPath: "common", Mode: &mode, Source: &mesos.Volume_Source{
				Type:        mesos.Volume_Source_SANDBOX_PATH,
				SandboxPath: &mesos.Volume_Source_SandboxPath{Type: mesos.Volume_Source_SandboxPath_PARENT, Path: "shared/dir"},
			},
		}}}
		return info
	}
	a.Run(modern(), defaultExecutor("de"), []mesos.TaskInfo{
		shared("a", "echo hello > common/tmp; mv common/tmp common/file"),
		shared("b", "while ! test -f common/file; do sleep 0.01; done; cat common/file"),
	}, true)
	a.update("b", mesos.TASK_FINISHED)
	if out := a.file("de", "tasks/b/stdout"); out != "hello\n" {
		t.Errorf("read %q", out)
	}
}

func TestVolumesStayWhereTheyBelong(t *testing.T) {
	a := startAgent(t)
	for i, bad := range []mesos.Resource{volume("../../up", "data"), volume("v", "../out"), volume("v", "/root"), volume("v", ".")} {
		id := "t" + string(rune('0'+i))
		task := commandTask(id, "true")
		task.Resources = append(task.Resources, bad)
		a.runCommand(modern(), task)
		if st := a.update(id, mesos.TASK_DROPPED).Status; !strings.Contains(st.GetMessage(), "persistent volume") {
			t.Errorf("%v: unexpected update: %v", bad.Disk, st)
		}
	}
	for _, name := range []string{"up", "out"} {
		if _, err := os.Lstat(filepath.Join(a.workDir, name)); err == nil {
			t.Errorf("%s appeared outside", name)
		}
	}
}
