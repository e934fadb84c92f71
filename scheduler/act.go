package scheduler

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap"

	"fairlead/allocator"
)

// act turns decisions into calls, in their order. Without a subscription there
// is nobody to call: offers are void then, launches come back as lost by
// reconciliation, and kills are repeated.
func (s *Scheduler) act(actions []allocator.Action) {
	if s.session == nil {
		return
	}
	for _, action := range actions {
		switch a := action.(type) {
		case *allocator.Accept:
			s.accept(a)
		case allocator.Decline:
			s.session.send(declineCall(s.id(), a.Offers, a.RefuseMillis))
			s.dropOffers(a.Offers)
		case allocator.Revive:
			s.session.send(newCall(s.id(), mesossched.Call_REVIVE))
		case allocator.Suppress:
			s.session.send(newCall(s.id(), mesossched.Call_SUPPRESS))
		case allocator.Kill:
			s.kill(a)
		case allocator.Preempt:
			s.kill(allocator.Kill{Run: a.Run, Agent: a.Agent})
		}
	}
}

func (s *Scheduler) accept(a *allocator.Accept) {
	var held [][]mesos.Resource
	host := ""
	for _, id := range a.Offers {
		held, host = append(held, s.offers[id].resources), s.offers[id].host
	}
	from := newPool(held...)
	var ops []mesos.Offer_Operation
	for _, l := range a.Launches {
		full := launch{
			Launch: l, spec: s.specs[owner{l.Framework, l.Group}], agent: a.Agent, host: host,
			frameworkID: s.id(), executor: s.cfg.Executor, due: s.state.Occurrence(l.Framework, l.Group), grown: s.state.Grown(l.Framework, l.Group),
		}
		op, err := full.operation(from)
		if err != nil {
			// The books said that it fits. Mesos never hears of the run, and
			// reconciliation will report it as lost.
			s.log.DPanic("a launch does not fit its offers", zap.Error(err))
			continue
		}
		ops = append(ops, op)
	}
	s.dropOffers(a.Offers)
	s.session.send(acceptCall(s.id(), a.Offers, ops, a.RefuseMillis))
}

func (s *Scheduler) dropOffers(ids []string) {
	for _, id := range ids {
		delete(s.offers, id)
	}
}

// kill asks for the end of every task of a run that is not over.
func (s *Scheduler) kill(a allocator.Kill) {
	ref, ok := s.byRun[a.Run]
	if !ok {
		return
	}
	for _, t := range s.specs[ref.owner].Tasks {
		id := taskName(ref.executor, t.Name)
		if task := s.tasks[id]; task != nil && !task.state.Final() {
			s.session.send(killCall(s.id(), &mesos.AgentID{Value: a.Agent}, mesos.TaskID{Value: id}))
		}
	}
}
