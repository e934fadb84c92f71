package master_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/recording"
	"fairlead/internal/cluster/wire"
)

// acceptance is a line of task-errors.jsonl: one ACCEPT and what came of it.
type acceptance struct {
	Name       string
	HTTPStatus int `json:"http_status"`
	Offered    json.RawMessage
	Accept     json.RawMessage
	Updates    []struct {
		TaskID  struct{ Value string } `json:"task_id"`
		AgentID struct{ Value string } `json:"agent_id"`
		State   string
		Source  string
		Reason  string
		Message string
		UUID    bool
	}
}

// taskDifferences are the lines whose outcome differs here, and why.
var taskDifferences = map[string]string{
	"check-type-unknown": "a check of type UNKNOWN cannot be told from one without type in mesos-go's structs;" +
		" refused with the other text",
	"group-executor-type-unknown": "the same for ExecutorInfo.type",
	"group-duplicate-ids":         "the real master dies of it; here the group is refused",
}

// before are lines that need another one played first, and what that one's
// tasks hold on to.
var before = map[string]struct{ line, holds string }{
	"duplicate-live-second":             {"duplicate-live", "cpus:0.1;mem:32"},
	"group-duplicate-of-live":           {"duplicate-live", "cpus:0.1;mem:32"},
	"executor-id-other-command":         {"executor-running", "cpus:0.2;mem:96;disk:32"},
	"executor-id-other-resources":       {"executor-running", "cpus:0.2;mem:96;disk:32"},
	"executor-id-other-name":            {"executor-running", "cpus:0.2;mem:96;disk:32"},
	"executor-id-other-labels-accepted": {"executor-running", "cpus:0.2;mem:96;disk:32"},
}

// Ids of the recorded session, which the replay replaces.
const (
	recordedAgents = "dea53368-c28f-4d5c-87e0-dc5d8c531b0c"
	recordedRun    = "637590cc-6874-4233-a12a-1fe70739e66d"
)

var recordedOffer = regexp.MustCompile(recordedRun + `-O[0-9]+`)

