package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/api"
)

const paper = `
framework: A
name: a
instances: 10
tasks: [{name: main, command: sleep 60, resources: {cpus: 1, mem: 4096}}]
---
framework: B
name: b
instances: 10
tasks: [{name: main, command: sleep 60, resources: {cpus: 3, mem: 1024}}]
`

func TestThePapersExampleInTheWordsOfTheContract(t *testing.T) {
	f := serve(t, "cpus:9;mem:18432")
	f.submit(paper)
	shares := read[map[string]any](f, "/v1/shares")
	want := `{"frameworks":[` +
		`{"allocated":{"cpus":3,"mem":12288},"dominant_resource":"mem","dominant_share":0.6667,"fair_share":0.6667,"name":"A","pending":7,"role":"*","running":3,"share_den":3,"share_error":0,"share_num":2,"weight":1},` +
		`{"allocated":{"cpus":6,"mem":2048},"dominant_resource":"cpus","dominant_share":0.6667,"fair_share":0.6667,"name":"B","pending":8,"role":"*","running":2,"share_den":3,"share_error":0,"share_num":2,"weight":1}],` +
		`"policy":"drf",` +
		`"roles":[{"allocated":{"cpus":9,"mem":14336},"dominant_resource":"cpus","dominant_share":1,"fair_share":1,"name":"*","share_den":1,"share_error":0,"share_num":1,"weight":1}],` +
		`"total":{"cpus":9,"mem":18432}}`
	if got, _ := json.Marshal(shares); string(got) != want {
		t.Errorf("shares\n got %s\nwant %s", got, want)
	}
}

func TestTheShareForRankingIsDividedByTheWeight(t *testing.T) {
	f := serve(t, "cpus:10;mem:100000")
	f.mustStep(allocator.FrameworkSet{Framework: "A", Role: "*", Weight: 2500})
	f.submit(group("A", "a", "instances: 5"))
	got := read[api.Shares](f, "/v1/shares").Frameworks[0]
	if got.DominantShare != 0.2 || got.ShareNum != 1 || got.ShareDen != 2 || got.Weight.String() != "2.5" {
		t.Errorf("got %+v, want 1/2 before and 0.2 after the weight 2.5", got)
	}
}

func TestSubmittingIsIdempotentAndNamesAreTakenOnce(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(group("A", "a"))
	if a := f.do("POST", "/v1/groups", group("A", "a")); a.status != http.StatusOK || !strings.Contains(a.body, `{"framework":"A","name":"a","known":true}`) {
		t.Errorf("the same again: %d %s", a.status, a.body)
	}
	f.refused(f.do("POST", "/v1/groups", group("A", "a", "instances: 2")), 409, api.CodeConflict, "A/a")
	if n := len(read[api.Groups](f, "/v1/groups").Groups); n != 1 {
		t.Errorf("%d groups, want 1", n)
	}
}

func TestOneBadGroupRefusesAllOfARequest(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(group("A", "taken"))
	f.refused(f.do("POST", "/v1/groups", group("A", "new")+"---\n"+group("A", "taken", "instances: 9")), 409, api.CodeConflict, "taken")
	f.refused(f.do("POST", "/v1/groups", group("A", "new")+"---\nname: bad\n"), 400, api.CodeInvalid, "tasks")
	if n := len(read[api.Groups](f, "/v1/groups").Groups); n != 1 {
		t.Errorf("%d groups, want the first one only", n)
	}
}

func TestEveryFormOfARequestIsRead(t *testing.T) {
	const one = `{"framework": "J", "name": "%", "tasks": [{"name": "main", "command": "true", "resources": {"cpus": 1, "mem": 32}}]}`
	first, second := strings.Replace(one, "%", "one", 1), strings.Replace(one, "%", "two", 1)
	for name, body := range map[string]string{
		"a JSON object":        first,
		"a list called groups": `{"groups": [` + first + `,` + second + `]}`,
		"JSON documents":       first + "\n" + second,
		"YAML documents":       "# a comment\n" + group("J", "one") + "---\n" + group("J", "two"),
		"a YAML list":          "groups:\n- " + first + "\n- " + second,
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, "cpus:4;mem:16384")
			f.submit(body)
			want := 2
			if name == "a JSON object" {
				want = 1
			}
			if got := read[api.Groups](f, "/v1/groups").Groups; len(got) != want {
				t.Errorf("%d groups, want %d", len(got), want)
			}
		})
	}
}

