package allocator

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"fairlead/drf"
)

// model is the second implementation of placement. It is as plain as can be:
// amounts in maps by name, shares as big.Rat, every figure counted anew for
// every decision by looking at everything. It learns how runs end from Settle
// and Abandon, and says itself what a Tick has to launch. It was written from
// docs/fairness.md, docs/placement.md and docs/task-groups.md.
//
// When occurrences of periodic groups start it is told. What surplus ends for the
// surplus of others it is told, and does not ask why; it knows no surplus where room is
// held. What a group keeps away from it remembers of more than eight agents, which no
// world has.
type model struct {
	cfg        Config
	now        int64
	agents     []*modelAgent // in the order in which they were seen
	offers     []OfferAdded
	groups     []*modelGroup // by arrival
	runs       []*modelRun
	roles      map[string]string // default role by framework
	weights    map[string]int64  // by path in the tree
	quotas     map[string]RoleSet
	placements map[string]int64   // by path
	past       map[string]amounts // by path of the framework: what it held lately
	begun      bool               // a group was submitted
	nested     bool               // there was a role below a role
	lastRun    uint64
	free       map[string]*modelSpare // what can be placed now, by agent
	more       bool                   // the last Tick placed as many as it may
	shrunk     int64                  // when surplus was ended for others last
	asked      []modelAsk             // of GPUs, by each instance that was submitted
	typical    []modelAsk             // the first of them
	kinds      *drf.Kinds             // of the State, to read charges by name
	least      amounts                // of each resource the least that any group asked for
	holdsMade  int
	preempted  []int64  // when runs were
	aboutHolds []Action // what the last Tick decided about holds
}

type modelAgent struct {
	AgentSeen
	lost, seen bool
	total      amounts
	ports      map[uint64]bool // that stand behind total
	items      map[modelItem]bool
}

// newModelGroup is a group as it is when it was submitted.
func newModelGroup(spec Group, met map[string]bool) *modelGroup {
	return &modelGroup{Group: spec, met: met, at: map[string]int32{}, grown: map[int32]int64{}, modelSoft: modelSoft{homes: map[int32]modelHome{}}}
}

type modelGroup struct {
	Group
	started      int32
	again        []int32
	backoff      []backoffTimer
	live, failed int
	closed       bool // killed, abandoned or over
	finished     bool
	met          map[string]bool
	at           map[string]int32 // the instance of each agent, of a daemon group
	grown        map[int32]int64  // more memory by task
	hold         *modelHold
	holds        int   // how often room was kept for it
	holdFrom     int64 // not before this again
	since        int64 // when it came into line, or an instance was launched last
	periodic     modelPeriodic
	modelSoft
	modelElastic
}

type modelRun struct {
	Launch
	agent   string
	group   *modelGroup
	ended   map[int32]bool // tasks that are over
	hidden  map[int32]bool // tasks that are out of sight
	started int64
	// killed says that its end was asked for, surplusKill that it was for others.
	killed, surplusKill bool
	thought             bool  // it is only where one might be
	oom                 int32 // the task that ran out of memory, counting from 1
	grown               int64 // by how much its group had grown when it started
}

type amounts map[string]int64

func (a amounts) add(b amounts) amounts {
	out := maps.Clone(a)
	if out == nil {
		out = amounts{}
	}
	out.gain(b)
	return out
}

// gain is add in place.
func (a amounts) gain(b amounts) {
	for k, v := range b { // commutes: sums
		a[k] += v
	}
}

func (a amounts) less(b amounts) amounts {
	out := maps.Clone(a)
	for k, v := range b { // commutes: differences
		out[k] = max(out[k]-v, 0)
	}
	return out
}

func (a amounts) fitsIn(b amounts) bool {
	for k, v := range a { // commutes: a conjunction
		if v > b[k] {
			return false
		}
	}
	return true
}

func amountsOf(qs []Quantity) amounts {
	out := amounts{}
	for _, q := range qs {
		out[q.Name] += int64(q.Amount)
	}
	return out
}

func (g *modelGroup) demand() amounts {
	sum := amounts{}
	for _, t := range g.Tasks {
		sum.gain(amountsOf(t.Resources))
	}
	sum["mem"] += g.grownBy()
	return sum
}

func (g *modelGroup) pending() int32 { return max(g.base()-g.started, 0) + int32(len(g.again)) }

func (g *modelGroup) waits() bool { return g.allMet() && !g.closed && g.pending() > 0 }

