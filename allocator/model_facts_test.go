package allocator

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// TestModelDecidesAlike holds every placement of random histories, with its
// order, agent, charge, slot and ports, against the model.
func TestModelDecidesAlike(t *testing.T) { modelDecidesAlike(t, world{patient: true}) }

// TestModelDecidesAlikeInACrowd does so where many frameworks wait for the same.
func TestModelDecidesAlikeInACrowd(t *testing.T) {
	modelDecidesAlike(t, world{patient: true, crowded: true, unlimited: true})
}

// TestModelEndsSurplusAlike does so where surplus and guarantees are in each other's way.
func TestModelEndsSurplusAlike(t *testing.T) {
	modelDecidesAlike(t, world{patient: true, scarce: true})
}

// TestModelHoldsAlike does so where room is kept for groups that wait.
func TestModelHoldsAlike(t *testing.T) { modelDecidesAlike(t, world{patient: true, keen: true}) }

// TestModelHoldsAlikeWhereRoomIsScarce does so where more is asked for than there is.
func TestModelHoldsAlikeWhereRoomIsScarce(t *testing.T) {
	modelDecidesAlike(t, world{patient: true, keen: true, scarce: true})
}

// TestModelPreemptsAlike does so where runs are ended for others.
func TestModelPreemptsAlike(t *testing.T) {
	modelDecidesAlike(t, world{patient: true, keen: true, scarce: true, restless: true})
}

// TestModelSharesSurplusAlike does so where surplus starts and ends, under any policy,
// beside guarantees and limits.
func TestModelSharesSurplusAlike(t *testing.T) {
	modelDecidesAlike(t, world{patient: true, scarce: true, elastic: true})
}

func modelDecidesAlike(t *testing.T, w world) {
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, w)
		s := mustNew(t, h.cfg)
		m := newModel(h.cfg, s.kinds)
		for i, e := range h.events {
			m.advance(e.At)
			if _, tick := e.Fact.(Tick); !tick {
				if _, err := s.Step(e); err == nil {
					m.fact(e.Fact)
				}
				continue
			}
			actions := step(t, s, e)
			got, want := launches(actions), m.tick(t, actions)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("event %d:\n  got %+v\nmodel %+v", i, got, want)
			}
			if got := holdsOf(actions); !reflect.DeepEqual(got, m.aboutHolds) {
				t.Fatalf("event %d: room is held:\n  got %+v\nmodel %+v", i, got, m.aboutHolds)
			}
		}
	})
}

// launches lists what a Tick launched, in the order of decision.
func launches(actions []Action) []decisionOf {
	var out []decisionOf
	for _, a := range actions {
		if a, ok := a.(*Accept); ok {
			for _, l := range a.Launches {
				out = append(out, decisionOf{a.Agent, l})
			}
		}
	}
	slices.SortFunc(out, func(a, b decisionOf) int { return cmp.Compare(a.Run.Seq(), b.Run.Seq()) })
	return out
}

// tick says what a Tick has to launch that decided something else, which the model
// learns, but for the surplus that it has to end.
func (m *model) tick(t fataler, actions []Action) []decisionOf {
	t.Helper()
	ended := m.endedNow(actions)
	m.learn(actions)
	m.told(actions, ended)
	held := m.expireHolds()
	out := m.place()
	held = append(held, m.movedHolds()...)
	held = append(held, m.preempt()...)
	held = append(held, m.grantHolds()...)
	m.aboutHolds = held
	if want := m.shrink(); len(want) > 0 && !slices.Equal(ended, want) {
		t.Fatalf("surplus that is ended:\n  got %v\nmodel %v", ended, want)
	} else if len(want) == 0 {
		grown, could := m.grow(out)
		if out = append(out, grown...); len(ended) > 0 && (!could || !m.policy().fair()) {
			t.Fatalf("surplus that is ended: got %v, model none", ended)
		}
	}
	m.told(actions, nil)
	m.accepted(actions)
	return out
}

func newModel(cfg Config, kinds *drf.Kinds) *model {
	cfg.Placement, cfg.FairnessKnob = cmp.Or(cfg.Placement, BestFit), cmp.Or(cfg.FairnessKnob, drf.Unit)
	return &model{cfg: cfg, kinds: kinds, roles: map[string]string{}, weights: map[string]int64{}, quotas: map[string]RoleSet{}, placements: map[string]int64{}, past: map[string]amounts{}, shrunk: -1}
}

func parentPath(path string) string {
	if at := strings.LastIndex(path, "/"); at >= 0 {
		return path[:at]
	}
	return ""
}