func TestBadInputNamesTheField(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	for _, c := range []struct{ name, body, field, message string }{
		{"an unknown field", group("A", "a", "instanses: 2"), "instanses", "unknown field"},
		{"a negative amount", strings.Replace(group("A", "a"), "cpus: 1", "cpus: -1", 1), "tasks[0].resources.cpus", ""},
		{"in the second of a list", `{"groups": [{"name": "a", "tasks": [{"name": "m", "command": "true", "resources": {"cpus": 1, "mem": 1}}]}, {"name": "b"}]}`, "groups[1].tasks", "missing"},
		{"nothing", "", "", "no task group"},
		{"an empty list", `{"groups": []}`, "", "no task group"},
		{"something beside the list", `{"groups": [], "extra": 1}`, "extra", "unknown field"},
		{"broken JSON", `{"name": `, "", ""},
		{"not text", "\xff\xfe", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.t = t
			a := f.do("POST", "/v1/groups", c.body)
			f.refused(a, 400, api.CodeInvalid, c.message)
			var got api.ErrorBody
			if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Error.Field != c.field {
				t.Errorf("field %q, want %q", got.Error.Field, c.field)
			}
		})
	}
}

func TestTooLargeARequestIsRefusedUnread(t *testing.T) {
	f := serve(t, "cpus:1;mem:1")
	f.refused(f.do("POST", "/v1/groups", "#"+strings.Repeat(" ", 17<<20)), 413, api.CodeTooLarge, "too large")
}

func TestAGroupWithEverythingKnownOfIt(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(group("A", "a", "instances: 6", "restart: {policy: on-failure, max: 1, backoff: 1m}"))
	f.end("A/a/0", allocator.TaskFinished, "exited with status 0")
	f.end("A/a/1", allocator.TaskFailed, "exited with status 3")
	got := read[api.GroupDetail](f, "/v1/groups/A/a")
	if got.State != "running" || got.Running != 4 || got.Pending != 1 || got.Finished != 1 {
		t.Errorf("group %+v", got.Group)
	}
	var states []string
	for _, in := range got.Runs {
		states = append(states, in.State)
	}
	if s := strings.Join(states, " "); s != "finished backoff running running running running" {
		t.Errorf("instances are %s", s)
	}
	if in := got.Runs[1]; in.NotBefore == nil || in.NotBefore.Sub(got.History[1].Ended).Minutes() != 1 {
		t.Errorf("instance 1 may run again at %v, after it ended at %v", in.NotBefore, got.History[1].Ended)
	}
	if in := got.Runs[2]; in.Agent != "agent-1" || len(in.Tasks) != 1 || in.Tasks[0] != (api.TaskState{Name: "main", State: "running"}) {
		t.Errorf("instance 2 is %+v", in)
	}
	if len(got.History) != 2 || got.History[1].Outcome != "failed" || got.History[1].Message != "exited with status 3" {
		t.Errorf("history %+v", got.History)
	}
	again := f.do("POST", "/v1/groups", string(got.Spec))
	if again.status != http.StatusOK {
		t.Errorf("the specification that is shown is not the one that was submitted: %s", again.body)
	}
}

func TestListsCanBeNarrowed(t *testing.T) {
	f := serve(t, "cpus:2;mem:16384")
	f.submit(group("A", "a", "instances: 2") + "---\n" + group("B", "b") + "---\n" + group("B", "daily", `schedule: "@daily"`))
	for path, want := range map[string]int{
		"/v1/groups": 3, "/v1/groups?state=scheduled": 1, "/v1/groups?framework=A": 1, "/v1/groups?framework=C": 0, "/v1/groups?state=running": 2, "/v1/groups?state=failed": 0,
	} {
		if got := read[api.Groups](f, path).Groups; len(got) != want {
			t.Errorf("%s: %d groups, want %d", path, len(got), want)
		}
	}
	for path, want := range map[string]int{
		"/v1/instances": 2, "/v1/instances?framework=A": 1, "/v1/instances?framework=A&group=b": 0, "/v1/instances?state=running": 2,
	} {
		if got := read[api.Instances](f, path).Instances; len(got) != want {
			t.Errorf("%s: %d instances, want %d: one each, and one of A waits", path, len(got), want)
		}
	}
}

func TestDeleteKillsWhatLivesAndRemovesWhatHasEnded(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(group("A", "a", "instances: 2"))
	for _, c := range []struct {
		path, action string
		status       int
		state        string // of the group after it; empty: gone
	}{
		{"/v1/groups/A/a?instance=1", "killed", http.StatusAccepted, "running"},
		{"/v1/groups/A/a?instance=1", "none", http.StatusOK, "running"},
		{"/v1/groups/A/a", "killed", http.StatusAccepted, "killed"},
		{"/v1/groups/A/a", "removed", http.StatusOK, ""},
	} {
		a := f.do("DELETE", c.path, "")
		if a.status != c.status || strings.TrimSpace(a.body) != `{"action":"`+c.action+`"}` {
			t.Errorf("DELETE %s: %d %s, want %d %s", c.path, a.status, a.body, c.status, c.action)
		}
		groups := read[api.Groups](f, "/v1/groups").Groups
		switch {
		case c.state == "" && len(groups) > 0:
			t.Errorf("still there: %+v", groups)
		case c.state != "" && groups[0].State != c.state:
			t.Errorf("after %s the group is %s, want %s", c.path, groups[0].State, c.state)
		}
	}
	f.refused(f.do("DELETE", "/v1/groups/A/a", ""), 404, api.CodeNotFound, "A/a")
	f.refused(f.do("DELETE", "/v1/groups/A/a?instance=0", ""), 404, api.CodeNotFound, "A/a/0")
	f.refused(f.do("DELETE", "/v1/groups/A/a?instance=x", ""), 400, api.CodeBadRequest, "x")
	f.refused(f.do("DELETE", "/v1/groups/A/a?instance=-1", ""), 400, api.CodeBadRequest, "-1")
}

