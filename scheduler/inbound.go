package scheduler

import (
	"encoding/base64"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap"

	"fairlead/allocator"
)

// received books one event of the master. It comes from the current session's
// stream; what an older one still says is of no interest.
func (s *Scheduler) received(b *batch, from *session, e *mesossched.Event) {
	if from != s.session {
		return
	}
	switch e.GetType() {
	case mesossched.Event_OFFERS:
		for i := range e.GetOffers().GetOffers() {
			s.offered(b, &e.GetOffers().Offers[i])
		}
	case mesossched.Event_RESCIND:
		id := e.GetRescind().OfferID.Value
		delete(s.offers, id)
		s.book(b, allocator.OfferRescinded{Offer: id})
	case mesossched.Event_UPDATE:
		s.updated(b, from, &e.GetUpdate().Status)
	case mesossched.Event_FAILURE:
		s.failed(b, e.GetFailure())
	}
}

func (s *Scheduler) failed(b *batch, f *mesossched.Event_Failure) {
	if f.GetExecutorID() != nil || f.GetAgentID() == nil {
		return // an executor exited: its tasks' updates say what that means
	}
	agent := f.GetAgentID().Value
	delete(s.agents, agent)
	s.book(b, allocator.AgentLost{Agent: agent})
	b.event(Event{Type: "agent.lost", Agent: agent})
}

// updated books a status update and sees to its acknowledgement, which goes
// out only when the journal holds the update.
func (s *Scheduler) updated(b *batch, from *session, st *mesos.TaskStatus) {
	if len(st.GetUUID()) > 0 && st.GetAgentID() != nil {
		agent, task, uuid := st.GetAgentID(), st.TaskID, st.GetUUID()
		b.after = append(b.after, func() {
			from.send(acknowledge(s.id(), *agent, task, uuid))
		})
	}
	ref, ok := s.tasks[st.TaskID.Value]
	if !ok {
		s.stray(b, from, st)
		return
	}
	if s.hearsay(ref, st) {
		return
	}
	ref.answered = true
	state, message := taskState(st)
	if ref.inherited && neverBegan(st) && s.cfg.Executor.URI != "" {
		state, message = allocator.TaskLost, describe(st)
	}
	if state == ref.state || ref.state.Final() {
		return
	}
	ref.state = state
	s.log.Debug("task", zap.String("task", st.TaskID.Value), zap.Stringer("state", state), zap.String("message", message))
	s.book(b, allocator.TaskUpdated{Run: ref.run, Task: ref.index, State: state, Message: message,
		OutOfMemory: st.GetReason() == mesos.REASON_CONTAINER_LIMITATION_MEMORY})
	b.event(Event{
		Type: "task." + state.String(), Framework: ref.owner.framework, Group: ref.owner.group,
		Instance: ref.instance, Agent: ref.agent, Message: joinMessage(ref.task, message),
	})
}

// hearsay reports whether an update only tells that a task is over, while its agent's own
// update, which also says how and why, is still to come: a master without the one that
// was not acknowledged answers by its last state alone. It is waited for until the
// task is asked about again.
func (s *Scheduler) hearsay(ref *taskRef, st *mesos.TaskStatus) bool {
	switch st.GetState() {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED:
	default:
		return false
	}
	if r := st.GetReason(); len(st.GetUUID()) > 0 || r != mesos.REASON_RECONCILIATION && r != mesos.REASON_AGENT_REREGISTERED {
		return false
	}
	if ref.state.Final() || ref.rumored > 0 && ref.rumored != s.reconcile.round {
		return false
	}
	ref.rumored, ref.answered = s.reconcile.round, false
	s.askSoon()
	return true
}

// neverBegan reports whether an executor did not come to run. If it had to be fetched
// while no scheduler was there, that may be our fault, and is not the group's.
func neverBegan(st *mesos.TaskStatus) bool {
	r := st.GetReason()
	return st.GetState() == mesos.TASK_FAILED && (r == mesos.REASON_CONTAINER_LAUNCH_FAILED || r == mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT)
}

func joinMessage(task, message string) string {
	if message == "" {
		return task
	}
	return task + ": " + message
}

// stray handles a task that no live run knows: it was given up while out of
// sight, or comes from a state that is no more. If it may run, it is killed:
// nobody would ever end it.
func (s *Scheduler) stray(b *batch, from *session, st *mesos.TaskStatus) {
	state, _ := taskState(st)
	if state.Final() || state == allocator.TaskUnreachable {
		return
	}
	s.log.Warn("killing a task that no task group knows", zap.String("task", st.TaskID.Value),
		zap.String("uuid", base64.StdEncoding.EncodeToString(st.GetUUID())))
	agent, task := st.GetAgentID(), st.TaskID
	b.after = append(b.after, func() { from.send(killCall(s.id(), agent, task)) })
}

// taskState maps a Mesos state to ours.
func taskState(st *mesos.TaskStatus) (allocator.TaskState, string) {
	message := st.GetMessage()
	switch st.GetState() {
	case mesos.TASK_STAGING:
		return allocator.TaskStaging, message
	case mesos.TASK_STARTING:
		return allocator.TaskStarting, message
	case mesos.TASK_RUNNING:
		return allocator.TaskRunning, message
	case mesos.TASK_KILLING:
		return allocator.TaskKilling, message
	case mesos.TASK_FINISHED:
		return allocator.TaskFinished, message
	case mesos.TASK_FAILED:
		return allocator.TaskFailed, message
	case mesos.TASK_KILLED:
		return killedState(st), message
	case mesos.TASK_ERROR:
		return allocator.TaskError, message
	case mesos.TASK_LOST, mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return allocator.TaskLost, describe(st)
	}
	// UNREACHABLE may come back. UNKNOWN is what a master without memory says
	// of a task whose agent has not returned yet. A state of the future is not
	// an end that we know of.
	return allocator.TaskUnreachable, describe(st)
}

// killedState tells a kill of ours or of the task's executor from one that the
// cluster's operator caused: a drained agent's tasks run again elsewhere.
func killedState(st *mesos.TaskStatus) allocator.TaskState {
	if st.GetReason() == mesos.REASON_AGENT_DRAINING {
		return allocator.TaskLost
	}
	return allocator.TaskKilled
}

func describe(st *mesos.TaskStatus) string {
	out := st.GetState().String()
	if st.Reason != nil {
		out += " (" + st.GetReason().String() + ")"
	}
	if st.GetMessage() != "" {
		out += ": " + st.GetMessage()
	}
	return out
}
