package allocator

import (
	"cmp"
	"slices"
)

// modelHold is room that is kept for a group (docs/fairness.md).
type modelHold struct {
	number     int // in the order in which they were made
	on         []HoldOn
	until      int64
	completeBy int64 // 0: nobody knows
	moved      bool  // in this Tick
}

// holders lists the groups that room is kept for, in the order of their holds.
func (m *model) holders() []*modelGroup {
	out := slices.DeleteFunc(slices.Clone(m.groups), func(g *modelGroup) bool { return g.hold == nil })
	slices.SortFunc(out, func(a, b *modelGroup) int { return cmp.Compare(a.hold.number, b.hold.number) })
	return out
}

func (h *modelHold) at(agent string) int {
	k := slices.IndexFunc(h.on, func(at HoldOn) bool { return at.Agent == agent })
	if k < 0 {
		return 0
	}
	return int(h.on[k].Instances)
}

// holderOf is the group that an agent is held for.
func (m *model) holderOf(a *modelAgent) *modelGroup {
	for _, g := range m.groups {
		if g.hold != nil && g.hold.at(a.Agent) > 0 {
			return g
		}
	}
	return nil
}

// beside is what there is of the cluster beside what is held, but for one group.
func (m *model) beside(free map[string]*modelSpare, but *modelGroup) map[string]*modelSpare {
	out := map[string]*modelSpare{}
	for _, a := range m.agents {
		sp := *free[a.Agent]
		if g := m.holderOf(a); g != nil && g != but {
			kept := m.wantedOn(g, a, g.hold.at(a.Agent))
			sp.free, sp.held = sp.free.less(kept), true
			sp.keptGPUs = sp.gpus != nil && kept["gpus"] > 0
		}
		out[a.Agent] = &sp
	}
	return out
}

// staying is what runs hold of an agent that are not expected to end.
func (m *model) staying(a *modelAgent) (sum amounts, slots int, gpus []int64) {
	sum, gpus = amounts{}, parts(a.total["gpus"])
	for _, r := range m.runs {
		if r.agent != a.Agent || !r.stays() {
			continue
		}
		sum.gain(r.holds(m.kinds))
		if r.Slot {
			slots++
		}
		r.eachDevice(func(n int32, part int64) {
			if int(n) < len(gpus) {
				gpus[n] -= part
			}
		})
	}
	return sum, slots, gpus
}

func (r *modelRun) stays() bool {
	return !r.thought && r.group.Restart.Policy == RestartAlways && !r.group.isSurplus(r.Instance)
}

// eachDevice yields the GPUs that a run holds.
func (r *modelRun) eachDevice(yield func(n int32, part int64)) {
	at := 0
	for t, gpus := range r.group.gpus() {
		for _, part := range parts(gpus) {
			if at < len(r.Devices) && !r.ended[int32(t)] {
				yield(r.Devices[at], part)
			}
			at++
		}
	}
}

// wantedOn is what instances of a group take of an agent once all has ended there
// that ends: those come without an executor that find a slot then.
func (m *model) wantedOn(g *modelGroup, a *modelAgent, n int) amounts {
	_, carried, _ := m.staying(a)
	sum := times(g.demand(), n)
	for range n - max(int(a.Slots)-carried, 0) {
		sum = sum.add(amountsOf(m.cfg.Executor))
	}
	return sum
}

// drained reports whether an agent has room for so many instances then.
func (m *model) drained(g *modelGroup, a *modelAgent, n int) bool {
	stays, carried, gpus := m.staying(a)
	for k, want := range m.wantedOn(g, a, n) { // commutes: a conjunction
		if want > 0 && want > a.total[k]-stays[k] {
			return false
		}
	}
	sp := &modelSpare{slots: a.Slots - int32(carried), free: a.total.less(stays)}
	if sp.gpus = gpus; !a.Owned {
		sp.gpus = nil
	}
	return !a.lost && m.fitting(g, a, sp, n) == n
}

// fitting counts how often a group fits into what is free on an agent.
func (m *model) fitting(g *modelGroup, a *modelAgent, sp *modelSpare, most int) int {
	trial := *sp
	trial.gpus = slices.Clone(sp.gpus)
	for n := range most {
		need := m.need(g, &trial)
		if !need.fitsIn(trial.free) {
			return n
		}
		if _, ok := m.give(g, a, trial.free["cpus"]-need["cpus"], trial.gpus); !ok {
			return n
		}
		trial.free = trial.free.less(need)
		trial.slots--
	}
	return most
}

// keepRoom keeps room for a group.
func (m *model) keepRoom(g *modelGroup, on []HoldOn, until, completeBy int64) {
	m.holdsMade++
	g.hold = &modelHold{number: m.holdsMade, on: on, until: until, completeBy: completeBy}
}

// dropHolds gives up what is kept for those that do not wait.
func (m *model) dropHolds() {
	for _, g := range m.groups {
		if g.hold != nil && !g.waits() {
			g.hold = nil
		}
	}
}

// expireHolds gives up what was kept for too long.
func (m *model) expireHolds() (out []Action) {
	for _, g := range m.holders() {
		if g.hold.until <= m.now {
			g.hold, g.holdFrom = nil, m.now+m.cfg.ReserveAfterMillis
			out = append(out, Release{Framework: g.Framework, Group: g.Name})
		}
	}
	return out
}

