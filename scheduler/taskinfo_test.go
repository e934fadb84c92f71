package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"pgregory.net/rapid"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
	"fairlead/proto/executorpb"
)

var executorNeeds = []allocator.Quantity{{Name: "cpus", Amount: 10}, {Name: "mem", Amount: 32 * drf.Unit}, {Name: "disk", Amount: drf.Unit}}

// webGroup has a main task with two ports and a sidecar with one.
func webGroup() *proto.TaskGroup {
	return &proto.TaskGroup{
		Framework: "shop", Name: "web", Instances: 3, MaxRuntimeMs: 60_000, Labels: []proto.Pair{{Name: "team", Value: "x"}},
		Tasks: []proto.Task{
			{
				Name: "main", Command: "exec server $PORT0", Ports: 2, KillGraceMs: 10_000,
				Resources: []proto.Resource{{Name: "cpus", Milli: 1500}, {Name: "mem", Milli: 256_000}},
				Env:       []proto.Pair{{Name: "MODE", Value: "full"}, {Name: "PORTS", Value: "mine"}},
				Uris:      []proto.URI{{Value: "http://repo/a.tgz", Extract: true}, {Value: "http://repo/tool", Executable: true, OutputFile: "bin/tool"}},
				Health:    &executorpb.Health{Http: &executorpb.HTTP{Port: 1, Path: "/healthz"}},
			},
			{
				Name: "proxy", Args: []string{"envoy", "-c", "envoy.yaml"}, Ports: 1, KillGraceMs: 3_000, Sidecar: true,
				Resources: []proto.Resource{{Name: "cpus", Milli: 100}},
				Uris:      []proto.URI{{Value: "http://repo/a.tgz", Extract: true}},
				Ready:     &executorpb.Probe{Tcp: &executorpb.TCP{Port: 0}},
				Quit:      &executorpb.Quit{Http: &executorpb.HTTP{Port: 0, Path: "/quit"}},
			},
		},
	}
}

func webLaunch(spec *proto.TaskGroup, ports ...uint64) *launch {
	return &launch{
		Launch:      allocator.Launch{Run: 1 << 24, Framework: spec.Framework, Group: spec.Name, Instance: 2, Ports: ports},
		spec:        spec,
		agent:       "S0",
		host:        "h1",
		frameworkID: mesos.FrameworkID{Value: "f-0000"},
		executor:    Executor{URI: "http://fairlead/executor", Resources: executorNeeds},
	}
}

func offered() []mesos.Resource {
	return []mesos.Resource{scalar("cpus", 8), scalar("cpus", 1, "eng"), scalar("mem", 8192), scalar("disk", 100), portRange(31000, 31099)}
}

// built makes the operation, sends it through protobuf, and holds it against the rules of a real master.
func built(t testing.TB, l *launch, offered []mesos.Resource) *mesos.Offer_Operation {
	t.Helper()
	op, err := l.operation(newPool(offered))
	if err != nil {
		t.Fatal(err)
	}
	call := acceptCall(l.frameworkID, []string{"O1"}, []mesos.Offer_Operation{op}, 5000)
	encoded, err := call.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var back mesossched.Call
	if err := back.Unmarshal(encoded); err != nil {
		t.Fatal(err)
	}
	if !back.Equal(call) {
		t.Errorf("the call was %v and arrives as %v", call, &back)
	}
	sent := &back.Accept.Operations[0]
	if fault := (groupRules{framework: "f-0000", agent: "S0", offered: offered}).fault(sent); fault != "" {
		t.Errorf("a real master would refuse this: %s\n%s", fault, describeOperation(sent))
	}
	return sent
}

