package allocator

import (
	"cmp"
	"fmt"
	"slices"
)

// A daemon group (Group.PerAgent) has an instance on each agent that is known,
// meets its constraints, and could hold one if nothing else ran there. Instances
// follow facts: one comes to be when such an agent is first heard of, waits for
// room on that agent and for no other, and is gone when the agent has left. So
// nothing of it is pending where no agent waits for it, and it ends only when it
// is killed. docs/task-groups.md states the rules.

// daemon says which agent each instance of a group belongs to.
type daemon struct {
	group  *group
	agents []string         // by instance; "" for one whose agent has left
	at     map[string]int32 // the instance of an agent
	gone   int32            // instances whose agent has left: their numbers are free
}

// waitsOn reports whether an agent is still to get its instance.
func (d *daemon) waitsOn(a *agent) bool {
	n, ok := d.at[a.id]
	return ok && d.group.instances[n].state == instanceWaiting
}

// bindable is a number for the instance of one more agent.
func (d *daemon) bindable() int32 {
	if d.gone == 0 {
		return int32(len(d.agents))
	}
	return int32(slices.Index(d.agents, ""))
}

// most bounds how many instances of a group are on one agent.
func (g *Group) most() int64 {
	if g.PerAgent {
		return 1
	}
	return int64(g.Instances)
}

// size is how many instances a group has: a daemon group as many as there are
// agents that it runs on.
func (g *group) size() int32 {
	if g.daemon == nil {
		return g.spec.Instances
	}
	return int32(len(g.daemon.agents)) - g.daemon.gone
}

// hasInstance reports whether there is an instance of this number, started or not.
func (g *group) hasInstance(n int32) bool {
	if g.daemon == nil {
		return n >= 0 && n < g.spec.Instances
	}
	return n >= 0 && int(n) < len(g.daemon.agents) && g.daemon.agents[n] != ""
}

// nextOn is the instance to place next if that goes to an agent, which is allowed.
func (g *group) nextOn(a *agent) int32 {
	if g.daemon == nil {
		return g.next()
	}
	return g.daemon.at[a.id]
}

// belongsOn reports whether an instance of a group may be on an agent at all.
func (g *group) belongsOn(n int32, a *agent) bool {
	if g.daemon == nil {
		return true
	}
	at, ok := g.daemon.at[a.id]
	return ok && at == n
}

// useDaemon makes the books of a group that is on each agent, unless it has them.
func (s *State) useDaemon(g *group) {
	if !g.spec.PerAgent || g.over() && g.daemon != nil {
		return
	}
	if g.daemon == nil {
		g.daemon = &daemon{group: g, at: map[string]int32{}}
		g.limits, _ = newLimits(g.spec.Constraints) // which were found to be valid
		if g.limits == nil {
			g.limits = &limits{}
		}
		g.limits.daemon = g.daemon
	}
	at, there := slices.BinarySearchFunc(s.daemons, g, bySeq)
	if !there && !g.over() {
		s.daemons = slices.Insert(s.daemons, at, g)
	}
}

func (s *State) dropDaemon(g *group) {
	if at, there := slices.BinarySearchFunc(s.daemons, g, bySeq); there {
		s.daemons = slices.Delete(s.daemons, at, at+1)
	}
}

// attends reports whether a group is to have an instance on an agent.
func (g *group) attends(a *agent) bool {
	return a.seq != 0 && !a.lost && g.possibleOn(a) && g.fitsEmpty(a)
}

// attendAll gives a group its instances on all the agents that are known.
func (s *State) attendAll(g *group) {
	if g.daemon == nil {
		return
	}
	for _, i := range s.agentsInOrder() {
		s.attend(g, &s.agents[i])
	}
}

// attended follows what was told of an agent: it may have come, changed or left.
func (s *State) attended(i int32) {
	for _, g := range s.daemons {
		s.attend(g, &s.agents[i])
	}
}

func (s *State) attend(g *group, a *agent) {
	if g.over() || g.dying || g.blocked() {
		return
	}
	n, bound := g.daemon.at[a.id]
	switch wanted := g.attends(a); {
	case wanted && !bound:
		s.bind(g, a)
	case !wanted && bound:
		s.vacate(g, n, a.lost)
	}
}

// bind gives an agent an instance, which waits for room there.
func (s *State) bind(g *group, a *agent) {
	d := g.daemon
	n := d.bindable()
	if int(n) == len(d.agents) {
		d.agents, g.instances = append(d.agents, ""), append(g.instances, instance{})
	} else {
		d.gone--
	}
	d.agents[n], d.at[a.id] = a.id, n
	g.instances[n] = instance{notBefore: s.now}
	s.readyAgain(g, n)
}

