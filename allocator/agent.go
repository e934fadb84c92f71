package allocator

import (
	"slices"

	"fairlead/drf"
)

// agent is one machine: what it holds, what runs there and what is ours to use.
type agent struct {
	id         string
	host       string
	attributes []Attribute
	total      drf.Vector
	slots      int32 // executors it carries on top of total
	owned      bool
	seen       bool // AgentSeen said what it holds, not only an offer
	lost       bool
	runs       int32
	used       drf.Vector
	free       drf.Vector // what can be placed now, the executors' slots taken off
	ports      portSet    // the numbers behind free[drf.Ports]
	offers     []offer
	launches   []Launch // decided in this Tick
	wants      fitKey   // what free looks like, for placement
}

type offer struct {
	id        string
	resources drf.Vector
	ports     []PortRange
}

// slotsLeft is how many more executors the agent carries for nothing.
func (a *agent) slotsLeft() int32 { return max(a.slots-a.runs, 0) }

// need is what a run of this shape takes from the agent's free resources.
func (a *agent) need(sh *shape) *drf.Vector {
	if a.slots > a.runs {
		return &sh.demand
	}
	return &sh.withExecutor
}

// fits reports whether the agent can hold one more run of the shape now.
func (a *agent) fits(sh *shape) bool {
	need := a.need(sh)
	for k := range need {
		if need[k] > a.free[k] {
			return false
		}
	}
	return !a.lost
}

// agentOf finds an agent, making it if need be.
func (s *State) agentOf(id string) int32 {
	if i, ok := s.agentIndex[id]; ok {
		return i
	}
	i := int32(len(s.agents))
	s.agents = append(s.agents, agent{id: id})
	s.agentIndex[id] = i
	return i
}

func (s *State) applyAgentSeen(f AgentSeen) {
	i := s.agentOf(f.Agent)
	a := &s.agents[i]
	a.host, a.attributes, a.slots, a.owned = f.Host, f.Attributes, f.Slots, f.Owned
	a.seen, a.lost = true, false
	total := s.knownVector(f.Total)
	total[drf.Ports] += countPorts(f.Ports)
	a.total, s.totalDirty = total, true
	if f.Owned {
		a.ports = newPortSet(f.Ports)
		s.takePorts(i)
	}
	s.refree(i)
}

// takePorts takes the ports of live runs out of a fresh set.
func (s *State) takePorts(i int32) {
	for r := range s.runs {
		if s.runs[r].id != 0 && s.runs[r].agent == i {
			for _, p := range s.runs[r].ports {
				s.agents[i].ports.remove(p)
			}
		}
	}
}

// refree recomputes what is free on an agent after its offers, its total or
// its slots changed.
func (s *State) refree(i int32) {
	a := &s.agents[i]
	before := a.free
	if a.owned {
		a.free, _ = a.total.Sub(a.used)
		if !a.used.FitsIn(a.total) {
			a.free = drf.Vector{}
		}
	} else {
		a.free = s.offered(a)
		a.ports = a.offeredPorts()
	}
	s.touch(i, !a.free.FitsIn(before))
}

// offered is what the offers hold, less what the executors' slots may take.
func (s *State) offered(a *agent) drf.Vector {
	var sum drf.Vector
	for _, o := range a.offers {
		sum = sum.Add(o.resources)
	}
	if len(a.offers) == 0 {
		return sum
	}
	kept := s.executor.Times(int64(a.slotsLeft()))
	for k := range sum {
		sum[k] = max(sum[k]-kept[k], 0)
	}
	return sum
}

func (a *agent) offeredPorts() portSet {
	var all []PortRange
	for _, o := range a.offers {
		all = append(all, o.ports...)
	}
	return newPortSet(all)
}

func (s *State) applyOfferAdded(f OfferAdded) {
	if _, ok := s.offers[f.Offer]; ok {
		return
	}
	i := s.agentOf(f.Agent)
	a := &s.agents[i]
	o := offer{id: f.Offer, resources: s.knownVector(f.Resources), ports: f.Ports}
	o.resources[drf.Ports] += countPorts(f.Ports)
	if a.lost || !a.seen {
		a.host, a.attributes = f.Host, f.Attributes
	}
	a.lost = false
	a.offers = append(a.offers, o)
	s.offers[f.Offer] = i
	if !a.seen {
		s.guessTotal(a)
	}
	s.refree(i)
}

// guessTotal takes an agent to hold at least what it offers and what we use.
func (s *State) guessTotal(a *agent) {
	sum := a.used
	for _, o := range a.offers {
		sum = sum.Add(o.resources)
	}
	if total := a.total.Max(sum); total != a.total {
		a.total, s.totalDirty = total, true
	}
}

func (s *State) applyOfferRescinded(id string) {
	i, ok := s.offers[id]
	if !ok {
		return
	}
	delete(s.offers, id)
	a := &s.agents[i]
	a.offers = slices.DeleteFunc(a.offers, func(o offer) bool { return o.id == id })
	s.refree(i)
}

func (s *State) dropOffers(i int32) {
	a := &s.agents[i]
	for _, o := range a.offers {
		delete(s.offers, o.id)
	}
	a.offers = nil
	s.refree(i)
}

func (s *State) applyAgentLost(id string) {
	i, ok := s.agentIndex[id]
	if !ok {
		return
	}
	s.dropOffers(i)
	a := &s.agents[i]
	a.lost, a.seen, a.total, s.totalDirty = true, false, drf.Vector{}, true
	s.touch(i, false)
}

func (s *State) applyDisconnected() {
	for i := range s.agents {
		if len(s.agents[i].offers) > 0 {
			s.dropOffers(int32(i))
		}
	}
}

// syncTotal brings the tree's totals up to date, once for many facts.
func (s *State) syncTotal() {
	if !s.totalDirty {
		return
	}
	s.totalDirty = false
	var sum drf.Vector
	for i := range s.agents {
		if !s.agents[i].lost {
			sum = sum.Add(s.agents[i].total)
		}
	}
	if sum == s.total {
		return
	}
	s.total = sum
	if err := s.tree.SetTotal(sum); err != nil {
		panic("allocator: totals of agents were checked when they came in: " + err.Error())
	}
	s.shapes.forgetScores()
}
