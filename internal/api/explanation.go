package api

import "time"

// Explanation says why a group does, or does not, run.
type Explanation struct {
	Framework string `json:"framework"`
	Group     string `json:"group"`
	Role      string `json:"role"`
	State     string `json:"state"`
	Instances int32  `json:"instances"`
	Running   int32  `json:"running"`
	Pending   int32  `json:"pending"`
	// Summary is the whole in one sentence.
	Summary string `json:"summary"`
	// Impossible says that it could not start on this cluster even if nothing
	// else ran.
	Impossible bool `json:"impossible,omitempty"`
	// Start is when its next instance starts, while one waits.
	Start   *Start   `json:"start,omitempty"`
	Reasons []Reason `json:"reasons"`
	// Position is its place among what waits in its framework, from 1; 0 if
	// it is not in line.
	Position         int    `json:"position"`
	DominantResource string `json:"dominant_resource"`
	ShareNum         uint64 `json:"share_num"`
	ShareDen         uint64 `json:"share_den"`
	// Before are the frameworks that are served earlier.
	Before []Ahead `json:"before,omitempty"`
	Agents int     `json:"agents"` // known ones
	Fit    int     `json:"fit"`    // those that have room for one instance and meet its constraints
	Lacks  []Lack  `json:"lacks,omitempty"`
	// Constraints are those of the group that agents fail.
	Constraints []FailedConstraint `json:"constraints,omitempty"`
	// Nearest is the agent that is closest to taking the next instance.
	Nearest *Nearest `json:"nearest,omitempty"`
	// Quotas are those of the roles above, the nearest first.
	Quotas []Quota `json:"quotas,omitempty"`
	// Entitled says what the framework is entitled to; under policies that
	// entitle to something.
	Entitled *Entitlement `json:"entitled,omitempty"`
	// Preemption are the runs that preemption would end for it.
	Preemption []Victim `json:"preemption,omitempty"`
	// Trail is what happened to it so far: the beginning, and the latest.
	Trail []Step `json:"trail,omitempty"`
	// Sought is how often room was sought in vain since it came into line.
	Sought int64 `json:"sought"`
	// Attempts are the runs that ended, the latest last.
	Attempts []Attempt `json:"attempts,omitempty"`
	Message  string    `json:"message,omitempty"`
}

// Ahead is a framework with something waiting that is served earlier.
type Ahead struct {
	Framework        string `json:"framework"`
	Role             string `json:"role"`
	Why              string `json:"why"`
	DominantResource string `json:"dominant_resource"`
	ShareNum         uint64 `json:"share_num"`
	ShareDen         uint64 `json:"share_den"`
	Pending          int64  `json:"pending"`
}

// Reason is one thing that keeps a group waiting.
type Reason struct {
	Code    string `json:"code"` // such as "no-room"
	Message string `json:"message"`
}

// Lack is a resource that is too small on some agents.
type Lack struct {
	Resource string `json:"resource"`
	Agents   int    `json:"agents"` // how many have too little left
	Need     Amount `json:"need"`
	Most     Amount `json:"most"` // the most that any agent has left
	Agent    string `json:"agent"`
}

// Start is an estimate of when a group starts.
type Start struct {
	At *time.Time `json:"at,omitempty"` // not there if nothing supports one
	// Assumes is what the time rests on, or why there is none.
	Assumes string `json:"assumes"`
}

// FailedConstraint says how many agents fail a constraint of a group.
type FailedConstraint struct {
	Constraint string `json:"constraint"`
	Agents     int    `json:"agents"`
	Example    string `json:"example"` // what one of them has instead
}

// Nearest is the agent that lacks least.
type Nearest struct {
	Agent   string    `json:"agent"`
	Lacking Resources `json:"lacking,omitempty"` // what it has too little of, and how much
	Fails   []string  `json:"fails,omitempty"`   // constraints
	Refused string    `json:"refused,omitempty"` // what keeps the group from it for a while
}

// Quota is that of a role, and how much of it is used.
type Quota struct {
	Role      string    `json:"role"`
	Held      Resources `json:"held"`
	Guarantee Resources `json:"guarantee,omitempty"`
	Limit     Resources `json:"limit,omitempty"`
}

// Entitlement is what a framework is entitled to with the demands of now.
type Entitlement struct {
	Share float64 `json:"share"` // dominant share that it holds
	Fair  float64 `json:"fair"`  // the one it is entitled to
	// Owed says that the group would be within the fair share.
	Owed bool `json:"owed"`
	// Holders are the frameworks above their fair share, the farthest first.
	Holders []Holder `json:"holders,omitempty"`
}

// Holder is a framework that holds more than it is entitled to.
type Holder struct {
	Framework string  `json:"framework"`
	Role      string  `json:"role"`
	Share     float64 `json:"share"`
	Fair      float64 `json:"fair"`
}

// Victim is a run that preemption would end.
type Victim struct {
	Framework string  `json:"framework"`
	Group     string  `json:"group"`
	Instance  int32   `json:"instance"`
	Agent     string  `json:"agent"`
	Before    float64 `json:"share_before"` // of its framework
	After     float64 `json:"share_after"`
	Fair      float64 `json:"fair"`
}

// Step is something that happened to a group.
type Step struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"` // such as "held"
	Message string    `json:"message,omitempty"`
}
