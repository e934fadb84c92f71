package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fairlead/internal/sim"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

const examples = "../../examples"

type result struct {
	Scenario   string
	Frameworks []struct {
		Name    string
		Running int
		Num     uint64 `json:"share_num"`
		Den     uint64 `json:"share_den"`
	}
}

// simulateFiles runs the real binary on scenarios and decodes what it prints:
// one object for one scenario, else a list.
func simulateFiles(t *testing.T, files ...string) []result {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, "fairlead"), append([]string{"simulate", "--format", "json"}, files...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []result
	if len(files) == 1 {
		list = make([]result, 1)
		err = json.Unmarshal(out, &list[0])
	} else {
		err = json.Unmarshal(out, &list)
	}
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return list
}

// The paper: A 3 and B 2 tasks, 2/3 each.
func TestThePapersScenario(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples, "paper", "*.yaml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("scenarios of the paper: %v, %v", files, err)
	}
	got := simulateFiles(t, files...)[0].Frameworks
	if len(got) != 2 || got[0].Running != 3 || got[1].Running != 2 ||
		got[0].Num != 2 || got[0].Den != 3 || got[1].Num != 2 || got[1].Den != 3 {
		t.Errorf("got %+v, want A 3 and B 2 with 2/3 each", got)
	}
}

// The experiments of the 2016 article: tasks that run, and dominant shares as
// its screenshots show them (66.667 %, 59.154 %, 36.971 %).
func TestTheArticlesScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples, "two-level", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"one-framework": "12@1/1", "two-frameworks": "6@1/2 6@1/2", "three-frameworks": "4@1/3 4@1/3 4@1/3",
		"unequal-demands": "2@2/3 2@2000/3381", "larger-memory": "2@2/3 1@1250/3381",
	}
	for _, r := range simulateFiles(t, files...) {
		var got []string
		for _, f := range r.Frameworks {
			got = append(got, fmt.Sprintf("%d@%d/%d", f.Running, f.Num, f.Den))
		}
		if all := strings.Join(got, " "); all != want[r.Scenario] {
			t.Errorf("%s: got %s, want %s", r.Scenario, all, want[r.Scenario])
		}
		delete(want, r.Scenario)
	}
	if len(want) > 0 {
		t.Errorf("no result for %v", want)
	}
}

// The Marathon app starts the scheduler with options that exist, one at a time,
// and lets nothing of the master decide whether the process is healthy.
func TestTheMarathonApp(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(examples, "marathon", "fairlead.json"))
	if err != nil {
		t.Fatal(err)
	}
	var app struct {
		Cmd             string
		Instances       int
		Env             map[string]string
		HealthChecks    []struct{ Path string }
		UpgradeStrategy map[string]float64
		Labels          map[string]string
	}
	if err := json.Unmarshal(data, &app); err != nil {
		t.Fatal(err)
	}
	help, err := exec.Command(filepath.Join(bin, "fairlead"), "scheduler", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range app.Env {
		option, ours := strings.CutPrefix(name, "FAIRLEAD_")
		option = "--" + strings.ToLower(strings.ReplaceAll(option, "_", "-")) + " "
		if !ours || !strings.Contains(string(help), option) {
			t.Errorf("%s is no option of fairlead scheduler", name)
		}
	}
	if app.Instances != 1 || app.Labels["MARATHON_SINGLE_INSTANCE_APP"] != "true" ||
		app.UpgradeStrategy["minimumHealthCapacity"] != 0 || app.UpgradeStrategy["maximumOverCapacity"] != 0 {
		t.Error("a deployment would run two schedulers at once")
	}
	if len(app.HealthChecks) != 1 || app.HealthChecks[0].Path != "/healthz" {
		t.Errorf("health checks %v: only /healthz does not depend on the master", app.HealthChecks)
	}
}

// The stacks that no test can start are at least what a scheduler accepts and a shell can
// read, and their scenarios ask for the same as they do.
func TestTheDefinitionsOfTheStacks(t *testing.T) {
	for _, stack := range []string{"smack", "spark"} {
		defined := map[string]string{}
		for _, g := range definitions(t, stack) {
			defined[g.Framework+"/"+g.Name] = asks(g)
			for _, task := range g.Tasks {
				isShell(t, task.Command)
			}
		}
		compared := 0
		for _, g := range scenario(t, stack) {
			if want, ok := defined[g.Framework+"/"+g.Name]; ok {
				compared++
				if got := asks(g); got != want {
					t.Errorf("%s: in the scenario %s/%s asks for\n%sits definition for\n%s", stack, g.Framework, g.Name, got, want)
				}
			}
		}
		if compared < 4 {
			t.Errorf("%s: scenario and definitions have only %d groups in common", stack, compared)
		}
	}
}

// TestJobServerUnderMarathon: the app's command is one, and asks for what a group of the
// stack answers.
func TestJobServerUnderMarathon(t *testing.T) {
	var app struct {
		Cmd             string
		PortDefinitions []struct{ Name string }
	}
	if err := json.Unmarshal(read(t, filepath.Join(examples, "spark", "marathon-jobserver.json")), &app); err != nil {
		t.Fatal(err)
	}
	isShell(t, app.Cmd)
	for _, part := range []string{"/v1/groups/spark/master/endpoints", `"$PORT0"`, fmt.Sprintf(`"$PORT%d"`, len(app.PortDefinitions)-1)} {
		if !strings.Contains(app.Cmd, part) {
			t.Errorf("%s is not in the command:\n%s", part, app.Cmd)
		}
	}
	if groups := definitions(t, "spark"); !slices.ContainsFunc(groups, func(g *proto.TaskGroup) bool { return g.Framework == "spark" && g.Name == "master" }) {
		t.Error("the stack has no group spark/master")
	}
}

// isShell fails the test unless a shell can read a command.
func isShell(t *testing.T, command string) {
	t.Helper()
	if out, err := exec.Command("sh", "-n", "-c", command).CombinedOutput(); err != nil {
		t.Errorf("%v in a command: %s\n%s", err, out, command)
	}
}

// definitions are the task groups of a stack.
func definitions(t *testing.T, stack string) (all []*proto.TaskGroup) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examples, stack, "groups", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		groups, err := taskgroup.Parse(file, read(t, file))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, groups...)
	}
	return all
}

// scenario is the task groups of a stack's scenario.
func scenario(t *testing.T, stack string) (all []*proto.TaskGroup) {
	t.Helper()
	file := filepath.Join(examples, stack, stack+".yaml")
	scenarios, err := sim.Parse(file, read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	for i := range scenarios[0].Groups {
		all = append(all, scenarios[0].Groups[i].Spec)
	}
	return all
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// asks is what it depends on when and where a group runs, as text.
func asks(g *proto.TaskGroup) string {
	out := fmt.Sprintln(g.Role, g.Instances, g.InstancesMin, g.GangMin, g.Priority, g.After, g.AfterEnd, g.Near, g.Constraints, g.Preemptible)
	for i := range g.Tasks {
		t := &g.Tasks[i]
		out += fmt.Sprintln(t.Name, t.Sidecar, t.Resources, t.Ports)
	}
	return out
}
