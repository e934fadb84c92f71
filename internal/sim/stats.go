package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"

	"fairlead/allocator"
	"fairlead/drf"
)

// stats collects what a result says beyond the allocator's own books. Its size depends on what is
// alive, on the number of frameworks and on nothing else, unless placements are asked for. The engine
// tells it of everything that happens, in order.
type stats struct {
	scenario  *Scenario
	options   Options
	now       int64
	decisions int64
	makespan  int64
	// preemptions counts the runs that were ended to make room for others.
	preemptions int64
	// waiting counts all that are in line: neither running nor over, nor after a group that has not ended.
	// While there are some, idleMillis is the integral of the idle part of the fullest resource over waitingMillis.
	waiting                   int64
	idleMillis, waitingMillis float64
	// firsts counts the instances that were started once, overs those that will not run again.
	firsts, overs int64
	total         drf.Vector // of the cluster
	kinds         []drf.Kind // of which it has some, or had
	// used is what runs hold now; usedMillis is its integral over time.
	used       drf.Vector
	usedMillis [drf.MaxKinds]float64
	// totalMillis is the integral of total over time.
	totalMillis [drf.MaxKinds]float64
	leaves      []*leafStats // in the order in which they came
	byLeaf      map[leaf]*leafStats
	bins        []sizeBin
	digest      hash.Hash
	line        []byte      // what goes into digest next
	clock       []byte      // the time in it
	placements  []Placement // nil if nobody asked
	timeline    timeline
	judging     judging
	inUse       [drf.MaxKinds]*track
	// Much of what changes does so again at the same time: tracks, and the part of the fullest resource
	// that is in use, follow when time goes on.
	fullest float64
	changed []*leafStats
	moved   uint8 // a bit for each kind of which more or less is used, or there
}

// leaf is a framework in one role.
type leaf struct{ framework, role string }

// leafStats is what is known of a framework in one role.
type leafStats struct {
	leaf
	held             drf.Vector
	waiting          int64 // instances that are in line
	behind           int64 // that will be once what their group comes after has ended
	finished, failed int64
	preemptions      int64
	times            times
	fairness         fairness
	share, fair      *track
	line             *track
	waited           *track
	shareMillis      float64 // the integral of the dominant share over time
	heldSince        int64
	moved, lined     bool // held, or waiting, changed: it is in stats.changed
}

// times are those of instances.
type times struct {
	wait, completion spread
	slowdown         spread // in thousandths
}

func (t *times) ended(completion, run int64) {
	t.completion.add(completion)
	t.slowdown.add(slowdown(completion, run))
}

// allTimes are those of all frameworks together.
func (st *stats) allTimes() *times {
	all := new(times)
	for _, l := range st.leaves {
		all.wait.addAll(&l.times.wait)
		all.completion.addAll(&l.times.completion)
		all.slowdown.addAll(&l.times.slowdown)
	}
	return all
}

// job is a group while it is alive.
type job struct {
	group *Group
	of    *leafStats
	label string // its names, as they stand in the digest
	// left counts the instances that are not over.
	left     int64
	arrived  int64
	first    int64    // when its first instance started
	started  []uint64 // a bit for each instance that was started once
	anything bool     // was started

	finished, failed int64
	// spread counts the surplus instances that run or are over: the others are in no line.
	spread int64
	// waits counts the instances of a group on each agent that wait for room.
	waits int64
	// behind says that it comes after a group that has not ended: nothing of it is in line.
	behind bool
}

func newStats(s *Scenario, opts Options) *stats {
	st := &stats{
		scenario: s, options: opts, byLeaf: make(map[leaf]*leafStats), digest: sha256.New(), bins: sizeBins(opts.Bins), clock: []byte("0"),
	}
	if opts.Placements {
		st.placements = []Placement{}
	}
	for k := range st.inUse {
		st.inUse[k] = st.timeline.add(false, 0)
	}
	fmt.Fprintf(st.digest, "fairlead simulation 1\n%s %s %s %d %d\n", s.Name, s.policyByName(), s.Placement, s.Seed, s.UntilMillis)
	return st
}

