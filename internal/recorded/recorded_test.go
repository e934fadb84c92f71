package recorded

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/journal"
	"fairlead/internal/sim"
	"fairlead/internal/taskgroup"
	"fairlead/scheduler"
)

// tape records what a scheduler without a master would: facts at a time, and what is decided of them.
type tape struct {
	*testing.T
	journal *journal.Journal
	state   *allocator.State
	runs    map[string]allocator.RunID // the latest, by framework/group/instance
}

func newTape(t *testing.T) *tape {
	t.Helper()
	j, err := journal.Open(filepath.Join(t.TempDir(), "fairlead.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	state, err := allocator.New(allocator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &tape{t, j, state, make(map[string]allocator.RunID)}
}

// at steps facts, then a tick, and appends the record.
func (t *tape) at(ms int64, facts ...any) {
	t.Helper()
	record := scheduler.Record{At: ms}
	for _, f := range facts {
		if text, ok := f.(string); ok {
			specs, err := taskgroup.Parse("group.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			core, err := taskgroup.Core(specs[0])
			if err != nil {
				t.Fatal(err)
			}
			record.Specs = append(record.Specs, specs[0])
			f = allocator.GroupSubmitted{Group: core}
		}
		record.Facts = append(record.Facts, f.(allocator.Fact))
	}
	for _, f := range record.Facts {
		if _, err := t.state.Step(allocator.Event{At: ms, Fact: f}); err != nil {
			t.Fatal(err)
		}
	}
	actions, err := t.state.Step(allocator.Event{At: ms, Fact: allocator.Tick{}})
	if err != nil {
		t.Fatal(err)
	}
	record.Actions = actions
	for _, a := range actions {
		if accept, ok := a.(*allocator.Accept); ok {
			for _, l := range accept.Launches {
				t.runs[l.Framework+"/"+instanceName(l.Group, l.Instance)] = l.Run
			}
		}
	}
	data, err := record.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := t.journal.Append(data); err != nil {
		t.Fatal(err)
	}
}

// ends is the news that the task of an instance is over.
func (t *tape) ends(instance string, how allocator.TaskState) allocator.TaskUpdated {
	return allocator.TaskUpdated{Run: t.runs[instance], State: how}
}

func agent(id string, cpus int64) allocator.AgentSeen {
	return allocator.AgentSeen{Agent: id, Host: "host-" + id, Owned: true, Total: []allocator.Quantity{
		{Name: "cpus", Amount: drf.Amount(cpus) * drf.Unit}, {Name: "mem", Amount: 1000 * drf.Unit},
	}}
}

const (
	extract = `{framework: etl, name: extract, instances: 3, tasks: [{name: main, command: x, resources: {cpus: 1}}]}`
	load    = `{framework: etl, name: load, after: [extract], restart: {policy: on-failure, max: 2, backoff: 1s}, tasks: [{name: main, command: x, resources: {cpus: 2}}]}`
	web     = `{framework: web, name: front, instances: 2, tasks: [{name: main, command: x, resources: {cpus: 1}}]}`
)

// lines expects each of the lines in the scenario, which package sim must accept.
func (t *tape) lines(w *Workload, want ...string) *sim.Result {
	t.Helper()
	var out bytes.Buffer
	if err := w.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, line := range want {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%s is not in\n%s", line, out.String())
		}
	}
	scenarios, err := sim.Parse("scenario.json", out.Bytes())
	if err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	r, err := sim.Run(context.Background(), scenarios[0], sim.Options{Placements: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A day: a group that ends, one that fails once and comes after it, one that is killed, an agent that
// leaves and comes back, another weight.
func TestAJournalAsAScenario(t *testing.T) {
	d := newTape(t)
	d.at(1_000, agent("a", 4), agent("b", 2))
	d.at(5_000, extract, load)
	d.at(6_000, web)
	d.at(9_000, d.ends("etl/extract.0", allocator.TaskFinished))
	d.at(11_000, d.ends("etl/extract.1", allocator.TaskFinished), d.ends("etl/extract.2", allocator.TaskFinished),
		allocator.FrameworkSet{Framework: "web", Role: "*", Weight: 2_000})
	d.at(13_500, d.ends("etl/load.0", allocator.TaskFailed))
	d.at(20_000, agent("c", 4)) // by now the restart is due
	d.at(21_000, d.ends("etl/load.0", allocator.TaskFinished))
	d.at(25_000, allocator.GroupKilled{Framework: "web", Name: "front"})
	d.at(25_100, d.ends("web/front.0", allocator.TaskKilled), d.ends("web/front.1", allocator.TaskKilled))
	d.at(30_000, allocator.AgentLost{Agent: "c"})
	d.at(40_000, agent("c", 4))

	w, err := ReadJournal("day", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	r := d.lines(w,
		`{"name": "host-a", "resources": {"cpus": 4, "mem": 1000}}`,
		`{"name": "host-c", "resources": {"cpus": 4, "mem": 1000}, "joins": "15s"}`,
		`"durations": ["4s", "6s", "6s"]`,
		`"after": ["extract"]`,
		`{"at": "6s", "framework": "web", "role": "*", "weight": 2}`,
		`{"at": "20s", "kill": "web/front"}`,
		`{"at": "25s", "leaves": "host-c"}`,
		`{"at": "35s", "joins": "host-c"}`,
		`"until": "36500d"`,
	)
	if n := w.Notes["runs that ended and were started again: only the last one is there"]; n != 1 {
		t.Errorf("notes: %v, want one run that was started again", w.Notes)
	}
	finished := map[string]int64{}
	for _, f := range r.Frameworks {
		finished[f.Name] = f.Finished
	}
	if finished["etl"] != 4 || finished["web"] != 0 {
		t.Errorf("finished: %v, want 4 of etl and none of web", finished)
	}
}

// What a scheduler is doing becomes the beginning: what runs stays where it is, and what waits comes
// after it, whoever would have been served first.
func TestAStateAsAScenario(t *testing.T) {
	d := newTape(t)
	d.at(1_000, agent("a", 2), agent("b", 2))
	d.at(5_000, web)
	d.at(6_000, extract, load)
	d.at(9_000, d.ends("web/front.0", allocator.TaskFinished))

	w, err := ReadState("now", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	r := d.lines(w, `"name": "front.1"`, `"name": "extract.0"`, `"constraints": [["hostname", "LIKE", "host-`,
		`"after": ["extract.0", "extract.1", "extract.2"]`, `"arrival": "1ms"`)
	running := map[string]string{}
	for _, g := range d.state.View().Groups {
		for _, in := range g.Runs {
			if in.Agent != "" {
				running[g.Framework+"/"+instanceName(g.Name, in.Instance)] = "host-" + in.Agent
			}
		}
	}
	if len(r.Placements) != len(running) || len(running) != 4 {
		t.Errorf("%d placements for %d running instances, want 4", len(r.Placements), len(running))
	}
	for _, p := range r.Placements {
		if running[p.Framework+"/"+p.Group] != p.Agent {
			t.Errorf("%s/%s is on %s, want %s", p.Framework, p.Group, p.Agent, running[p.Framework+"/"+p.Group])
		}
	}
}

// A name that was free again belongs to two groups of a recording.
func TestANameThatIsUsedAgain(t *testing.T) {
	d := newTape(t)
	d.at(1_000, agent("a", 4))
	d.at(2_000, web)
	d.at(3_000, d.ends("web/front.0", allocator.TaskFinished), d.ends("web/front.1", allocator.TaskFinished))
	d.at(4_000, allocator.GroupForgotten{Framework: "web", Name: "front"})
	d.at(5_000, web)
	d.at(7_000, d.ends("web/front.0", allocator.TaskFinished), d.ends("web/front.1", allocator.TaskFinished))
	w, err := ReadJournal("day", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	if r := d.lines(w, `"name": "front-2"`, `"arrival": "3s", "duration": "2s"`, `"duration": "1s"`); r.MakespanS != 5 {
		t.Errorf("ends at %v s, want 5 s", r.MakespanS)
	}
}

// Agents that share a host are told apart by their ids, and by numbers if those are no names.
func TestNamesOfAgents(t *testing.T) {
	for _, c := range []struct {
		agents []Agent
		want   string
	}{
		{[]Agent{{ID: "s0", Host: "x"}, {ID: "s1", Host: "y"}}, "x y"},
		{[]Agent{{ID: "s0", Host: "x"}, {ID: "s1", Host: "x"}}, "s0 s1"},
		{[]Agent{{ID: "s/0", Host: "x"}, {ID: "s1", Host: "x"}}, "agent-1 agent-2"},
	} {
		w := newWorkload("w", allocator.Config{})
		w.Agents = c.agents
		names := w.agentNames()
		if got := names[c.agents[0].ID] + " " + names[c.agents[1].ID]; got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// Of an elastic group, what runs is there from the start; the rest is elastic still.
func TestAnElasticGroup(t *testing.T) {
	const batch = `{framework: f, name: batch, instances: {min: 2, max: 6}, tasks: [{name: main, command: x, resources: {cpus: 1}}]}`
	d := newTape(t)
	d.at(1_000, agent("a", 1))
	d.at(2_000, batch)
	w, err := ReadState("now", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	d.lines(w, `"name": "batch.0", "framework": "f", "role": "*", "instances": 1,`, `"instances": {"min": 1, "max": 5}`)
	if len(w.Notes) != 1 {
		t.Errorf("notes: %v", w.Notes)
	}
}

// A periodic group is as many groups as it occurred.
func TestAPeriodicGroup(t *testing.T) {
	const hourly = `{framework: f, name: report, schedule: "@hourly", tasks: [{name: main, command: x, resources: {cpus: 1}}]}`
	d := newTape(t)
	due := func(at, next int64) allocator.ScheduleDue {
		return allocator.ScheduleDue{Framework: "f", Name: "report", At: at, Next: next}
	}
	d.at(1_000, agent("a", 1))
	d.at(10_000, hourly, due(0, 20_000))
	d.at(20_000, due(20_000, 40_000))
	d.at(25_000, d.ends("f/report.0", allocator.TaskFinished))
	d.at(40_000, due(40_000, 60_000))
	d.at(47_000, d.ends("f/report.0", allocator.TaskFinished))
	w, err := ReadJournal("day", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	r := d.lines(w, `"arrival": "10s", "duration": "5s"`, `"name": "report-2"`, `"arrival": "30s", "duration": "7s"`)
	if len(w.Groups) != 2 || r.MakespanS != 37 {
		t.Errorf("%d groups until %v s, want 2 until 37 s", len(w.Groups), r.MakespanS)
	}
}

// Groups that are run again are groups that arrive then; each round of load comes after its own of extract.
func TestAGroupThatIsRunAgain(t *testing.T) {
	d := newTape(t)
	d.at(1_000, agent("a", 4))
	d.at(5_000, extract, load)
	d.at(7_000, d.ends("etl/extract.0", allocator.TaskFinished), d.ends("etl/extract.1", allocator.TaskFinished), d.ends("etl/extract.2", allocator.TaskFinished))
	d.at(8_000, d.ends("etl/load.0", allocator.TaskFinished))
	d.at(20_000, allocator.GroupRerun{Framework: "etl", Name: "extract", Below: true})
	d.at(23_000, d.ends("etl/extract.0", allocator.TaskFinished), d.ends("etl/extract.1", allocator.TaskFinished), d.ends("etl/extract.2", allocator.TaskFinished))
	d.at(27_000, d.ends("etl/load.0", allocator.TaskFinished))
	w, err := ReadJournal("day", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	r := d.lines(w, `"name": "extract-2"`, `"arrival": "15s", "duration": "3s"`, `"name": "load-2"`,
		`"after": ["extract"]`, `"after": ["extract", "extract-2"]`, `"arrival": "15s", "duration": "4s"`)
	if len(w.Groups) != 4 || r.MakespanS != 22 || len(w.Notes) != 0 {
		t.Errorf("%d groups until %v s, notes %v; want 4 until 22 s", len(w.Groups), r.MakespanS, w.Notes)
	}
}

// A group with one instance on each agent is one in the scenario too: of a journal from the start, of a
// state on the agents that have none of it yet.
func TestADaemonGroup(t *testing.T) {
	const ship = `{framework: f, name: ship, per: agent, constraints: [[hostname, UNLIKE, host-c]], tasks: [{name: main, command: x, resources: {cpus: 1}}]}`
	d := newTape(t)
	d.at(1_000, agent("a", 1), agent("b", 1), agent("c", 1))
	d.at(2_000, ship)
	d.at(5_000, agent("d", 1), agent("e", 1))
	day, err := ReadJournal("day", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	r := d.lines(day, `"name": "ship", "framework": "f", "per": "agent",`, `"until": "3s"`)
	if running := r.Frameworks[0].Running; running != 4 {
		t.Errorf("%d run at the end of the day, want 4", running)
	}
	now, err := ReadState("now", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	r = d.lines(now, `"name": "ship.3", "framework": "f", "role": "*", "instances": 1,`, `"per": "agent"`,
		`["hostname", "UNLIKE", "host-c"], ["hostname", "UNLIKE", "host-a|host-b|host-d|host-e"]`)
	if running := r.Frameworks[0].Running; running != 4 {
		t.Errorf("%d run now, want 4", running)
	}
}

// What ran on an agent that is lost waits, as it will once that is known for sure.
func TestAnInstanceOfALostAgent(t *testing.T) {
	d := newTape(t)
	d.at(1_000, agent("a", 2), agent("b", 1))
	d.at(2_000, extract, `{framework: f, name: ship, per: agent, tasks: [{name: main, command: x, resources: {mem: 1}}]}`)
	d.at(3_000, allocator.AgentLost{Agent: "b"})
	now, err := ReadState("now", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	r := d.lines(now, `"name": "extract", "framework": "etl", "role": "*", "instances": 1,`, `["hostname", "UNLIKE", "host-a"]`)
	if etl, f := r.Frameworks[0], r.Frameworks[1]; etl.Running != 2 || etl.Pending != 1 || f.Running != 1 {
		t.Errorf("%+v: want two of three that run, and one of the other", r.Frameworks)
	}
}

// What runs is bound to its agent and wishes for no other; what waits wishes to be near what became of a group.
func TestAGroupNearAnother(t *testing.T) {
	d := newTape(t)
	d.at(1_000, agent("a", 1), agent("b", 1))
	d.at(2_000, `{framework: f, name: cache, tasks: [{name: main, command: x, resources: {cpus: 1}}]}`)
	d.at(3_000, `{framework: f, name: web, instances: 2, near: cache, tasks: [{name: main, command: x, resources: {cpus: 1}}]}`)
	d.at(9_000, agent("c", 0))
	now, err := ReadState("now", d.journal)
	if err != nil {
		t.Fatal(err)
	}
	r := d.lines(now, `"name": "web.0"`, `"near": "cache.0"`)
	if running := r.Frameworks[0].Running; running != 2 || len(r.Placements) != 2 {
		t.Errorf("%d run from the start, want 2", running)
	}
}