// vacate lets go of an instance that waits on an agent which has left, or is none
// for the group any more, and of one that has ended where the agent has left: who
// comes and goes is not remembered. What runs there is let go of when it ends.
func (s *State) vacate(g *group, n int32, left bool) {
	switch st := g.instances[n].state; {
	case st == instanceWaiting:
		s.takeAgain(g, n)
	case st == instanceBackoff:
		g.backoff--
	case st == instanceOver && left:
		g.count(g.instances[n].outcome, -1)
	default:
		return
	}
	s.letLeave(g, n)
}

// letLeave frees the number of an instance whose agent has left.
func (s *State) letLeave(g *group, n int32) {
	d := g.daemon
	delete(d.at, d.agents[n])
	d.agents[n] = ""
	d.gone++
	g.instances[n] = instance{run: g.instances[n].run, state: instanceOver, outcome: Lost}
}

// leaves reports whether a run that ends takes its instance along: its agent has
// left, or is none for the group any more.
func (s *State) leaves(r *run) bool {
	return r.group.daemon != nil && !r.group.attends(&s.agents[r.agent])
}

// daemonChanged lets a group compete for agents that it was not allowed before.
func (s *State) daemonChanged(g *group) {
	if g.daemon == nil {
		return
	}
	g.limits.version++
	if g.bucket != nil && g.bucket.shape.full >= 0 {
		s.wake(g.bucket.shape)
	}
}

// leftMessage is the message of a run that ended with its agent.
const leftMessage = "its agent has left, or is none for the group any more"

// daemonText says on how many agents a group runs that waits for none.
func (s *State) daemonText(g *group) string {
	agents := s.countAgents(func(*agent) bool { return true })
	if g.size() == 0 {
		_, why := s.fitsNone(g)
		return "waits for an agent to join that it can run on: " + cmp.Or(why, "none is known")
	}
	text := fmt.Sprintf("runs on %d of %d agents, one instance on each that it can run on", g.live, agents)
	if over := g.finished + g.failed + g.killed; over > 0 {
		text += fmt.Sprintf("; %d of its instances have ended", over)
	}
	return text
}

// validateDaemon refuses what goes against one instance on each agent.
func (g *Group) validateDaemon() error {
	l, _ := newLimits(g.Constraints) // validate says what is wrong with these
	switch {
	case !g.PerAgent:
		return nil
	case g.Instances != 0 || g.Surplus != 0 || g.Gang != 0:
		return fmt.Errorf("%w: per agent: it has as many instances as there are agents, and no gang", ErrInvalid)
	case g.wishes():
		return fmt.Errorf("%w: per agent: it prefers no agent", ErrInvalid)
	case g.Periodic:
		return fmt.Errorf("%w: per agent: it never ends, so it has no schedule", ErrInvalid)
	case g.OnOOM != OnOOM{}:
		return fmt.Errorf("%w: per agent: its memory does not grow", ErrInvalid)
	case l != nil && l.counts:
		return fmt.Errorf("%w: per agent: expected constraints LIKE, UNLIKE, IS, or CLUSTER with a value, which do not depend on where instances are", ErrInvalid)
	}
	return nil
}

// imageAgentOf is the agent of an instance of a daemon group.
func (g *group) imageAgentOf(n int) string {
	if g.daemon == nil {
		return ""
	}
	return g.daemon.agents[n]
}

// restoreDaemon books the agent of an instance, and reports whether the agent has
// left.
func (g *group) restoreDaemon(n int32, agent string) bool {
	d := g.daemon
	if d == nil {
		return false
	}
	if d.agents = append(d.agents, agent); agent == "" {
		d.gone++
		return true
	}
	d.at[agent] = n
	return false
}

// checkDaemon verifies that a group has an instance on each agent that it is to
// have one on, and that none waits anywhere else.
func (s *State) checkDaemon(g *group) error {
	_, known := slices.BinarySearchFunc(s.daemons, g, bySeq)
	d := g.daemon
	if (d != nil) != g.spec.PerAgent || known != (g.spec.PerAgent && !g.over()) {
		return fmt.Errorf("it is not among the daemon groups, or is one")
	}
	if d == nil {
		return nil
	}
	if len(d.agents) != len(g.instances) || len(d.at) != len(d.agents)-int(d.gone) {
		return fmt.Errorf("%d instances on %d agents, %d of them gone, are booked as %d", len(g.instances), len(d.agents), d.gone, len(d.at))
	}
	if g.over() || g.dying || g.blocked() {
		return nil
	}
	for i := range s.agents {
		a := &s.agents[i]
		if _, bound := d.at[a.id]; a.seq != 0 && g.attends(a) && !bound {
			return fmt.Errorf("it has no instance for agent %s", a.id)
		}
	}
	for n, id := range d.agents {
		i, there := s.agentIndex[id]
		st := g.instances[n].state
		if (st == instanceWaiting || st == instanceBackoff) && (!there || !g.attends(&s.agents[i])) {
			return fmt.Errorf("instance %d waits for agent %q, which is not one for it", n, id)
		}
	}
	return nil
}
