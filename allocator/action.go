package allocator

import (
	"strconv"

	"fairlead/drf"
)

// Action is one of the types of this file: a decision of Tick, already booked
// in the State. A driver persists actions before it carries them out. Accept and
// Settle, which come by the million, are pointers.
type Action interface{ action() }

// RunID names one run (one attempt of one instance) and is never used twice.
type RunID uint64

// runSlotBits is how much of a RunID is its place in the table of live runs;
// the rest is a sequence number.
const runSlotBits = 24

// MaxRuns bounds the runs that are alive at one time.
const MaxRuns = 1<<runSlotBits - 1

func makeRunID(seq uint64, slot int) RunID { return RunID(seq<<runSlotBits | uint64(slot)) }

func (r RunID) slot() int { return int(r & MaxRuns) }

// Place is a number below MaxRuns that no other live run has; it is given again.
func (r RunID) Place() int { return r.slot() }

// Seq is the sequence number of the run: 1 for the first one of a State.
func (r RunID) Seq() uint64 { return uint64(r) >> runSlotBits }

// String is the short unique form used in Mesos ids: "r" and Seq in base 36.
func (r RunID) String() string { return "r" + strconv.FormatUint(r.Seq(), 36) }

// Launch starts a run on an agent.
type Launch struct {
	Run       RunID
	Framework string
	Group     string
	Instance  int32
	// Charge is what the run costs its framework and its agent: its tasks, and
	// the executor unless a free slot of the agent carries it.
	Charge drf.Vector
	// Slot says that the agent carries the executor on top of its total.
	Slot bool
	// Ports are the port numbers given to the tasks, in the order of the tasks.
	Ports []uint64
	// Items are those of sets given to the tasks, in the order of the tasks, and of
	// the resources of each.
	Items []string
	// Devices are the GPUs given to the tasks, by their numbers on an agent that
	// is ours alone, in the order of the tasks: whole ones first, then the one
	// that gives a part. Of other agents they are not known.
	Devices []int32
}

// Accept uses offers of one agent (none if it is owned) for some launches.
// What the launches leave goes back to the master.
type Accept struct {
	Agent    string
	Offers   []string
	Launches []Launch
	// RefuseMillis is how long the master may keep the rest from us.
	RefuseMillis int64
}

// Decline gives offers back unused.
type Decline struct {
	Offers       []string
	RefuseMillis int64
}

// Revive asks the master for offers now and clears its filters.
type Revive struct{}

// Suppress tells the master that nothing is wanted.
type Suppress struct{}

// Kill asks for the end of a run; it is repeated until the run has ended.
type Kill struct {
	Run     RunID
	Agent   string
	Cause   KillCause
	Message string // for whom, if it is for others
}

// KillCause is why a run is killed, and decides what its end counts as.
type KillCause uint8

// The causes.
const (
	// KillAsked: its group, or its instance, is to end.
	KillAsked KillCause = iota
	// KillOverdue: it lasted longer than Group.MaxRuntimeMillis. It has failed.
	KillOverdue
	// KillSurplus: others are owed what it holds. Its instance runs again when
	// there is room that nobody waits for, and the end is not counted.
	KillSurplus
)

// String is the cause in lower case: "overdue".
func (c KillCause) String() string { return [...]string{"asked", "overdue", "surplus"}[c] }

// Preempt asks for the end of a run, like Kill, because its room is held for a
// group whose framework is entitled to it. The instance runs again elsewhere or
// later, and the end is not counted.
type Preempt struct {
	Run              RunID
	Agent            string
	Framework, Group string // for whom
	Message          string // the shares before and after
}

// Settle closes the books of a run that has ended: its instance is over, or
// waits to run again.
type Settle struct {
	Run     RunID
	Outcome Outcome
	// Retry says that the instance runs again, not before NotBefore.
	Retry     bool
	NotBefore int64
	// Charged says that the end counts against Restart.Max.
	Charged bool
	Message string
}

// Abandon ends a group that can no longer run, with the reason.
type Abandon struct {
	Framework, Group string
	Message          string
}

// Hold keeps room on agents for a group that waits, until some time at most. It
// replaces what was held for the group before, and ends when the group is
// launched or waits no more.
type Hold struct {
	Framework, Group string
	On               []HoldOn
	Until            int64
	// CompleteBy is when all the room is free at the latest, if that is known. What
	// is over by then may use it.
	CompleteBy int64
}

// HoldOn is one agent of a Hold, and for how many instances there is to be room.
type HoldOn struct {
	Agent     string
	Instances int32
}

// Release gives up what is held for a group, with the reason.
type Release struct {
	Framework, Group string
	Message          string
}

// Occur starts an occurrence of a periodic group, which was due at some time.
type Occur struct {
	Framework, Group string
	Due              int64
}

// Skip gives up occurrences of a periodic group, with the reason.
type Skip struct {
	Framework, Group string
	Due              []int64
	Message          string
}

// Stop ends an occurrence of a periodic group, with the reason. Kills follow.
type Stop struct {
	Framework, Group string
	Message          string
}

// Outcome is how a run or a group ended.
type Outcome uint8

// The outcomes.
const (
	Unfinished Outcome = iota
	Finished
	Failed
	Killed
	Lost
	// Preempted is the end of a run that had to make room; its instance goes on.
	Preempted
	// Surplus is the end of a run beyond what its group needs at least, whose room
	// others were owed; its instance goes on.
	Surplus
)

// String is the outcome in lower case: "finished".
func (o Outcome) String() string {
	return [...]string{"unfinished", "finished", "failed", "killed", "lost", "preempted", "surplus"}[o]
}

func (*Accept) action()  {}
func (Decline) action()  {}
func (Revive) action()   {}
func (Suppress) action() {}
func (Kill) action()     {}
func (*Settle) action()  {}
func (Abandon) action()  {}
func (Hold) action()     {}
func (Release) action()  {}
func (Preempt) action()  {}
func (Occur) action()    {}
func (Skip) action()     {}
func (Stop) action()     {}
