package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"fairlead/drf"
)

// Amount is a quantity of a resource, written as a plain JSON number with at
// most three decimal places and never rounded.
type Amount drf.Amount

// MarshalJSON writes the exact decimal.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(drf.Amount(a).String()), nil }

// UnmarshalJSON reads a decimal with at most three places.
func (a *Amount) UnmarshalJSON(data []byte) error {
	text, negative := bytes.CutPrefix(data, []byte("-"))
	v, err := drf.ParseAmount(string(text))
	if err != nil {
		return err
	}
	if *a = Amount(v); negative {
		*a = -*a
	}
	return nil
}

// String is the decimal without trailing zeros.
func (a Amount) String() string { return drf.Amount(a).String() }

// Resources holds amounts by resource name; what is zero is left out.
type Resources map[string]Amount

// Framework is one leaf of the fairness tree.
type Framework struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Standing
	Running int64 `json:"running"` // instances that are alive
	Pending int64 `json:"pending"` // instances that wait
}

// Role is an inner node of the fairness tree: the sum of what is below it.
type Role struct {
	Name string `json:"name"`
	Standing
	// Guarantee is what the role is promised, Limit what it may hold at most; a
	// resource that is not in Limit has none.
	Guarantee Resources `json:"guarantee,omitempty"`
	Limit     Resources `json:"limit,omitempty"`
}

// Standing is where a node of the fairness tree stands.
type Standing struct {
	Weight Amount `json:"weight"`
	// DominantResource is empty while nothing is held.
	DominantResource string `json:"dominant_resource"`
	// DominantShare is the share divided by the weight, the number by which
	// nodes are ranked, rounded to four places for people.
	DominantShare float64 `json:"dominant_share"`
	// ShareNum/ShareDen is the exact share before the weight, in lowest terms.
	ShareNum uint64 `json:"share_num"`
	ShareDen uint64 `json:"share_den"`
	// FairShare is what exact DRF over the demands of now gives it of its dominant
	// resource, before the weight; ShareError what it holds beyond that.
	FairShare  float64   `json:"fair_share"`
	ShareError float64   `json:"share_error"`
	Allocated  Resources `json:"allocated"`
}

// Shares is the fairness tree.
type Shares struct {
	Policy     string      `json:"policy"` // in force
	Total      Resources   `json:"total"`
	Roles      []Role      `json:"roles"`
	Frameworks []Framework `json:"frameworks"`
}

