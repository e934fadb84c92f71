package allocator

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/drf"
)

// Preemption ends runs of frameworks that hold more than they are entitled to,
// for a framework that waits and holds less. docs/fairness.md states what is
// never done, and why it ends: each preemption lowers the sum over all
// frameworks of what they lack to their fair share, and nothing raises it but
// a change of the demands.

// preemptRetryMillis is when a claim that found nothing to take is looked at
// again at the latest: runs grow old enough without any event.
const preemptRetryMillis = 10_000

// preemption is what has to end so that a group finds room, and where.
type preemption struct {
	group   *group
	on      []heldOn
	victims []*run
	charge  drf.Vector // what the group will take
}

// preempt decides at most one preemption.
func (s *State) preempt(out []Action) []Action {
	s.preemptAt = never
	if !s.cfg.Preemption || !s.policy.fair() || s.pending == 0 || s.more {
		return out
	}
	var fair map[drf.Node]drf.Vector
	for waiting := s.inTurn(s.waitingQueues()); len(*waiting) > 0; {
		g, due := s.claimant(waiting.pop().queue)
		switch {
		case g == nil:
			continue
		case due > s.now:
			s.lookAgain(due)
			continue
		case fair == nil:
			fair = s.entitled()
		}
		s.lookAgain(s.now + preemptRetryMillis)
		p := s.planPreemption(g, fair, s.cfg.PreemptMinRunMillis)
		if p == nil || len(s.preemptedLately())+len(p.victims) > s.cfg.PreemptPerMinute {
			continue
		}
		return s.carryOut(out, p, fair)
	}
	return out
}

func (s *State) lookAgain(at int64) {
	if s.preemptAt == never || at < s.preemptAt {
		s.preemptAt = at
	}
}

// fair reports whether a policy is one of fair shares, which entitle to
// something.
func (p Policy) fair() bool { return p == DRF || p == HDRF }

// claimant is the group that a framework would preempt for, and when it may: the one
// that room is held for already, or else the first in line. What is being ended for
// the former counts as free, so that it claims nothing more meanwhile.
func (s *State) claimant(q *queue) (*group, int64) {
	line := s.eachInLine(q)
	if k := slices.IndexFunc(s.holds, func(h *hold) bool { return h.group.queue == q }); k >= 0 {
		line = slices.Values([]*group{s.holds[k].group})
	}
	for g := range line {
		charge := g.demand.Times(int64(g.together()))
		if s.overLimit(q, &charge) == nil && s.couldHold(g) >= int64(g.together()) {
			return g, g.since + s.cfg.PreemptAfterMillis
		}
	}
	return nil, 0
}

// carryOut books a preemption: the room is held for whom it is made for, then
// the runs are killed.
func (s *State) carryOut(out []Action, p *preemption, fair map[drf.Node]drf.Vector) []Action {
	g := p.group
	s.bookHold(g, p.on, s.now+s.cfg.HoldMillis, 0)
	out = append(out, s.holdOf(g.hold))
	for _, r := range p.victims {
		d := Preempt{Run: r.id, Agent: s.agents[r.agent].id, Framework: g.spec.Framework, Group: g.spec.Name,
			Message: s.whyPreempt(p, r, fair)}
		s.bookPreempt(r)
		out = append(out, d)
	}
	return out
}

// whyPreempt states the shares before and after the whole preemption, and what
// is fair.
func (s *State) whyPreempt(p *preemption, r *run, fair map[drf.Node]drf.Vector) string {
	g := p.group
	mine, theirs := g.queue.node, r.group.queue.node
	left := s.leftWithout(p, r.group.queue)
	with := s.tree.Allocated(mine).Add(p.charge)
	return fmt.Sprintf("for %s/%s: %s goes from a dominant share of %s to %s, fair are %s; %s from %s to %s, fair are %s",
		g.spec.Framework, g.spec.Name, r.group.spec.Framework,
		percent(s.dominance(s.tree.Allocated(theirs))), percent(s.dominance(left)), percent(s.dominance(fair[theirs])),
		g.spec.Framework, percent(s.dominance(s.tree.Allocated(mine))), percent(s.dominance(with)), percent(s.dominance(fair[mine])))
}

// leftWithout is what a framework has left when all that a preemption ends has
// ended.
func (s *State) leftWithout(p *preemption, q *queue) drf.Vector {
	left := s.tree.Allocated(q.node)
	for _, v := range p.victims {
		if v.group.queue == q {
			left, _ = left.Sub(v.holds())
		}
	}
	return left
}

// percent prints a share of units of 2^-32.
func percent(share uint64) string {
	tenths := (share*1000 + 1<<(sizeBits-1)) >> sizeBits
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// bookPreempt books that a run has to make room.
func (s *State) bookPreempt(r *run) {
	r.own().preempted = true
	s.preempted = append(s.preemptedLately(), s.now)
	s.bookKill(r, KillAsked)
}

// preemptedLately is when runs were preempted in the last minute.
func (s *State) preemptedLately() []int64 {
	lately := slices.IndexFunc(s.preempted, func(at int64) bool { return at+60_000 > s.now })
	if lately < 0 {
		return nil
	}
	return slices.Clone(s.preempted[lately:])
}

func (s *State) applyPreempt(d Preempt) error {
	r := s.runOf(d.Run)
	if r == nil {
		return fmt.Errorf("%w: run %s", ErrUnknown, d.Run)
	}
	s.bookPreempt(r)
	return nil
}

// victim is a run that could make room, and the work that would be lost: its
// age times its dominant share.
type victim struct {
	run  *run
	held drf.Vector
	cost uint64
}

// victimsByAgent lists the runs that may be ended for a group, the cheapest
// first on each agent: those that have run for some time. Whether their frameworks can spare them is for later.
func (s *State) victimsByAgent(g *group, minRun int64) map[int32][]victim {
	out := map[int32][]victim{}
	for r := range s.runs.all() {
		if r.group.queue == g.queue || r.group.spec.NotPreemptible || r.killAt != never || r.group.dying ||
			r.started+minRun > s.now {
			continue
		}
		held := r.holds()
		age := uint64(min(s.now-r.started, 1<<40))
		out[r.agent] = append(out[r.agent], victim{r, held, age*(s.dominance(held)>>12) + 1})
	}
	for _, vs := range out { // commutes: each is sorted on its own
		slices.SortFunc(vs, func(a, b victim) int {
			return cmp.Or(cmp.Compare(a.cost, b.cost), -cmp.Compare(a.run.id, b.run.id))
		})
	}
	return out
}
