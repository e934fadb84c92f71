package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"

	"fairlead/allocator"
	"fairlead/drf"
)

// stats collects what a result says beyond the allocator's own books.
type stats struct {
	scenario  *Scenario
	now       int64
	decisions int64
	makespan  int64
	// preemptions counts the runs that were ended to make room for others.
	preemptions int64
	// used is what runs hold now; usedMillis is its integral over time.
	used       drf.Vector
	usedMillis [drf.MaxKinds]float64
	byLeaf     map[leaf]*times
	digest     hash.Hash
	line       []byte      // what goes into digest next
	placements []Placement // nil if nobody asked
}

// leaf is a framework in one role.
type leaf struct{ framework, role string }

// job is a group while it is alive.
type job struct {
	group *Group
	of    *times
	// left counts the instances that are not over.
	left    int64
	arrived int64
	started []uint64 // a bit for each instance that was started once
}

// times are sums over the instances of a framework.
type times struct {
	waitMillis, completionMillis int64
	started, completed           int64
	finished, failed             int64
}

func newStats(s *Scenario, opts Options) *stats {
	st := &stats{scenario: s, byLeaf: make(map[leaf]*times), digest: sha256.New()}
	if opts.Placements {
		st.placements = []Placement{}
	}
	fmt.Fprintf(st.digest, "fairlead simulation 1\n%s %s %s %d %d\n", s.Name, s.policyByName(), s.Placement, s.Seed, s.UntilMillis)
	return st
}

// pass books that nothing more happens before then.
func (st *stats) pass(then int64) {
	for k, amount := range st.used {
		// The conversion forbids fusing the two operations, whose rounding differs by machine.
		st.usedMillis[k] += float64(float64(amount) * float64(then-st.now))
	}
	st.now = then
}

// arrived books a group that was submitted.
func (st *stats) arrived(g *Group) *job {
	return &job{group: g, of: st.of(g), left: int64(g.Spec.Instances), arrived: st.now, started: make([]uint64, (g.Spec.Instances+63)/64)}
}

// decided is called after each Tick.
func (st *stats) decided(*allocator.State) {}

func (st *stats) started(agent string, r *running) {
	j := r.job
	g := j.group
	st.decisions++
	st.used = st.used.Add(r.charge)
	st.note("start ", g, r.instance)
	st.line = append(st.line, ' ')
	st.line = append(st.line, agent...)
	st.flush()
	if st.placements != nil {
		st.placements = append(st.placements, Placement{
			AtS: seconds(st.now), Framework: g.Spec.Framework, Group: g.Spec.Name, Instance: r.instance, Agent: agent,
		})
	}
	word, bit := r.instance/64, uint64(1)<<(r.instance%64)
	if j.started[word]&bit != 0 {
		return // a restart; it waited only the first time
	}
	j.started[word] |= bit
	j.of.started++
	j.of.waitMillis += st.now - j.arrived
}

// note begins a line of the digest.
func (st *stats) note(what string, g *Group, instance int32) {
	st.line = append(st.line, what...)
	st.line = strconv.AppendInt(st.line, st.now, 10)
	st.line = append(st.line, ' ')
	st.line = append(st.line, g.Spec.Framework...)
	st.line = append(st.line, '/')
	st.line = append(st.line, g.Spec.Name...)
	st.line = append(st.line, '/')
	st.line = strconv.AppendInt(st.line, int64(instance), 10)
}

// lines is how many bytes are collected for the digest at a time.
const lines = 4 << 10

// flush ends a line of the digest.
func (st *stats) flush() {
	st.line = append(st.line, '\n')
	if len(st.line) > lines {
		st.digest.Write(st.line)
		st.line = st.line[:0]
	}
}

func (st *stats) ended(r *running, how allocator.Settle) {
	j := r.job
	g := j.group
	left, ok := st.used.Sub(r.charge)
	if !ok {
		panic(fmt.Sprintf("sim: %v ended with %v, but only %v was in use", r, r.charge, st.used))
	}
	st.used, st.makespan = left, st.now
	switch how.Outcome {
	case allocator.Preempted:
		st.preemptions++
		st.note("preempted ", g, r.instance)
	case allocator.Failed:
		st.note("failed ", g, r.instance)
	default:
		st.note("end ", g, r.instance)
		j.of.completed++
		j.of.completionMillis += st.now - j.arrived
	}
	st.flush()
	if !how.Retry {
		st.over(j, how.Outcome)
	}
}

// over books that an instance will not run again.
func (st *stats) over(j *job, how allocator.Outcome) {
	switch how {
	case allocator.Finished:
		j.of.finished++
	case allocator.Failed:
		j.of.failed++
	}
	j.left--
}

func (st *stats) of(g *Group) *times {
	key := leaf{g.Spec.Framework, g.Spec.Role}
	t, ok := st.byLeaf[key]
	if !ok {
		t = new(times)
		st.byLeaf[key] = t
	}
	return t
}

func (st *stats) sum() string {
	st.digest.Write(st.line)
	return "sha256:" + hex.EncodeToString(st.digest.Sum(nil))
}

// mean is total/n in seconds, and 0 of nothing.
func mean(totalMillis, n int64) float64 {
	if n == 0 {
		return 0
	}
	return rounded(float64(totalMillis) / float64(n) / 1000)
}
