package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
)

// Change is something that is done to a cluster while it runs: one of the fields after AtMillis is set.
type Change struct {
	AtMillis int64
	// Role is what a role has from then on.
	Role *Role
	// Framework is what a framework has from then on.
	Framework *Framework
	// Kill ends a group and everything that runs of it.
	Kill *GroupName
	// Joins and Leaves name an agent.
	Joins, Leaves string
}

// GroupName names a group.
type GroupName struct{ Framework, Name string }

// changeList reads the changes of a scenario in the order of their times, since what is not said stays
// as it was before.
type changeList struct {
	scenario *Scenario
	roles    []Role          // as they are by then
	agents   map[string]bool // their names, once somebody asked
	out      []Change
}

func changes(v strictyaml.Value, s *Scenario) []Change {
	type item struct {
		at     int64
		object *strictyaml.Object
	}
	var items []item
	for _, each := range v.List(maxEntries) {
		if o, ok := each.Object(); ok {
			at := int64(0)
			if v, ok := o.Required("at"); ok {
				at, _ = v.Millis()
			}
			items = append(items, item{at, o})
		}
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.at, b.at) })
	l := changeList{scenario: s, roles: slices.Clone(s.Roles)}
	for _, each := range items {
		l.read(each.object, each.at)
		each.object.Done()
	}
	return l.out
}

// read reads one change.
func (l *changeList) read(o *strictyaml.Object, at int64) {
	framework, ofFramework := o.Optional("framework")
	role, ofRole := o.Optional("role")
	kill, kills := o.Optional("kill")
	joins, isJoin := o.Optional("joins")
	leaves, isLeave := o.Optional("leaves")
	c := Change{AtMillis: at}
	switch {
	case count(ofFramework || ofRole, kills, isJoin, isLeave) != 1:
		o.Failf("expected one of role, framework, kill, joins and leaves")
	case ofFramework:
		c.Framework = l.framework(o, framework)
	case ofRole:
		c.Role = l.role(o, role)
	case kills:
		c.Kill = l.kill(kill)
	case isJoin:
		c.Joins = l.agent(joins)
	case isLeave:
		c.Leaves = l.agent(leaves)
	}
	l.out = append(l.out, c)
}

func count(all ...bool) int {
	n := 0
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
}

func (l *changeList) framework(o *strictyaml.Object, name strictyaml.Value) *Framework {
	f := &Framework{Name: taskgroup.FrameworkName(name), Role: "*"}
	for _, known := range l.scenario.Frameworks {
		if known.Name == f.Name {
			f.Role = known.Role
		}
	}
	if v, ok := o.Optional("role"); ok {
		f.Role = taskgroup.Role(v)
	}
	if _, ok := o.Required("weight"); ok {
		f.Weight = weight(o)
	}
	return f
}

// role reads what changes of a role, and checks the roles as they are then.
func (l *changeList) role(o *strictyaml.Object, name strictyaml.Value) *Role {
	r := Role{Name: taskgroup.Role(name), Weight: drf.Unit}
	at := slices.IndexFunc(l.roles, func(known Role) bool { return known.Name == r.Name })
	if at < 0 {
		at = len(l.roles)
		l.roles = append(l.roles, r)
	}
	r = l.roles[at]
	before := o.Problems()
	if _, ok := o.Optional("weight"); ok {
		r.Weight = weight(o)
	}
	guarantee, limit := taskgroup.Quota(o)
	if _, ok := o.Optional("guarantee"); ok { // {} takes it away
		r.Guarantee = guarantee
	}
	if _, ok := o.Optional("limit"); ok {
		r.Limit = limit
	}
	if o.Problems() == before && r.Name != "" {
		l.roles[at] = r
		here := make(map[string]strictyaml.Value)
		for _, known := range l.roles {
			here[known.Name] = o.Value
		}
		taskgroup.CheckRoles(roleSets(l.roles), here)
		checkGuarantees(o.Value, &Scenario{Agents: l.scenario.Agents, Roles: l.roles})
		checkNoQuota(o.Value, l.scenario.Mode, r)
	}
	return &r
}

// kill reads framework/name.
func (l *changeList) kill(v strictyaml.Value) *GroupName {
	s, ok := v.Text(maxText)
	framework, name, both := strings.Cut(s, "/")
	if !both {
		framework, name = taskgroup.DefaultFramework, s
	}
	if ok && !slices.ContainsFunc(l.scenario.Groups, func(g Group) bool {
		return g.Spec.Framework == framework && g.Spec.Name == name
	}) {
		v.Failf("%q is not a task group of the scenario: expected FRAMEWORK/GROUP", s)
	}
	return &GroupName{framework, name}
}

func (l *changeList) agent(v strictyaml.Value) string {
	if l.agents == nil {
		l.agents = make(map[string]bool)
		for _, a := range l.scenario.Agents {
			l.agents[a.Name] = true
		}
	}
	s, ok := v.Text(maxText)
	if ok && !l.agents[s] {
		v.Failf("%q is not an agent of the cluster", s)
	}
	return s
}

