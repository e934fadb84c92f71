package sim

import (
	"math/bits"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
)

// NextDeadline is when a back-off ends, or of the next cycle that can bring something.
func (m *master) NextDeadline() (int64, bool) {
	at, ok := m.nextCycle()
	if len(m.backoffs) > 0 && (!ok || m.backoffs[0].at < at) {
		return m.backoffs[0].at, true
	}
	return at, ok
}

// nextCycle is the time of the next cycle that can bring something.
func (m *master) nextCycle() (int64, bool) {
	if _, ok := m.tree.Next(); !ok {
		return 0, false // nobody wants anything
	}
	if m.wanted && m.atOnce {
		return m.now, true
	}
	at := m.onTheBeat(max(m.cycleAt+1, m.now))
	if !m.wanted {
		until, ok := m.nextFilter()
		if !ok {
			return 0, false
		}
		at = max(at, m.onTheBeat(until))
	}
	return at, at <= m.stirred+m.patience()
}

// isStuck tells that nobody would take anything that is free now, however often it is offered.
func (m *master) isStuck() bool {
	return len(m.backoffs) == 0 && !slices.ContainsFunc(m.agents, func(a offering) bool {
		return a.up && slices.ContainsFunc(m.takers, func(t *taker) bool {
			return t.least.FitsIn(a.free) && t.wantsOf(a.free)
		})
	})
}

// nextFilter is when a filter ends, and false if there is none.
func (m *master) nextFilter() (int64, bool) {
	at, ok := int64(0), false
	for i := range m.agents {
		for _, f := range m.agents[i].filters {
			if !ok || f.until < at {
				at, ok = f.until, true
			}
		}
	}
	return at, ok
}

// patience is how long cycles go on although nothing changes and nobody takes anything. By then every
// framework has had its chance to look at every offer, and all that follows would be a repetition.
func (m *master) patience() int64 {
	longest := int64(0)
	for _, t := range m.takers {
		longest = max(longest, t.refuse)
	}
	return 2*longest + int64(len(m.takers)+2)*m.rules.IntervalMillis
}

// onTheBeat is the time of the first cycle from a time on.
func (m *master) onTheBeat(at int64) int64 {
	i := m.rules.IntervalMillis
	return (at + i - 1) / i * i
}

// decide settles what ended, ends what has to, and holds a cycle if it is time.
func (m *master) decide() []allocator.Action {
	var out []allocator.Action
	slices.Sort(m.ended)
	for _, id := range m.ended {
		out = append(out, m.settle(m.run(id)))
	}
	m.ended = m.ended[:0]
	for _, g := range m.doomed {
		for i := range m.runs {
			if r := &m.runs[i]; r.id != 0 && r.of == g && !r.killed {
				r.killed = true
				out = append(out, allocator.Kill{Run: r.id, Agent: m.agents[r.agent].name})
			}
		}
	}
	m.doomed = m.doomed[:0]
	out = m.abandon(out)
	m.resume()
	if at, ok := m.nextCycle(); ok && at <= m.now {
		m.cycle()
	}
	return m.accepted(out)
}

// outcomeOf is how a run ended: well if every task that is no sidecar did.
func outcomeOf(states []allocator.TaskState, tasks []allocator.Task) allocator.Outcome {
	worst := allocator.Finished
	for i, s := range states {
		switch {
		case tasks[i].Sidecar || s == allocator.TaskFinished:
		case s == allocator.TaskLost:
			return allocator.Lost
		case s == allocator.TaskKilled:
			worst = allocator.Killed
		default:
			return allocator.Failed
		}
	}
	return worst
}

// offer is all that was free of an agent, with who has it.
type offer struct {
	agent int
	to    *taker
	has   drf.Vector
}

