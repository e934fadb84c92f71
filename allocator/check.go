package allocator

import (
	"fmt"

	"fairlead/drf"
)

// Check verifies every book of the State against a recount from the live runs
// and the waiting groups: O(everything). A non-nil error is a bug in this
// package; it names the book and both figures.
func (s *State) Check() error {
	s.catchUp() // what a Tick would do first; it decides nothing
	for _, check := range []func() error{
		s.checkRuns, s.checkAgents, s.checkDevices, s.checkItems, s.checkGroups, s.checkLimits, s.checkQueues, s.checkShapes, s.checkOffers, s.checkHolds, s.checkLines,
	} {
		if err := check(); err != nil {
			return fmt.Errorf("allocator: broken books at %d ms: %w", s.now, err)
		}
	}
	return nil
}

// holds is what a run holds of its agent by the states of its tasks.
func (r *run) holds() drf.Vector {
	held := r.beyond()
	for t, st := range r.states() {
		if !st.Final() {
			held = held.Add(r.group.tasks[t])
		}
	}
	return held
}

// checkRuns recounts what live runs hold of the tree, and looks at the table
// they stand in.
func (s *State) checkRuns() error {
	byNode := map[drf.Node]drf.Vector{}
	live, limited := 0, 0
	for r := range s.runs.all() {
		live++
		limited += r.limited()
		in := &r.group.instances[r.instance]
		if in.run != r.id || in.state != instanceLive {
			return fmt.Errorf("run %s is not that of instance %d of %s", r.id, r.instance, r.group.spec.Name)
		}
		for n := r.group.queue.node; ; n = s.tree.Parent(n) {
			byNode[n] = byNode[n].Add(r.holds())
			if n == drf.Root {
				break
			}
		}
	}
	if u := &s.runs.usual; u.killAt != never || u.lostAt != never || u.preempted || u.hopeless || u.oom != 0 || u.grown != 0 ||
		len(u.ports)+len(u.items)+len(u.devices)+len(u.message)+len(u.many) > 0 {
		return fmt.Errorf("what is usual of runs has been changed: %+v", *u)
	}
	if live != s.runs.live || limited != s.runs.limited {
		return fmt.Errorf("live runs: counted %d, %d of them limited, booked %d and %d", live, limited, s.runs.live, s.runs.limited)
	}
	for p := range s.runs.size {
		if r := s.runs.at(p); r.id == 0 && !r.listed {
			return fmt.Errorf("place %d of the table of runs is neither taken nor free", p)
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

// checkAgents recounts what live runs hold of each agent, and what is left.
func (s *State) checkAgents() error {
	counted := make([]agent, len(s.agents))
	for r := range s.runs.all() {
		c := &counted[r.agent]
		c.used = c.used.Add(r.holds())
		if r.stays() {
			c.staying = c.staying.Add(r.holds())
			if r.slot {
				c.stayingOn++
			}
		}
		c.runs++
		if r.slot {
			c.carried++
		}
	}
	var total, free drf.Vector
	for i := range s.agents {
		a, c := &s.agents[i], &counted[i]
		total = total.Add(a.total)
		free = free.Add(a.spare.free)
		if a.used != c.used || a.runs != c.runs || a.carried != c.carried {
			return fmt.Errorf("agent %s: counted %d runs (%d on slots) with %s, booked %d (%d) with %s", a.id,
				c.runs, c.carried, s.kinds.Format(c.used), a.runs, a.carried, s.kinds.Format(a.used))
		}
		if a.staying != c.staying || a.stayingOn != c.stayingOn {
			return fmt.Errorf("agent %s: counted %s that stays, booked %s", a.id, s.kinds.Format(c.staying), s.kinds.Format(a.staying))
		}
		if err := s.checkSpare(a); err != nil {
			return err
		}
	}
	if total != s.total {
		return fmt.Errorf("total: counted %s, booked %s", s.kinds.Format(total), s.kinds.Format(s.total))
	}
	if free != s.free {
		return fmt.Errorf("free: counted %s, booked %s", s.kinds.Format(free), s.kinds.Format(s.free))
	}
	return nil
}

func (s *State) checkSpare(a *agent) error {
	free := a.spare.free
	switch {
	case free.Negative():
		return fmt.Errorf("agent %s: free %s", a.id, s.kinds.Format(free))
	case a.lost && a.runs == 0 && a.seq != 0:
		return fmt.Errorf("agent %s is lost and holds nothing, but is kept", a.id)
	case a.spare.here && a.ports.count() < free[drf.Ports]:
		return fmt.Errorf("agent %s: %s ports are free, but there are numbers for %s", a.id, free[drf.Ports], a.ports.count())
	case a.spare.here && s.itemsLack(a):
		return fmt.Errorf("agent %s: %s is free, but there are the items %v", a.id, s.kinds.Format(free), a.items)
	case a.owned && !a.lost && a.used.FitsIn(a.total) && free.Add(a.used).Add(a.kept) != a.total:
		return fmt.Errorf("agent %s: free %s and used %s are not total %s",
			a.id, s.kinds.Format(free), s.kinds.Format(a.used), s.kinds.Format(a.total))
	}
	return nil
}

// checkGroups recounts instances by state.
func (s *State) checkGroups() error {
	for key, g := range s.groups { // commutes: any one error will do
		var n [instanceOver + 1]int32
		for i := range g.instances {
			n[g.instances[i].state]++
		}
		over := g.finished + g.failed + g.killed
		if g.daemon != nil {
			over += g.daemon.gone
		}
		if err := s.checkDaemon(g); err != nil {
			return fmt.Errorf("group %v: %w", key, err)
		}
		if n[instanceLive] != g.live || n[instanceWaiting] != g.linedUp() ||
			n[instanceBackoff] != g.backoff || n[instanceOver] != over {
			return fmt.Errorf("group %v: counted %d live, %d waiting, %d in back-off, %d over; booked %d, %d, %d, %d",
				key, n[instanceLive], n[instanceWaiting], n[instanceBackoff], n[instanceOver], g.live, g.linedUp(), g.backoff, over)
		}
		if !s.checkElastic(g) {
			return fmt.Errorf("group %v: its surplus is not among the elastic groups, or in line", key)
		}
		if competes := !g.over() && !g.dying && !g.blocked() && g.pending() > 0; competes != (g.at >= 0) {
			return fmt.Errorf("group %v: competes %t, queued %t", key, competes, g.at >= 0)
		}
		if done := g.live == 0 && g.backoff == g.surplusBackoff() && (g.dying || g.pending() == 0 && g.daemon == nil); done && !g.over() {
			return fmt.Errorf("group %v has nothing left to run, but is not over", key)
		}
	}
	return s.checkDependents()
}

// checkDependents recounts who waits for whose end.
func (s *State) checkDependents() error {
	waits := map[groupKey]map[*group]bool{}
	for key, g := range s.groups { // commutes: sets
		for _, name := range g.unmet {
			parent := groupKey{key.framework, name}
			if waits[parent] == nil {
				waits[parent] = map[*group]bool{}
			}
			waits[parent][g] = true
		}
	}
	if len(waits) != len(s.dependents) {
		return fmt.Errorf("groups that others wait for: counted %d, booked %d", len(waits), len(s.dependents))
	}
	for parent, want := range waits { // commutes: any one error will do
		if got := s.dependents[parent]; len(got) != len(want) {
			return fmt.Errorf("groups that wait for %v: counted %d, booked %d", parent, len(want), len(got))
		}
	}
	return nil
}

// checkQueues recounts who waits where, by framework and by shape.
func (s *State) checkQueues() error {
	waiting, byShape := map[*queue]int64{}, map[*shape]int64{}
	total := int64(0)
	for _, g := range s.groups { // commutes: sums
		if g.at >= 0 {
			waiting[g.queue] += int64(g.pending())
			byShape[g.bucket.shape] += int64(g.pending())
			if sh := g.bucket.shape; sh.together != g.together() || sh.group != 0 && (sh.group != g.seq || g.hold == nil) {
				return fmt.Errorf("group %s/%s waits for %d at once with the shape of %d", g.spec.Framework, g.spec.Name, g.together(), sh.together)
			}
			total += int64(g.pending())
		}
	}
	if total != s.pending {
		return fmt.Errorf("waiting instances: counted %d, booked %d", total, s.pending)
	}
	for _, q := range s.queues {
		switch {
		case q == nil:
		case q.waiting != waiting[q]:
			return fmt.Errorf("framework %s: counted %d waiting, booked %d", q.name, waiting[q], q.waiting)
		case s.tree.Active(q.node) != (q.ready.len() > 0):
			return fmt.Errorf("framework %s: active %t with %d buckets", q.name, s.tree.Active(q.node), q.ready.len())
		}
	}
	return s.checkKins(byShape)
}

// checkKins recounts who waits for what.
func (s *State) checkKins(waiting map[*shape]int64) error {
	used := map[*kin]int{}
	for sh, n := range waiting { // commutes: any one error will do
		used[sh.kin]++
		if n != sh.pending {
			return fmt.Errorf("shape %s: counted %d waiting, booked %d", s.kinds.Format(sh.demand), n, sh.pending)
		}
		if k := sh.kin; !k.own && s.shapes.kins[k.key] != k || sh.group == 0 && sh != k.single && sh != k.gangs[sh.together] {
			return fmt.Errorf("shape %s, %d at once, is not in the table", s.kinds.Format(k.demand), sh.together)
		}
	}
	idle := 0
	for key, k := range s.shapes.kins { // commutes: any one error will do
		if k.used == 0 {
			idle++
		}
		if k.key != key || k.own || k.used != used[k] {
			return fmt.Errorf("kin %s: counted %d shapes in use, booked %d", s.kinds.Format(key.demand), used[k], k.used)
		}
	}
	if idle != len(s.shapes.idle) {
		return fmt.Errorf("idle kins: counted %d, booked %d", idle, len(s.shapes.idle))
	}
	return nil
}

// checkShapes holds each index against a plain look at every agent, and makes
// sure that nothing is set aside that would fit.
func (s *State) checkShapes() error {
	ready, open := map[*shape]int{}, 0
	for _, q := range s.queues {
		if q == nil {
			continue
		}
		for _, b := range q.ready.items {
			ready[b.shape]++
			if b.shape.full < 0 {
				open++
			}
		}
	}
	if open != s.shapes.open {
		return fmt.Errorf("open buckets: counted %d, booked %d", open, s.shapes.open)
	}
	for sh := range s.shapesInUse() { // commutes: any one error will do
		if ready[sh] != sh.ready {
			return fmt.Errorf("shape %s: counted %d buckets, booked %d", s.kinds.Format(sh.demand), ready[sh], sh.ready)
		}
		if err := s.checkParked(sh); err != nil {
			return err
		}
		if err := s.checkShape(sh); err != nil {
			return err
		}
	}
	return nil
}

// shapesInUse is the set of the shapes that something waits for.
func (s *State) shapesInUse() map[*shape]bool {
	set := map[*shape]bool{}
	for _, q := range s.queues {
		if q != nil {
			for sh := range q.byShape { // commutes: a set
				set[sh] = true
			}
		}
	}
	return set
}

func (s *State) checkShape(sh *shape) error {
	demand := s.kinds.Format(sh.demand)
	s.syncTotal()
	best, ok := s.scan(sh.kin)
	for i, full := range sh.kin.full.items {
		if full.full != i {
			return fmt.Errorf("shape %s: of those that count as full, number %d does not know it", demand, i)
		}
	}
	switch {
	case sh.full >= 0 && ok && s.wholeFits(sh):
		return fmt.Errorf("shape %s counts as full, but fits on agent %s", demand, s.agents[best].id)
	case !sh.index.built:
		return nil
	}
	if got, found := s.bestAgent(sh.kin); found != ok || ok && got != best {
		return fmt.Errorf("shape %s: the index says agent %d (%t), a scan %d (%t)", demand, got, found, best, ok)
	}
	return nil
}

func (s *State) checkOffers() error {
	held := 0
	for i := range s.agents {
		a := &s.agents[i]
		if len(a.offers) > 0 && !a.offering {
			return fmt.Errorf("agent %s has offers, but is not in the list of those that have", a.id)
		}
		for _, o := range a.offers {
			held++
			if at, ok := s.offers[o.id]; !ok || at != int32(i) {
				return fmt.Errorf("offer %s of agent %s is not in the index", o.id, a.id)
			}
		}
	}
	if held != len(s.offers) {
		return fmt.Errorf("offers: counted %d, booked %d", held, len(s.offers))
	}
	return nil
}

// wholeFits reports whether all that a group of a shape has to start together
// finds room; one instance does.
func (s *State) wholeFits(sh *shape) bool {
	if sh.together == 1 {
		return true
	}
	if sh.limits != nil && sh.own {
		return false // the best agent for the first may now be one that leaves room for the others
	}
	for _, g := range s.groups { // commutes: they fit or fail together
		if g.bucket != nil && g.bucket.shape == sh {
			_, ok := s.seek(g, sh)
			return ok
		}
	}
	return false
}
