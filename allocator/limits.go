package allocator

import (
	"fmt"
	"slices"
	"strings"
)

// limits are the constraints of a group. Those that do not depend on where
// instances are mean the same for every group that has the same ones; a shape
// has the limits of the group that it was made for.
type limits struct {
	rules []rule
	text  string // equal for equal constraints
	// counts says that some rule depends on where instances are: these limits
	// are of one group.
	counts bool
	soft   *soft   // what keeps the group away for a while, if anything does
	daemon *daemon // of a group that is on each agent: where it is still to go
	// version grows whenever an agent that was refused may be allowed now. That
	// less is allowed needs no note: an index looks again at what it offers.
	version uint64
}

// newer reports whether more may be allowed than in an earlier version.
func (l *limits) newer(version uint64) bool { return l != nil && l.version != version }

// newLimits makes constraints ready; nil if there are none.
func newLimits(cs []Constraint) (*limits, error) {
	if len(cs) == 0 {
		return nil, nil
	}
	if len(cs) > MaxConstraints {
		return nil, fmt.Errorf("%w: constraints %d: expected at most %d", ErrInvalid, len(cs), MaxConstraints)
	}
	l := &limits{rules: make([]rule, 0, len(cs))}
	var text strings.Builder
	for _, c := range cs {
		r, err := newRule(c)
		if err != nil {
			return nil, err
		}
		l.rules = append(l.rules, r)
		l.counts = l.counts || r.tally != nil
		fmt.Fprintf(&text, "%q %d %q;", c.Field, c.Operator, c.Value)
	}
	l.text = text.String()
	return l, nil
}

// allow reports whether the next instance may go to an agent, were there room.
func (l *limits) allow(a *agent) bool {
	return l.allowForGood(a) && (l.soft == nil || l.soft.allow(a))
}

// allowForGood is allow without the limits that give way.
func (l *limits) allowForGood(a *agent) bool {
	if l.daemon != nil && !l.daemon.waitsOn(a) {
		return false
	}
	for k := range l.rules {
		r := &l.rules[k]
		if v := r.at(a); !r.possible(v) || !r.open(v) {
			return false
		}
	}
	return true
}

// possible reports whether an instance may go to an agent while no other one
// is alive.
func (l *limits) possible(a *agent) bool {
	for k := range l.rules {
		if r := &l.rules[k]; !r.possible(r.at(a)) {
			return false
		}
	}
	return true
}

// add counts an instance more or less on an agent, and reports whether others
// may be allowed now.
func (l *limits) add(a *agent, n int32) bool {
	more := n < 0
	for k := range l.rules {
		r := &l.rules[k]
		if r.tally == nil {
			continue
		}
		least, few := r.tally.least, len(r.tally.at) < int(r.count)
		r.tally.add(r.at(a), n)
		// One more instance opens other values only to GroupBy: the fewest at one
		// may be more now, or enough values be taken.
		more = more || r.Operator == GroupBy && (r.tally.least > least || few && len(r.tally.at) >= int(r.count))
	}
	if more {
		l.version++
	}
	return more
}

// count books that an instance of a group is on an agent, or is there no more.
func (s *State) count(g *group, a *agent, n int32) {
	if g.limits == nil || !g.limits.counts {
		return
	}
	if g.limits.add(a, n) && g.bucket != nil && g.bucket.shape.full >= 0 {
		s.wake(g.bucket.shape)
	}
}

// describe books an agent's host and attributes. If they change, what runs
// there counts at its new values.
func (s *State) describe(i int32, host string, attributes []Attribute) {
	a := &s.agents[i]
	if a.host == host && slices.Equal(a.attributes, attributes) {
		return
	}
	s.plans++
	s.link.wantRevive = s.link.wantRevive || a.seen // what it offered may be of use now
	s.recount(i, -1)
	a.host, a.attributes, a.described = host, attributes, true
	s.recount(i, 1)
	s.note(i)
}

// recount takes everything on an agent out of the counts, or puts it back.
func (s *State) recount(i int32, n int32) {
	a := &s.agents[i]
	if a.runs == 0 {
		return
	}
	for r := range s.runs.all() {
		if r.agent == i {
			s.count(r.group, a, n)
		}
	}
}
