package allocator

import (
	"fmt"
	"slices"
	"strings"

	"fairlead/drf"
)

// State is everything the allocator knows. Use New; see the package comment
// for what Step and Apply promise.
type State struct {
	cfg      Config
	policy   Policy // in force
	executor drf.Vector
	now      int64
	kinds    *drf.Kinds
	tree     *drf.Tree

	agents     []agent
	agentIndex map[string]int32
	vacant     []int32          // free places in agents
	lastAgent  uint32           // seq of the agent seen last
	offers     map[string]int32 // offer to agent
	offering   []int32          // agents that made an offer since the last Tick
	total      drf.Vector       // of all agents
	most       drf.Vector       // that any one agent has of each resource
	resized    bool             // total and most are not yet what decisions go by
	changed    []int32          // agents whose spare is out of date
	free       drf.Vector       // the sum of what is spare on all agents
	epoch      uint32           // counts changes of the totals that scores are relative to

	roleOf     map[string]string // framework to the role set last
	queues     []*queue          // by drf.Node; nil for roles
	queueIndex map[queueKey]*queue
	groups     map[groupKey]*group
	templates  templateTable
	dependents map[groupKey]map[*group]struct{} // by the group they wait for, there or not
	lastSeq    uint64                           // of submitted groups
	pending    int64                            // instances that could be placed if there was room

	oneByOne bool     // see setOneByOne
	nested   bool     // not all frameworks are in one role
	ranks    uint64   // counts changes of the order of more than one framework
	drowsy   []*shape // that may find room, and have not taken back all their buckets

	runs       runTable
	expected   int64 // means nothing: see Expect
	shapes     shapeTable
	runTimers  heap[runTimer]
	backoffs   heap[backoffTimer]
	ended      []RunID  // runs that wait for Settle
	doomed     []doom   // what is to be killed or abandoned
	out        []Action // backs what a Tick collects
	stores     stores
	firsts     store[instance] // backs instances, while a group has one
	agains     store[int32]    // backs again, in the same way
	decided    []decision
	found      []int32       // backs what seek returns
	planned    []int32       // backs counts
	drainables heap[drained] // backs drainable
	taken      []taken       // backs what seek tries
	touched    []int32       // agents with launches in this Tick
	more       bool          // the last Tick stopped at Config.MaxPlacements

	workload workload
	gpuRoom  []drf.Amount // backs gpusOf

	softTimers heap[softTimer]
	followers  map[groupKey][]*group // of a group: those that want to be near it

	holds     []*hold    // in the order in which they were made
	held      int        // agents that are held
	moved     []*group   // whose holds changed in this Tick
	preempted []int64    // when runs were preempted in the last minute
	preemptAt int64      // when to look again whether to preempt, or never
	periodics []*group   // in the order of their names
	elastics  []*group   // that are not over, in the order of their submission
	daemons   []*group   // that are not over, in the order of their submission
	shrunkAt  int64      // when surplus was ended for others last, or never
	growAt    int64      // when surplus may grow, or never
	shrinkAt  int64      // when surplus may be ended for what waits, or never
	quotas    []*quota   // by role
	skipped   []*bucket  // that quota keeps from more in this Tick
	refusals  int        // by quota, in this round of placements
	foundRoom drf.Vector // what seek found takes of the cluster

	least   drf.Vector // of each resource the least that any group asked for
	plans   uint64     // counts changes of what plan depends on, beside what is free
	grantAt int64      // when a group may begin to hold room, or never
	lines   lineTable
	turns   heap[turn]  // backs inTurn
	inLine  []*queue    // backs waitingQueues
	line    []*group    // backs lineOf
	ahead   heap[ahead] // backs eachInLine

	measured  measured
	link      link
	hasMaster bool // a subscription is up
}

type (
	groupKey struct{ framework, name string }
	queueKey struct{ role, framework string }
)

// doom is a group, or one instance of it, that a Tick has to end.
type doom struct {
	group    *group
	instance int32 // all of them if negative
}

// link is what we believe the master believes about our wish for offers.
type link struct {
	suppressed bool
	wantRevive bool
	revives    uint64 // how often filters were lifted
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
		policy:     cfg.Policy.orPlain(),
		kinds:      drf.NewKinds(),
		tree:       drf.NewTreeOf(cfg.Policy.orPlain().ranking()),
		agentIndex: map[string]int32{},
		offers:     map[string]int32{},
		roleOf:     map[string]string{},
		queueIndex: map[queueKey]*queue{},
		groups:     map[groupKey]*group{},
		templates:  templateTable{by: map[uint64][]*template{}},
		dependents: map[groupKey]map[*group]struct{}{},
		followers:  map[groupKey][]*group{},
		runs:       runTable{usual: usual()},
		shapes:     newShapeTable(),
		workload:   workload{index: map[[2]drf.Amount]int{}},
		epoch:      1,
		ranks:      1,
		firsts:     store[instance]{size: 16}, // groups may stay for long
		agains:     store[int32]{size: 16},
		plans:      1,
		grantAt:    never,
		preemptAt:  never,
		shrunkAt:   never,
		growAt:     never,
		shrinkAt:   never,
	}
	s.link.lastRevive = -cfg.ReviveMillis
	if err := validQuantities(cfg.Executor); err != nil {
		return nil, fmt.Errorf("executor: %w", err)
	}
	if s.executor, err = s.vector(cfg.Executor); err != nil {
		return nil, fmt.Errorf("executor: %w", err)
	}
	if s.executor[drf.Ports] != 0 || s.executor[drf.GPUs] != 0 || s.executor != s.withoutItems(s.executor) {
		return nil, fmt.Errorf("%w: executor: it can't be given ports, GPUs, or items of sets", ErrInvalid)
	}
	return s, nil
}