// advance ends the back-offs that are over, in the order of their times.
func (m *model) advance(at int64) {
	m.decay(m.now, max(m.now, at))
	m.now = max(m.now, at)
	for _, g := range m.groups {
		slices.SortFunc(g.backoff, func(a, b backoffTimer) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.instance, b.instance))
		})
		for len(g.backoff) > 0 && g.backoff[0].at <= m.now {
			at := g.backoff[0].at
			g.lineUp(g.backoff[0].instance)
			g.backoff = g.backoff[1:]
			m.line(at)
		}
	}
}

func (m *model) fact(f Fact) {
	switch f := f.(type) {
	case AgentSeen:
		m.agentSeen(f)
	case AgentLost:
		m.agentLost(f.Agent)
	case OfferAdded:
		m.offerAdded(f)
	case OfferRescinded:
		m.dropOffers(func(o OfferAdded) bool { return o.Offer == f.Offer })
	case Disconnected:
		m.offers = nil
	case RoleSet:
		m.nest(f.Role)
		m.weights[f.Role] = f.Weight
		m.quotas[f.Role] = f
	case FrameworkSet:
		m.nest(f.Role)
		m.roles[f.Framework] = f.Role
		m.weights[f.Role+"/"+f.Framework] = f.Weight
	case GroupSubmitted:
		m.submitted(f.Group)
	case GroupKilled:
		if g := m.group(f.Framework, f.Name); !g.endSchedule() {
			m.killed(g)
		}
	case InstanceKilled:
		m.instanceKilled(m.group(f.Framework, f.Name), f.Instance)
	case GroupForgotten:
		m.groups = slices.DeleteFunc(m.groups, func(g *modelGroup) bool { return g == m.group(f.Framework, f.Name) })
	case GroupRerun:
		m.rerun(f)
	case ScheduleDue:
		m.scheduleDue(f)
	case TaskUpdated:
		for _, r := range m.runs {
			if r.Run == f.Run && int(f.Task) < len(r.group.Tasks) && !r.ended[f.Task] {
				if delete(r.hidden, f.Task); f.State == TaskUnreachable {
					r.hidden[f.Task] = true
				}
			}
			if r.Run == f.Run && f.State.Final() && int(f.Task) < len(r.group.Tasks) && !r.ended[f.Task] {
				r.ended[f.Task] = true
				if f.OutOfMemory && f.State == TaskFailed && r.oom == 0 {
					r.oom = f.Task + 1
				}
			}
		}
	}
	m.meet()
	m.line(m.now)
	m.dropHolds()
}

func (m *model) nest(role string) { m.nested = m.nested || strings.Contains(role, "/") }

func (m *model) agent(id string) *modelAgent {
	for _, a := range m.agents {
		if a.Agent == id {
			return a
		}
	}
	a := &modelAgent{AgentSeen: AgentSeen{Agent: id}, total: amounts{}, ports: map[uint64]bool{}, items: map[modelItem]bool{}}
	m.agents = append(m.agents, a)
	return a
}

func (m *model) agentSeen(f AgentSeen) {
	a := m.agent(f.Agent)
	a.AgentSeen, a.seen, a.lost = f, true, false
	a.total, a.ports, a.items = amountsOf(f.Total), map[uint64]bool{}, map[modelItem]bool{}
	addPorts(a.ports, f.Ports)
	a.total["ports"] = int64(len(a.ports)) * 1000
	addItems(a.items, f.Sets)
	countItems(a.total, a.items)
}

func (m *model) agentLost(id string) {
	for _, a := range m.agents {
		if a.Agent == id {
			a.lost, a.seen, a.total, a.ports, a.items = true, false, amounts{}, map[uint64]bool{}, map[modelItem]bool{}
		}
	}
	m.dropOffers(func(o OfferAdded) bool { return o.Agent == id })
	for _, g := range m.groups {
		if g.hold != nil && g.hold.at(id) > 0 {
			g.hold = nil
		}
	}
	m.forgetLost()
}

// forgetLost lets go of lost agents on which nothing of ours is left.
func (m *model) forgetLost() {
	m.agents = slices.DeleteFunc(m.agents, func(a *modelAgent) bool {
		return a.lost && !slices.ContainsFunc(m.runs, func(r *modelRun) bool { return r.agent == a.Agent })
	})
}

func (m *model) dropOffers(which func(OfferAdded) bool) {
	m.offers = slices.DeleteFunc(m.offers, which)
}

func (m *model) submitted(spec Group) {
	if m.group(spec.Framework, spec.Name) != nil {
		return
	}
	m.begun = true
	spec.Role = cmp.Or(spec.Role, m.roles[spec.Framework], "*")
	m.nest(spec.Role)
	g := newModelGroup(spec, map[string]bool{})
	g.periodic = modelPeriodic{idle: spec.Periodic, booked: m.now}
	m.groups = append(m.groups, g)
	m.learnAsk(g)
	m.learnLeast(g)
}

