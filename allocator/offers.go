package allocator

// What is offered to us nobody else can have. So after each Tick only the offers
// of agents are kept on which room is collected for a group (Hold); the others go
// back, with a filter that says for how long they need not come again. A Revive
// lifts all filters: it is asked for when something may fit that did not before.

// tidyOffers gives back what this Tick did not use, and tells the master
// whether we want more.
func (s *State) tidyOffers(out []Action) []Action {
	if len(s.offers) > 0 && !s.more {
		d := Decline{RefuseMillis: s.restRefused()}
		if d.Offers = s.dropIdle(d.RefuseMillis); len(d.Offers) > 0 {
			out = append(out, d)
		}
	}
	switch {
	case s.hasMaster && !s.link.suppressed && !s.listening():
		s.link.suppressed = true
		return append(out, Suppress{})
	case s.needsRevive() && s.link.lastRevive+s.cfg.ReviveMillis <= s.now:
		s.bookRevive()
		return append(out, Revive{})
	}
	return out
}

// listening reports whether offers must not be suppressed: an agent that joins
// makes itself known by one, and a daemon group is to have an instance there.
func (s *State) listening() bool { return s.wanting() || len(s.daemons) > 0 }

func (s *State) needsRevive() bool {
	return s.hasMaster && (s.link.suppressed && s.listening() || s.link.wantRevive && s.wanting())
}

// restRefused is for how long what can't be used now may stay away. What runs
// there and ends is offered all the same: a filter is for no more than it refused.
func (s *State) restRefused() int64 {
	if s.wanting() {
		return s.cfg.RefuseMillis
	}
	return s.cfg.IdleRefuseMillis
}

// dropIdle ends the offers of agents of which nothing is held: also those of which
// a group is to have room, but that offer nothing of what it wants.
func (s *State) dropIdle(refuse int64) []string {
	return s.dropWhere(refuse, func(a *agent) bool { return a.hold == nil || a.kept.IsZero() })
}

// refuse notes that the master may keep what an agent has from us for a while.
func (s *State) refuse(a *agent, millis int64) {
	a.refused, a.refusedUntil = s.link.revives, s.now+millis
}

// keptAway is for how long the master may keep what an agent has from us; 0 if it
// may not. A Revive ends that.
func (s *State) keptAway(a *agent) int64 {
	if a.owned || a.refusedUntil <= s.now || a.refused != s.link.revives {
		return 0
	}
	return a.refusedUntil - s.now
}
