package taskgroup

import (
	"strings"
	"testing"

	"fairlead/proto"
	"fairlead/proto/executorpb"
)

// etl uses every field of the format.
const etl = `
name: etl
framework: analytics
role: eng/dev
instances: 4
gang: true
priority: 10
restart: {policy: on-failure, max: 3, backoff: 5s}
constraints: [[rack, GROUP_BY, "2"], [hostname, UNIQUE], [zone, LIKE, "eu-.*"]]
after: [extract, {group: tidy, on: any}, {group: collect, on: success}]
preemptible: false
max_runtime: 2h
labels: {team: data, cost-centre: 42}
tasks:
  - name: main
    command: python3 etl.py
    resources: {ports: 1, gpus: 0, disk: 0, mem: 512, cpus: 1.5, licences: 2}
    env: {MODE: full, DEBUG: 1}
    uris: [http://repo/etl.tgz, {value: http://repo/tool, executable: true, cache: true, output_file: bin/tool}]
    kill_grace: 10s
    health: {http: {port: 0, path: /healthz}, interval: 10s, failures: 3}
  - name: proxy
    sidecar: true
    ready: {http: {port: 0, path: /ready}, timeout: 60s}
    quit: {http: {port: 0, path: /quitquitquit}}
    args: [envoy, -c, envoy.yaml]
    resources: {cpus: 0.1, mem: 64, ports: 1}
`

func wantETL() *proto.TaskGroup {
	return &proto.TaskGroup{
		Name: "etl", Framework: "analytics", Role: "eng/dev", Instances: 4, GangMin: 4, Priority: 10,
		Restart: &proto.Restart{Policy: proto.RestartPolicy_ON_FAILURE, Max: 3, BackoffMs: 5000},
		Constraints: []proto.Constraint{
			{Field: "rack", Operator: proto.Operator_GROUP_BY, Value: "2"},
			{Field: "hostname", Operator: proto.Operator_UNIQUE},
			{Field: "zone", Operator: proto.Operator_LIKE, Value: "eu-.*"},
		},
		After:        []string{"collect", "extract"},
		AfterEnd:     []string{"tidy"},
		MaxRuntimeMs: 7_200_000,
		Labels:       []proto.Pair{{Name: "cost-centre", Value: "42"}, {Name: "team", Value: "data"}},
		Tasks: []proto.Task{{
			Name: "main", Command: "python3 etl.py", Ports: 1,
			Resources: []proto.Resource{{Name: "cpus", Milli: 1500}, {Name: "mem", Milli: 512_000}, {Name: "licences", Milli: 2000}},
			Env:       []proto.Pair{{Name: "DEBUG", Value: "1"}, {Name: "MODE", Value: "full"}},
			Uris: []proto.URI{
				{Value: "http://repo/etl.tgz", Extract: true},
				{Value: "http://repo/tool", Executable: true, Extract: true, Cache: true, OutputFile: "bin/tool"},
			},
			KillGraceMs: 10_000,
			Health: &executorpb.Health{
				Http:       &executorpb.HTTP{Path: "/healthz", Scheme: "http"},
				IntervalMs: 10_000, TimeoutMs: 20_000, GraceMs: 10_000, Failures: 3,
			},
		}, {
			Name: "proxy", Sidecar: true, Args: []string{"envoy", "-c", "envoy.yaml"}, Ports: 1,
			Resources:   []proto.Resource{{Name: "cpus", Milli: 100}, {Name: "mem", Milli: 64_000}},
			KillGraceMs: 3_000,
			Ready: &executorpb.Probe{
				Http:      &executorpb.HTTP{Path: "/ready", Scheme: "http"},
				TimeoutMs: 60_000, IntervalMs: 1_000,
			},
			Quit: &executorpb.Quit{Http: &executorpb.HTTP{Path: "/quitquitquit", Scheme: "http"}, GraceMs: 5_000},
		}},
	}
}

func TestEveryFieldIsRead(t *testing.T) {
	expectGroups(t, etl, wantETL())
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	const least = `
name: a
tasks: [{name: t, command: "true", resources: {cpus: 1}}]
`
	expectGroups(t, least, &proto.TaskGroup{
		Name: "a", Framework: "default", Instances: 1, Preemptible: true,
		Tasks: []proto.Task{{
			Name: "t", Command: "true", KillGraceMs: 3000,
			Resources: []proto.Resource{{Name: "cpus", Milli: 1000}},
		}},
	})
}

func TestRestartDefaultsFollowThePolicy(t *testing.T) {
	for text, want := range map[string]*proto.Restart{
		"{policy: never}":                       nil,
		"{policy: on-failure}":                  {Policy: proto.RestartPolicy_ON_FAILURE, Max: 3, BackoffMs: 5000},
		"{policy: always}":                      {Policy: proto.RestartPolicy_ALWAYS, BackoffMs: 5000},
		"{policy: always, max: 1}":              {Policy: proto.RestartPolicy_ALWAYS, Max: 1, BackoffMs: 5000},
		"{policy: on-failure, backoff: 0s}":     {Policy: proto.RestartPolicy_ON_FAILURE, Max: 3},
		"{policy: always, backoff: 1m, max: 0}": {Policy: proto.RestartPolicy_ALWAYS, BackoffMs: 60_000},
	} {
		groups, err := Parse("a.yaml", []byte("name: a\nrestart: "+text+"\ntasks: [{name: t, args: [x], resources: {mem: 1}}]\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := groups[0].Restart; !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestDocumentsOfAFileAreGroups(t *testing.T) {
	const two = `# the first one has a comment of its own
---
name: a
tasks: [{name: t, command: x, resources: {cpus: 1}}]
---
# nothing but a comment
---
name: b
tasks: [{name: t, command: x, resources: {cpus: 1}}]
...
`
	groups, err := Parse("two.yaml", []byte(two))
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != 2 || groups[0].Name != "a" || groups[1].Name != "b" {
		t.Errorf("got %v, want a and b", groups)
	}
}

func TestOneNameInTwoFrameworksIsTwoGroups(t *testing.T) {
	const body = `"name": "a", "tasks": [{"name": "t", "command": "x", "resources": {"cpus": 1}}]}`
	groups, err := Parse("-", []byte(`{"framework": "A", `+body+` {"framework": "B", `+body))
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != 2 || groups[0].Framework != "A" || groups[1].Framework != "B" {
		t.Errorf("got %v, want A/a and B/a", groups)
	}
}

func TestDigestFollowsTheSpecificationNotItsSpelling(t *testing.T) {
	digest := func(file string) string {
		t.Helper()
		groups, err := Parse("a.yaml", []byte(file))
		if err != nil {
			t.Fatal(err)
		}
		d, err := Digest(groups[0])
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	same := digest(etl)
	if reordered := strings.Replace(etl, "{MODE: full, DEBUG: 1}", `{DEBUG: "1", MODE: full}`, 1); digest(reordered) != same {
		t.Error("the order of variables changed the digest")
	}
	if digest(strings.Replace(etl, "instances: 4", "instances: 5", 1)) == same {
		t.Error("the number of instances did not change the digest")
	}
}

func expectGroups(t *testing.T, file string, want ...*proto.TaskGroup) {
	t.Helper()
	groups, err := Parse("test.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != len(want) {
		t.Fatalf("got %d groups, want %d", len(groups), len(want))
	}
	for i := range want {
		if !groups[i].Equal(want[i]) {
			t.Errorf("group %d:\n got %v\nwant %v", i, groups[i], want[i])
		}
	}
}
