package master

import (
	"fmt"
	"net/http"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/wire"
)

// serveScheduler is POST /api/v1/scheduler. The first failing check decides
// the answer, in the order of a real master.
func (m *Master) serveScheduler(w http.ResponseWriter, r *http.Request) {
	principal, ok := m.authenticate(w, r, "mesos-master-scheduler")
	if !ok {
		return
	}
	var call scheduler.Call
	if err := wire.DecodeCall(r, "scheduler", &call); err != nil {
		wire.WriteError(w, err)
		return
	}
	if fault := callFault(&call); fault != "" {
		wire.WriteError(w, wire.InvalidCall("scheduler", fault))
		return
	}
	if err := principalFault(&call, principal); err != nil {
		wire.WriteError(w, err)
		return
	}
	if call.Type == scheduler.Call_SUBSCRIBE {
		m.serveSubscribe(w, r, &call)
		return
	}
	if call.Type == scheduler.Call_RECONCILE_OPERATIONS {
		if _, err := wire.Negotiate(r); err != nil {
			wire.WriteError(w, err)
			return
		}
	}
	var refusal error
	err := m.do(func() { refusal = m.receive(&call, r.Header.Values(streamIDHeader)) })
	if err == nil {
		err = refusal
	}
	switch {
	case err != nil:
		wire.WriteError(w, err)
	case call.Type == scheduler.Call_UPDATE_FRAMEWORK:
		w.WriteHeader(http.StatusOK)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// callFault checks the shape of a call.
func callFault(call *scheduler.Call) string {
	member, present := callMember(call)
	if call.Type == scheduler.Call_SUBSCRIBE {
		switch {
		case !present:
			return "Expecting 'subscribe' to be present"
		case !sameID(call.FrameworkID.GetValue(), call.Subscribe.FrameworkInfo.ID.GetValue(),
			call.FrameworkID == nil, call.Subscribe.FrameworkInfo.ID == nil):
			return "'framework_id' differs from 'subscribe.framework_info.id'"
		}
		return ""
	}
	switch {
	case call.FrameworkID == nil:
		return "Expecting 'framework_id' to be present"
	case !present:
		return "Expecting '" + member + "' to be present"
	}
	return memberFault(call)
}

func sameID(a, b string, noA, noB bool) bool { return a == b && noA == noB }

// memberFault checks what a member's types cannot say.
func memberFault(call *scheduler.Call) string {
	switch call.Type {
	case scheduler.Call_ACKNOWLEDGE:
		if !wire.ValidUUID(call.Acknowledge.UUID) {
			return "Not a valid UUID"
		}
	case scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS:
		if !wire.ValidUUID(call.AcknowledgeOperationStatus.UUID) {
			return "Not a valid UUID"
		}
		if call.AcknowledgeOperationStatus.AgentID == nil {
			return "Expecting 'agent_id' to be present"
		}
	case scheduler.Call_UPDATE_FRAMEWORK:
		if id := call.UpdateFramework.FrameworkInfo.ID; id == nil || *id != *call.FrameworkID {
			return "'framework_id' differs from 'update_framework.framework_info.id'"
		}
	}
	return ""
}

// callMember is the union member a call needs, and whether it is there.
func callMember(call *scheduler.Call) (name string, present bool) {
	name = strings.ToLower(call.Type.String())
	switch call.Type {
	case scheduler.Call_SUBSCRIBE:
		present = call.Subscribe != nil
	case scheduler.Call_ACCEPT:
		present = call.Accept != nil
	case scheduler.Call_DECLINE:
		present = call.Decline != nil
	case scheduler.Call_ACCEPT_INVERSE_OFFERS:
		present = call.AcceptInverseOffers != nil
	case scheduler.Call_DECLINE_INVERSE_OFFERS:
		present = call.DeclineInverseOffers != nil
	case scheduler.Call_KILL:
		present = call.Kill != nil
	case scheduler.Call_SHUTDOWN:
		present = call.Shutdown != nil
	case scheduler.Call_ACKNOWLEDGE:
		present = call.Acknowledge != nil
	case scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS:
		present = call.AcknowledgeOperationStatus != nil
	case scheduler.Call_RECONCILE:
		present = call.Reconcile != nil
	case scheduler.Call_RECONCILE_OPERATIONS:
		present = call.ReconcileOperations != nil
	case scheduler.Call_MESSAGE:
		present = call.Message != nil
	case scheduler.Call_REQUEST:
		present = call.Request != nil
	case scheduler.Call_UPDATE_FRAMEWORK:
		present = call.UpdateFramework != nil
	default: // TEARDOWN, REVIVE and SUPPRESS need none
		present = true
	}
	return name, present
}

// receive checks who calls and does what is asked.
func (m *Master) receive(call *scheduler.Call, streamIDs []string) error {
	id := call.FrameworkID.Value
	f := m.frameworks[id]
	switch {
	case f == nil:
		return wire.BadRequest("Framework cannot be found")
	case !f.connected():
		return wire.Forbidden("Framework is not subscribed")
	case len(streamIDs) == 0:
		return wire.BadRequest("All non-subscribe calls should include the '%s' header", streamIDHeader)
	case streamIDs[0] != f.streamID:
		return wire.BadRequest("The stream ID '%s' included in this request didn't match "+
			"the stream ID currently associated with framework ID %s", streamIDs[0], id)
	}
	f.counters.add("calls", 1)
	f.counters.add("calls/"+lower(call.Type), 1)
	if call.Type == scheduler.Call_UPDATE_FRAMEWORK {
		return m.updateFramework(f, call.UpdateFramework)
	}
	m.obey(f, call)
	return nil
}

// obey does what a valid call asks; what comes of it arrives as events.
// REQUEST and the calls about inverse offers are accepted and have no effect:
// the default allocator ignores the first, and no inverse offers are sent.
func (m *Master) obey(f *framework, call *scheduler.Call) {
	switch call.Type {
	case scheduler.Call_TEARDOWN:
		m.removeFramework(f)
	case scheduler.Call_ACCEPT:
		m.accept(f, call.Accept)
	case scheduler.Call_DECLINE:
		m.decline(f, call.Decline)
	case scheduler.Call_REVIVE:
		m.revive(f, call.Revive.GetRoles())
	case scheduler.Call_SUPPRESS:
		m.suppress(f, call.Suppress.GetRoles())
	case scheduler.Call_KILL:
		m.kill(f, call.Kill)
	case scheduler.Call_SHUTDOWN:
		m.shutdown(f, call.Shutdown)
	case scheduler.Call_ACKNOWLEDGE:
		m.acknowledge(f, call.Acknowledge)
	case scheduler.Call_RECONCILE:
		m.reconcile(f, call.Reconcile)
	case scheduler.Call_RECONCILE_OPERATIONS:
		m.reconcileOperations(f, call.ReconcileOperations)
	case scheduler.Call_MESSAGE:
		m.message(f, call.Message)
	}
}

// updateFramework is UPDATE_FRAMEWORK: the whole FrameworkInfo is replaced.
func (m *Master) updateFramework(f *framework, call *scheduler.Call_UpdateFramework) error {
	info := call.FrameworkInfo
	if err := validateInfo(&info, call.SuppressedRoles); err != nil {
		return wire.BadRequest("Supplied FrameworkInfo is not valid: %v", err)
	}
	if err := f.changeFault(&info); err != nil {
		return wire.BadRequest("FrameworkInfo update is not valid: %v", err)
	}
	m.change(f, info, call.SuppressedRoles)
	m.publishFrameworkUpdated(f)
	m.allocateSoon()
	return nil
}

// changeFault refuses changes of what cannot change. Unlike a resubscription,
// which ignores two of them.
func (f *framework) changeFault(info *mesos.FrameworkInfo) error {
	const text = "Updating 'FrameworkInfo.%s' is unsupported; attempted to update from '%v' to '%v'"
	switch {
	case info.GetPrincipal() != f.info.GetPrincipal():
		return errPrincipal
	case info.User != f.info.User:
		return fmt.Errorf(text, "user", f.info.User, info.User)
	case info.GetCheckpoint() != f.info.GetCheckpoint():
		return fmt.Errorf(text, "checkpoint", f.info.GetCheckpoint(), info.GetCheckpoint())
	}
	return nil
}

// decline gives offers back with the filter of the call. Offers that are not
// outstanding, or another framework's, are passed over.
func (m *Master) decline(f *framework, call *scheduler.Call_Decline) {
	for _, id := range call.OfferIDs {
		if o := f.offers[id.Value]; o != nil {
			m.withdraw(o)
			f.refuse(o.role, o.agent, o.resources, refusal(call.Filters))
			f.counters.add("offers/declined", 1)
		}
	}
}

// validRoles are the roles a REVIVE or SUPPRESS means: all if it names none;
// nothing if it names one that is not the framework's.
func (f *framework) validRoles(named []string) []string {
	if len(named) == 0 {
		return f.roles
	}
	for _, role := range named {
		if !f.hasRole(role) {
			return nil
		}
	}
	return named
}

func (m *Master) revive(f *framework, named []string) {
	for _, role := range f.validRoles(named) {
		delete(f.suppressed, role)
		f.revive(role)
	}
	m.refreshPlaces(f)
	m.allocateSoon()
}

func (m *Master) suppress(f *framework, named []string) {
	for _, role := range f.validRoles(named) {
		f.suppressed[role] = true
	}
	m.refreshPlaces(f)
}
