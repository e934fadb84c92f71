package scheduler

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/journal"
	"fairlead/internal/mesoshttp"
	"fairlead/internal/schedule"
	"fairlead/proto"
)

// Config is what a Scheduler needs. Fields without a stated default must be
// set.
type Config struct {
	Mesos   *mesoshttp.Client
	Journal *journal.Journal
	Logger  *zap.Logger
	// Framework is sent with every subscription; its ID is the scheduler's
	// business. It must ask for PARTITION_AWARE and, if it has Roles, MULTI_ROLE.
	Framework mesos.FrameworkInfo
	// Allocator configures the core. Its Executor must be what Executor says.
	Allocator allocator.Config
	Executor  Executor
	// Roles and Frameworks are booked at start, where they differ from what
	// the journal holds.
	Roles      []allocator.RoleSet
	Frameworks []allocator.FrameworkSet
	// SlotsPerAgent is how many executors each agent carries on top of its
	// resources; they are taken off what the master says that an agent holds.
	SlotsPerAgent int32
	// SnapshotEvery is how many records may follow a snapshot before the next
	// one is taken. Default 10,000.
	SnapshotEvery int
	// Retain is how many ended groups are remembered. Default 10,000.
	Retain int
	// ReconcileEvery is how often the master is asked about every task.
	// Default 15 minutes.
	ReconcileEvery time.Duration
	// StartAnew goes on as a new framework when the master has removed this
	// one: what ran is gone then, and what had not ended starts again. Without
	// it Run ends with ErrRemoved.
	StartAnew bool
}

// Executor says how a run is started on an agent.
type Executor struct {
	// URI is where agents fetch the fairlead-executor binary from. It should
	// name the build: agents keep what they fetched.
	URI string
	// Path is where the binary is on every agent; it goes before URI.
	Path string
	// Resources are what one executor asks for: a real master refuses less
	// than 0.01 cpus, 32 MiB of memory and some disk.
	Resources []allocator.Quantity
}

func (e Executor) validate() error {
	if (e.URI == "") == (e.Path == "") {
		return fmt.Errorf("%w: executor: expected either a URI or a path", allocator.ErrInvalid)
	}
	return e.Sufficient()
}

// Sufficient holds the resources of an executor against what a real master asks of
// one that runs task groups (src/master/validation.cpp): it would refuse every group.
func (e Executor) Sufficient() error {
	for _, least := range []allocator.Quantity{{Name: "cpus", Amount: 10}, {Name: "mem", Amount: 32 * drf.Unit}, {Name: "disk", Amount: 1}} {
		var have drf.Amount
		for _, q := range e.Resources {
			if q.Name == least.Name {
				have += q.Amount
			}
		}
		if have < least.Amount {
			return fmt.Errorf("%w: resources of an executor: %s is %s; a Mesos master wants at least %s",
				allocator.ErrInvalid, least.Name, have, least.Amount)
		}
	}
	return nil
}

// Scheduler is the daemon. Open recovers it from its journal, Run drives it.
type Scheduler struct {
	cfg   Config
	log   *zap.Logger
	inbox chan message
	done  chan struct{} // closed when Run has ended
	// planning is taken by who has a plan made.
	planning chan struct{}

	// Below: the owner's, that is Run's goroutine.
	state     *allocator.State
	specs     map[owner]*proto.TaskGroup
	times     timetable
	tasks     map[string]*taskRef          // by Mesos task id
	byRun     map[allocator.RunID]*taskRef // any one task of each run
	endpoints map[string]string            // agent id to host:port
	agents    map[string]seenAgent         // as last booked
	offers    map[string]heldOffer
	look      chan struct{} // asks for the list of agents now
	session   *session
	seq       uint64 // of the last record
	records   int    // since the last snapshot
	ended     []owner
	reconcile reconciliation

	frameworkID atomic.Pointer[string]
	status      atomic.Pointer[Status]
	events      *eventLog
}

// Status is what health checks and people want to know first.
type Status struct {
	Connected   bool
	Master      string // host:port of the leading master
	FrameworkID string
	// Reconciled says that the master has accounted for every task since the
	// subscription began.
	Reconciled bool
	Since      time.Time // of the subscription, or of its loss
	LastError  string
}

const inboxSize = 1024

// Open recovers a scheduler from its journal. It fails if the journal can't be
// read or does not fit together; nothing is changed then.
func Open(cfg Config) (*Scheduler, error) {
	fill(&cfg.SnapshotEvery, 10_000)
	fill(&cfg.Retain, 10_000)
	fill(&cfg.ReconcileEvery, 15*time.Minute)
	if err := cfg.Executor.validate(); err != nil {
		return nil, err
	}
	s := &Scheduler{
		cfg: cfg, log: cfg.Logger, inbox: make(chan message, inboxSize), done: make(chan struct{}), planning: make(chan struct{}, 1),
		specs: map[owner]*proto.TaskGroup{}, times: timetable{of: map[owner]*schedule.Schedule{}}, tasks: map[string]*taskRef{}, byRun: map[allocator.RunID]*taskRef{}, endpoints: map[string]string{}, agents: map[string]seenAgent{}, offers: map[string]heldOffer{},
		look:   make(chan struct{}, 1),
		events: newEventLog(),
	}
	id, _, err := cfg.Journal.Meta(metaFrameworkID)
	if err != nil {
		return nil, err
	}
	if err := saveConfig(cfg.Journal, cfg.Allocator); err != nil {
		return nil, err
	}
	s.setFrameworkID(string(id))
	s.status.Store(&Status{FrameworkID: string(id), Since: time.Now(), LastError: "not yet connected"})
	if err := s.recover(); err != nil {
		return nil, fmt.Errorf("recovering from the journal: %w", err)
	}
	return s, nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// metaFrameworkID is the journal's key of the framework id.
const metaFrameworkID = "framework_id"

func (s *Scheduler) setFrameworkID(id string) { s.frameworkID.Store(&id) }

// Status returns what the last change of the subscription left.
func (s *Scheduler) Status() Status { return *s.status.Load() }

func (s *Scheduler) updateStatus(change func(*Status)) {
	st := *s.status.Load()
	change(&st)
	s.status.Store(&st)
}

// Run subscribes and schedules until ctx is done (then it returns nil, leaves
// every task running and keeps the framework) or until it cannot go on.
func (s *Scheduler) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	linked := make(chan struct{})
	go func() {
		defer close(linked)
		s.link(ctx)
	}()
	err := s.loop(ctx)
	cancel()
	close(s.done)
	<-linked
	s.events.close()
	return err
}
