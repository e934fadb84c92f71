package scheduler

import (
	"net"
	"reflect"
	"strconv"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/mesoshttp"
)

// offered books an offer and keeps its resources, as they are, for acceptance.
func (s *Scheduler) offered(b *batch, o *mesos.Offer) {
	s.offers[o.ID.Value] = heldOffer{o.Resources, o.Hostname}
	agent := o.AgentID.Value
	if o.URL != nil {
		s.endpoints[agent] = endpointOf(o.URL)
	}
	if _, ok := s.agents[agent]; !ok {
		s.agents[agent] = seenAgent{}
		s.lookAgain()
	}
	has := holdings(o.Resources)
	s.book(b, allocator.OfferAdded{
		Offer: o.ID.Value, Agent: agent, Host: o.Hostname, Attributes: attributes(o.Attributes),
		Resources: has.scalars, Ports: has.ports, Sets: has.sets, Slots: s.cfg.SlotsPerAgent,
	})
}

func endpointOf(u *mesos.URL) string {
	host := u.Address.GetIP()
	if host == "" {
		host = u.Address.GetHostname()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(u.Address.Port)))
}

// seenAgent is what was last booked of an agent.
type seenAgent struct {
	fact   allocator.AgentSeen
	absent int // lists in a row that it was missing from
}

// absentLimit is in how many lists an agent must be missing to count as gone:
// one may have been made just before it came back from a change of master.
const absentLimit = 2

// sawAgents books what the master says that its agents hold.
func (s *Scheduler) sawAgents(b *batch, list []mesoshttp.Agent) {
	present := map[string]bool{}
	for i := range list {
		a := &list[i]
		present[a.ID] = true
		if a.Endpoint != "" {
			s.endpoints[a.ID] = a.Endpoint
		}
		fact := s.agentFact(a)
		if old := s.agents[a.ID]; old.absent > 0 || !reflect.DeepEqual(old.fact, fact) {
			s.log.Info("agent", zap.String("id", a.ID), zap.String("host", a.Hostname))
			s.agents[a.ID] = seenAgent{fact: fact}
			s.book(b, fact)
			b.event(Event{Type: "agent.seen", Agent: a.ID, Message: a.Hostname})
		}
	}
	s.missing(b, present)
}

func (s *Scheduler) missing(b *batch, present map[string]bool) {
	for id, a := range s.agents {
		if present[id] {
			continue
		}
		if a.absent++; a.absent < absentLimit {
			s.agents[id] = a
			continue
		}
		delete(s.agents, id)
		delete(s.endpoints, id)
		s.book(b, allocator.AgentLost{Agent: id})
		b.event(Event{Type: "agent.lost", Agent: id})
	}
}

func (s *Scheduler) agentFact(a *mesoshttp.Agent) allocator.AgentSeen {
	has := holdings(a.Total)
	qs := has.scalars
	for i := range qs {
		for _, overhead := range s.cfg.Executor.Resources {
			if qs[i].Name == overhead.Name {
				qs[i].Amount = max(qs[i].Amount-overhead.Amount*drf.Amount(s.cfg.SlotsPerAgent), 0)
			}
		}
	}
	return allocator.AgentSeen{
		Agent: a.ID, Host: a.Hostname, Attributes: attributes(a.Attributes), Total: qs, Ports: has.ports, Sets: has.sets,
		Slots: s.cfg.SlotsPerAgent,
	}
}
