package master

import (
	"fmt"
	"net"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap"

	"fairlead/internal/cluster/wire"
)

// offer is an outstanding offer: resources nobody else can have meanwhile.
type offer struct {
	id        string
	framework *framework
	agent     *agent
	role      string
	resources wire.Resources // allocated to role
	sequence  int
}

// makeOffer takes resources of an agent out for a framework.
func (m *Master) makeOffer(f *framework, a *agent, role string, rs wire.Resources) *offer {
	o := &offer{
		id: fmt.Sprintf("%s-O%d", m.id, m.sequence.offer), sequence: m.sequence.offer,
		framework: f, agent: a, role: role, resources: rs.Allocate(role),
	}
	m.sequence.offer++
	m.offers[o.id], f.offers[o.id] = o, o
	m.claim(f, a, role, o.resources)
	if m.cfg.OfferTimeout > 0 {
		time.AfterFunc(m.cfg.OfferTimeout, func() { m.inbox.post(func() { m.expire(o) }) })
	}
	return o
}

// takeOffer takes an outstanding offer off the list; its resources stay
// claimed until the caller gives them back.
func (m *Master) takeOffer(o *offer) {
	delete(m.offers, o.id)
	delete(o.framework.offers, o.id)
}

// withdraw takes an offer back without telling the framework.
func (m *Master) withdraw(o *offer) {
	m.takeOffer(o)
	m.giveBack(o.framework, o.agent, o.role, o.resources)
}

// rescind takes an offer back and tells the framework.
func (m *Master) rescind(o *offer) {
	m.withdraw(o)
	o.framework.counters.add("offers/rescinded", 1)
	m.send(o.framework, &scheduler.Event{
		Type:    scheduler.Event_RESCIND,
		Rescind: &scheduler.Event_Rescind{OfferID: mesos.OfferID{Value: o.id}},
	})
}

// rescindAll rescinds every offer of an agent.
func (m *Master) rescindAll(a *agent) {
	for _, f := range m.sortedFrameworks() {
		for _, o := range f.sortedOffers() {
			if o.agent == a {
				m.rescind(o)
			}
		}
	}
}

// expire rescinds an offer that nobody answered in time; its resources are
// offered again at once.
func (m *Master) expire(o *offer) {
	if m.offers[o.id] == o {
		m.rescind(o)
		m.allocateSoon()
	}
}

// dropOffers takes back all offers of a framework without RESCIND, as at the
// end of its stream.
func (m *Master) dropOffers(f *framework) {
	for _, o := range f.sortedOffers() {
		m.withdraw(o)
	}
}

// maxOffersEvent keeps OFFERS events far below the 4 MiB at which mesos-go
// gives up reading a record.
const maxOffersEvent = 1 << 20

// sendOffers sends offers in as few events as fit.
func (m *Master) sendOffers(f *framework, offers []*offer) {
	var batch []mesos.Offer
	size := 0
	flush := func() {
		m.send(f, &scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{Offers: batch}})
		batch, size = nil, 0
	}
	for _, o := range offers {
		message := m.offerMessage(o)
		if size += message.Size(); size > maxOffersEvent && len(batch) > 0 {
			flush()
			size = message.Size()
		}
		batch = append(batch, message)
	}
	flush()
	f.counters.add("offers/sent", float64(len(offers)))
}

// offerMessage is an offer as this framework is to see it.
func (m *Master) offerMessage(o *offer) mesos.Offer {
	message := mesos.Offer{
		ID:          mesos.OfferID{Value: o.id},
		FrameworkID: mesos.FrameworkID{Value: o.framework.id},
		AgentID:     mesos.AgentID{Value: o.agent.id},
		Hostname:    o.agent.info.Hostname,
		URL:         agentURL(o.agent),
		Domain:      o.agent.info.Domain,
		Resources:   forFramework(o.framework.caps, o.resources),
		Attributes:  o.agent.info.Attributes,
	}
	for _, e := range o.framework.sortedExecutors() {
		if e.agent == o.agent {
			message.ExecutorIDs = append(message.ExecutorIDs, e.info.ExecutorID)
		}
	}
	if o.framework.caps.multiRole {
		message.AllocationInfo = &mesos.Resource_AllocationInfo{Role: text(o.role)}
	}
	return message
}

// forFramework strips what a framework's capabilities keep from it: the
// allocation without MULTI_ROLE, the stack of reservations without
// RESERVATION_REFINEMENT.
func forFramework(caps capabilities, rs wire.Resources) []mesos.Resource {
	if !caps.multiRole {
		rs = rs.Unallocate()
	}
	if caps.refinement {
		return rs
	}
	old := make([]mesos.Resource, 0, len(rs))
	for _, r := range rs {
		if converted, ok := wire.Downgrade(r); ok {
			old = append(old, converted)
		}
	}
	return old
}

func agentURL(a *agent) *mesos.URL {
	host, port, err := net.SplitHostPort(a.port.Endpoint())
	if err != nil {
		return nil
	}
	number, _ := strconv.Atoi(port)
	return &mesos.URL{
		Scheme:  "http",
		Address: mesos.Address{Hostname: text(a.info.Hostname), IP: text(host), Port: int32(number)},
		Path:    text("/slave(1)"),
	}
}

// send encodes an event for a framework; one that is disconnected misses it.
func (m *Master) send(f *framework, event *scheduler.Event) {
	if f.out == nil {
		return
	}
	record, err := f.out.media.Marshal(event)
	if err != nil {
		m.log.Error("encode event", zap.Stringer("type", event.Type), zap.Error(err))
		return
	}
	f.counters.add("events", 1)
	f.counters.add("events/"+lower(event.Type), 1)
	if !f.out.put(record) {
		m.log.Warn("framework reads too slowly, its stream is cut", zap.String("framework", f.id))
	}
}
