package allocator

import (
	"cmp"
	"slices"

	"fairlead/drf"
)

// agent is one machine: what it holds, what runs there and what is ours to use. What
// each run changes comes first, so that it comes into the cache together.
type agent struct {
	spare    spare
	used     drf.Vector
	total    drf.Vector
	wants    fitKey // the form of spare.free
	seq      uint32 // agents seen earlier have lower ones; 0: this place is free
	runs     int32
	slots    int32 // executors it carries on top of total
	carried  int32 // runs whose executor is one of slots
	launches int32 // decided in this Tick
	// firstLaunch is where the next of them goes when they are sorted.
	firstLaunch int32
	owned       bool
	seen        bool // AgentSeen said what it holds, not only an offer
	lost        bool
	offering    bool // in State.offering
	changed     bool // in State.changed: spare is out of date
	described   bool // it is another agent, or has other attributes, than indexes know
	gpusKept    bool // the hold wants GPUs: nobody else gets any
	hold        *hold
	id          string
	offers      []offer
	given       portSet  // the numbers behind total[drf.Ports]
	ports       portSet  // the numbers that can be placed now
	givenItems  itemSet  // what is behind total of the kinds that count them
	items       itemSet  // that can be placed now
	devices     []device // its GPUs, if it is owned
	host        string
	attributes  []Attribute
	wanted      drf.Vector // what hold wants here
	kept        drf.Vector // what of it is free; it is not in spare
	wantedFor   int32      // how many instances hold is for here
	stayingOn   int32      // the slots of runs that are not expected to end
	staying     drf.Vector // the part of used that is not expected to come free
	lot         uint64     // see lotOf
	// The master may keep what it has from us until then: see keptAway.
	refusedUntil int64
	refused      uint64 // link.revives at that time
}

type offer struct {
	id        string
	resources drf.Vector
	ports     []PortRange
	items     itemSet
}

// maxSlots bounds the slots of an agent.
const maxSlots = 1 << 20

// spare is what placement sees of an agent. It is worked out once for many
// facts, before placements, and follows each placement.
type spare struct {
	here bool // there is something to launch on: it is owned, or offered
	slot bool // the agent carries one more executor
	// slots is how many it carried when that was worked out: a gang may need
	// more than one.
	slots int32
	free  drf.Vector
}

// grew reports whether something may fit now that did not fit before.
func (now *spare) grew(before *spare) bool {
	return now.here && !before.here || now.slots > before.slots || !before.free.Holds(&now.free)
}

// need is what a run of these shapes takes from the agent's free resources.
func (a *agent) need(k *kin) *drf.Vector {
	if a.spare.slot {
		return &k.demand
	}
	return &k.withExecutor
}

// fits reports whether the agent can hold one more run of these shapes now, and
// their constraints allow it.
func (a *agent) fits(k *kin) bool {
	if !a.spare.here {
		return false
	}
	if !a.spare.free.Holds(a.need(k)) {
		return false
	}
	if k.gpus != nil && !a.fitsDevices(k.gpus) {
		return false
	}
	return k.limits == nil || k.limits.allow(a)
}

// agentOf finds an agent, making it if need be.
func (s *State) agentOf(id string) int32 {
	if i, ok := s.agentIndex[id]; ok {
		return i
	}
	var i int32
	if n := len(s.vacant); n > 0 {
		i, s.vacant = s.vacant[n-1], s.vacant[:n-1]
	} else {
		i = int32(len(s.agents))
		s.agents = append(s.agents, agent{})
	}
	s.lastAgent++
	a := &s.agents[i]
	a.id, a.seq, a.described, a.lot = id, s.lastAgent, true, lotOf(id)
	s.agentIndex[id] = i
	return i
}

// forgetLost lets go of an agent that is lost and holds nothing of ours. Its
// place is for the next new one, as which it counts when it comes back.
func (s *State) forgetLost(i int32) {
	a := &s.agents[i]
	if !a.lost || a.runs > 0 {
		return
	}
	delete(s.agentIndex, a.id)
	*a = agent{offering: a.offering, changed: a.changed, spare: a.spare}
	s.vacant = append(s.vacant, i)
	s.note(i)
}

func (s *State) applyAgentSeen(f AgentSeen) {
	i := s.agentOf(f.Agent)
	a := &s.agents[i]
	s.describe(i, f.Host, f.Attributes)
	a.owned = f.Owned
	a.slots = min(max(f.Slots, 0), maxSlots)
	s.plans++
	a.seen, a.lost = true, false
	a.given, a.givenItems = newPortSet(f.Ports), s.itemsOf(f.Sets)
	total := a.givenItems.addTo(s.knownVector(f.Total))
	total[drf.Ports] = a.given.count()
	s.setTotal(a, total)
	if a.owned {
		a.ports, a.items = a.given, a.givenItems
		s.takeHeld(i)
	}
	s.layDevices(i)
	s.note(i)
	s.attended(i)
}

// takeHeld takes the ports and items of live runs out of fresh sets.
func (s *State) takeHeld(i int32) {
	a := &s.agents[i]
	if a.runs == 0 || len(a.given)+len(a.givenItems) == 0 {
		return
	}
	for r := range s.runs.all() {
		if r.agent == i {
			a.ports, a.items = a.ports.without(r.heldPorts()...), a.items.without(r.heldItems())
		}
	}
}

// setTotal changes what an agent holds, and with it the cluster.
func (s *State) setTotal(a *agent, v drf.Vector) {
	s.plans++
	s.resized = s.resized || v != a.total
	for k := range v {
		s.total[k] += v[k] - a.total[k]
	}
	a.total = v
}

