package sim

import (
	"math/bits"
	"slices"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
)

// Overcommit lets the policies that look at one thing only place by it alone: Slots by a number of
// slots on each agent, CPU by the CPUs. An agent may then have to hold more than its memory, and
// everything on it runs slower.
type Overcommit struct {
	// Slots is how many instances an agent takes under the policy Slots; 0 lets that policy place by
	// all resources.
	Slots int64
	// Mem is how many times its memory an agent can hold before anything is slower.
	Mem drf.Amount
	// Slowdown is by how much of itself the excess of memory over an agent's makes everything there
	// take longer.
	Slowdown drf.Amount
}

// Bounds of Overcommit.
const (
	maxSlots    = 10_000
	maxSlowdown = 100 * drf.Unit
	// worstPace bounds how many times longer anything takes.
	worstPace = 1_000
)

func overcommit(v strictyaml.Value) *Overcommit {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	out := &Overcommit{Mem: drf.Unit, Slowdown: drf.Unit}
	if v, ok := o.Optional("slots"); ok {
		out.Slots, _ = v.Int(1, maxSlots)
	}
	if v, ok := o.Optional("mem"); ok {
		if out.Mem, ok = v.Amount(); ok && (out.Mem < drf.Unit || out.Mem > maxSlowdown) {
			v.Failf("expected 1 to %s", maxSlowdown)
		}
	}
	if v, ok := o.Optional("slowdown"); ok {
		if out.Slowdown, ok = v.Amount(); ok && out.Slowdown > maxSlowdown {
			v.Failf("expected at most %s", maxSlowdown)
		}
	}
	return out
}

// crowd is the over-commitment of a simulation: what agents really hold, of which the allocator is told
// a part.
type crowd struct {
	bySlots  bool
	slots    drf.Amount
	mem      int64      // in thousandths
	slowdown int64      // in thousandths
	kinds    *drf.Kinds // those of the allocator, and those that it is not told of
	executor drf.Vector
}

// slotKind is the name of the resource that the allocator sees under the policy Slots.
const slotKind = "slots"

// newCrowd is nil if nothing is over-committed under the policy of the scenario.
func newCrowd(s *Scenario) *crowd {
	o := s.Overcommit
	if o == nil || s.Policy != allocator.CPU && (s.Policy != allocator.Slots || o.Slots == 0) {
		return nil
	}
	return &crowd{
		bySlots: s.Policy == allocator.Slots, slots: drf.Amount(o.Slots) * drf.Unit, mem: int64(o.Mem), slowdown: int64(o.Slowdown),
	}
}

// told is what the allocator is told of an agent.
func (c *crowd) told(a *Agent) []allocator.Quantity {
	if c == nil {
		return a.Resources
	}
	if c.bySlots {
		slots := c.slots
		if a.part > 0 {
			slots = c.slots / drf.Unit * drf.Amount(a.part) / drf.Unit * drf.Unit
		}
		return []allocator.Quantity{{Name: slotKind, Amount: slots}}
	}
	return onlyCPUs(a.Resources)
}

// toldOf is what the allocator is told of what is no instance's: of the executor, of the least of an offer.
func (c *crowd) toldOf(all []allocator.Quantity) []allocator.Quantity {
	switch {
	case c == nil:
		return all
	case c.bySlots:
		return nil
	}
	return onlyCPUs(all)
}

// toldGroup is what the allocator is told of a group.
func (c *crowd) toldGroup(g *allocator.Group) {
	if c == nil {
		return
	}
	g.Tasks = slices.Clone(g.Tasks)
	for i := range g.Tasks {
		if t := &g.Tasks[i]; !c.bySlots {
			t.Resources = onlyCPUs(t.Resources)
		} else if t.Resources = nil; i == 0 {
			t.Resources = []allocator.Quantity{{Name: slotKind, Amount: drf.Unit}}
		}
	}
}

func onlyCPUs(all []allocator.Quantity) []allocator.Quantity {
	var out []allocator.Quantity
	for _, q := range all {
		if q.Name == "cpus" {
			out = append(out, q)
		}
	}
	return out
}

// learn takes over the names of resources that the allocator knows, in its order.
func (c *crowd) learn(names []string, executor []allocator.Quantity) error {
	c.kinds = drf.NewKinds()
	for _, name := range names {
		if _, err := c.kinds.Intern(name); err != nil {
			return err
		}
	}
	var err error
	c.executor, err = c.vector(drf.Vector{}, executor)
	return err
}

// vector adds quantities to a vector.
func (c *crowd) vector(v drf.Vector, all []allocator.Quantity) (drf.Vector, error) {
	for _, q := range all {
		k, err := c.kinds.Intern(q.Name)
		if err != nil {
			return v, err
		}
		v[k] += q.Amount
	}
	return v, nil
}

