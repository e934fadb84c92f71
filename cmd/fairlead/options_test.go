package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"fairlead/allocator"
	"fairlead/internal/api"
	"fairlead/internal/client"
	"fairlead/internal/strictyaml"
)

func TestNames(t *testing.T) {
	for name, want := range map[string]target{
		"etl":     {api.Name{Framework: "default", Name: "etl"}, -1},
		"a/etl":   {api.Name{Framework: "a", Name: "etl"}, -1},
		"a/etl/0": {api.Name{Framework: "a", Name: "etl"}, 0},
		"a/b/12":  {api.Name{Framework: "a", Name: "b"}, 12},
	} {
		if got, err := parseTarget(name); err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", name, got, err, want)
		}
	}
	for _, name := range []string{"", "/", "a/", "/b", "a/b/", "a/b/-1", "a/b/x", "a/b/1/2", "a/b/99999999999"} {
		if got, err := parseTarget(name); exitStatus(err) != exitUsage {
			t.Errorf("%q is %+v, %v; want bad usage", name, got, err)
		}
	}
}

func TestExitStatuses(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("any"), 1},
		{context.Canceled, 1},
		{quietError(2), 2},
		{usagef("bad"), 2},
		{fmt.Errorf("reading: %w", strictyaml.Errors{{Message: "bad"}}), 2},
		{&api.Error{Status: 400}, 2},
		{&api.Error{Status: 422}, 2},
		{&api.Error{Status: 404}, 1},
		{&api.Error{Status: 409}, 1},
		{&api.Error{Status: 502}, 1},
		{&api.Error{Status: 503}, 3},
		{fmt.Errorf("%w http://h", client.ErrNoAnswer), 3},
	} {
		if got := exitStatus(c.err); got != c.want {
			t.Errorf("%v ends with %d, want %d", c.err, got, c.want)
		}
	}
}

func TestVariablesSetOptionsThatAreNotGiven(t *testing.T) {
	variables := map[string]string{"FAIRLEAD_SERVER": "http://variable:1", "FAIRLEAD_FORMAT": "yaml", "FAIRLEAD_FRAMEWORK": ""}
	a := &app{env: func(name string) (string, bool) { v, ok := variables[name]; return v, ok }}
	cmd := a.psCommand()
	if err := cmd.Flags().Parse([]string{"--format", "json"}); err != nil {
		t.Fatal(err)
	}
	if err := a.fromEnvironment(cmd.Flags()); err != nil {
		t.Fatal(err)
	}
	if a.server != "http://variable:1" || a.format != asJSON {
		t.Errorf("server %s, format %s", a.server, a.format)
	}
	variables["FAIRLEAD_INSTANCES"] = "perhaps"
	if err := a.fromEnvironment(cmd.Flags()); exitStatus(err) != exitUsage || !strings.Contains(err.Error(), `FAIRLEAD_INSTANCES="perhaps"`) {
		t.Errorf("a bad variable gives %v", err)
	}
}

func TestMarathonGivesThePort(t *testing.T) {
	variables := map[string]string{}
	a := &app{env: func(name string) (string, bool) { v, ok := variables[name]; return v, ok }}
	d := daemon{listen: defaultListen}
	variables["HOST"] = "ignored without a port"
	if a.underMarathon(&d); d.listen != defaultListen || d.advertise != "" {
		t.Errorf("elsewhere: %s, %s", d.listen, d.advertise)
	}
	variables["PORT0"], variables["HOST"] = "31234", "agent7"
	if a.underMarathon(&d); d.listen != ":31234" || d.advertise != "http://agent7:31234" {
		t.Errorf("under Marathon: %s, %s", d.listen, d.advertise)
	}
}

func TestTheAddressThatOthersReach(t *testing.T) {
	if got := reachable(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}); got != "127.0.0.1:80" {
		t.Error(got)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got := reachable(&net.TCPAddr{IP: net.IPv6unspecified, Port: 80}); got != net.JoinHostPort(host, "80") {
		t.Error(got)
	}
}

