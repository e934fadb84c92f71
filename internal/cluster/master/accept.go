package master

import (
	"fmt"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/wire"
)

// acceptance is one ACCEPT being worked on.
type acceptance struct {
	framework *framework
	agent     *agent
	role      string
	offered   wire.Resources // allocated; what the offers held together
	left      wire.Resources // allocated; what no operation has used yet
}

// accept works on an ACCEPT: the offers must be good as a set, then operations
// are applied in order, each on what the ones before it left. What is unused
// goes back with the call's filter.
func (m *Master) accept(f *framework, call *scheduler.Call_Accept) {
	offers, err := m.checkOffers(f, call.OfferIDs)
	for _, o := range offers {
		m.takeOffer(o)
	}
	if err != nil {
		for _, o := range offers {
			m.giveBack(f, o.agent, o.role, o.resources)
		}
		m.refuseAll(f, call.Operations, fmt.Sprintf("Task launched with invalid offers: %v", err))
		return
	}
	f.counters.add("offers/accepted", float64(len(offers)))
	a := &acceptance{framework: f, agent: offers[0].agent, role: offers[0].role}
	for _, o := range offers {
		a.offered = a.offered.Plus(o.resources...)
	}
	a.left = a.offered
	for i := range call.Operations {
		m.apply(a, &call.Operations[i])
	}
	m.giveBack(f, a.agent, a.role, a.left)
	unchanged := a.left.Filter(func(r mesos.Resource) bool { return a.offered.Contains(r) })
	f.refuse(a.role, a.agent, unchanged, refusal(call.Filters))
	m.allocateConverted(a)
}

// allocateConverted has resources that an operation changed offered again
// without delay: nobody refused them in this form.
func (m *Master) allocateConverted(a *acceptance) {
	for _, r := range a.left {
		if !a.offered.Contains(r) {
			m.allocateSoon()
			return
		}
	}
}

// checkOffers returns those of the listed offers that are the framework's, and
// the first fault of the list as a whole.
func (m *Master) checkOffers(f *framework, ids []mesos.OfferID) (offers []*offer, fault error) {
	note := func(format string, args ...any) {
		if fault == nil {
			fault = fmt.Errorf(format, args...)
		}
	}
	if len(ids) == 0 {
		note("No offers specified")
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			note("Duplicate offer %s in offer list", id.Value)
			continue
		}
		switch o := m.offers[id.Value]; {
		case o == nil:
			note("Offer %s is no longer valid", id.Value)
		case o.framework != f:
			note("Offer %s has invalid framework %s while framework %s is expected", o.id, o.framework.id, f.id)
		default:
			offers = append(offers, o)
		}
	}
	for _, o := range offers {
		if first := offers[0]; o.role != first.role {
			note("Aggregated offers must be allocated to the same role. Offer %s uses role '%s' but another is using role '%s'",
				o.id, o.role, first.role)
		} else if o.agent != first.agent {
			note("Aggregated offers must belong to one single agent. Offer %s uses agent %s and agent %s",
				o.id, o.agent.id, first.agent.id)
		}
	}
	return offers, fault
}

// refuseAll answers an ACCEPT whose offers are no good: every task is DROPPED
// (LOST), every other operation that has an id is an error.
func (m *Master) refuseAll(f *framework, operations []mesos.Offer_Operation, why string) {
	for i := range operations {
		op := &operations[i]
		for _, t := range tasksOf(op) {
			m.refuseTask(f, t, refused{mesos.TASK_DROPPED, mesos.REASON_INVALID_OFFERS, why})
		}
		if tasksOf(op) == nil {
			m.refuseOperation(f, op, why)
		}
	}
}

// tasksOf are the tasks of a LAUNCH or LAUNCH_GROUP.
func tasksOf(op *mesos.Offer_Operation) []mesos.TaskInfo {
	switch op.Type {
	case mesos.Offer_Operation_LAUNCH:
		return op.Launch.GetTaskInfos()
	case mesos.Offer_Operation_LAUNCH_GROUP:
		if op.LaunchGroup != nil {
			return op.LaunchGroup.TaskGroup.Tasks
		}
	}
	return nil
}

// refused is why a task does not run.
type refused struct {
	state   mesos.TaskState
	reason  mesos.TaskStatus_Reason
	message string
}

// refuseTask tells a framework that a task it wanted never came to be.
func (m *Master) refuseTask(f *framework, t mesos.TaskInfo, why refused) {
	status := m.masterStatus(f, t.TaskID, why.state, why.reason)
	status.AgentID, status.Message = &t.AgentID, &why.message
	if t.Executor != nil {
		status.ExecutorID = &t.Executor.ExecutorID
	}
	m.counters.add("master/tasks_"+shortState(status.GetState()), 1)
	m.sendUpdate(f, status)
}

// refuseOperation reports an operation that was not applied; one without an id
// fails silently, as in Mesos.
func (m *Master) refuseOperation(f *framework, op *mesos.Offer_Operation, why string) {
	if op.ID == nil {
		return
	}
	m.sendOperation(f, mesos.OperationStatus{OperationID: op.ID, State: mesos.OPERATION_ERROR, Message: &why})
}

// apply does one operation on what is left of the offers.
func (m *Master) apply(a *acceptance, op *mesos.Offer_Operation) {
	switch op.Type {
	case mesos.Offer_Operation_LAUNCH:
		if op.Launch != nil {
			m.launch(a, op)
		}
	case mesos.Offer_Operation_LAUNCH_GROUP:
		if op.LaunchGroup != nil {
			m.launchGroup(a, op)
		}
	default:
		if err := m.convert(a, op); err != nil {
			m.refuseOperation(a.framework, op, err.Error())
		}
	}
}

// adopt brings resources of a call into the form used inside: upgraded, and
// allocated to the offers' role where they say nothing else. The first
// malformed one is the fault.
func (a *acceptance) adopt(rs []mesos.Resource) error {
	for i := range rs {
		if err := wire.Validate(rs[i]); err != nil {
			return err
		}
		rs[i] = wire.Upgrade(rs[i])
		if rs[i].AllocationInfo == nil {
			rs[i].AllocationInfo = &mesos.Resource_AllocationInfo{Role: text(a.role)}
		}
	}
	return nil
}

func (a *acceptance) adoptTask(t *mesos.TaskInfo) error {
	if err := a.adopt(t.Resources); err != nil {
		return err
	}
	return a.adoptExecutor(t.Executor)
}

func (a *acceptance) adoptExecutor(e *mesos.ExecutorInfo) error {
	if e == nil {
		return nil
	}
	return a.adopt(e.Resources)
}
