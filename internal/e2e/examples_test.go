package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
