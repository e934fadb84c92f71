package sim

import (
	"fairlead/allocator"
	"fairlead/internal/strictyaml"
)

// daemon reports whether a group has an instance on each agent: how many there
// are follows the agents, so that none is left to be counted down.
func (j *job) daemon() bool { return j.group.Spec.PerAgent }

// startedOn books a start of a group on each agent. Its instances come with the
// agents and not with the group, so that no time is taken for a wait.
func (j *job) startedOn(st *stats) {
	st.firsts++
	if !j.anything {
		j.anything, j.first = true, st.now
	}
}

// checkDaemon refuses what does not go with a group on each agent.
func (l *groupList) checkDaemon(item strictyaml.Value, g *Group) {
	switch {
	case g.arrival != nil || g.repeat != nil:
		item.Failf("a group with per: agent does not repeat, and arrives at a given time")
	case g.Durations != nil:
		item.Failf("the instances of a group with per: agent all run equally long: write duration")
	case l.mode == WholeAgents:
		item.Failf("per: agent is not for mode offers: there a framework has no choice of agents")
	case l.until == 0:
		item.Failf("a group with per: agent does not end: the scenario needs an end, until")
	}
}

// countDaemons books how many instances of groups on each agent wait for room.
func (e *engine) countDaemons() {
	for _, s := range e.daemons { // there are none where a master decides
		waits := e.core.Pending(s.key.framework, s.key.name)
		e.stats.wants(s.job.of, waits-s.job.waits)
		s.job.waits = waits
	}
}

// endDaemon ends a group on each agent, if it was killed and nothing of it is
// left.
func (e *engine) endDaemon(s *submission) {
	if s.left == 0 {
		return
	}
	if how, _ := e.core.Outcome(s.key.framework, s.key.name); how != allocator.Unfinished {
		e.stats.leave(s.job, s.left)
		e.over(s)
	}
}
