package allocator

import (
	"fmt"

	"fairlead/drf"
)

// Check verifies every book of the State against a recount from the live runs
// and the waiting groups: O(everything). A non-nil error is a bug in this
// package; it names the book and both figures.
func (s *State) Check() error {
	for _, check := range []func() error{s.checkRuns, s.checkGroups, s.checkShapes, s.checkOffers} {
		if err := check(); err != nil {
			return fmt.Errorf("allocator: broken books at %d ms: %w", s.now, err)
		}
	}
	return nil
}

// checkRuns recounts what live runs hold: by agent, by framework, by role.
func (s *State) checkRuns() error {
	byAgent := make([]drf.Vector, len(s.agents))
	runs := make([]int32, len(s.agents))
	byNode := map[drf.Node]drf.Vector{}
	live := 0
	for i := range s.runs {
		r := &s.runs[i]
		if r.id == 0 {
			continue
		}
		live++
		held := r.overhead
		for t, st := range r.states {
			if !st.Final() {
				held = held.Add(r.group.tasks[t])
			}
		}
		byAgent[r.agent] = byAgent[r.agent].Add(held)
		runs[r.agent]++
		for n := r.group.queue.node; ; n = s.tree.Parent(n) {
			byNode[n] = byNode[n].Add(held)
			if n == drf.Root {
				break
			}
		}
	}
	if live != s.live {
		return fmt.Errorf("live runs: counted %d, booked %d", live, s.live)
	}
	return s.compareBooks(byAgent, runs, byNode)
}

func (s *State) compareBooks(byAgent []drf.Vector, runs []int32, byNode map[drf.Node]drf.Vector) error {
	for i := range s.agents {
		a := &s.agents[i]
		if a.used != byAgent[i] || a.runs != runs[i] {
			return fmt.Errorf("agent %s: counted %d runs with %s, booked %d with %s",
				a.id, runs[i], s.kinds.Format(byAgent[i]), a.runs, s.kinds.Format(a.used))
		}
		if a.free.Negative() {
			return fmt.Errorf("agent %s: free %s", a.id, s.kinds.Format(a.free))
		}
		if a.owned && !a.lost && a.used.FitsIn(a.total) && a.free.Add(a.used) != a.total {
			return fmt.Errorf("agent %s: free %s and used %s are not total %s",
				a.id, s.kinds.Format(a.free), s.kinds.Format(a.used), s.kinds.Format(a.total))
		}
	}
	return s.compareTree(drf.Root, byNode)
}

func (s *State) compareTree(n drf.Node, want map[drf.Node]drf.Vector) error {
	if got := s.tree.Allocated(n); got != want[n] {
		return fmt.Errorf("node %q: counted %s, booked %s", s.tree.Path(n), s.kinds.Format(want[n]), s.kinds.Format(got))
	}
	for _, c := range s.tree.Children(n) {
		if err := s.compareTree(c, want); err != nil {
			return err
		}
	}
	return nil
}

// checkGroups recounts instances by state and who waits where.
func (s *State) checkGroups() error {
	waiting := map[*queue]int64{}
	for key, g := range s.groups { // commutes: sums, and any one error will do
		var live, again, backoff, over int32
		for i := range g.instances {
			switch g.instances[i].state {
			case instanceLive:
				live++
			case instanceWaiting:
				again++
			case instanceBackoff:
				backoff++
			case instanceOver:
				over++
			}
		}
		if live != g.live || int(again) != len(g.again) || backoff != g.backoff || over != g.finished+g.failed+g.killed {
			return fmt.Errorf("group %v: counted %d live, %d waiting, %d in back-off, %d over; booked %d, %d, %d, %d",
				key, live, again, backoff, over, g.live, len(g.again), g.backoff, g.finished+g.failed+g.killed)
		}
		competes := !g.over() && !g.dying && !g.blocked && g.pending() > 0
		if competes != (g.at >= 0) {
			return fmt.Errorf("group %v: competes %t, queued %t", key, competes, g.at >= 0)
		}
		if competes {
			waiting[g.queue] += int64(g.pending())
		}
	}
	total := int64(0)
	for _, q := range s.queues {
		if q != nil && q.waiting != waiting[q] {
			return fmt.Errorf("framework %s: counted %d waiting, booked %d", q.name, waiting[q], q.waiting)
		}
		if q != nil {
			total += q.waiting
			if s.tree.Active(q.node) != (q.ready.len() > 0) {
				return fmt.Errorf("framework %s: active %t with %d buckets", q.name, s.tree.Active(q.node), q.ready.len())
			}
		}
	}
	if total != s.pending {
		return fmt.Errorf("waiting instances: counted %d, booked %d", total, s.pending)
	}
	return nil
}

// checkShapes holds each index against a plain look at every agent, and makes
// sure that nothing is set aside that would fit.
func (s *State) checkShapes() error {
	for demand, sh := range s.shapes.all { // commutes: any one error will do
		best, ok := s.scan(sh)
		if len(sh.parked) > 0 && ok {
			return fmt.Errorf("shape %s is parked, but fits on agent %s", s.kinds.Format(demand), s.agents[best].id)
		}
		if !sh.index.built {
			continue
		}
		if got, found := s.bestAgent(sh); sh.index.built && (found != ok || ok && got != best) {
			return fmt.Errorf("shape %s: the index says agent %d (%t), a scan %d (%t)", s.kinds.Format(demand), got, found, best, ok)
		}
	}
	return nil
}

func (s *State) checkOffers() error {
	held := 0
	for i := range s.agents {
		for _, o := range s.agents[i].offers {
			held++
			if at, ok := s.offers[o.id]; !ok || at != int32(i) {
				return fmt.Errorf("offer %s of agent %s is not in the index", o.id, s.agents[i].id)
			}
		}
	}
	if held != len(s.offers) {
		return fmt.Errorf("offers: counted %d, booked %d", held, len(s.offers))
	}
	return nil
}
