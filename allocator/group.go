package allocator

import (
	"errors"
	"fmt"

	"fairlead/drf"
)

// Quantity is an amount of one named resource.
type Quantity struct {
	Name   string
	Amount drf.Amount
}

// Group is what the allocator needs to know of a task group: how much, how
// often, for whom. How to run it is the driver's business.
type Group struct {
	Framework string
	Name      string // unique in its framework
	Role      string // "" means the framework's configured role, else "*"
	// Digest identifies the whole specification, also what is not in this
	// struct: a second submission under the name must carry the same one.
	Digest    string
	Instances int32
	// Surplus is how many of the instances, those with the highest numbers, run
	// only where nobody else waits for the room.
	Surplus int32
	// PerAgent groups have an instance on each agent that meets the constraints
	// and is large enough, also on those that join; Instances is 0.
	PerAgent bool
	// Gang is how many instances start together or not at all; the rest of them
	// follows one by one. 0 and 1 mean that each starts on its own. An instance
	// that runs again does so on its own too.
	Gang int32
	// Priority orders groups inside a framework, higher first.
	Priority int32
	Restart  Restart
	// After names groups of the same framework that must have finished well,
	// AfterEnd those that must have ended, however they did.
	After, AfterEnd []string
	// Periodic groups run each time that they are due (ScheduleDue), and end only
	// when they are killed, or after the last time.
	Periodic bool
	Overlap  Overlap
	CatchUp  CatchUp
	// OnOOM gives a task that ran out of memory more of it.
	OnOOM OnOOM
	// MaxRuntimeMillis is how long a run may last, counted from its launch; it is
	// killed then, and has failed. 0: for ever.
	MaxRuntimeMillis int64
	// NotPreemptible keeps its runs from being ended for others.
	NotPreemptible bool
	// Prefer are constraints of which the operators do not depend on where
	// instances are. For PreferWaitMillis, since the group came into line or an
	// instance went to such an agent, only agents that meet them all are taken;
	// then any will do.
	Prefer []Constraint
	// Near names a group of the same framework: agents where an instance of it
	// runs are preferred, as with Prefer.
	Near string
	// Sticky makes an instance that runs again wait for so long for the agent that
	// it ran on.
	Sticky bool
	// PreferWaitMillis is how long these wishes keep a group waiting. Default 5,000.
	PreferWaitMillis int64
	// Constraints must all be met by the agent that an instance is placed on.
	Constraints []Constraint
	Tasks       []Task
}

// Task is one member of a task group.
type Task struct {
	Name      string
	Resources []Quantity // scalars; ports are counted as the resource "ports", items as SetName
	// Sidecar tasks end after the others and do not decide how a run ended.
	Sidecar bool
}

// RestartPolicy says which ends of a run are followed by another one.
type RestartPolicy uint8

// The restart policies. A run lost by the cluster (agent lost, launch dropped)
// is repeated under each of them and is not counted.
const (
	RestartNever RestartPolicy = iota
	RestartOnFailure
	RestartAlways
)

// Restart is a group's retry policy, applied to each instance on its own.
type Restart struct {
	Policy RestartPolicy
	// Max is how many restarts an instance gets: 3 means at most four runs.
	// Zero means none for on-failure and no limit for always.
	Max int32
	// BackoffMillis is the wait before the first restart; it doubles with each
	// one, up to MaxBackoffMillis.
	BackoffMillis int64
}

// MaxBackoffMillis bounds the wait between restarts: five minutes.
const MaxBackoffMillis = 5 * 60 * 1000

// MaxPreferWaitMillis bounds Group.PreferWaitMillis: a day.
const MaxPreferWaitMillis = 24 * 60 * 60 * 1000

// MaxInstances bounds Group.Instances.
const MaxInstances = 10_000_000

// MaxTasks bounds the tasks of a group.
const MaxTasks = 1024

