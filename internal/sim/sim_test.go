package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// Each script holds scenarios and what comes of them. Each is run twice, which must be the same to the last bit, and
// once with all checks. `go test -rewrite` refreshes them.
//
//	run [placements]              the table
//	json [placements] [samples]   the JSON of the contract
//
// With alone, each framework is also run by itself. Each takes set:PATH=(VALUE), what a scenario is to have instead of its own.
//
//	parse                         only what is wrong with the file
//	fairness                      how fairly each framework was served
//	occupancy                     dominant shares of all frameworks, and how much of the time they held them
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if strings.HasSuffix(path, ".txt") {
			datadriven.RunTest(t, path, runScript)
		}
	})
}

func runScript(t *testing.T, d *datadriven.TestData) string {
	var settings []Setting
	for _, arg := range d.CmdArgs {
		if path, ok := strings.CutPrefix(arg.Key, "set:"); ok {
			settings = append(settings, Setting{path, strings.Join(arg.Vals, ",")})
		}
	}
	scenarios, err := ParseWith("s.yaml", []byte(d.Input), settings)
	if err != nil {
		return err.Error() + "\n"
	}
	var results []*Result
	for _, s := range scenarios {
		r, err := Run(context.Background(), s, Options{
			Placements: d.HasArg("placements"), Samples: d.HasArg("samples") || d.Cmd == "occupancy", Bins: []uint32{1, 5},
		})
		if err != nil {
			return err.Error() + "\n"
		}
		again, err := Run(context.Background(), s, Options{Check: true})
		if err != nil || again.Digest != r.Digest {
			t.Fatalf("%s: digest %s, then %+v, %v", d.Pos, r.Digest, again, err)
		}
		if d.HasArg("alone") {
			if err := MeasureAlone(context.Background(), s, Options{}, r); err != nil {
				return err.Error() + "\n"
			}
		}
		results = append(results, r)
	}
	var out bytes.Buffer
	write := map[string]func() error{
		"run":       func() error { return writeTables(&out, results) },
		"json":      func() error { return WriteJSON(&out, results) },
		"parse":     func() error { return nil },
		"fairness":  func() error { return writeFairness(&out, results) },
		"occupancy": func() error { return writeOccupancy(&out, results[0]) },
	}[d.Cmd]
	if write == nil {
		d.Fatalf(t, "unknown command")
	}
	if err := write(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The numbers are those that each example states in its comment.
func TestExamples(t *testing.T) {
	type held struct {
		running  int64
		dominant string
		share    string
	}
	for file, want := range map[string]map[string]held{
		"paper/paper.yaml":                {"A": {3, "mem", "2/3"}, "B": {2, "cpus", "2/3"}},
		"two-level/one-framework.yaml":    {"A": {12, "cpus", "1/1"}},
		"two-level/two-frameworks.yaml":   {"A": {6, "cpus", "1/2"}, "B": {6, "cpus", "1/2"}},
		"two-level/three-frameworks.yaml": {"A": {4, "cpus", "1/3"}, "B": {4, "cpus", "1/3"}, "C": {4, "cpus", "1/3"}},
		"two-level/unequal-demands.yaml":  {"A": {2, "cpus", "2/3"}, "B": {2, "mem", "2000/3381"}},
		"two-level/larger-memory.yaml":    {"A": {2, "cpus", "2/3"}, "B": {1, "mem", "1250/3381"}},
	} {
		text, err := os.ReadFile("../../examples/" + file)
		if err != nil {
			t.Fatal(err)
		}
		r := runOne(t, string(text), Options{})
		got := map[string]held{}
		for _, f := range r.Frameworks {
			got[f.Name] = held{f.Running, f.DominantResource, fmt.Sprintf("%d/%d", f.ShareNum, f.ShareDen)}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
		if r.Placements != nil {
			t.Errorf("%s: got placements although nobody asked", file)
		}
	}
}

func TestOptionsReplacePartsOfTheScenario(t *testing.T) {
	const file = `
name: s
cluster: {agents: [{name: a, resources: {cpus: 2}}, {name: b, resources: {cpus: 1}}]}
groups: [{framework: A, name: g, tasks: [{name: t, resources: {cpus: 1}}]}]
placement: worst-fit
`
	seed := int64(7)
	r := runOne(t, file, Options{Policy: allocator.DRFLiteral, Placement: allocator.FirstFit, Seed: &seed, Placements: true})
	if r.Policy != "drf-literal" || r.Placement != "first-fit" || r.Seed != 7 || len(r.Placements) != 1 {
		t.Errorf("got %+v", r)
	}
	if r := runOne(t, file, Options{}); r.Policy != "drf" || r.Placement != "worst-fit" || r.Seed != 1 {
		t.Errorf("without options: got %+v", r)
	}
}

// A scenario that names no policy runs under DRF while its roles are flat, and under HDRF as soon as
// one is nested. A policy that is asked for stays.
func TestTheDefaultPolicyFollowsTheRoles(t *testing.T) {
	const file = `
name: s
cluster: {agents: [{name: a, resources: {cpus: 4}}]}
groups:
  - {framework: A, role: %s, name: g, instances: 9, tasks: [{name: t, resources: {cpus: 1}}]}
  - {framework: B, role: ops, name: g, instances: 9, tasks: [{name: t, resources: {cpus: 1}}]}
`
	for role, want := range map[string]allocator.Policy{"eng": allocator.DRF, "eng/dev": allocator.HDRF} {
		text := fmt.Sprintf(file, role)
		byDefault, named := runOne(t, text, Options{}), runOne(t, text, Options{Policy: want})
		if byDefault.Policy != string(want) || byDefault.Digest != named.Digest {
			t.Errorf("role %s: policy %s, digest %s, want %s and %s", role, byDefault.Policy, byDefault.Digest, want, named.Digest)
		}
		if r := runOne(t, text, Options{Policy: allocator.Slots}); r.Policy != "slots" {
			t.Errorf("role %s: policy slots became %s", role, r.Policy)
		}
	}
}

// CEEI is a policy of one filling: with time to go by it is refused by name.
func TestAStaticPolicyOnlyFills(t *testing.T) {
	const file = `
name: s
cluster: {agents: [{name: a, resources: {cpus: 9, mem: 18}}]}
groups:
  - {framework: A, name: g, instances: 100, tasks: [{name: t, resources: {cpus: 0.1, mem: 0.4}}]}
  - {framework: B, name: g, instances: 100, tasks: [{name: t, resources: {cpus: 0.3, mem: 0.1}}]}
`
	r := runOne(t, file, Options{Policy: allocator.CEEI})
	if a, b := r.Frameworks[0].Running, r.Frameworks[1].Running; a != 40 && a != 41 || b != 16 && b != 17 {
		t.Errorf("A and B run %d and %d, want near 45/11 and 18/11 times ten", a, b)
	}
	_, err := Run(context.Background(), parseOne(t, file+"until: 10s\n"), Options{Policy: allocator.CEEI})
	if !errors.Is(err, allocator.ErrInvalid) || !strings.Contains(err.Error(), "policy ceei only fills a cluster once") {
		t.Errorf("with time: %v", err)
	}
}

// A had the cluster to itself for a minute; when its tasks end, B, which comes new, gets more for a while
// if the past counts, and half if it does not.
func TestWhoUsedMoreOfLateIsServedLater(t *testing.T) {
	const file = `
name: s
cluster: {agents: [{name: a, resources: {cpus: 8}}]}
groups:
  - {framework: A, name: day, instances: 8, duration: 60s, tasks: [{name: t, resources: {cpus: 1}}]}
  - {framework: A, name: more, arrival: 50s, instances: 20, tasks: [{name: t, resources: {cpus: 1}}]}
  - {framework: B, name: new, arrival: 50s, instances: 20, tasks: [{name: t, resources: {cpus: 1}}]}
until: 61s
`
	for halfLife, want := range map[string]int64{"": 4, "half_life: 60s\n": 6} {
		if r := runOne(t, file+halfLife, Options{}); r.Frameworks[1].Running != want {
			t.Errorf("%q: B runs %d, want %d", halfLife, r.Frameworks[1].Running, want)
		}
	}
	if r := runOne(t, file, Options{HalfLifeMillis: 60_000}); r.Frameworks[1].Running != 6 {
		t.Errorf("as an option: B runs %d, want 6", r.Frameworks[1].Running)
	}
}

func TestACancelledSimulationStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := parseOne(t, "name: s\ncluster: {agents: [{name: a, resources: {cpus: 2}}]}\n"+
		"groups: [{name: g, tasks: [{name: t, resources: {cpus: 1}}]}]\n")
	r, err := Run(ctx, s, Options{})
	if !errors.Is(err, context.Canceled) || r == nil || !r.Partial {
		t.Errorf("got %+v, %v, want what happened until then and %v", r, err, context.Canceled)
	}
}

func TestJSONOfSeveralResultsIsAList(t *testing.T) {
	r := &Result{}
	for n, want := range []byte{'[', '{', '['} {
		var out bytes.Buffer
		results := make([]*Result, 0, n) // of none, an empty list
		for range n {
			results = append(results, r)
		}
		if err := WriteJSON(&out, results); err != nil {
			t.Fatal(err)
		}
		if out.Bytes()[0] != want || !json.Valid(out.Bytes()) {
			t.Errorf("%d results: got %s", n, out.Bytes())
		}
	}
}

// Whatever arrives when, a simulation repeats itself, its books add up at the end, and everything
// that can run and ends has run.
func TestAnyScenario(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScenario(t)
		first, err := Run(context.Background(), s, Options{Placements: true})
		if err != nil {
			t.Fatal(err)
		}
		second, err := Run(context.Background(), s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if first.Digest != second.Digest {
			t.Fatalf("digest %s, then %s", first.Digest, second.Digest)
		}
		if int64(len(first.Placements)) != first.Decisions {
			t.Fatalf("%d placements, but %d decisions", len(first.Placements), first.Decisions)
		}
		expectInstances(t, s, first)
	})
}

// expectInstances checks that every instance is accounted for once, and that in endless time all of
// those that fit an agent have finished.
func expectInstances(t *rapid.T, s *Scenario, r *Result) {
	want, arrived := map[string]int64{}, map[string]int64{}
	for _, g := range s.Groups {
		if g.ArrivalMillis <= s.UntilMillis {
			arrived[g.Spec.Framework] += int64(g.Spec.Instances)
		}
		if s.UntilMillis == endless {
			want[g.Spec.Framework] += int64(g.Spec.Instances)
		}
	}
	for _, f := range r.Frameworks {
		if sum := f.Running + f.Pending + f.Finished; sum != arrived[f.Name] {
			t.Fatalf("framework %s: %d running, %d pending, %d finished, want %d in all",
				f.Name, f.Running, f.Pending, f.Finished, arrived[f.Name])
		}
		if s.UntilMillis == endless && f.Finished != want[f.Name] {
			t.Fatalf("framework %s: %d finished, want %d", f.Name, f.Finished, want[f.Name])
		}
	}
}

const endless = 1 << 40

func anyScenario(t *rapid.T) *Scenario {
	s := &Scenario{
		Name:        "any",
		Policy:      rapid.SampledFrom(slices.DeleteFunc(append(allocator.Policies(), allocator.Auto), allocator.Policy.Static)).Draw(t, "policy"),
		Placement:   rapid.SampledFrom(allocator.Placements()).Draw(t, "placement"),
		UntilMillis: rapid.SampledFrom([]int64{0, 5, 50, endless}).Draw(t, "until"),
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "agents") {
		s.Agents = append(s.Agents, Agent{Name: fmt.Sprintf("agent-%d", i), Ports: 2, Resources: []allocator.Quantity{
			{Name: "cpus", Amount: drf.Amount(rapid.IntRange(4, 16).Draw(t, "cpus")) * drf.Unit},
			{Name: "mem", Amount: drf.Amount(rapid.IntRange(4, 16).Draw(t, "mem")) * drf.Unit},
		}})
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "groups") {
		s.Groups = append(s.Groups, Group{
			Spec: &proto.TaskGroup{
				Framework: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "framework"), Role: "*",
				Name: fmt.Sprintf("g%d", i), Instances: rapid.Uint32Range(1, 20).Draw(t, "instances"),
				Priority: rapid.Int32Range(-1, 1).Draw(t, "priority"),
				Tasks: []proto.Task{
					{Name: "main", Resources: anyDemand(t)},
					{Name: "side", Resources: anyDemand(t), Sidecar: true, Ports: rapid.Uint32Range(0, 1).Draw(t, "ports")},
				},
			},
			ArrivalMillis:  rapid.Int64Range(0, 20).Draw(t, "arrival"),
			DurationMillis: rapid.Int64Range(1, 10).Draw(t, "duration"),
		})
	}
	return s
}

