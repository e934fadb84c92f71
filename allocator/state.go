package allocator

import (
	"fmt"
	"strings"

	"fairlead/drf"
)

// State is everything the allocator knows. Use New; see the package comment
// for what Step and Apply promise.
type State struct {
	cfg      Config
	executor drf.Vector
	now      int64
	kinds    *drf.Kinds
	tree     *drf.Tree

	agents     []agent
	agentIndex map[string]int32
	offers     map[string]int32 // offer to agent
	total      drf.Vector
	totalDirty bool

	roleOf  map[string]string // framework to the role set last
	queues  []*queue          // by drf.Node; nil for roles
	groups  map[groupKey]*group
	awaited map[groupKey][]*group // those that come after a group not there yet
	lastSeq uint64                // of submitted groups
	pending int64                 // instances that could be placed if there was room

	runs     []run
	freeRuns []int
	lastRun  uint64
	live     int

	shapes  shapeTable
	timers  timerHeap
	ended   []RunID  // runs that wait for Settle
	doomed  []*group // groups to kill or to abandon
	touched []int32  // agents with launches in this Tick

	link      link
	hasMaster bool // a subscription is up
}

type groupKey struct{ framework, name string }

// link is what we believe the master believes about our wish for offers.
type link struct {
	suppressed bool
	wantRevive bool
	lastRevive int64
}

// New returns an empty State. It fails if cfg names an unknown policy,
// placement, or more resources than drf.MaxKinds.
func New(cfg Config) (*State, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &State{
		cfg:        cfg,
		kinds:      drf.NewKinds(),
		tree:       drf.NewTree(),
		agentIndex: map[string]int32{},
		offers:     map[string]int32{},
		roleOf:     map[string]string{},
		groups:     map[groupKey]*group{},
		awaited:    map[groupKey][]*group{},
		shapes:     newShapeTable(),
	}
	s.link.lastRevive = -cfg.ReviveMillis
	if s.executor, err = s.vector(cfg.Executor); err != nil {
		return nil, fmt.Errorf("executor: %w", err)
	}
	return s, nil
}

