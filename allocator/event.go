package allocator

// Event is one input of the State: something that happened, or a Tick, at a
// time. Times never go backwards; an earlier At is read as the latest seen.
type Event struct {
	At   int64 // milliseconds
	Fact Fact
}

// Fact is one of the types of this file. Facts only book what happened; Tick
// alone decides. GroupSubmitted, GroupForgotten and TaskUpdated, which come by
// the million, may also be pointers, which are not kept: a driver can use the
// same ones again.
type Fact interface{ fact() }

// Attribute is a property of an agent, as text.
type Attribute struct{ Name, Value string }

// PortRange is an inclusive range of port numbers.
type PortRange struct{ Begin, End uint64 }

// AgentSeen says what an agent holds in total; sent again it updates.
type AgentSeen struct {
	Agent      string
	Host       string
	Attributes []Attribute
	Total      []Quantity // scalars
	Ports      []PortRange
	Sets       []Set
	// Slots is how many executors the agent carries on top of Total: that many
	// runs are not charged for Config.Executor.
	Slots int32
	// Owned agents need no offers: all of Total is ours to use. The simulator
	// has only such agents; a Mesos master has none.
	Owned bool
}

// AgentLost says that the master regards an agent as gone. Its offers end and
// it leaves the totals. What ran there is reported task by task.
type AgentLost struct{ Agent string }

// OfferAdded puts resources of an agent at our disposal. An agent not seen
// before is taken to hold what it offers until AgentSeen says more.
type OfferAdded struct {
	Offer      string
	Agent      string
	Host       string
	Attributes []Attribute
	Resources  []Quantity
	Ports      []PortRange
	Sets       []Set
	// Slots is that of AgentSeen, for an agent that was not seen yet.
	Slots int32
}

// OfferRescinded takes an offer back. An unknown one is ignored: it may have
// crossed our acceptance.
type OfferRescinded struct{ Offer string }

// Connected says that a subscription began: nothing is suppressed.
type Connected struct{}

// Disconnected says that the subscription ended: every offer is void.
type Disconnected struct{}

// RoleSet configures a role, in place of what was configured before. Weight is
// in thousandths.
type RoleSet struct {
	Role   string
	Weight int64
	// Guarantee is what the role and those below it are promised together: room
	// for it is kept from others. None by default.
	Guarantee []Quantity
	// Limit is what they may hold at most; without one for a resource there is
	// none.
	Limit []Quantity
}

// FrameworkSet configures a framework of a role; groups that name no role get
// the one set here last. Weight is in thousandths.
type FrameworkSet struct {
	Framework string
	Role      string
	Weight    int64
}

// GroupSubmitted adds a task group. The same Group again is accepted and
// changes nothing; another one under its name is ErrConflict.
type GroupSubmitted struct{ Group Group }

// GroupKilled asks for a group's end. What waits is dropped at once; what runs
// is killed by the following Ticks until it has ended.
type GroupKilled struct{ Framework, Name string }

// InstanceKilled asks for the end of one started instance; it does not run
// again, whatever the group's restart policy says.
type InstanceKilled struct {
	Framework, Name string
	Instance        int32
}

// GroupForgotten removes a group that has ended, so that its name is free.
type GroupForgotten struct{ Framework, Name string }

// GroupRerun starts a group again that has ended, as if it was submitted now; only
// its history stays. With Below all groups that come after it are started again
// too, once it has ended; none of them may be at work.
type GroupRerun struct {
	Framework, Name string
	Below           bool
}

// ScheduleDue says that a periodic group is due, at a time that may have been a
// while ago, and when it will be next. A time that is not later than those told
// before changes nothing.
type ScheduleDue struct {
	Framework, Name string
	At              int64 // 0: it is not due, and this only tells when it will be
	Next            int64 // 0: it will not be due again
}

// TaskState is the life of one task, as far as the allocator cares.
type TaskState uint8

// The task states. Those from TaskFinished on are final.
const (
	TaskStaging TaskState = iota
	TaskStarting
	TaskRunning
	TaskKilling
	// TaskUnreachable may come back: its agent is out of the master's sight.
	TaskUnreachable
	TaskFinished
	TaskFailed
	TaskKilled
	// TaskError was refused by the master: repeating it would not help.
	TaskError
	// TaskLost ended through no fault of its own (agent lost, launch dropped).
	TaskLost
)

// Final reports whether a task in this state is over.
func (s TaskState) Final() bool { return s >= TaskFinished }

// String is the state in the words of Mesos, in lower case: "running".
func (s TaskState) String() string {
	return [...]string{"staging", "starting", "running", "killing", "unreachable",
		"finished", "failed", "killed", "error", "lost"}[s]
}

// TaskUpdated reports the state of one task of a run. Repeats, updates of runs
// that are over and steps backwards from a final state change nothing.
type TaskUpdated struct {
	Run     RunID
	Task    int32 // index into Group.Tasks
	State   TaskState
	Message string
	// OutOfMemory says that a task that failed had used up its memory.
	OutOfMemory bool
}

// Tick asks for decisions. A driver steps the facts it has, then one Tick.
type Tick struct{}

func (AgentSeen) fact()      {}
func (AgentLost) fact()      {}
func (OfferAdded) fact()     {}
func (OfferRescinded) fact() {}
func (Connected) fact()      {}
func (Disconnected) fact()   {}
func (RoleSet) fact()        {}
func (FrameworkSet) fact()   {}
func (GroupSubmitted) fact() {}
func (GroupKilled) fact()    {}
func (InstanceKilled) fact() {}
func (GroupForgotten) fact() {}
func (GroupRerun) fact()     {}
func (ScheduleDue) fact()    {}
func (TaskUpdated) fact()    {}
func (Tick) fact()           {}
