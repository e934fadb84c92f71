package master

import (
	"errors"
	"fmt"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// convert applies RESERVE, UNRESERVE, CREATE or DESTROY at once in the books:
// what the offers hold and the agent's total change, its processes and files
// do not. Agents here have no AGENT_OPERATION_FEEDBACK, so an operation with
// an id is refused, as a real master does for such agents.
func (m *Master) convert(a *acceptance, op *mesos.Offer_Operation) error {
	if op.ID != nil {
		return errors.New("Operation requested feedback, but agent " + a.agent.id +
			" does not have the required AGENT_OPERATION_FEEDBACK capability")
	}
	from, into, err := a.conversion(op)
	if err != nil {
		return fmt.Errorf("%s Operation: %w", op.Type, err)
	}
	if !a.left.Contains(from...) {
		return fmt.Errorf("Invalid %s Operation: %s does not contain %s", op.Type, a.left, from)
	}
	a.left = a.left.Minus(from...).Plus(into...)
	a.agent.total = a.agent.total.Minus(from.Unallocate()...).Plus(into.Unallocate()...)
	return nil
}

// conversion is what an operation takes from the offers and what it makes of
// it. Amounts stay the same.
func (a *acceptance) conversion(op *mesos.Offer_Operation) (from, into wire.Resources, err error) {
	var rs []mesos.Resource
	var check func(mesos.Resource) error
	var undo func(mesos.Resource) mesos.Resource
	switch op.Type {
	case mesos.Offer_Operation_RESERVE:
		rs, check, undo = op.Reserve.GetResources(), a.reserveFault, unreserved
	case mesos.Offer_Operation_UNRESERVE:
		rs, check, undo = op.Unreserve.GetResources(), unreserveFault, unreserved
	case mesos.Offer_Operation_CREATE:
		rs, check, undo = op.Create.GetVolumes(), a.createFault, unformatted
	case mesos.Offer_Operation_DESTROY:
		rs, check, undo = op.Destroy.GetVolumes(), destroyFault, unformatted
	default:
		return nil, nil, errors.New("not supported")
	}
	if len(rs) == 0 {
		return nil, nil, errors.New("no resources")
	}
	if err := a.adopt(rs); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(resourcesFault(rs), oneRole(rs)); err != nil {
		return nil, nil, err
	}
	for _, r := range rs {
		if err := check(r); err != nil {
			return nil, nil, err
		}
		with, without := wire.NewResources(r), wire.NewResources(undo(r))
		if op.Type == mesos.Offer_Operation_UNRESERVE || op.Type == mesos.Offer_Operation_DESTROY {
			with, without = without, with
		}
		from, into = from.Plus(without...), into.Plus(with...)
	}
	return from, into, nil
}

// unreserved pops the top reservation.
func unreserved(r mesos.Resource) mesos.Resource {
	r.Reservations = r.Reservations[:len(r.Reservations)-1]
	return r
}

// unformatted is the disk a volume is made on.
func unformatted(r mesos.Resource) mesos.Resource {
	if r.Disk.Source != nil {
		r.Disk = &mesos.Resource_DiskInfo{Source: r.Disk.Source}
	} else {
		r.Disk = nil
	}
	return r
}

// dynamic reports a resource whose top reservation was made by RESERVE.
func dynamic(r mesos.Resource) (top mesos.Resource_ReservationInfo, is bool) {
	if len(r.Reservations) == 0 {
		return top, false
	}
	top = r.Reservations[len(r.Reservations)-1]
	return top, top.GetType() == mesos.Resource_ReservationInfo_DYNAMIC
}

func (a *acceptance) reserveFault(r mesos.Resource) error {
	top, is := dynamic(r)
	principal := a.framework.info.GetPrincipal()
	switch {
	case !is:
		return fmt.Errorf("Resource %s is not dynamically reserved", wire.Describe(r))
	case r.Disk.GetPersistence() != nil:
		return fmt.Errorf("A persistent volume %s must already be reserved", wire.Describe(r))
	case r.Revocable != nil:
		return fmt.Errorf("Resource %s is revocable", wire.Describe(r))
	case top.GetRole() != a.role:
		return fmt.Errorf("A reserve operation was attempted for a resource allocated to role '%s' with a reservation to role '%s'",
			a.role, top.GetRole())
	case principal != "" && top.GetPrincipal() != principal:
		return fmt.Errorf("A reserve operation was attempted by a principal '%s', but there is a reserved resource "+
			"in the request with principal '%s' set", principal, top.GetPrincipal())
	}
	return nil
}

func unreserveFault(r mesos.Resource) error {
	switch _, is := dynamic(r); {
	case !is:
		return fmt.Errorf("Resource %s is not dynamically reserved", wire.Describe(r))
	case r.Disk.GetPersistence() != nil:
		return fmt.Errorf("A dynamically reserved persistent volume %s cannot be unreserved directly. "+
			"Please destroy the persistent volume first then unreserve the resource", wire.Describe(r))
	}
	return nil
}

func (a *acceptance) createFault(r mesos.Resource) error {
	principal := a.framework.info.GetPrincipal()
	switch {
	case r.Disk.GetPersistence() == nil:
		return errors.New("'persistence' is not set in 'disk' of a volume")
	case len(r.Reservations) == 0:
		return errors.New("Persistent volumes cannot be created from unreserved resources")
	case r.Shared != nil:
		return errors.New("shared volumes are not supported")
	case principal != "" && r.Disk.Persistence.GetPrincipal() != "" && r.Disk.Persistence.GetPrincipal() != principal:
		return fmt.Errorf("Create volume operation attempted by principal '%s', but there is a volume "+
			"in the operation with principal '%s' set", principal, r.Disk.Persistence.GetPrincipal())
	}
	for _, known := range a.agent.total {
		p := known.Disk.GetPersistence()
		if p != nil && p.ID == r.Disk.Persistence.ID && wire.ReservationRole(known) == wire.ReservationRole(r) {
			return fmt.Errorf("Persistence ID '%s' is in use already", p.ID)
		}
	}
	return nil
}

// destroyFault: that the volume is unused follows from its being in the offer.
func destroyFault(r mesos.Resource) error {
	if r.Disk.GetPersistence() == nil {
		return errors.New("'persistence' is not set in 'disk' of a volume")
	}
	return nil
}