// Every recorded ACCEPT has the recorded outcome: the same tasks refused with
// the same texts, the same tasks handed to the agent.
func TestRecordedLaunches(t *testing.T) {
	lines := map[string]acceptance{}
	for _, line := range recording.Lines[acceptance](t, "task-errors.jsonl") {
		lines[line.Name] = line
	}
	for name, line := range lines {
		if name == "offers-of-two-agents" {
			continue // needs a second agent: TestOffersOfTwoAgents
		}
		t.Run(name, func(t *testing.T) {
			earlier := before[name]
			r := newReplay(t, line, earlier.holds)
			if earlier.line != "" {
				r.play(lines[earlier.line])
			}
			got, want := r.play(line), r.recorded(line)
			if why, differs := taskDifferences[name]; differs {
				if slices.Equal(got, want) {
					t.Errorf("the outcome is the recorded one, though listed as different (%s)", why)
				}
			} else if !slices.Equal(got, want) {
				t.Errorf("outcome\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// replay is a cluster that offers what a recorded line was offered.
type replay struct {
	t     *testing.T
	m     *master.Master
	f     *frameworktest.Framework
	a     *recordingAgent
	offer mesos.Offer
}

func newReplay(t *testing.T, line acceptance, held string) *replay {
	t.Helper()
	r := &replay{t: t, m: newMaster(t, master.Config{})}
	// Protobuf: re-encoding as JSON would write defaults the recording left out.
	r.f = frameworktest.Subscribe(t, url(r.m), wire.Protobuf, frameworktest.Info("task-errors", "eng"))
	var offered []json.RawMessage
	if err := json.Unmarshal(line.Offered, &offered); err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, one := range offered {
		var resource mesos.Resource
		if err := wire.DecodeJSON(one, &resource); err != nil {
			t.Fatal(err)
		}
		resource.AllocationInfo = nil
		text += wire.Describe(resource) + ";"
	}
	r.a = newAgent(t, r.m, text+held)
	return r
}

// swap puts the ids of this cluster into recorded text.
func (r *replay) swap(text string) string {
	text = recordedOffer.ReplaceAllString(text, r.offer.ID.Value)
	return strings.NewReplacer(recordedAgents, r.m.ID(), recordedRun, r.m.ID()).Replace(text)
}

// play sends a recorded ACCEPT and returns what comes of it, one line a task.
// A reconciliation of a task that never was marks the end of the answers.
func (r *replay) play(line acceptance) []string {
	r.t.Helper()
	r.offer = r.f.Offer()
	accept := &scheduler.Call_Accept{}
	if err := wire.DecodeJSON([]byte(r.swap(string(line.Accept))), accept); err != nil {
		r.t.Fatal(err)
	}
	earlier := len(r.a.launched())
	r.f.Call(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: accept})
	r.f.Call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{
		Tasks: []scheduler.Call_Reconcile_Task{{TaskID: mesos.TaskID{Value: "the end"}}},
	}})
	outcome := []string{}
	for {
		status := r.f.Update("")
		if status.TaskID.Value == "the end" {
			break
		}
		if len(status.UUID) > 0 {
			r.t.Errorf("an update of the master has a uuid: %v", status)
		}
		outcome = append(outcome, strings.Join([]string{status.TaskID.Value, status.AgentID.Value,
			status.GetState().String(), status.GetSource().String(), status.GetReason().String(), status.GetMessage()}, " | "))
	}
	for _, run := range r.a.launched()[earlier:] {
		for _, task := range run.tasks {
			outcome = append(outcome, task.TaskID.Value+" runs")
		}
	}
	slices.Sort(outcome)
	return outcome
}

// recorded is the recorded outcome in the same form. Updates of an executor or
// an agent mean that the master let the task run.
func (r *replay) recorded(line acceptance) []string {
	outcome := []string{}
	for _, u := range line.Updates {
		text := u.TaskID.Value + " runs"
		if u.Source == "SOURCE_MASTER" {
			text = strings.Join([]string{u.TaskID.Value, r.swap(u.AgentID.Value),
				u.State, u.Source, u.Reason, r.swap(u.Message)}, " | ")
		}
		outcome = append(outcome, text)
	}
	if line.Name == "duplicate-in-one-launch" {
		outcome = append(outcome, "dup2 runs") // its note says so; the recorder stopped at the first end
	}
	slices.Sort(outcome)
	return slices.Compact(outcome)
}

// Offers of two agents cannot be accepted together; the recorded text names
// both agents.
func TestOffersOfTwoAgents(t *testing.T) {
	m := newMaster(t, master.Config{})
	newAgent(t, m, "cpus:1;mem:64")
	newAgent(t, m, "cpus:1;mem:64")
	f := frameworktest.Subscribe(t, url(m), wire.JSON, frameworktest.Info("two", "eng"))
	var offers []mesos.Offer
	for len(offers) < 2 {
		offers = append(offers, f.Next(scheduler.Event_OFFERS).Offers.Offers...)
	}
	f.Accept(offers, frameworktest.Launch(frameworktest.Task("t", offers[0], "true")))
	status := f.Update("t")
	want := fmt.Sprintf("Task launched with invalid offers: Aggregated offers must belong to one single agent. "+
		"Offer %s uses agent %s and agent %s", offers[1].ID.Value, offers[1].AgentID.Value, offers[0].AgentID.Value)
	if status.GetState() != mesos.TASK_DROPPED || status.GetMessage() != want {
		t.Errorf("%s %q, want %q", status.GetState(), status.GetMessage(), want)
	}
	if again := f.Next(scheduler.Event_OFFERS).Offers.Offers; len(again) != 2 {
		t.Errorf("after a refused ACCEPT %d offers came back, want both", len(again))
	}
}