func TestExplainSaysWithAmountsWhyAGroupWaits(t *testing.T) {
	f := serve(t, "cpus:2;mem:16384")
	f.submit(group("A", "a", "instances: 3") + "---\n" + group("A", "later", "after: [a]"))
	e := read[api.Explanation](f, "/v1/groups/A/a/explain")
	if e.Pending != 1 || e.Position != 1 || e.ShareNum != 1 || e.ShareDen != 1 || e.Fit != 0 || e.Agents != 1 {
		t.Errorf("explanation %+v", e)
	}
	if len(e.Reasons) == 0 || e.Reasons[0].Code != "no-room" {
		t.Errorf("reasons %+v, want no-room", e.Reasons)
	}
	if len(e.Lacks) != 1 || e.Lacks[0].Resource != "cpus" || e.Lacks[0].Need.String() != "1" || e.Lacks[0].Most.String() != "0" {
		t.Errorf("lacks %+v, want 1 of cpus where 0 is left", e.Lacks)
	}
	later := read[api.Explanation](f, "/v1/groups/A/later/explain")
	if len(later.Reasons) != 1 || later.Reasons[0].Code != "dependency" {
		t.Errorf("reasons %+v, want dependency", later.Reasons)
	}
	f.refused(f.do("GET", "/v1/groups/A/none/explain", ""), 404, api.CodeNotFound, "A/none")
}

func TestAPlanTellsWhatASubmitWouldDoAndDoesNothing(t *testing.T) {
	f := serve(t, "cpus:2;mem:16384")
	body := group("A", "fits") + "---\n" + group("A", "waits", "instances: 3") + "---\n" +
		strings.Replace(group("A", "huge"), "cpus: 1", "cpus: 64", 1)
	a := f.do("POST", "/v1/plan", body)
	var plan api.Plan
	if err := json.Unmarshal([]byte(a.body), &plan); err != nil || a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var got []string
	for _, p := range plan.Groups {
		got = append(got, p.Group+" "+p.Verdict)
	}
	if s := strings.Join(got, ", "); s != "fits starts, waits waits, huge never" {
		t.Errorf("plan: %s", s)
	}
	if n := len(read[api.Groups](f, "/v1/groups").Groups); n != 0 {
		t.Errorf("%d groups after a plan", n)
	}
	f.refused(f.do("POST", "/v1/plan", "name: x"), 400, api.CodeInvalid, "tasks")
}

func TestAStoppingSchedulerAsksToTryAgain(t *testing.T) {
	f := serve(t, "cpus:2;mem:16384")
	f.stop()
	f.refused(f.do("POST", "/v1/groups", group("A", "a")), 503, api.CodeUnavailable, "stopping")
	f.refused(f.do("GET", "/v1/shares", ""), 503, api.CodeUnavailable, "stopping")
}

func TestEndpointsAreLinesForScripts(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.mustStep(allocator.AgentSeen{Agent: "agent-2", Host: "host-2", Owned: true, Ports: []allocator.PortRange{{Begin: 31000, End: 31004}},
		Total: []allocator.Quantity{{Name: "cpus", Amount: 4 * drf.Unit}, {Name: "mem", Amount: 16384 * drf.Unit}}})
	f.submit(strings.Replace(group("A", "a", "instances: 2"), "cpus: 1", "ports: 2, cpus: 1", 1))
	for query, want := range map[string]string{
		"":                   "host-2:31000\nhost-2:31002\n",
		"?port=1":            "host-2:31001\nhost-2:31003\n",
		"?port=2":            "",
		"?instance=1&port=1": "host-2:31003\n",
		"?instance=7":        "",
	} {
		a := f.do("GET", "/v1/groups/A/a/endpoints"+query, "")
		if a.status != http.StatusOK || a.body != want || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%q: %d %q, want %q", query, a.status, a.body, want)
		}
	}
	f.end("A/a/0", allocator.TaskFinished, "")
	if a := f.do("GET", "/v1/groups/A/a/endpoints", ""); strings.Contains(a.body, "31000") {
		t.Errorf("of one that has ended: %q", a.body)
	}
	f.refused(f.do("GET", "/v1/groups/A/b/endpoints", ""), 404, api.CodeNotFound, "A/b")
	f.refused(f.do("GET", "/v1/groups/A/a/endpoints?port=-1", ""), 400, api.CodeBadRequest, "expected a number from 0 on")
}