func (g *modelGroup) allMet() bool {
	return !g.periodic.idle && !slices.ContainsFunc(slices.Concat(g.After, g.AfterEnd), func(name string) bool { return !g.met[name] })
}

// nextInstance is the one to place next on an agent: what ran before comes first.
func (g *modelGroup) nextInstance(agent string) int32 {
	switch {
	case g.PerAgent:
		return g.at[agent]
	case len(g.again) > 0:
		return g.again[0]
	case len(g.againMore) > 0 && g.started >= g.base():
		return g.againMore[0]
	}
	return g.started
}

// path is the group's framework in the tree.
func (g *modelGroup) path() string { return g.Role + "/" + g.Framework }

// holds is what a run holds now: the executor and the tasks that are not over.
func (r *modelRun) holds(kinds *drf.Kinds) amounts {
	held := amounts{}
	for k := range kinds.Len() {
		if r.Charge[k] != 0 {
			held[kinds.Name(drf.Kind(k))] = int64(r.Charge[k])
		}
	}
	for t := range r.ended { // commutes: differences
		held = held.less(amountsOf(r.group.Tasks[t].Resources))
	}
	return held
}

// place says what a Tick has to launch, in the order of decision, before surplus.
func (m *model) place() []decisionOf {
	m.more = false
	m.lookAtAgents()
	out := m.serveHolds()
	out = append(out, m.placeAll()...)
	return append(out, m.backfill()...)
}

func (m *model) lookAtAgents() {
	m.free = map[string]*modelSpare{}
	for _, a := range m.agents {
		m.free[a.Agent] = m.spare(a)
	}
}

func (m *model) placeAll() []decisionOf {
	var out []decisionOf
	for {
		before := len(out)
		var unpromised, refused bool
		out, unpromised = m.placePromised(out)
		out, refused = m.placeFair(out)
		if !unpromised && !refused || len(out) == before || m.more {
			return out
		}
	}
}

// placeFair goes on with a Tick, and reports whether quota refused anything.
func (m *model) placeFair(out []decisionOf) ([]decisionOf, bool) {
	skipped := map[string]bool{}
	for {
		g, on := m.choose(m.free, skipped)
		if g == nil || on == nil {
			break
		}
		if m.refused(g, m.charges(g, on, m.free)) {
			skipped[m.kindOf(g)] = true
			continue
		}
		if m.full(out) {
			m.more = true
			break
		}
		out = m.placeOn(out, g, on)
	}
	return out, len(skipped) > 0
}

// full says whether a Tick has placed as many as it may.
func (m *model) full(out []decisionOf) bool {
	return m.cfg.MaxPlacements > 0 && len(out) >= m.cfg.MaxPlacements
}

func (m *model) placeOn(out []decisionOf, g *modelGroup, on []*modelAgent) []decisionOf {
	if g.hold != nil && (!g.PerAgent || g.hold.at(on[0].Agent) > 0) {
		g.hold = nil
	}
	for _, a := range on {
		out = m.placeAs(out, g, a, m.beside(m.free, nil)[a.Agent])
	}
	return out
}

// placeAs decides a run where so much is free for it.
func (m *model) placeAs(out []decisionOf, g *modelGroup, a *modelAgent, seen *modelSpare) []decisionOf {
	sp := m.free[a.Agent]
	need, now := m.need(g, sp), *seen
	d := m.launch(g, a, &now)
	g.holds = 0
	sp.free, sp.slots, sp.ports, sp.items = sp.free.less(need), now.slots, now.ports, now.items
	m.placed(d)
	m.dropHolds()
	return append(out, d)
}

// decisionOf is one launch and its agent.
type decisionOf struct {
	Agent string
	Launch
}

// modelSpare is what can be placed on an agent now.
type modelSpare struct {
	usable bool
	slots  int32
	free   amounts
	ports  []uint64
	items  []modelItem
	gpus   []int64 // what is free of each, if they are known
	held   bool    // something is kept there for others
	// keptGPUs says that these want GPUs there, of which nobody else gets any.
	keptGPUs bool
}