func (m *model) group(framework, name string) *modelGroup {
	for _, g := range m.groups {
		if g.Framework == framework && g.Name == name {
			return g
		}
	}
	return nil
}

func (m *model) killed(g *modelGroup) {
	if g.periodic.idle = false; !g.finished {
		g.closed, g.again, g.againMore, g.backoff, g.failed = true, nil, nil, nil, g.failed+1
	}
}

func (m *model) instanceKilled(g *modelGroup, n int32) {
	waits := len(g.again) + len(g.againMore) + len(g.backoff)
	if g.hold != nil && slices.ContainsFunc(g.hold.on, func(on HoldOn) bool { return g.PerAgent && g.at[on.Agent] == n && slices.Contains(g.again, n) }) {
		g.hold = nil
	}
	g.againMore = slices.DeleteFunc(g.againMore, func(k int32) bool { return k == n })
	g.again = slices.DeleteFunc(g.again, func(k int32) bool { return k == n })
	g.backoff = slices.DeleteFunc(g.backoff, func(b backoffTimer) bool { return b.instance == n })
	g.failed += waits - len(g.again) - len(g.againMore) - len(g.backoff)
}

// meet notes for every group which of those it comes after have finished well.
func (m *model) meet() {
	for _, g := range m.groups {
		wait := slices.ContainsFunc(g.backoff, func(b backoffTimer) bool { return !g.isSurplus(b.instance) })
		if !g.closed && !g.PerAgent && g.live == 0 && !wait && g.pending() == 0 {
			g.closed, g.finished, g.backoff = true, g.failed == 0, nil
		}
		g.endUnscheduled()
	}
	for _, g := range m.groups {
		for _, name := range slices.Concat(g.After, g.AfterEnd) {
			if parent := m.group(g.Framework, name); parent != nil && g.meets(parent) {
				g.met[name] = true
			}
		}
	}
	m.attend()
}

// learn takes over how runs ended.
func (m *model) learn(actions []Action) {
	for _, a := range actions {
		switch a := a.(type) {
		case *Settle:
			m.settled(a)
		case Abandon:
			g := m.group(a.Framework, a.Group)
			g.closed = true
		case Occur:
			m.occurs(a)
		case Skip:
			m.skipped(a)
		case Stop:
			m.killed(m.group(a.Framework, a.Group))
		}
		m.meet()
		m.line(m.now)
		m.dropHolds()
	}
	m.forgetLost()
}

func (m *model) settled(a *Settle) {
	at := slices.IndexFunc(m.runs, func(r *modelRun) bool { return r.Run == a.Run })
	r := m.runs[at]
	m.runs = slices.Delete(m.runs, at, at+1)
	g := r.group
	m.learnOOM(r, a)
	if g.live--; r.surplusKill {
		m.shrunk = m.now
	}
	switch {
	case g.PerAgent && !m.attends(g, r.agent):
		g.leave(r.agent)
	case a.Retry && a.NotBefore <= m.now:
		g.lineUp(r.Instance)
	case a.Retry:
		g.backoff = append(g.backoff, backoffTimer{at: a.NotBefore, instance: r.Instance})
	case a.Outcome != Finished:
		g.failed++
	}
	m.meet()
	m.failedOn(r, a)
}

// accepted drops the offers that a Tick used up or gave back.
func (m *model) accepted(actions []Action) {
	for _, a := range actions {
		var ids []string
		switch a := a.(type) {
		case *Accept:
			ids = a.Offers
		case Decline:
			ids = a.Offers
		}
		m.dropOffers(func(o OfferAdded) bool { return slices.Contains(ids, o.Offer) })
	}
}

// offerAdded takes an agent that was not seen to hold at least what it offers
// and what runs there.
func (m *model) offerAdded(f OfferAdded) {
	if slices.ContainsFunc(m.offers, func(o OfferAdded) bool { return o.Offer == f.Offer }) {
		return
	}
	m.offers = append(m.offers, f)
	a := m.agent(f.Agent)
	a.lost = false
	if a.seen {
		return
	}
	a.Slots, a.Host, a.Attributes = f.Slots, f.Host, f.Attributes
	m.guessTotal(a)
}

func (m *model) guessTotal(a *modelAgent) {
	used, slots := amounts{}, a.Slots
	for _, r := range m.runs {
		if r.agent == a.Agent {
			used = used.add(r.holds(m.kinds))
			if r.Slot {
				slots--
			}
		}
	}
	sum, _, _ := m.offered(a, max(slots, 0))
	for _, o := range m.offers {
		if o.Agent == a.Agent {
			addPorts(a.ports, o.Ports)
			addItems(a.items, o.Sets)
		}
	}
	for k, v := range used.add(sum) { // commutes: maxima
		a.total[k] = max(a.total[k], v)
	}
	a.total["ports"] = int64(len(a.ports)) * 1000
	countItems(a.total, a.items)
}