func TestALaunchIsWhatARealMasterAccepts(t *testing.T) {
	op := built(t, webLaunch(webGroup(), 31005, 31007, 31006), offered())
	const want = "executor cpus(eng):0.01 mem:32 disk:1; " +
		"shop.web.2.r1.main cpus(eng):0.99 cpus:0.51 mem:256 ports:[{31005 31005} {31007 31007}]; " +
		"shop.web.2.r1.proxy cpus:0.1 ports:[{31006 31006}]"
	if got := describeOperation(op); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheExecutorFetchesWhatAllTasksNeedOnce(t *testing.T) {
	e := built(t, webLaunch(webGroup(), 31005, 31007, 31006), offered()).LaunchGroup.Executor
	if e.ExecutorID.Value != "shop.web.2.r1" || e.Type != mesos.ExecutorInfo_CUSTOM || e.FrameworkID.GetValue() != "f-0000" {
		t.Errorf("executor %s of type %s, framework %s", e.ExecutorID.Value, e.Type, e.FrameworkID.GetValue())
	}
	var got []string
	for _, u := range e.Command.URIs {
		got = append(got, fmt.Sprintf("%s>%s x=%v e=%v", u.Value, u.GetOutputFile(), u.GetExecutable(), u.GetExtract()))
	}
	want := []string{"http://fairlead/executor>fairlead-executor x=true e=false", "http://repo/a.tgz> x=false e=true",
		"http://repo/tool>bin/tool x=true e=false"}
	if !slices.Equal(got, want) {
		t.Errorf("URIs %q, want %q", got, want)
	}
	if e.Command.GetShell() || e.Command.GetValue() != "./fairlead-executor" || len(e.Command.Arguments) != 1 {
		t.Errorf("command %v: must run without a shell, with its own name as its only argument", e.Command)
	}
	if grace := e.GetShutdownGracePeriod().GetNanoseconds(); grace <= 10e9 {
		t.Errorf("the executor has %d ns to end tasks that may take 10 s", grace)
	}
}

func TestTasksKnowWhoTheyAreAndTheirPorts(t *testing.T) {
	tasks := built(t, webLaunch(webGroup(), 31005, 31007, 31006), offered()).LaunchGroup.TaskGroup.Tasks
	want := []map[string]string{
		{"FAIRLEAD_TASK": "main", "FAIRLEAD_FRAMEWORK": "shop", "FAIRLEAD_GROUP": "web", "FAIRLEAD_INSTANCE": "2",
			"HOST": "h1", "PORT": "31005", "PORT0": "31005", "PORT1": "31007", "PORTS": "mine", "MODE": "full"},
		{"FAIRLEAD_TASK": "proxy", "PORT": "31006", "PORT0": "31006", "PORTS": "31006", "PORT1": "", "MODE": ""},
	}
	for i, task := range tasks {
		env := map[string]string{}
		for _, v := range task.Command.Environment.Variables {
			if _, twice := env[v.Name]; twice {
				t.Errorf("%s: %s is set twice", task.Name, v.Name)
			}
			env[v.Name] = v.GetValue()
		}
		for name, value := range want[i] {
			if env[name] != value {
				t.Errorf("%s: %s=%q, want %q", task.Name, name, env[name], value)
			}
		}
		if env["FAIRLEAD_RUN"] == "" {
			t.Errorf("%s: FAIRLEAD_RUN is not set", task.Name)
		}
	}
}

func TestTasksCarryTheirCommandLimitsAndLabels(t *testing.T) {
	tasks := built(t, webLaunch(webGroup(), 31005, 31007, 31006), offered()).LaunchGroup.TaskGroup.Tasks
	main, proxy := tasks[0], tasks[1]
	if !main.Command.GetShell() || main.Command.GetValue() != "exec server $PORT0" {
		t.Errorf("main runs %v", main.Command)
	}
	if proxy.Command.GetShell() || proxy.Command.GetValue() != "envoy" || strings.Join(proxy.Command.Arguments, " ") != "envoy -c envoy.yaml" {
		t.Errorf("proxy runs %v; argv must hold the program's name too", proxy.Command)
	}
	if main.KillPolicy.GracePeriod.Nanoseconds != 10e9 || proxy.KillPolicy.GracePeriod.Nanoseconds != 3e9 {
		t.Errorf("grace periods %v, %v", main.KillPolicy, proxy.KillPolicy)
	}
	if main.MaxCompletionTime.GetNanoseconds() != 60e9 || proxy.MaxCompletionTime != nil {
		t.Errorf("time limits %v, %v; a sidecar lives as long as the tasks it serves", main.MaxCompletionTime, proxy.MaxCompletionTime)
	}
	for _, task := range tasks {
		if labels := task.GetLabels().GetLabels(); len(labels) != 1 || labels[0].Key != "team" || labels[0].GetValue() != "x" {
			t.Errorf("%s has the labels %v", task.Name, labels)
		}
		if len(task.Command.URIs) > 0 || task.Container != nil || task.HealthCheck != nil || task.Limits != nil {
			t.Errorf("%s holds what the executor ignores or a master may refuse", task.Name)
		}
	}
}

func TestATaskThatRanOutOfMemoryIsGivenMore(t *testing.T) {
	l := webLaunch(webGroup(), 31005, 31007, 31006)
	l.grown = []drf.Amount{128 * drf.Unit, 64 * drf.Unit}
	tasks := built(t, l, offered()).LaunchGroup.TaskGroup.Tasks
	for i, want := range []float64{384, 64} { // the proxy had asked for none
		got := 0.0
		for _, r := range tasks[i].Resources {
			if r.Name == "mem" {
				got += r.Scalar.Value
			}
		}
		if got != want {
			t.Errorf("%s is given %g MB, want %g", tasks[i].Name, got, want)
		}
	}
	if mem := l.spec.Tasks[0].Resources[1].Milli; mem != 256_000 {
		t.Errorf("the specification says %d now", mem)
	}
}

func TestTheExecutorIsToldPortNumbersInsteadOfIndexes(t *testing.T) {
	spec := webGroup()
	tasks := built(t, webLaunch(spec, 31005, 31007, 31006), offered()).LaunchGroup.TaskGroup.Tasks
	var main, proxy executorpb.TaskSpec
	for i, into := range []*executorpb.TaskSpec{&main, &proxy} {
		if err := into.Unmarshal(tasks[i].Data); err != nil {
			t.Fatal(err)
		}
	}
	if main.Sidecar || !proxy.Sidecar || main.Health.Http.Port != 31007 || main.Health.Http.Path != "/healthz" {
		t.Errorf("main is told %+v", main)
	}
	if proxy.Ready.Tcp.Port != 31006 || proxy.Quit.Http.Port != 31006 {
		t.Errorf("proxy is told %+v", proxy)
	}
	if !spec.Equal(webGroup()) {
		t.Error("the specification was changed")
	}
}

func TestALaunchThatDoesNotFitIsAnError(t *testing.T) {
	lacking := map[string][]mesos.Resource{
		"cpus":  {scalar("cpus", 1), scalar("mem", 8192), scalar("disk", 100), portRange(31000, 31099)},
		"disk":  {scalar("cpus", 8), scalar("mem", 8192), portRange(31000, 31099)},
		"ports": {scalar("cpus", 8), scalar("mem", 8192), scalar("disk", 100), portRange(31000, 31005)},
	}
	for what, offered := range lacking {
		_, err := webLaunch(webGroup(), 31005, 31007, 31006).operation(newPool(offered))
		if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "shop.web.2.r1") {
			t.Errorf("without enough %s: %v", what, err)
		}
	}
}