func (m *model) spare(a *modelAgent) *modelSpare {
	sp := &modelSpare{slots: a.Slots, usable: a.Owned && !a.lost, free: amounts{}, items: m.freeItems(a), gpus: m.devices(a)}
	used, taken := amounts{}, map[uint64]bool{}
	for _, r := range m.runs {
		if r.agent != a.Agent {
			continue
		}
		used.gain(r.holds(m.kinds))
		if r.Slot {
			sp.slots--
		}
		for p := range r.heldPorts() { // commutes: a set
			taken[p] = true
		}
	}
	ports := map[uint64]bool{}
	if a.Owned {
		if used.fitsIn(a.total) {
			sp.free = a.total.less(used)
		}
		for p := range a.ports { // commutes: a set
			ports[p] = !taken[p]
		}
	} else {
		offered := 0
		sp.free, ports, offered = m.offered(a, max(sp.slots, 0))
		sp.usable = offered > 0
	}
	for p, free := range ports { // commutes: sorted below
		if free {
			sp.ports = append(sp.ports, p)
		}
	}
	slices.Sort(sp.ports)
	return sp
}

// offered sums up an agent's offers, less what its free slots take of them.
func (m *model) offered(a *modelAgent, slots int32) (amounts, map[uint64]bool, int) {
	sum, ports, n := amounts{}, map[uint64]bool{}, 0
	for _, o := range m.offers {
		if o.Agent == a.Agent {
			n++
			sum.gain(amountsOf(o.Resources))
			addPorts(ports, o.Ports)
		}
	}
	sum["ports"] = int64(len(ports)) * 1000
	items := map[modelItem]bool{}
	for _, o := range m.offers {
		if o.Agent == a.Agent {
			addItems(items, o.Sets)
		}
	}
	countItems(sum, items)
	for range slots {
		sum = sum.less(amountsOf(m.cfg.Executor))
	}
	return sum, ports, n
}

func addPorts(set map[uint64]bool, ranges []PortRange) {
	for _, r := range ranges {
		for p := r.Begin; p <= r.End; p++ {
			set[p] = true
		}
	}
}

func (r *modelRun) heldPorts() map[uint64]bool {
	held, at := map[uint64]bool{}, 0
	if r.thought {
		return held
	}
	for t := range r.group.Tasks {
		for range amountsOf(r.group.Tasks[t].Resources)["ports"] / 1000 {
			if !r.ended[int32(t)] {
				held[r.Ports[at]] = true
			}
			at++
		}
	}
	return held
}

// need is what one more run of a group takes from an agent.
func (m *model) need(g *modelGroup, sp *modelSpare) amounts {
	if sp.slots > 0 {
		return g.demand()
	}
	return g.demand().add(amountsOf(m.cfg.Executor))
}

// choose picks the group to serve, and the agents; none if the policy says
// that the round ends here.
func (m *model) choose(free map[string]*modelSpare, skipped map[string]bool) (*modelGroup, []*modelAgent) {
	if m.policy().needsBlocked() || m.cfg.loosened() { // whose turn it is depends on what may be served
		m.skipRefused(free, skipped, func(*modelGroup) bool { return true })
	}
	candidates := map[string][]*modelGroup{} // by path of the framework
	for _, g := range m.groups {
		if g.competes() && !skipped[m.kindOf(g)] && (m.policy() == DRFLiteral || m.rooms(g, free) != nil) {
			candidates[g.path()] = append(candidates[g.path()], g)
		}
	}
	if len(candidates) == 0 {
		return nil, nil
	}
	for _, groups := range candidates { // commutes: each on its own
		slices.SortStableFunc(groups, func(a, b *modelGroup) int { return cmp.Compare(b.Priority, a.Priority) })
	}
	first := candidates[m.loosened(candidates, free)][0]
	return first, m.rooms(first, free)
}

// lowest walks down the tree, always to the child of least share that has a
// candidate below it.
func (m *model) lowest(candidates map[string][]*modelGroup) string {
	return m.lowestBelow("", candidates)
}

func (m *model) lowestBelow(at string, candidates map[string][]*modelGroup) string {
	for len(candidates[at]) == 0 {
		var children []string
		for path := range candidates { // commutes: sorted below
			if rest, ok := strings.CutPrefix(path, at); ok {
				name, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
				if child := strings.TrimPrefix(at+"/"+name, "/"); !slices.Contains(children, child) {
					children = append(children, child)
				}
			}
		}
		at = slices.MinFunc(children, func(a, b string) int { return m.compareSiblings(a, b, candidates) })
	}
	return at
}

func (m *model) total() amounts {
	sum := amounts{}
	for _, a := range m.agents {
		if !a.lost {
			sum.gain(a.total)
		}
	}
	return sum
}