// vector interns the names of quantities and adds the amounts up.
func (s *State) vector(qs []Quantity) (drf.Vector, error) {
	var v drf.Vector
	for _, q := range qs {
		if q.Amount < 0 || q.Amount > drf.MaxAmount {
			return v, fmt.Errorf("%w: %s %s: expected 0 to %s", ErrInvalid, q.Name, q.Amount, drf.MaxAmount)
		}
		k, err := s.kinds.Intern(q.Name)
		if err != nil {
			return v, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		v[k] += q.Amount
	}
	return v, nil
}

// knownVector is vector for what agents report: names that find no room are
// left out, since no group can ask for them either.
func (s *State) knownVector(qs []Quantity) drf.Vector {
	var v drf.Vector
	for _, q := range qs {
		if k, err := s.kinds.Intern(q.Name); err == nil && q.Amount > 0 {
			v[k] += min(q.Amount, drf.MaxAmount)
		}
	}
	return v
}

// queue is one framework of one role: a leaf of the tree and what waits there.
type queue struct {
	node    drf.Node
	role    string
	name    string
	byShape map[*shape]*bucket
	ready   pq[*bucket] // buckets that may fit somewhere
	waiting int64       // instances that wait, also for a shape that fits nowhere
	live    int64
}

// bucket holds a queue's groups of one shape: they fit or fail together.
type bucket struct {
	queue  *queue
	shape  *shape
	groups pq[*group]
	at     int
	parked bool
}

func (b *bucket) less(c *bucket) bool { return b.groups.top().less(c.groups.top()) }
func (b *bucket) place(i int)         { b.at = i }

// queueOf returns the queue of a framework in a role, making both if need be.
func (s *State) queueOf(role, framework string) (*queue, error) {
	node, err := s.tree.AddRole(role)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for _, c := range s.tree.Children(node) {
		if s.tree.Name(c) != framework {
			continue
		}
		if !s.tree.IsFramework(c) {
			return nil, fmt.Errorf("%w: %q is a role below %q, so it can't be a framework there", ErrInvalid, framework, role)
		}
		return s.queues[c], nil
	}
	leaf, err := s.tree.AddFramework(node, framework)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for len(s.queues) <= int(leaf) {
		s.queues = append(s.queues, nil)
	}
	q := &queue{node: leaf, role: role, name: framework, byShape: map[*shape]*bucket{}}
	s.queues[leaf] = q
	return q, nil
}

// resolveRole fills in the role of a group that names none.
func (s *State) resolveRole(framework, role string) string {
	if role != "" {
		return role
	}
	if r, ok := s.roleOf[framework]; ok {
		return r
	}
	return "*"
}

func validRole(role string) error {
	if role == "" || strings.HasPrefix(role, "/") || strings.HasSuffix(role, "/") || strings.Contains(role, "//") {
		return fmt.Errorf("%w: role %q: expected names joined by single slashes", ErrInvalid, role)
	}
	return nil
}

// group is a submitted Group and how far it has come.
type group struct {
	spec    Group
	seq     uint64
	at      int // in its bucket, -1 when it is not there
	queue   *queue
	bucket  *bucket
	demand  drf.Vector   // of one instance, without the executor
	tasks   []drf.Vector // of each task
	arrived int64

	// instances holds those that were ever started; the rest is fresh.
	instances []instance
	again     []int32 // instances that wait to run again, back-off over
	backoff   int32   // instances whose back-off is not over
	live      int32
	finished  int32
	failed    int32
	killed    int32

	blocked  bool // waits for a group it comes after
	dying    bool
	outcome  Outcome
	message  string
	endedAt  int64
	history  []Attempt
	children []*group // groups that come after this one
}

type instanceState uint8

const (
	instanceWaiting instanceState = iota
	instanceBackoff
	instanceLive
	instanceOver
)

type instance struct {
	run       RunID // the live one, or the last
	notBefore int64
	charged   int32 // restarts that count against Restart.Max
	attempts  int32
	lost      int32 // ends in a row that were not the group's fault
	state     instanceState
	outcome   Outcome
	dying     bool
}

// Attempt is one ended run of a group, as remembered in its history.
type Attempt struct {
	Run      RunID
	Instance int32
	Agent    string
	Start    int64
	End      int64
	Outcome  Outcome
	Message  string
}

// less is the order inside a framework: priority, then arrival.
func (g *group) less(h *group) bool {
	if g.spec.Priority != h.spec.Priority {
		return g.spec.Priority > h.spec.Priority
	}
	return g.seq < h.seq
}

func (g *group) place(i int) { g.at = i }

// pending is how many instances could be placed now.
func (g *group) pending() int32 {
	return g.spec.Instances - int32(len(g.instances)) + int32(len(g.again))
}

// next is the instance to place next: one that ran before comes first.
func (g *group) next() int32 {
	if len(g.again) > 0 {
		return g.again[0]
	}
	return int32(len(g.instances))
}

func (g *group) over() bool { return g.outcome != Unfinished }

// run is one live attempt of an instance.
type run struct {
	id       RunID
	group    *group
	instance int32
	agent    int32
	slot     bool
	states   []TaskState
	ports    []uint64
	overhead drf.Vector
	started  int64
	killAt   int64 // when Kill was sent last; 0: never
	lostAt   int64 // since when a task is unreachable; 0: none is
	final    int   // tasks that are over
	outcome  Outcome
	hopeless bool // the master refused a task: repeating it would not help
	message  string
}

// runOf finds a live run.
func (s *State) runOf(id RunID) *run {
	if slot := id.slot(); slot < len(s.runs) && s.runs[slot].id == id && id != 0 {
		return &s.runs[slot]
	}
	return nil
}
