package scheduler

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

func newCall(id mesos.FrameworkID, t mesossched.Call_Type) *mesossched.Call {
	return &mesossched.Call{FrameworkID: &id, Type: t}
}

func acceptCall(id mesos.FrameworkID, offers []string, ops []mesos.Offer_Operation, refuseMillis int64) *mesossched.Call {
	c := newCall(id, mesossched.Call_ACCEPT)
	c.Accept = &mesossched.Call_Accept{OfferIDs: offerIDs(offers), Operations: ops, Filters: filters(refuseMillis)}
	return c
}

func declineCall(id mesos.FrameworkID, offers []string, refuseMillis int64) *mesossched.Call {
	c := newCall(id, mesossched.Call_DECLINE)
	c.Decline = &mesossched.Call_Decline{OfferIDs: offerIDs(offers), Filters: filters(refuseMillis)}
	return c
}

func offerIDs(offers []string) []mesos.OfferID {
	out := make([]mesos.OfferID, len(offers))
	for i, o := range offers {
		out[i].Value = o
	}
	return out
}

func filters(refuseMillis int64) *mesos.Filters {
	return &mesos.Filters{RefuseSeconds: ptr(float64(refuseMillis) / 1000)}
}

func acknowledge(id mesos.FrameworkID, agent mesos.AgentID, task mesos.TaskID, uuid []byte) *mesossched.Call {
	c := newCall(id, mesossched.Call_ACKNOWLEDGE)
	c.Acknowledge = &mesossched.Call_Acknowledge{AgentID: agent, TaskID: task, UUID: uuid}
	return c
}

func killCall(id mesos.FrameworkID, agent *mesos.AgentID, task mesos.TaskID) *mesossched.Call {
	c := newCall(id, mesossched.Call_KILL)
	c.Kill = &mesossched.Call_Kill{TaskID: task, AgentID: agent}
	return c
}

// reconcileCall asks about tasks; about every task there is if the list is
// empty.
func reconcileCall(id mesos.FrameworkID, tasks []taskAt) *mesossched.Call {
	c := newCall(id, mesossched.Call_RECONCILE)
	c.Reconcile = &mesossched.Call_Reconcile{}
	for _, t := range tasks {
		c.Reconcile.Tasks = append(c.Reconcile.Tasks, mesossched.Call_Reconcile_Task{
			TaskID: mesos.TaskID{Value: t.task}, AgentID: &mesos.AgentID{Value: t.agent},
		})
	}
	return c
}
