package master

import (
	"cmp"
	"maps"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// framework is what the master knows of one framework.
type framework struct {
	id         string
	info       mesos.FrameworkInfo
	caps       capabilities
	roles      []string
	suppressed map[string]bool

	out      *outbox // nil while disconnected
	streamID string
	epoch    int // counts subscriptions and disconnections; outdated timers see it

	registered, reregistered, unregistered time.Time

	tasks       map[string]*task // live, or ended with the last update unacknowledged
	unreachable []*task
	completed   []*task
	executors   map[executorKey]*executor
	offers      map[string]*offer
	filters     map[filterKey][]filter
	counters    counters
}

// executorKey: executor ids are unique for a framework on an agent.
type executorKey struct{ agent, id string }

type executor struct {
	info      mesos.ExecutorInfo
	agent     *agent
	role      string
	resources wire.Resources // allocated
	sequence  int
}

// task is a Mesos Task and whether it still holds its resources.
type task struct {
	mesos.Task
	framework *framework
	role      string
	resources wire.Resources // allocated
	holds     bool
	sequence  int
	latest    mesos.TaskState // the newest state the agent knows
}

func (t *task) id() string { return t.TaskID.Value }

// capabilities are those the master acts on.
type capabilities struct {
	multiRole, partitionAware, refinement, gpus, revocable, regionAware bool
}

func capabilitiesOf(info *mesos.FrameworkInfo) capabilities {
	has := func(want mesos.FrameworkInfo_Capability_Type) bool {
		return slices.ContainsFunc(info.Capabilities, func(c mesos.FrameworkInfo_Capability) bool {
			return c.Type == want
		})
	}
	return capabilities{
		multiRole:      has(mesos.FrameworkInfo_Capability_MULTI_ROLE),
		partitionAware: has(mesos.FrameworkInfo_Capability_PARTITION_AWARE),
		refinement:     has(mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT),
		gpus:           has(mesos.FrameworkInfo_Capability_GPU_RESOURCES),
		revocable:      has(mesos.FrameworkInfo_Capability_REVOCABLE_RESOURCES),
		regionAware:    has(mesos.FrameworkInfo_Capability_REGION_AWARE),
	}
}

// rolesOf is the role or the roles of a framework.
func rolesOf(info *mesos.FrameworkInfo) []string {
	if capabilitiesOf(info).multiRole {
		return slices.Clone(info.Roles)
	}
	if info.Role == nil {
		return []string{"*"}
	}
	return []string{*info.Role}
}

func newFramework(id string) *framework {
	return &framework{
		id: id, suppressed: map[string]bool{}, tasks: map[string]*task{},
		executors: map[executorKey]*executor{}, offers: map[string]*offer{},
		filters: map[filterKey][]filter{}, counters: counters{}, registered: time.Now(),
	}
}

// describe takes over a FrameworkInfo; the id is the master's.
func (f *framework) describe(info mesos.FrameworkInfo, suppressed []string) {
	info.ID = &mesos.FrameworkID{Value: f.id}
	f.info, f.caps, f.roles = info, capabilitiesOf(&info), rolesOf(&info)
	f.suppressed = map[string]bool{}
	for _, role := range suppressed {
		f.suppressed[role] = true
	}
}

// connected reports a live subscription; only then is the framework active.
func (f *framework) connected() bool { return f.out != nil }

func (f *framework) hasRole(role string) bool { return slices.Contains(f.roles, role) }

// state translates a state that only partition-aware frameworks know.
func (f *framework) state(s mesos.TaskState) mesos.TaskState {
	if f.caps.partitionAware {
		return s
	}
	switch s {
	case mesos.TASK_DROPPED, mesos.TASK_UNREACHABLE, mesos.TASK_GONE,
		mesos.TASK_GONE_BY_OPERATOR, mesos.TASK_UNKNOWN:
		return mesos.TASK_LOST
	}
	return s
}

// sortedTasks lists tasks in the order of their launch.
func sortedTasks(tasks map[string]*task) []*task {
	return slices.SortedFunc(maps.Values(tasks), func(a, b *task) int {
		return cmp.Compare(a.sequence, b.sequence)
	})
}

func (f *framework) sortedExecutors() []*executor {
	return slices.SortedFunc(maps.Values(f.executors), func(a, b *executor) int {
		return cmp.Compare(a.sequence, b.sequence)
	})
}

func (f *framework) sortedOffers() []*offer {
	return slices.SortedFunc(maps.Values(f.offers), func(a, b *offer) int {
		return cmp.Compare(a.sequence, b.sequence)
	})
}

// sortedFrameworks lists frameworks in the order of their registration.
func (s *state) sortedFrameworks() []*framework {
	return slices.SortedFunc(maps.Values(s.frameworks), func(a, b *framework) int {
		return cmp.Or(a.registered.Compare(b.registered), cmp.Compare(a.id, b.id))
	})
}

// bounded keeps the newest entries of a list.
func bounded[T any](list []T, limit int) []T {
	return list[max(0, len(list)-limit):]
}

// terminal reports a state that no other follows.
func terminal(s mesos.TaskState) bool {
	switch s {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_ERROR,
		mesos.TASK_LOST, mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	}
	return false
}