// demand is what an instance really takes.
func (c *crowd) demand(g *allocator.Group) (drf.Vector, error) {
	sum := c.executor
	var err error
	for i := range g.Tasks {
		if sum, err = c.vector(sum, g.Tasks[i].Resources); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// room is what runs on an agent, and what it takes.
type room struct {
	total drf.Vector
	mem   drf.Amount // that all runs together want
	runs  []allocator.RunID
	since int64 // up to when the progress of the runs is booked
}

// pacePart is what paces are counted in.
const pacePart = 1_000_000

// pace is how many times longer than alone a run on an agent takes, in millionths: one and the excess of
// memory times Slowdown, and times its own memory as a part of the mean there.
func (c *crowd) pace(r *room, own drf.Amount) uint64 {
	has, wants := int64(r.total[drf.Mem])*c.mem/int64(drf.Unit*drf.Unit), int64(r.mem/drf.Unit)
	if wants <= has {
		return pacePart
	}
	if has == 0 {
		return worstPace * pacePart
	}
	slower := scaled(c.slowdown, uint64(wants-has)*1000, uint64(has))
	slower = scaled(slower, uint64(own/drf.Unit)*uint64(len(r.runs)), uint64(wants))
	return min(pacePart+uint64(slower), worstPace*pacePart)
}

// scaled is x * num / den, rounded down. The result must fit, as it does for all times and paces.
func scaled(x int64, num, den uint64) int64 {
	high, low := bits.Mul64(uint64(x), num)
	quotient, _ := bits.Div64(high, low, den)
	return int64(quotient)
}

// progress books what the runs on an agent have done since the last time.
func (e *engine) progress(n int32) {
	r := &e.nodes[n].room
	for _, id := range r.runs {
		run := e.runs.get(id)
		run.left = max(run.left-scaled((e.now-r.since)*1000, pacePart, e.crowd.pace(r, run.charge[drf.Mem])), 0)
	}
	r.since = e.now
}

// repace says when the runs on an agent end, now that others share it with them.
func (e *engine) repace(n int32) {
	r := &e.nodes[n].room
	for _, id := range r.runs {
		run := e.runs.get(id)
		if run.ends == 0 {
			continue // it never ends
		}
		ends := e.now + (scaled(run.left, e.crowd.pace(r, run.charge[drf.Mem]), pacePart)+999)/1000
		if ends != run.ends {
			run.ends = ends
			e.heap.push(event{at: ends, run: id, how: run.how})
		}
	}
}

// enter puts a run on its agent, leave takes it away: the pace of all changes.
func (e *engine) enter(r *running) {
	room := &e.nodes[r.node].room
	e.progress(r.node)
	room.runs = append(room.runs, r.id)
	room.mem += r.charge[drf.Mem]
	r.left = max(r.ends-e.now, 0) * 1000 // nothing of one that never ends
	e.repace(r.node)
}

func (e *engine) exit(r *running) {
	room := &e.nodes[r.node].room
	e.progress(r.node)
	room.runs = slices.DeleteFunc(room.runs, func(id allocator.RunID) bool { return id == r.id })
	room.mem -= r.charge[drf.Mem]
	e.repace(r.node)
}

// reallyTotal is what all agents of the cluster have, whatever the allocator was told.
func (e *engine) reallyTotal() drf.Vector {
	if e.crowd == nil {
		return e.state.Total()
	}
	var sum drf.Vector
	for i := range e.nodes {
		if e.nodes[i].up {
			sum = sum.Add(e.nodes[i].room.total)
		}
	}
	return sum
}

// reallyView is what the allocator says, with the resources that there really are and are held.
func (e *engine) reallyView() *allocator.View {
	v := e.state.View()
	if e.crowd == nil {
		return v
	}
	v.Total, v.Kinds = e.reallyTotal(), nil
	for k := range e.crowd.kinds.Len() {
		v.Kinds = append(v.Kinds, e.crowd.kinds.Name(drf.Kind(k)))
	}
	for i := range v.Frameworks {
		f := &v.Frameworks[i]
		if l, ok := e.stats.byLeaf[leaf{f.Framework, f.Role}]; ok {
			f.Allocated = l.held
		}
	}
	for i := range v.Roles {
		r := &v.Roles[i]
		r.Allocated = drf.Vector{}
		for _, f := range v.Frameworks {
			if f.Role == r.Role || strings.HasPrefix(f.Role, r.Role+"/") {
				r.Allocated = r.Allocated.Add(f.Allocated)
			}
		}
	}
	return v
}