func TestTheConfigurationFile(t *testing.T) {
	write := func(content string) string {
		name := filepath.Join(t.TempDir(), "tree.yaml")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	got, err := readConfig(write("roles: [{name: eng/dev, weight: 2.5}]\nframeworks:\n- {name: A, role: eng/dev}\n- {name: B, weight: 3}\n"))
	want := treeConfig{
		roles: []allocator.RoleSet{{Role: "eng/dev", Weight: 2500}},
		frameworks: []allocator.FrameworkSet{
			{Framework: "A", Role: "eng/dev", Weight: 1000}, {Framework: "B", Role: "*", Weight: 3000},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for content, part := range map[string]string{
		"rolls: []":                               "1:1: rolls: unknown field",
		"roles:\n- {weight: 1}":                   "2:3: roles[0].name: missing",
		"roles:\n- {name: a, weight: 0}":          "2:21: roles[0].weight: ",
		"frameworks:\n- {name: A, role: '/x'}":    "2:19: frameworks[0].role: ",
		"frameworks:\n- {name: A, weight: heavy}": "2:21: frameworks[0].weight: ",
		"frameworks: {name: A}":                   "1:13: frameworks: ",
		"frameworks:\n- {name: A, guarantee: {}}": "2:13: frameworks[0].guarantee: unknown field",
	} {
		if _, err := readConfig(write(content)); exitStatus(err) != exitUsage || !strings.Contains(err.Error(), "tree.yaml:"+part) {
			t.Errorf("%q gives %v, want %s", content, err, part)
		}
	}
	if _, err := readConfig("absent.yaml"); exitStatus(err) != exitUsage {
		t.Errorf("no file gives %v", err)
	}
}

func TestResourcesOfAnExecutor(t *testing.T) {
	got, err := parseQuantities("cpus:0.01; mem:32")
	if want := []allocator.Quantity{{Name: "cpus", Amount: 10}, {Name: "mem", Amount: 32_000}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"", "cpus", "cpus:", ":1", "cpus:-1", "cpus:1;", "cpus:0.0001"} {
		if got, err := parseQuantities(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestSchedulerOptionsAreCheckedBeforeAnythingStarts(t *testing.T) {
	for args, part := range map[string]string{
		"scheduler":                                                         "--master is needed",
		"scheduler --master ftp://h":                                        "--master: ",
		"scheduler --master h extra":                                        "scheduler takes no argument",
		"scheduler --master h --secret-file absent":                         "--secret-file: ",
		"scheduler --master h --log-format xml":                             "expected console or json",
		"scheduler --master h --log-level loud":                             "log-level",
		"scheduler --master h --executor absent":                            "there is no executor at ",
		"scheduler --master h --executor-resources cpus":                    "--executor-resources: ",
		"scheduler --master h --executor-resources cpus:0.01;mem:16;disk:1": "--executor-resources: invalid: resources of an executor: mem is 16;",
		"scheduler --master h --advertise here:80":                          "--advertise \"here:80\": expected a URL",
		"scheduler --master h --fairness-knob 0.5":                          "--fairness-knob goes with --placement tetris",
		"scheduler --master h --policy ceei":                                "is for simulations that only fill a cluster",
		"scheduler --master h --placement any":                              "expected one of best-fit",
		"up --attributes rack:r1 --attributes rack:r2":                      "--attributes is given 2 times, and --agents is 1",
		"up --agents 0":                                                     "expected 1 to 1000",
		"up --executor-slots -1":                                            "expected 0 or more",
		"shares --interval 0s":                                              "expected a time above 0",
		"simulate x.yaml --half-life -1s":                                   "not a duration",
		"simulate x.yaml --policy random":                                   "expected one of drf",
		"simulate x.yaml --format xml":                                      "expected table, json",
		"simulate x.yaml --placement none":                                  "expected one of best-fit",
		"simulate x.yaml --fairness-knob 1.5":                               "expected a number from 0 to 1",
		"simulate absent.yaml":                                              "no such file",
	} {
		var stdout, stderr strings.Builder
		a := &app{in: strings.NewReader(""), out: &stdout, err: &stderr, env: noVariables}
		given := strings.Fields(args)
		if given[0] == "scheduler" {
			given = append(given, "--listen", "127.0.0.1:0", "--state", filepath.Join(t.TempDir(), "state.db"))
			if !strings.Contains(args, "--executor ") {
				given = append(given, "--executor", "http://repository/fairlead-executor")
			}
		}
		if got := a.run(t.Context(), given); got != exitUsage || !strings.Contains(stderr.String(), part) || stdout.Len() > 0 {
			t.Errorf("%s: status %d, %q on standard error, %q on standard output; want %q", args, got, stderr.String(), stdout.String(), part)
		}
	}
}