// anyGroup draws a task group, and offers that hold it in pieces: reserved and not, with something to spare or nothing.
func anyGroup(t *rapid.T) (spec *proto.TaskGroup, ports []uint64, offers []mesos.Resource) {
	spec = &proto.TaskGroup{Framework: "f", Name: "g", Instances: 1}
	needs := map[string]int64{"cpus": 10, "mem": 32_000, "disk": 1000}
	for i := range rapid.IntRange(1, 5).Draw(t, "tasks") {
		task := proto.Task{Name: fmt.Sprint("t", i), Command: "true", Ports: rapid.Uint32Range(0, 3).Draw(t, "ports")}
		for _, name := range []string{"cpus", "mem", "disk"} {
			milli := rapid.Int64Range(1, 4000).Draw(t, name)
			needs[name] += milli
			task.Resources = append(task.Resources, proto.Resource{Name: name, Milli: milli})
		}
		for range task.Ports {
			ports = append(ports, 31000+2*uint64(len(ports)))
		}
		spec.Tasks = append(spec.Tasks, task)
	}
	for _, name := range []string{"cpus", "mem", "disk"} {
		for rest := needs[name]; rest > 0; {
			milli := rapid.Int64Range(min(rest, 500), rest).Draw(t, "piece")
			rest -= milli
			piece := scalar(name, drf.Amount(milli).Float())
			if rapid.Bool().Draw(t, "reserved") {
				piece = scalar(name, drf.Amount(milli).Float(), "eng")
			}
			offers = append(offers, piece)
		}
	}
	return spec, ports, append(offers, portRange(31000, 31050))
}

// Whatever the group and however the resources are offered: if they suffice to the last thousandth, a real master
// accepts what we send.
func TestEveryGroupThatFitsIsAcceptedByTheRulesOfARealMaster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, ports, offers := anyGroup(t)
		op, err := webLaunch(spec, ports...).operation(newPool(offers))
		if err != nil {
			t.Fatal(err)
		}
		if fault := (groupRules{framework: "f-0000", agent: "S0", offered: offers}).fault(&op); fault != "" {
			t.Fatalf("%s\noffered %s\n%s", fault, text(offers), describeOperation(&op))
		}
	})
}