// Refusals of facts; the State is unchanged when Step returns one. Messages
// say what was wrong with which field.
var (
	// ErrConflict refuses a name that is in use for another specification.
	ErrConflict = errors.New("another specification has this name")
	// ErrInvalid refuses a fact that no State can book.
	ErrInvalid = errors.New("invalid")
	// ErrUnknown refuses a fact about something that is not in the State.
	ErrUnknown = errors.New("unknown")
)

func (g *Group) validate() error {
	switch {
	case g.Framework == "" || g.Name == "":
		return fmt.Errorf("%w: a task group needs a framework and a name", ErrInvalid)
	case !g.PerAgent && (g.Instances < 1 || g.Instances > MaxInstances):
		return fmt.Errorf("%w: instances %d: expected 1 to %d", ErrInvalid, g.Instances, MaxInstances)
	case !g.PerAgent && (g.Surplus < 0 || g.Surplus >= g.Instances):
		return fmt.Errorf("%w: surplus %d: expected 0 to less than the %d instances", ErrInvalid, g.Surplus, g.Instances)
	case g.Gang < 0 || g.Gang > g.base():
		return fmt.Errorf("%w: gang %d: expected 0 to the %d instances", ErrInvalid, g.Gang, g.base())
	case len(g.Tasks) == 0 || len(g.Tasks) > MaxTasks:
		return fmt.Errorf("%w: tasks %d: expected 1 to %d", ErrInvalid, len(g.Tasks), MaxTasks)
	case g.Restart.Max < 0 || g.Restart.BackoffMillis < 0:
		return fmt.Errorf("%w: restart: negative limit", ErrInvalid)
	case g.Overlap > OverlapReplace || g.CatchUp > CatchUpAll:
		return fmt.Errorf("%w: overlap %d, catch-up %d: there is no such rule", ErrInvalid, g.Overlap, g.CatchUp)
	case g.MaxRuntimeMillis < 0:
		return fmt.Errorf("%w: max_runtime %d ms: expected no less than 0", ErrInvalid, g.MaxRuntimeMillis)
	}
	if _, err := newLimits(g.Constraints); err != nil {
		return err
	}
	if err := g.validateDaemon(); err != nil {
		return err
	}
	if err := g.validateWishes(); err != nil {
		return err
	}
	if err := g.validateOrder(); err != nil {
		return err
	}
	if err := g.OnOOM.validate(); err != nil {
		return err
	}
	return g.validateTasks()
}

func (g *Group) validateWishes() error {
	l, err := newLimits(g.Prefer)
	switch {
	case err != nil:
		return fmt.Errorf("prefer: %w", err)
	case l != nil && l.counts:
		return fmt.Errorf("%w: prefer: expected LIKE, UNLIKE, IS, or CLUSTER with a value, which do not depend on where instances are", ErrInvalid)
	case g.Near == g.Name:
		return fmt.Errorf("%w: near: it can't be near itself", ErrInvalid)
	case g.PreferWaitMillis < 0 || g.PreferWaitMillis > MaxPreferWaitMillis:
		return fmt.Errorf("%w: prefer wait %d ms: expected 0 to %d", ErrInvalid, g.PreferWaitMillis, int64(MaxPreferWaitMillis))
	}
	return nil
}

func (g *Group) validateTasks() error {
	mains := 0
	for _, t := range g.Tasks {
		if !t.Sidecar {
			mains++
		}
		if err := validQuantities(t.Resources); err != nil {
			return fmt.Errorf("task %q: %w", t.Name, err)
		}
		for _, q := range t.Resources {
			if _, set := SetOf(q.Name); (set || q.Name == "ports") && q.Amount%drf.Unit != 0 {
				return fmt.Errorf("%w: task %q: %s %s: expected a whole number", ErrInvalid, t.Name, q.Name, q.Amount)
			}
		}
	}
	if mains == 0 {
		return fmt.Errorf("%w: every task is a sidecar; one must be a main task", ErrInvalid)
	}
	return nil
}
