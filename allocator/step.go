package allocator

import "fmt"

// Step takes one event. A fact returns no actions; an error means that it was
// refused and that nothing changed. A Tick returns what was decided, already
// booked, and no error. The actions are the caller's for good, unless
// Config.ReuseActions says otherwise; they are cut from arrays made for some
// hundred at once, which stay while one of them is kept.
func (s *State) Step(e Event) ([]Action, error) {
	s.advance(e.At)
	if _, ok := e.Fact.(Tick); ok {
		return s.decide(), nil
	}
	return nil, s.book(e.Fact)
}

// book applies a fact.
func (s *State) book(fact Fact) error {
	switch f := fact.(type) {
	case AgentSeen:
		s.applyAgentSeen(f)
	case AgentLost:
		s.applyAgentLost(f.Agent)
	case OfferAdded:
		s.applyOfferAdded(f)
	case OfferRescinded:
		s.applyOfferRescinded(f.Offer)
	case Connected:
		// The master allocates to whoever subscribes: there is nothing to revive.
		s.link, s.hasMaster = link{lastRevive: s.now, revives: s.link.revives + 1}, true
	case Disconnected:
		s.hasMaster = false
		s.applyDisconnected()
	case TaskUpdated:
		return s.applyTaskUpdated(&f)
	case *TaskUpdated:
		return s.applyTaskUpdated(f)
	default:
		return s.bookRequest(fact)
	}
	return nil
}

// bookRequest applies what users ask for; it can be refused.
func (s *State) bookRequest(fact Fact) error {
	switch f := fact.(type) {
	case RoleSet:
		return s.applyRoleSet(f)
	case FrameworkSet:
		return s.applyFrameworkSet(f)
	case GroupSubmitted:
		return s.applyGroupSubmitted(f)
	case *GroupSubmitted:
		return s.applyGroupSubmitted(*f)
	case GroupKilled:
		return s.applyGroupKilled(f)
	case InstanceKilled:
		return s.applyInstanceKilled(f)
	case GroupForgotten:
		return s.applyGroupForgotten(f)
	case *GroupForgotten:
		return s.applyGroupForgotten(*f)
	case ScheduleDue:
		return s.applyScheduleDue(f)
	case GroupRerun:
		return s.applyGroupRerun(f)
	}
	return fmt.Errorf("%w: fact %T", ErrInvalid, fact)
}

// Now is the time of the latest event.
func (s *State) Now() int64 { return s.now }