// maxAmount bounds each amount that enters (4 × 10^9 units), so that sums over
// a million agents and over a million runs of one agent cannot overflow.
const maxAmount drf.Amount = 1 << 42

func validQuantities(qs []Quantity) error {
	for _, q := range qs {
		if q.Amount < 0 || q.Amount > maxAmount {
			return fmt.Errorf("%w: %s %s: expected 0 to %s", ErrInvalid, q.Name, q.Amount, maxAmount)
		}
	}
	return nil
}

// vector interns the names of quantities and adds the amounts up.
func (s *State) vector(qs []Quantity) (drf.Vector, error) {
	var v drf.Vector
	for _, q := range qs {
		k, err := s.kinds.Intern(q.Name)
		if err != nil {
			return v, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		v[k] += q.Amount
	}
	return v, nil
}

// knownVector is vector for what agents report, ports and sets apart: names that find
// no room are left out, since no group can ask for them either.
func (s *State) knownVector(qs []Quantity) drf.Vector {
	var v drf.Vector
	for _, q := range qs {
		if k, err := s.kinds.Intern(q.Name); err == nil && q.Amount > 0 {
			v[k] = min(v[k]+min(q.Amount, maxAmount), maxAmount)
		}
	}
	v[drf.Ports] = 0
	return s.withoutItems(v)
}

// queue is one framework of one role: a leaf of the tree and what waits there.
type queue struct {
	node    drf.Node
	role    string
	name    string
	byShape map[*shape]*bucket
	ready   pq[*bucket] // buckets that may fit somewhere
	aside   pq[*bucket] // the others
	asleep  []*bucket   // of those the ones with shapes that others have too
	line    standing
	waiting int64    // instances that could be placed if there was room
	quotas  []*quota // of the roles above, the nearest first
	live    int64
}

// bucket holds a queue's groups of one shape: they fit or fail together.
type bucket struct {
	queue  *queue
	shape  *shape
	groups row
	// waiting counts the instances that could be placed if there was room.
	waiting int64
	at      int  // in queue.ready, or queue.aside
	aside   bool // it is in queue.aside
	parked  int  // in shape.parked, -1 when it is not there
	asleep  int  // in queue.asleep, -1 when it is not there
}

func (b *bucket) less(c *bucket) bool { return b.groups.top().inLine().less(c.groups.top().inLine()) }
func (b *bucket) place(i int)         { b.at = i }

// queueOf returns the queue of a framework in a role, making both if need be.
func (s *State) queueOf(role, framework string) (*queue, error) {
	key := queueKey{role, framework}
	if q, ok := s.queueIndex[key]; ok {
		return q, nil
	}
	node, err := s.addRole(role)
	if err != nil {
		return nil, err
	}
	leaf, err := s.tree.AddFramework(node, framework)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for len(s.queues) <= int(leaf) {
		s.queues = append(s.queues, nil)
	}
	q := &queue{node: leaf, role: role, name: framework, byShape: map[*shape]*bucket{}, quotas: s.quotasAbove(node), line: standing{in: noLine}}
	s.queues[leaf], s.queueIndex[key] = q, q
	s.nested = s.nested || s.tree.Parent(leaf) != s.tree.Parent(s.anyQueue().node)
	return q, nil
}

// anyQueue is one of the queues; there must be one.
func (s *State) anyQueue() *queue {
	return s.queues[slices.IndexFunc(s.queues, func(q *queue) bool { return q != nil })]
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
	spec    spec
	seq     uint64
	at      int // in its bucket, -1 when it is not there
	queue   *queue
	bucket  *bucket
	*needs          // shared, like most of spec
	limits  *limits // nil if it may go anywhere
	soft    *soft   // what keeps it away from agents for a while; mostly nil
	arrived int64

	// instances holds those that were ever started; the rest is fresh.
	instances []instance
	again     []int32 // instances that wait to run again, back-off over
	backoff   int32   // instances whose back-off is not over
	live      int32
	finished  int32
	failed    int32
	killed    int32
	holds     int32 // how often room was kept for it
	reruns    int32 // how often it was started again
	listed    bool  // in the list of the bucket's row, not in the heap
	dying     bool
	outcome   Outcome

	grown    []drf.Amount // more memory for each task, after it ran out of it
	elastic  *elastic     // nil unless it has a surplus
	daemon   *daemon      // nil unless it has an instance on each agent
	periodic *periodic    // nil unless it has a schedule
	hold     *hold        // room that is kept for it
	holdFrom int64        // not before this may room be kept for it again
	since    int64        // when it came into line, or an instance of it was launched last

	unmet   []string // groups it comes after that have not ended as they must yet
	message string
	endedAt int64
	history []Attempt
	trail   []Step // what nothing else remembers
	// soughtBefore is how often room had been sought for its shape when it came
	// into line. A restored State counts anew.
	soughtBefore uint64
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

// pending is how many instances could be placed now.
func (g *group) pending() int32 {
	n := max(g.spec.base()-int32(len(g.instances)), 0) + int32(len(g.again))
	if g.elastic != nil {
		n += g.elastic.wish
	}
	return n
}

// blocked reports whether a group waits for another one to finish, or for its
// time.
func (g *group) blocked() bool { return len(g.unmet) > 0 || g.isIdle() }

// next is the instance to place next: one that ran before comes first.
func (g *group) next() int32 {
	if len(g.again) > 0 {
		return g.again[0]
	}
	if g.elastic != nil && len(g.elastic.again) > 0 && int32(len(g.instances)) >= g.spec.base() {
		return g.elastic.again[0]
	}
	return int32(len(g.instances))
}

func (g *group) over() bool { return g.outcome != Unfinished }

// runOf finds a live run.
func (s *State) runOf(id RunID) *run { return s.runs.get(id) }
