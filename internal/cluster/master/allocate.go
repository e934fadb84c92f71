package master

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap"

	"fairlead/internal/cluster/wire"
)

// allocateSoon asks for one allocation after the work that is in the inbox
// now; asking again before it ran changes nothing.
func (m *Master) allocateSoon() {
	if m.allocating {
		return
	}
	m.allocating = m.inbox.post(func() {
		m.allocating = false
		m.allocate()
	})
}

// allocate offers what is free. Agent by agent, everything a role may have
// goes to the framework whose turn it is and that has not refused it; since
// an offer counts as the framework's own at once, the turn moves on.
func (m *Master) allocate() {
	m.counters.add("allocator/mesos/allocation_runs", 1)
	now := time.Now()
	var receivers []*framework
	made := map[*framework][]*offer{}
	for _, a := range m.sortedAgents() {
		for a.offered() {
			o := m.offerNext(a, now)
			if o == nil {
				break
			}
			if made[o.framework] == nil {
				receivers = append(receivers, o.framework)
			}
			made[o.framework] = append(made[o.framework], o)
		}
	}
	for _, f := range receivers {
		m.sendOffers(f, made[f])
	}
}

// offerNext makes one offer of an agent's free resources, or none.
func (m *Master) offerNext(a *agent, now time.Time) *offer {
	if !allocatable(a.free) {
		return nil
	}
	for _, place := range m.order.sorted() {
		f := m.frameworks[place.framework]
		if f == nil || gpusOf(a) && !f.caps.gpus {
			continue
		}
		rs := offerable(f, place.role, a.free)
		if !allocatable(rs) || f.refuses(place.role, a, rs, now) {
			continue
		}
		return m.makeOffer(f, a, place.role, rs)
	}
	return nil
}

// allocatable is Mesos's default of --min_allocatable_resources,
// cpus:0.01|mem:32: either suffices.
func allocatable(rs wire.Resources) bool {
	cpus, _ := rs.Sum("cpus")
	mem, _ := rs.Sum("mem")
	return cpus >= 10 || mem >= 32_000
}

// gpusOf looks at an agent's total, as Mesos's GPU filter does.
func gpusOf(a *agent) bool {
	gpus, _ := a.total.Sum("gpus")
	return gpus > 0
}

// offerable is the part of free resources a framework may have in a role:
// unreserved ones and those reserved for the role or an ancestor of it.
func offerable(f *framework, role string, free wire.Resources) wire.Resources {
	return free.Filter(func(r mesos.Resource) bool {
		owner := wire.ReservationRole(r)
		switch {
		case owner != "" && !wire.RoleWithin(role, owner):
			return false
		case len(r.Reservations) > 1 && !f.caps.refinement:
			return false
		case r.Revocable != nil && !f.caps.revocable:
			return false
		}
		return true
	})
}

// refreshPlaces tells the order in which roles a framework wants offers.
func (m *Master) refreshPlaces(f *framework) {
	for key := range m.order.leaves {
		if key.framework == f.id {
			m.setPlace(f, key.role, false)
		}
	}
	for _, role := range f.roles {
		m.setPlace(f, role, f.connected() && !f.suppressed[role])
	}
}

func (m *Master) setPlace(f *framework, role string, active bool) {
	if err := m.order.setActive(f.id, role, active); err != nil {
		m.log.Error("role", zap.String("framework", f.id), zap.Error(err))
	}
}
