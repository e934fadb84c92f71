package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"fairlead/allocator"
	"fairlead/drf"
)

// stats collects what a result says beyond the allocator's own books.
type stats struct {
	scenario  *Scenario
	events    int64
	decisions int64
	makespan  int64
	// preemptions counts the runs that were ended to make room for others.
	preemptions int64
	// used is what runs hold now; usedMillis is its integral over time.
	used       drf.Vector
	usedMillis [drf.MaxKinds]float64
	byLeaf     map[leaf]*times
	digest     hash.Hash
	placements []Placement // nil if nobody asked
	// first is the number of instances of each group that were started once.
	seen map[instanceKey]bool
}

// leaf is a framework in one role.
type leaf struct{ framework, role string }

type instanceKey struct {
	group    int
	instance int32
}

// times are sums over the instances of a framework.
type times struct {
	waitMillis, completionMillis int64
	started, completed           int64
}

func newStats(s *Scenario, placements bool) *stats {
	st := &stats{scenario: s, byLeaf: make(map[leaf]*times), digest: sha256.New(), seen: make(map[instanceKey]bool)}
	if placements {
		st.placements = []Placement{}
	}
	fmt.Fprintf(st.digest, "fairlead simulation 1\n%s %s %s %d %d\n", s.Name, s.Policy, s.Placement, s.Seed, s.UntilMillis)
	return st
}

// pass books that time goes by.
func (st *stats) pass(millis int64) {
	for k, amount := range st.used {
		// The conversion forbids fusing the two operations, whose rounding differs by machine.
		st.usedMillis[k] += float64(float64(amount) * float64(millis))
	}
}

func (st *stats) started(now int64, agent string, r running) {
	g := &st.scenario.Groups[r.group]
	st.decisions++
	st.used = st.used.Add(r.charge)
	fmt.Fprintf(st.digest, "start %d %s/%s/%d %s\n", now, g.Spec.Framework, g.Spec.Name, r.instance, agent)
	if st.placements != nil {
		st.placements = append(st.placements, Placement{
			AtS: seconds(now), Framework: g.Spec.Framework, Group: g.Spec.Name, Instance: r.instance, Agent: agent,
		})
	}
	key := instanceKey{r.group, r.instance}
	if st.seen[key] {
		return // a restart; it waited only the first time
	}
	st.seen[key] = true
	t := st.of(g)
	t.started++
	t.waitMillis += now - g.ArrivalMillis
}

func (st *stats) ended(now int64, r running, how allocator.Outcome) {
	g := &st.scenario.Groups[r.group]
	left, ok := st.used.Sub(r.charge)
	if !ok {
		panic(fmt.Sprintf("sim: %v ended with %v, but only %v was in use", r, r.charge, st.used))
	}
	st.used, st.makespan = left, now
	if how == allocator.Preempted {
		st.preemptions++
		fmt.Fprintf(st.digest, "preempted %d %s/%s/%d\n", now, g.Spec.Framework, g.Spec.Name, r.instance)
		return
	}
	if how == allocator.Failed {
		fmt.Fprintf(st.digest, "failed %d %s/%s/%d\n", now, g.Spec.Framework, g.Spec.Name, r.instance)
		return
	}
	fmt.Fprintf(st.digest, "end %d %s/%s/%d\n", now, g.Spec.Framework, g.Spec.Name, r.instance)
	t := st.of(g)
	t.completed++
	t.completionMillis += now - g.ArrivalMillis
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

func (st *stats) sum() string { return "sha256:" + hex.EncodeToString(st.digest.Sum(nil)) }

// mean is total/n in seconds, and 0 of nothing.
func mean(totalMillis, n int64) float64 {
	if n == 0 {
		return 0
	}
	return rounded(float64(totalMillis) / float64(n) / 1000)
}