// arrived books a group that was submitted, maybe to come after one that has not ended.
func (st *stats) arrived(g *Group, behind bool) *job {
	j := &job{group: g, of: st.of(g), left: int64(g.Spec.Instances), arrived: st.now}
	j.label = " " + g.Spec.Framework + "/" + g.Spec.Name + "/"
	j.started = make([]uint64, (g.Spec.Instances+63)/64)
	if j.daemon() {
		j.left = 1 // until it is killed
		return j
	}
	if g.Spec.Schedule != "" {
		return j // until it is due
	}
	if j.behind = behind; behind {
		j.of.behind += j.left - j.surplus()
		return j
	}
	st.wants(j.of, j.left-j.surplus())
	return j
}

// follows books that what a group comes after has ended, so that it is in line now.
func (st *stats) follows(j *job) {
	if j.behind {
		j.behind = false
		j.of.behind -= j.left - j.surplus()
		st.wants(j.of, j.left-j.surplus())
	}
}

// occurs books that a periodic group begins to run again, as it was due to.
func (st *stats) occurs(j *job, due int64) {
	j.left, j.arrived, j.anything, j.spread = int64(j.group.Spec.Instances), due, false, 0
	clear(j.started)
	st.wants(j.of, j.left-j.surplus())
}

// skips books occurrences of a periodic group that are not run.
func (st *stats) skips(j *job, times int) {
	for range times {
		st.note("skipped ", j, 0)
		st.flush()
	}
}

// surplus is how many instances of a group are started only where nobody waits: they are not in line.
func (j *job) surplus() int64 {
	if spec := j.group.Spec; spec.InstancesMin > 0 {
		return int64(spec.Instances - spec.InstancesMin)
	}
	return 0
}

// inLine reports whether an instance is in line while it waits.
func (j *job) inLine(instance int32) bool {
	return int64(instance) < int64(j.group.Spec.Instances)-j.surplus()
}

func (st *stats) started(agent string, r *running) {
	j := r.of.job
	g := j.group
	st.decisions++
	j.of.held.Gain(r.charge)
	st.used.Gain(r.charge)
	st.charged(j.of, r.charge)
	if j.inLine(r.instance) {
		st.wants(j.of, -1)
	} else if !j.daemon() {
		j.spread++
	}
	st.note("start ", j, r.instance)
	st.line = append(st.line, ' ')
	st.line = append(st.line, agent...)
	st.flush()
	if st.placements != nil {
		st.placements = append(st.placements, Placement{
			AtS: seconds(st.now), Framework: g.Spec.Framework, Group: g.Spec.Name, Instance: r.instance, Agent: agent,
		})
	}
	if j.daemon() {
		j.startedOn(st)
		return
	}
	word, bit := r.instance/64, uint64(1)<<(r.instance%64)
	if j.started[word]&bit != 0 {
		return // a restart; it waited only the first time
	}
	j.started[word] |= bit
	st.firsts++
	if !j.anything {
		j.anything, j.first = true, st.now
	}
	wait := st.now - j.arrived
	j.of.times.wait.add(wait)
	j.of.waited.count(float64(wait))
}