// note marks an agent as changed.
func (s *State) note(i int32) {
	if !s.agents[i].changed {
		s.agents[i].changed = true
		s.changed = append(s.changed, i)
	}
}

// catchUp works out what can be placed on the agents that changed, and lets
// what waited for more room compete again.
func (s *State) catchUp() {
	for _, i := range s.changed {
		a := &s.agents[i]
		before, described := a.spare, a.described
		a.changed, a.described = false, false
		a.spare = s.spareOf(a)
		s.free.Gain(&a.spare.free)
		s.free.Lose(&before.free)
		if a.hold != nil {
			a.kept = drf.Vector{}
			a.hold.stale = true
			s.keep(i)
		}
		if a.spare == before && !described {
			continue
		}
		s.touch(i)
		if described || a.spare.grew(&before) {
			s.wakeFor(a)
		}
	}
	s.changed = s.changed[:0]
}

func (s *State) spareOf(a *agent) spare {
	now := spare{slot: a.slots > a.carried, slots: a.slots - a.carried}
	switch {
	case a.lost || a.seq == 0:
		return spare{}
	case a.owned:
		now.here = true
		if now.free = a.total; !now.free.Lose(&a.used) {
			now.free = drf.Vector{}
		}
	case len(a.offers) > 0:
		now.here = true
		now.free, a.ports = s.offered(a)
		a.items = a.offeredItems()
	}
	return now
}

// offered is what the offers of an agent hold, less what its free slots for
// executors take of it.
func (s *State) offered(a *agent) (drf.Vector, portSet) {
	var sum drf.Vector
	var ranges []PortRange
	for _, o := range a.offers {
		sum = sum.Add(o.resources)
		ranges = append(ranges, o.ports...)
	}
	ports := newPortSet(ranges)
	sum[drf.Ports] = ports.count()
	sum = a.offeredItems().addTo(sum)
	kept := s.executor.Times(int64(max(a.slots-a.carried, 0)))
	for k := range sum {
		sum[k] = max(sum[k]-kept[k], 0)
	}
	return sum, ports
}

func (s *State) applyOfferAdded(f OfferAdded) {
	if _, ok := s.offers[f.Offer]; ok {
		return
	}
	i := s.agentOf(f.Agent)
	a := &s.agents[i]
	o := offer{id: f.Offer, resources: s.knownVector(f.Resources), ports: f.Ports, items: s.itemsOf(f.Sets)}
	if !a.seen {
		s.describe(i, f.Host, f.Attributes)
		a.slots = min(max(f.Slots, 0), maxSlots)
	}
	a.lost = false
	if !a.offering {
		a.offering = true
		s.offering = append(s.offering, i)
	}
	a.offers = append(a.offers, o)
	s.offers[f.Offer] = i
	if !a.seen {
		s.guessTotal(a)
	}
	s.note(i)
	s.attended(i)
}

// guessTotal takes an agent to hold at least what it offers and what we use.
func (s *State) guessTotal(a *agent) {
	offered, ports := s.offered(a)
	sum := a.used.Add(offered)
	a.given = newPortSet(append(slices.Clone(a.given), ports...))
	sum[drf.Ports] = a.given.count()
	a.givenItems = a.givenItems.with(a.offeredItems())
	s.setTotal(a, a.total.Max(a.givenItems.addTo(s.withoutItems(sum))))
}

func (s *State) applyOfferRescinded(id string) {
	i, ok := s.offers[id]
	if !ok {
		return
	}
	delete(s.offers, id)
	a := &s.agents[i]
	a.offers = slices.DeleteFunc(a.offers, func(o offer) bool { return o.id == id })
	s.note(i)
}

func (s *State) dropOffers(i int32) {
	a := &s.agents[i]
	for _, o := range a.offers {
		delete(s.offers, o.id)
	}
	a.offers = a.offers[:0]
	s.note(i)
}

func (s *State) applyAgentLost(id string) {
	i, ok := s.agentIndex[id]
	if !ok {
		return
	}
	s.dropOffers(i)
	a := &s.agents[i]
	if a.hold != nil {
		s.unhold(a.hold.group)
	}
	a.lost, a.seen, a.given, a.givenItems = true, false, nil, nil
	s.setTotal(a, drf.Vector{})
	s.layDevices(i)
	s.attended(i)
	s.forgetLost(i)
}

func (s *State) applyDisconnected() { s.dropWhere(0, func(*agent) bool { return true }) }

// dropWhere ends the offers of some agents, which the master may keep away for a
// while, and returns their ids, in the order in which the agents were seen.
func (s *State) dropWhere(refuse int64, which func(*agent) bool) []string {
	slices.SortFunc(s.offering, func(i, j int32) int { return cmp.Compare(s.agents[i].seq, s.agents[j].seq) })
	ids := make([]string, 0, len(s.offers))
	kept := s.offering[:0]
	for _, i := range s.offering {
		a := &s.agents[i]
		if !which(a) {
			kept = append(kept, i)
			continue
		}
		for _, o := range a.offers {
			ids = append(ids, o.id)
		}
		a.offering = false
		s.refuse(a, refuse)
		s.dropOffers(i)
	}
	s.offering = kept
	return ids
}

// syncTotal brings the tree's totals, and what else depends on how large agents
// are, up to date, once for many facts.
func (s *State) syncTotal() {
	if !s.resized {
		return
	}
	s.resized = false
	if err := s.tree.SetTotal(s.total); err != nil {
		panic("allocator: totals of agents were checked when they came in: " + err.Error())
	}
	s.most = drf.Vector{}
	for i := range s.agents {
		s.most = s.most.Max(s.agents[i].total)
	}
	s.epoch++ // and with it every index: scores are relative to the totals
	s.ranks++
}