// cycle makes offers of all that is free, then lets the frameworks answer.
func (m *master) cycle() {
	m.cycleAt = m.now / m.rules.IntervalMillis * m.rules.IntervalMillis
	m.atOnce = false
	var offers []offer
	for _, i := range m.shuffled() {
		a := &m.agents[i]
		a.filters = slices.DeleteFunc(a.filters, func(f filter) bool { return f.until <= m.now })
		if !a.up || !m.isOffered(&a.free) {
			continue
		}
		if t := m.first(a); t != nil {
			m.tree.Charge(t.node, a.free)
			offers = append(offers, offer{i, t, a.free})
			a.free = drf.Vector{}
		}
	}
	for i := range offers {
		m.answer(&offers[i])
	}
	m.cycles++
	m.wanted = m.anyLeft()
}

// shuffled is the order of the agents in this cycle.
func (m *master) shuffled() []int {
	order := make([]int, len(m.agents))
	r := m.from.at(m.cycles)
	for i := range order {
		k, _ := bits.Mul64(r.Uint64(), uint64(i+1))
		order[i], order[k] = order[k], i
	}
	return order
}

// isOffered tells whether so much is worth an offer, as Mesos sees it: 0.01 CPUs or 32 MiB. A slot is.
func (m *master) isOffered(v *drf.Vector) bool {
	const leastCPUs, leastMem = drf.Unit / 100, 32 * drf.Unit
	return m.policy == allocator.Slots && !v.IsZero() || v[drf.CPUs] >= leastCPUs || v[drf.Mem] >= leastMem
}

// first is the first framework in order that does not filter what an agent has free, nil if all do.
func (m *master) first(a *offering) *taker {
	node, ok := m.tree.Next()
	if !ok {
		return nil
	}
	if t := m.byNode[node]; !a.hidden(t) {
		return t
	}
	for _, node := range m.tree.Sorted() {
		if t := m.byNode[node]; !a.hidden(t) {
			return t
		}
	}
	return nil
}

// hidden tells whether a framework refused as much or more a short while ago.
func (a *offering) hidden(t *taker) bool {
	return slices.ContainsFunc(a.filters, func(f filter) bool { return f.of == t && a.free.FitsIn(f.refused) })
}

// answer launches what the framework wants on an offer, and gives back the rest.
func (m *master) answer(o *offer) {
	rest := o.has
	m.made++
	rescinded := m.taken > 0 && hits(m.rescinds.at(m.made), m.taken)
	if !rescinded && o.to.least.FitsIn(o.has) {
		rest = m.launch(o)
	}
	m.tree.Refund(o.to.node, rest)
	m.tree.Finish(o.to.node)
	a := &m.agents[o.agent]
	if a.free = rest; rest != o.has {
		m.stirred = m.now
	}
	if !rescinded && !rest.IsZero() && o.to.refuse > 0 {
		a.filters = append(a.filters, filter{o.to, rest, m.now + max(o.to.refuse, m.rules.IntervalMillis)})
	}
}

// anyLeft tells whether there is something to offer to somebody who does not filter it.
func (m *master) anyLeft() bool {
	return slices.ContainsFunc(m.agents, func(a offering) bool { return a.up && m.isOffered(&a.free) && m.first(&a) != nil })
}

// launch starts what fits into an offer, and returns the rest.
func (m *master) launch(o *offer) drf.Vector {
	rest := o.has
	started := int64(0)
	for i := 0; i < len(o.to.queue) && o.to.wantsOf(rest); {
		g := o.to.queue[i]
		for g.pending() > 0 && g.demand.FitsIn(rest) {
			if o.to.most > 0 && started == o.to.most || !m.start(g, o.agent) {
				return rest
			}
			rest, _ = rest.Sub(g.demand)
			started++
		}
		if g.pending() == 0 {
			m.leaveQueue(g)
		} else {
			i++
		}
	}
	return rest
}

// accepted turns the launches into an Accept for each offer that was taken.
func (m *master) accepted(out []allocator.Action) []allocator.Action {
	for from := 0; from < len(m.launches); {
		to := from
		for to < len(m.launches) && m.launches[to].agent == m.launches[from].agent {
			to++
		}
		a := &allocator.Accept{Agent: m.agents[m.launches[from].agent].name}
		for _, l := range m.launches[from:to] {
			a.Launches = append(a.Launches, l.Launch)
		}
		out = append(out, a)
		from = to
	}
	m.launches = m.launches[:0]
	return out
}