// anyDemand fits every agent of anyScenario twice.
func anyDemand(t *rapid.T) []proto.Resource {
	return []proto.Resource{
		{Name: "cpus", Milli: rapid.Int64Range(1, 2000).Draw(t, "cpus")},
		{Name: "mem", Milli: rapid.Int64Range(1, 2000).Draw(t, "mem")},
	}
}

func FuzzParse(f *testing.F) {
	for _, example := range []string{"paper/paper.yaml", "two-level/unequal-demands.yaml"} {
		file, err := os.ReadFile("../../examples/" + example)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(file))
	}
	f.Add("name: s\ncluster: {agents: [{name: a, count: 3, resources: {cpus: 1}, attributes: {r: 1}}]}\n" +
		"roles: [{name: r, weight: 2}]\nframeworks: [{name: A, role: r}]\nuntil: 1d\nseed: -1\ngroups: []\n")
	f.Add("name: s\ncluster: {agents: [{name: a, count: 3, resources: {cpus: 1}, joins: 1s, leaves: 9s}]}\nroles: [{name: r}]\n" +
		"overcommit: {slots: 2, mem: 1.5}\nfaults: {jitter: 0.1, failures: 0.5, late_updates: {part: 1, by: 2s}, agents: {up: 5s, down: 1s}}\n" +
		"groups:\n  - {name: a, repeat: {times: 2, think: 1s}, duration: 'uniform(1s, 2s)', tasks: [{name: t, resources: {cpus: 1}}]}\n" +
		"  - {name: b, stages: [{name: x, duration: 1s, tasks: [{name: t, resources: {cpus: 1}}]}, {name: y, after: [], tasks: [{name: t, resources: {mem: 1}}]}]}\n" +
		"  - {name: c, instances: 3, duration: 1s, tasks: [{name: t, resources: {cpus: 1}}], phases: [{at: 2s, instances: 1}]}\n" +
		"changes: [{at: 1s, role: r, weight: 2}, {at: 2s, kill: default/b}, {at: 3s, leaves: a-1}, {at: 3s, framework: default, weight: 3}]\nuntil: 20s\n")
	f.Add("name: s\nmode: offers\noffers: {interval: 1s, refuse: 2s}\ncluster: {agents: [{name: a, resources: {cpus: 2}}]}\n" +
		"frameworks: [{name: A, accept: {instances: 1, least: {cpus: 1}}}]\ngroups: [{framework: A, name: a, duration: 1s, arrival: poisson(1/s), tasks: [{name: t, resources: {cpus: 1}}]}]\nuntil: 9s\n")
	f.Fuzz(func(t *testing.T, file string) {
		scenarios, err := Parse("f.yaml", []byte(file))
		var all strictyaml.Errors
		if err != nil && (!errors.As(err, &all) || scenarios != nil) {
			t.Fatalf("got %v of type %T with %d scenarios, want strictyaml.Errors alone", err, err, len(scenarios))
		}
	})
}

func parseOne(t *testing.T, file string) *Scenario {
	t.Helper()
	scenarios, err := Parse("s.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(scenarios) != 1 {
		t.Fatalf("got %d scenarios, want 1", len(scenarios))
	}
	return scenarios[0]
}

func runOne(t *testing.T, file string, opts Options) *Result {
	t.Helper()
	r, err := Run(context.Background(), parseOne(t, file), opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