// note begins a line of the digest.
func (st *stats) note(what string, j *job, instance int32) {
	st.line = append(st.line, what...)
	st.line = append(st.line, st.clock...)
	st.line = append(st.line, j.label...)
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

func (st *stats) ended(r *running, how *allocator.Settle) {
	j := r.of.job
	if !st.used.Lose(r.charge) || !j.of.held.Lose(r.charge) {
		panic(fmt.Sprintf("sim: %v ended with %v, but only %v was in use", r, *r.charge, st.used))
	}
	st.charged(j.of, r.charge)
	st.makespan = st.now
	switch how.Outcome {
	case allocator.Preempted:
		st.preemptions++
		j.of.preemptions++
		st.note("preempted ", j, r.instance)
	case allocator.Surplus:
		st.note("shrunk ", j, r.instance)
	case allocator.Failed:
		st.note("failed ", j, r.instance)
	case allocator.Lost:
		st.note("lost ", j, r.instance)
	case allocator.Killed:
		st.note("killed ", j, r.instance)
	default:
		st.note("end ", j, r.instance)
		if !j.daemon() {
			j.of.times.ended(st.now-j.arrived, st.now-r.since)
		}
	}
	st.flush()
	if j.daemon() {
		if !how.Retry {
			st.overs++
			j.count(how.Outcome)
		}
		return
	}
	if j.inLine(r.instance) || !how.Retry {
		st.wants(j.of, 1)
	} else {
		j.spread--
	}
	if !how.Retry {
		st.over(j, how.Outcome)
	}
}

// shortRun is the run time below which a slowdown is bounded, since the ratio to an instant is endless.
const shortRun = 10_000

// slowdown is how many thousandths of its run time an instance took from arrival to end.
func slowdown(completion, run int64) int64 {
	return max(1000, completion*1000/max(run, shortRun))
}

// over books that an instance that does not run will not do so again, and with the last one that the
// job is over.
func (st *stats) over(j *job, how allocator.Outcome) {
	st.follows(j)
	if !j.daemon() {
		st.wants(j.of, -1)
	}
	j.count(how)
	st.leave(j, 1)
}

// count books how an instance ended that does not run again.
func (j *job) count(how allocator.Outcome) {
	switch how {
	case allocator.Finished:
		j.of.finished++
		j.finished++
	case allocator.Failed:
		j.of.failed++
		j.failed++
	}
}

// dropped books that instances that wait will never run: the group was ended, or its phase is over.
func (st *stats) dropped(j *job, instances int64) {
	st.follows(j)
	st.wants(j.of, j.surplus()-j.spread-instances)
	st.leave(j, instances)
}

// leave books that instances of a job are over, and with the last one that the job is.
func (st *stats) leave(j *job, instances int64) {
	st.overs += instances
	if j.left -= instances; j.left > 0 {
		return
	}
	st.tell(j)
	if j.anything && !j.daemon() {
		b := st.binOf(j)
		b.jobs++
		b.wait.add(j.first - j.arrived)
		b.completion.add(st.now - j.arrived)
	}
}

// tell passes on how a job ended, or how far it is.
func (st *stats) tell(j *job) {
	if st.options.EachGroup == nil {
		return
	}
	r := GroupResult{
		Framework: j.of.framework, Role: j.of.role, Name: j.group.Spec.Name, Instances: int64(j.group.Spec.Instances),
		Finished: j.finished, Failed: j.failed, ArrivalS: seconds(j.arrived), Started: j.anything, Over: j.left <= 0,
	}
	if r.Started {
		r.StartS = seconds(j.first)
	}
	if r.Over {
		r.EndS = seconds(st.now)
	}
	st.options.EachGroup(&r)
}

// tellAlive passes on how far the jobs are that are not over, by name.
func (st *stats) tellAlive(jobs map[jobKey]*submission) {
	for _, key := range slices.SortedFunc(maps.Keys(jobs), jobKey.compare) {
		if jobs[key].left > 0 {
			st.tell(jobs[key].job)
		}
	}
}

func (st *stats) of(g *Group) *leafStats {
	key := leaf{g.Spec.Framework, g.Spec.Role}
	l, ok := st.byLeaf[key]
	if !ok {
		l = &leafStats{leaf: key, heldSince: st.now}
		l.share, l.line = st.timeline.add(false, st.now), st.timeline.add(false, st.now)
		l.fair = st.timeline.add(false, st.now)
		l.waited = st.timeline.add(true, st.now)
		st.byLeaf[key] = l
		st.leaves = append(st.leaves, l)
	}
	return l
}

func (st *stats) sum() string {
	st.digest.Write(st.line)
	st.line = st.line[:0]
	return "sha256:" + hex.EncodeToString(st.digest.Sum(nil))
}