func (h *modelHold) action(g *modelGroup) Action {
	return Hold{Framework: g.Framework, Group: g.Name, On: h.on, Until: h.until, CompleteBy: h.completeBy}
}

// serveHolds starts what has all its room together, and lets a gang hold other
// agents where more of that is there at once.
func (m *model) serveHolds() (out []decisionOf) {
	for _, g := range m.holders() {
		for g.hold != nil {
			if m.complete(g) {
				on := m.roomsIn(g, m.beside(m.free, g))
				if on == nil || m.refused(g, m.charges(g, on, m.free)) {
					break
				}
				out = m.placeOn(out, g, on)
				continue
			}
			if !m.moves(g) {
				break
			}
		}
	}
	return out
}

func (m *model) complete(g *modelGroup) bool {
	for _, at := range g.hold.on {
		a := m.agent(at.Agent)
		if !m.free[at.Agent].usable || !m.wantedOn(g, a, int(at.Instances)).fitsIn(m.free[at.Agent].free) {
			return false
		}
	}
	return true
}

func (m *model) moves(g *modelGroup) bool {
	if g.together() == 1 || g.hold.completeBy > m.now {
		return false
	}
	on := m.plan(g)
	if on == nil || m.roomNow(g, on) <= m.roomNow(g, g.hold.on) {
		return false
	}
	until := g.hold.until
	g.hold = nil
	m.keepRoom(g, on, until, m.completeBy(g, on, until))
	g.hold.moved = true
	return true
}

// roomNow counts the instances that find room where they are to go.
func (m *model) roomNow(g *modelGroup, on []HoldOn) int {
	sum := 0
	for _, at := range on {
		if sp := m.free[at.Agent]; sp.usable {
			sum += m.fitting(g, m.agent(at.Agent), sp, int(at.Instances))
		}
	}
	return sum
}

// grantHolds lets groups hold room that have waited for too long.
func (m *model) grantHolds() (out []Action) {
	if m.cfg.ReserveAfterMillis < 0 || m.policy() == DRFLiteral || m.more {
		return nil
	}
	waiting := m.firstOfKinds()
	if !slices.ContainsFunc(waiting, m.isDue) {
		return nil
	}
	for _, path := range m.orderOfBlocked(waiting) {
		g, later := m.nextToHold(path, waiting)
		if !later {
			return out
		}
		if g != nil {
			on, until := m.plan(g), m.now+m.holdFor(g)
			g.holds++
			m.keepRoom(g, on, until, m.completeBy(g, on, until))
			out = append(out, g.hold.action(g))
		}
	}
	return out
}

// isDue says whether a group has waited for long enough to hold room.
func (m *model) isDue(g *modelGroup) bool {
	return max(g.since+m.cfg.ReserveAfterMillis, g.holdFrom) <= m.now
}

func (m *model) holdFor(g *modelGroup) int64 {
	millis := m.cfg.HoldMillis
	for range g.holds {
		millis = max(millis, min(2*millis, 24*60*60*1000))
	}
	return millis
}

// nextToHold is the group of a framework that may hold room now. It says whether
// those that come later in the order may.
func (m *model) nextToHold(path string, waiting []*modelGroup) (next *modelGroup, later bool) {
	if slices.ContainsFunc(m.groups, func(g *modelGroup) bool { return g.path() == path && g.hold != nil }) {
		return nil, true
	}
	for _, g := range waiting {
		switch {
		case g.path() != path:
		case !m.isDue(g):
			return nil, true
		case m.refused(g, times(g.demand(), g.together())):
		case !m.canSlipBy(g):
			return nil, false
		case m.plan(g) == nil:
		default:
			return g, m.mayHold(g)
		}
	}
	return nil, true
}

// canSlipBy says whether others could be placed where a group can't.
func (m *model) canSlipBy(g *modelGroup) bool {
	return g.together() > 1 || len(g.Constraints) > 0 || m.soft(g) || g.PerAgent || !g.demand().fitsIn(m.least)
}

// mayHold holds several to a quarter of the cluster.
func (m *model) mayHold(g *modelGroup) bool {
	holders := m.holders()
	sum := amounts{}
	for _, other := range append(holders, g) {
		sum = sum.add(times(other.demand().add(amountsOf(m.cfg.Executor)), other.together()))
	}
	for k, n := range sum { // commutes: a conjunction
		if len(holders) > 0 && n > m.total()[k]/4 {
			return false
		}
	}
	return true
}

func (m *model) learnLeast(g *modelGroup) {
	if m.least == nil {
		m.least = g.demand()
	}
	for k := range m.least.add(g.demand()) { // commutes: each on its own
		m.least[k] = min(m.least[k], g.demand()[k])
	}
}

// movedHolds is what a Tick has to state of holds that moved.
func (m *model) movedHolds() (out []Action) {
	for _, g := range m.holders() {
		if g.hold.moved {
			out, g.hold.moved = append(out, g.hold.action(g)), false
		}
	}
	return out
}

// holdsOf is what a Tick decided about holds, without what it said of them.
func holdsOf(actions []Action) (out []Action) {
	for _, a := range actions {
		switch a := a.(type) {
		case Hold:
			out = append(out, a)
		case Release:
			out = append(out, Release{Framework: a.Framework, Group: a.Group})
		case Preempt:
			a.Message = ""
			out = append(out, a)
		}
	}
	return out
}