// Agent is one agent as the scheduler sees it.
type Agent struct {
	ID         string            `json:"id"`
	Host       string            `json:"host"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Total      Resources         `json:"total"`
	Used       Resources         `json:"used"` // by task groups of this scheduler
	Runs       int32             `json:"runs"`
	Slots      int32             `json:"slots"` // executors carried on top of Total
	Offers     int               `json:"offers"`
	Lost       bool              `json:"lost"`
}

// Agents is the answer of /v1/agents.
type Agents struct {
	Agents []Agent `json:"agents"`
}

// Offer is an offer that is held now.
type Offer struct {
	ID        string    `json:"id"`
	Agent     string    `json:"agent"`
	Host      string    `json:"host"`
	Resources Resources `json:"resources"`
}

// Offers is the answer of /v1/offers.
type Offers struct {
	Offers []Offer `json:"offers"`
}

// Group is a task group in a list.
type Group struct {
	Framework string `json:"framework"`
	Name      string `json:"name"`
	Role      string `json:"role"`
	// State is waiting, running, scheduled (a periodic group between occurrences), killing, finished, failed, killed or lost.
	State     string `json:"state"`
	Priority  int32  `json:"priority"`
	Instances int32  `json:"instances"`
	Surplus   int32  `json:"surplus,omitempty"` // of the instances: those that run where nobody else waits
	Running   int32  `json:"running"`
	PerAgent  bool   `json:"per_agent,omitempty"` // one on each agent that it can run on
	Pending   int32  `json:"pending"`             // without surplus
	Finished  int32  `json:"finished"`
	Failed    int32  `json:"failed"`
	Killed    int32  `json:"killed"`
	Reruns    int32  `json:"reruns,omitempty"` // how often it was started again
	// GrownMem is the memory that an instance is given beyond its specification, after it ran out of it.
	GrownMem Amount `json:"grown_mem,omitempty"`
	// Due is when the occurrence of a periodic group was due that is at work, or was
	// last; Next when the next one is; Queued how many wait for its end.
	Due       *time.Time `json:"due,omitempty"`
	Next      *time.Time `json:"next,omitempty"`
	Queued    int        `json:"queued,omitempty"`
	Submitted time.Time  `json:"submitted"` // or started again
	Ended     *time.Time `json:"ended,omitempty"`
	Message   string     `json:"message,omitempty"` // why it ended as it did
}

// Over reports whether the group has ended, however it did.
func (g *Group) Over() bool { return g.Ended != nil }

// Groups is the answer of GET /v1/groups.
type Groups struct {
	Groups []Group `json:"groups"`
}

// GroupDetail is everything known of one task group.
type GroupDetail struct {
	Group
	Digest string `json:"digest"` // SHA-256 of the specification
	// Spec is the specification in the form in which groups are submitted,
	// with every default filled in.
	Spec json.RawMessage `json:"spec"`
	// Runs are the instances that were ever started, by number.
	Runs []Instance `json:"runs"`
	// History are the runs that ended, the latest last, as far as remembered.
	History []Attempt `json:"history,omitempty"`
}

// Instance is one started copy of a task group.
type Instance struct {
	Number int32 `json:"instance"`
	// State is staging, starting, running, killing or unreachable while a run
	// is alive, waiting, backoff or surplus between two, else how the last one
	// ended.
	State     string     `json:"state"`
	Run       string     `json:"run"`
	Agent     string     `json:"agent,omitempty"` // of the live run
	Host      string     `json:"host,omitempty"`  // of that agent
	Started   *time.Time `json:"started,omitempty"`
	NotBefore *time.Time `json:"not_before,omitempty"` // while in back-off
	Attempts  int32      `json:"attempts"`
	Ports     []uint64   `json:"ports,omitempty"`
	// Items are those of sets that its tasks were given.
	Items map[string][]string `json:"items,omitempty"`
	Tasks []TaskState         `json:"tasks,omitempty"`
}

// Over reports whether the instance has ended for good.
func (i *Instance) Over() bool {
	switch i.State {
	case "finished", "failed", "killed", "lost":
		return true
	}
	return false
}

// Instances is the answer of GET /v1/instances.
type Instances struct {
	Instances []OwnedInstance `json:"instances"`
}

// OwnedInstance is an Instance with the names of its task group.
type OwnedInstance struct {
	Framework string `json:"framework"`
	Group     string `json:"group"`
	Instance
}

// TaskState is the state of one task of a live run.
type TaskState struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

// Attempt is a run that ended.
type Attempt struct {
	Run      string    `json:"run"`
	Instance int32     `json:"instance"`
	Agent    string    `json:"agent"`
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Outcome  string    `json:"outcome"`
	Message  string    `json:"message,omitempty"`
}

// Verdicts of a plan, from best to worst.
const (
	VerdictStarts = "starts" // every instance would start now
	VerdictWaits  = "waits"  // some would have to wait
	VerdictNever  = "never"  // it could not start even if nothing else ran
)

// Plan is what a submit would do.
type Plan struct {
	Groups []Planned `json:"groups"` // one entry for each, in their order
	// Shares are those of all frameworks without the submission and with it.
	Shares []ShareChange `json:"shares"`
}

// ShareChange is the dominant share of a framework before and after, exact and
// before the weight.
type ShareChange struct {
	Framework string `json:"framework"`
	Role      string `json:"role"`
	BeforeNum uint64 `json:"before_num"`
	BeforeDen uint64 `json:"before_den"`
	AfterNum  uint64 `json:"after_num"`
	AfterDen  uint64 `json:"after_den"`
	// RunningBefore and RunningAfter are instances.
	RunningBefore int64 `json:"running_before"`
	RunningAfter  int64 `json:"running_after"`
	Pending       int64 `json:"pending"` // after
}

// Planned is what would become of one group.
type Planned struct {
	Framework   string       `json:"framework"`
	Group       string       `json:"group"`
	Known       bool         `json:"known,omitempty"` // it is there already
	Verdict     string       `json:"verdict"`
	Starts      int32        `json:"starts"` // instances that would start now
	Explanation *Explanation `json:"explanation"`
}

// Submitted lists what was accepted, in the order of the request.
type Submitted struct {
	Groups []Accepted `json:"groups"`
}

// Accepted is a task group that was submitted.
type Accepted struct {
	Framework string `json:"framework"`
	Name      string `json:"name"`
	// Known says that it was there already in the same form, and was left as it is.
	Known bool `json:"known,omitempty"`
}

// Full is its full name.
func (a Accepted) Full() Name { return Name{a.Framework, a.Name} }

// Name names a task group.
type Name struct {
	Framework string `json:"framework"`
	Name      string `json:"name"`
}

// String is "framework/group".
func (n Name) String() string { return n.Framework + "/" + n.Name }

// What a DELETE did.
const (
	ActionKilled  = "killed"  // its end was asked for
	ActionRemoved = "removed" // it had ended and is forgotten now
	ActionNone    = "none"    // the instance had ended already
)

// Deleted is the answer of DELETE /v1/groups/{framework}/{group}.
type Deleted struct {
	Action string `json:"action"`
}

// Status says how the scheduler stands with its master.
type Status struct {
	Version     string    `json:"version"`
	Connected   bool      `json:"connected"`
	Reconciled  bool      `json:"reconciled"` // every task accounted for since then
	Master      string    `json:"master"`
	FrameworkID string    `json:"framework_id"`
	Since       time.Time `json:"since"` // of the connection, or of its loss
	LastError   string    `json:"last_error,omitempty"`
}

// Ready reports whether task groups can be placed, and if not, why.
func (s *Status) Ready() (bool, string) {
	switch {
	case !s.Connected:
		return false, "not subscribed with a Mesos master: " + s.LastError
	case !s.Reconciled:
		return false, "the master has not accounted for every task yet"
	}
	return true, ""
}

// Event is something that happened.
type Event struct {
	Seq       uint64    `json:"seq"`
	At        time.Time `json:"at"`
	Type      string    `json:"type"` // such as "instance.launched"
	Framework string    `json:"framework,omitempty"`
	Group     string    `json:"group,omitempty"`
	Instance  int32     `json:"instance"`
	Agent     string    `json:"agent,omitempty"`
	Message   string    `json:"message,omitempty"`
}

// Events is the answer of /v1/events?follow=false.
type Events struct {
	Events []Event `json:"events"`
}

// Error is a refusal, in the form in which it is sent.
type Error struct {
	Status  int    `json:"-"`    // of HTTP
	Code    string `json:"code"` // a word for programs: one of the Code constants
	Message string `json:"message"`
	Field   string `json:"field"` // the offending one, such as tasks[0].resources.cpus; "" if it is none
}

// Error is the message, after the field if there is one.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return fmt.Sprintf("%s: %s", e.Field, e.Message)
}

// ErrorBody is the body of every failed request.
type ErrorBody struct {
	Error *Error `json:"error"`
}