// allChanges are those of a scenario and those of its agents, in the order of their times.
func allChanges(s *Scenario) []Change {
	out := slices.Clone(s.Changes)
	for _, a := range s.Agents {
		if a.JoinsMillis > 0 {
			out = append(out, Change{AtMillis: a.JoinsMillis, Joins: a.Name})
		}
		if a.LeavesMillis > 0 {
			out = append(out, Change{AtMillis: a.LeavesMillis, Leaves: a.Name})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(a.AtMillis, b.AtMillis) })
	return out
}

// change does what is to be done now.
func (e *engine) change(c Change) error {
	switch {
	case c.Role != nil:
		return e.tell(roleSets([]Role{*c.Role})[0])
	case c.Framework != nil:
		return e.tell(frameworkSet(*c.Framework))
	case c.Kill != nil:
		return e.killEntry(*c.Kill)
	case c.Joins != "":
		return e.plan(c.Joins, true)
	default:
		return e.plan(c.Leaves, false)
	}
}

func frameworkSet(f Framework) allocator.FrameworkSet {
	return allocator.FrameworkSet{Framework: f.Name, Role: f.Role, Weight: int64(f.Weight)}
}

// plan makes an agent part of the cluster, or takes it out.
func (e *engine) plan(name string, there bool) error {
	i := e.names.find(name)
	e.nodes[i].planned = there
	return e.setNode(i)
}

// setNode tells that an agent comes or goes, if it does.
func (e *engine) setNode(i int32) error {
	n := &e.nodes[i]
	there := n.planned && !n.broken
	if n.up == there {
		return nil
	}
	if n.up = there; !there {
		return e.leave(i)
	}
	a := n.agent
	seen := allocator.AgentSeen{Agent: a.Name, Host: a.Name, Attributes: a.Attributes, Total: e.crowd.told(a), Owned: true}
	if a.Ports > 0 && e.crowd == nil {
		seen.Ports = []allocator.PortRange{{Begin: firstPort, End: firstPort + uint64(a.Ports) - 1}}
	}
	if e.crowd == nil {
		seen.Sets = a.sets()
	}
	if err := e.resize(seen); err != nil || e.core == nil {
		return err
	}
	p, _ := e.core.AgentPlace(a.Name)
	for len(e.places) <= p {
		e.places = append(e.places, 0)
	}
	e.places[p] = i
	return nil
}

// sets names the items of an agent, of which a scenario says the numbers: 1, 2 and so on.
func (a *Agent) sets() []allocator.Set {
	var out []allocator.Set
	for _, q := range a.Resources {
		if name, ok := allocator.SetOf(q.Name); ok {
			set := allocator.Set{Name: name}
			for n := range q.Amount / drf.Unit {
				set.Items = append(set.Items, fmt.Sprintf("%03d", n+1))
			}
			out = append(out, set)
		}
	}
	return out
}

// resize tells of an agent that comes or goes.
func (e *engine) resize(f allocator.Fact) error {
	if err := e.tell(f); err != nil {
		return err
	}
	e.stats.capacity(e.reallyTotal())
	return nil
}

// leave takes an agent out of the cluster. What runs there is lost.
func (e *engine) leave(n int32) error {
	if err := e.resize(allocator.AgentLost{Agent: e.nodes[n].agent.Name}); err != nil {
		return err
	}
	for i := range e.runs.runs {
		if r := &e.runs.runs[i]; r.id != 0 && r.node == n {
			if err := e.update(event{run: r.id, how: allocator.TaskLost}); err != nil {
				return err
			}
		}
	}
	return nil
}

// killEntry ends a group of the file and all that it was submitted as, with its phases, and what is still
// to come of it.
func (e *engine) killEntry(name GroupName) error {
	groups := e.scenario.Groups
	entry := slices.IndexFunc(groups, func(g Group) bool {
		return g.Spec.Framework == name.Framework && g.Spec.Name == name.Name
	})
	for first := entry; entry >= 0 && entry < len(groups) && (entry == first || groups[entry].replaces); entry++ {
		e.work.stop(entry)
		if err := e.endEntry(entry, false); err != nil {
			return err
		}
	}
	return nil
}

// endEntry ends what was submitted of an entry: what waits never starts. What runs goes on to its own end
// if it drains, and is killed otherwise.
func (e *engine) endEntry(entry int, drains bool) error {
	keys := slices.SortedFunc(maps.Keys(e.jobs), func(a, b jobKey) int {
		return cmp.Or(cmp.Compare(a.framework, b.framework), cmp.Compare(a.name, b.name))
	})
	for _, key := range keys {
		s := e.jobs[key]
		if s.entry != entry || s.left == 0 && !e.mayRecur(s) {
			continue
		}
		s.drains = drains
		if err := e.tell(allocator.GroupKilled{Framework: key.framework, Name: key.name}); err != nil {
			return err
		}
		if s.job.daemon() {
			e.endDaemon(s)
			continue
		}
		e.stats.dropped(s.job, s.left-s.live)
		if s.left == 0 {
			e.over(s)
		}
	}
	return nil
}
