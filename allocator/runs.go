package allocator

import (
	"fmt"
	"iter"

	"fairlead/drf"
)

// never is a time that was not: of a Kill not sent, of a task not out of sight.
const never int64 = -1

// run is one live attempt of an instance. There are very many of them, and the one
// that ends next may be anywhere: it takes one line of the cache.
type run struct {
	id       RunID // 0: this place of the table is free
	group    *group
	started  int64
	overhead *drf.Vector // what it took beyond what its group was submitted with; nil if nothing
	*unusual             // only to be read: see own
	instance int32
	agent    int32
	final    int32 // tasks that are over
	slot     bool
	listed   bool // this place is in runTable.free
	owns     bool // unusual is of this run
	outcome  Outcome
	cause    KillCause    // of the kill, if there was one
	few      [7]TaskState // those of all but large groups: see states
}

// unusual is what few runs have; the others share one.
type unusual struct {
	killAt    int64      // when Kill was sent last, or never
	lostAt    int64      // since when a task is out of sight, or never
	preempted bool       // it has to make room for others
	hopeless  bool       // the master refused a task: repeating it would not help
	oom       int32      // the task that ran out of memory, counting from 1
	grown     drf.Amount // what of its memory is beyond what its group was submitted with
	ports     []uint64
	items     []string
	devices   []int32
	message   string
	many      []TaskState // those of a large group
}

// usual is that of a run of which there is nothing unusual.
func usual() unusual { return unusual{killAt: never, lostAt: never} }

// limited is 1 for a run with a max_runtime, else 0.
func (r *run) limited() int {
	if r.group.spec.MaxRuntimeMillis > 0 {
		return 1
	}
	return 0
}

// own is what is unusual about a run, to be changed.
func (r *run) own() *unusual {
	if !r.owns {
		u := *r.unusual
		r.unusual, r.owns = &u, true
	}
	return r.unusual
}

// states are those of the tasks.
func (r *run) states() []TaskState {
	if n := len(r.group.tasks); n <= len(r.few) {
		return r.few[:n]
	}
	return r.many
}

// beyond is what a run took beyond what its group was submitted with.
func (r *run) beyond() drf.Vector {
	if r.overhead == nil {
		return drf.Vector{}
	}
	return *r.overhead
}

// runPage is how many places the table grows by. Pages do not move, so that
// growing copies nothing. From 32 KiB on Go aligns what it allocates to lines of
// the cache; smaller arrays begin 8 bytes later.
const runPage = 512

// runTable holds the live runs. A new run takes the lowest free place, which
// makes ids depend on what is alive and on nothing else: a State that was
// restored, or replayed, gives the ids that the original would have given.
type runTable struct {
	pages   []*[runPage]run
	size    int // places that were ever used
	live    int
	limited int // of them, those that may not last for ever
	lastSeq uint64
	free    heap[place] // every free place; some that a replay took may be left in
	usual   unusual     // of all runs that have none of their own
}

// place is an index into the table of runs.
type place int

func (p place) less(q place) bool { return p < q }

func (t *runTable) at(p int) *run { return &t.pages[p/runPage][p%runPage] }

// get finds a live run.
func (t *runTable) get(id RunID) *run {
	if p := id.slot(); p < t.size && id != 0 {
		if r := t.at(p); r.id == id {
			return r
		}
	}
	return nil
}

// all yields the live runs in the order of their places.
func (t *runTable) all() iter.Seq[*run] {
	return func(yield func(*run) bool) {
		for p := range t.size {
			if r := t.at(p); r.id != 0 && !yield(r) {
				return
			}
		}
	}
}

// next names a new run and the place it will take; false means that the table
// is full.
func (t *runTable) next() (RunID, bool) {
	for len(t.free) > 0 {
		p := t.free.pop()
		r := t.at(int(p))
		r.listed = false
		if r.id == 0 {
			t.lastSeq++
			return makeRunID(t.lastSeq, int(p)), true
		}
	}
	if t.size > MaxRuns {
		return 0, false
	}
	t.grow()
	t.lastSeq++
	return makeRunID(t.lastSeq, t.size-1), true
}

func (t *runTable) grow() {
	if t.size%runPage == 0 {
		t.pages = append(t.pages, new([runPage]run))
	}
	t.size++
}

// claim makes room for the run of a replayed or restored id.
func (t *runTable) claim(id RunID) error {
	for t.size <= id.slot() {
		t.grow()
		t.list(t.size - 1)
	}
	if other := t.at(id.slot()).id; other != 0 || id.Seq() == 0 {
		return fmt.Errorf("%w: run %s takes the place of %s", ErrInvalid, id, other)
	}
	t.lastSeq = max(t.lastSeq, id.Seq())
	return nil
}

func (t *runTable) list(p int) {
	if r := t.at(p); !r.listed {
		r.listed = true
		t.free.push(place(p))
	}
}

// put takes the place of an id that next or claim named, for a run with tasks
// that are all staging. The rest of it is for the caller to fill in.
func (t *runTable) put(id RunID, g *group) *run {
	r := t.at(id.slot())
	r.id, r.group, r.unusual = id, g, &t.usual
	if n := len(g.tasks); n > len(r.few) {
		r.own().many = make([]TaskState, n)
	}
	t.live++
	t.limited += r.limited()
	return r
}

// Expect tells of which runs there will be updates soon. It changes nothing: it
// reads what they will change, so that all of it comes into the cache at the same
// time, where it else would be waited for piece by piece. With very many runs that
// is most of what an update costs.
func (s *State) Expect(ids []RunID) {
	for _, id := range ids {
		r := s.runs.get(id)
		if r == nil {
			continue
		}
		a := &s.agents[r.agent]
		s.expected += int64(r.group.instances[r.instance].attempts) + int64(a.spare.slots) +
			int64(a.used[0]+a.used[drf.MaxKinds-1]+a.total[drf.MaxKinds-1]) + int64(a.runs)
	}
}

// AgentPlace is a number of a known agent, below how many are known at a time. No
// other agent has it until this one is forgotten.
func (s *State) AgentPlace(agent string) (int, bool) {
	i, ok := s.agentIndex[agent]
	return int(i), ok
}

// PlaceOf is the AgentPlace of the agent of a live run: with very many agents that
// is found much faster than by a name.
func (s *State) PlaceOf(id RunID) int { return int(s.runs.get(id).agent) }

// drop empties the place of a run.
func (t *runTable) drop(r *run) {
	p := r.id.slot()
	t.live--
	t.limited -= r.limited()
	*r = run{listed: r.listed}
	t.list(p)
}
