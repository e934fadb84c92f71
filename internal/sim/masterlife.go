package sim

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/allocator"
)

// settle closes a run, and lets the instance run again if its framework restarts it.
func (m *master) settle(r *mastered) *allocator.Settle {
	s := &allocator.Settle{Run: r.id, Outcome: outcomeOf(r.states, r.of.spec.Tasks)}
	g := r.of
	switch {
	case g.dying && s.Outcome != allocator.Finished:
		s.Outcome = allocator.Killed
	case !g.dying:
		m.restart(g, r.instance, s)
	}
	if !s.Retry && s.Outcome != allocator.Finished && g.bad != allocator.Failed {
		g.bad = s.Outcome
	}
	g.live--
	g.of.live--
	m.free = append(m.free, r.id.Place())
	*r = mastered{}
	m.closeIfOver(g)
	return s
}

// restart does what the group says of an end: the rules are those of the allocator.
func (m *master) restart(g *offered, instance int32, s *allocator.Settle) {
	t := g.tries[instance]
	var wait int64
	if s.Retry, s.Charged, wait = g.spec.Restart.Follows(s.Outcome, t.charged, t.lost); !s.Retry {
		return
	}
	if t.lost++; s.Charged {
		t = tries{charged: t.charged + 1}
	}
	if g.tries == nil {
		g.tries = make(map[int32]tries)
	}
	g.tries[instance] = t
	s.NotBefore = m.now + wait
	if wait == 0 {
		g.again = append(g.again, instance)
		m.wait(g)
		return
	}
	g.waits++
	b := backoff{s.NotBefore, g, instance}
	at, _ := slices.BinarySearchFunc(m.backoffs, b, func(a, b backoff) int { return cmp.Or(cmp.Compare(a.at, b.at), -1) })
	m.backoffs = slices.Insert(m.backoffs, at, b)
}

// resume lets instances wait for offers whose back-off is over.
func (m *master) resume() {
	for len(m.backoffs) > 0 && m.backoffs[0].at <= m.now {
		b := m.backoffs[0]
		m.backoffs = m.backoffs[1:]
		b.of.waits--
		b.of.again = append(b.of.again, b.instance)
		m.wait(b.of)
	}
}

// Outcome tells how a group ended, Unfinished while it has not.
func (m *master) Outcome(framework, name string) (allocator.Outcome, string) {
	if g := m.groups[jobKey{framework, name}]; g != nil {
		return g.how, ""
	}
	return allocator.Unfinished, ""
}

// closeIfOver gives a group its outcome once nothing of it can run any more, and looks again at what
// comes after it.
func (m *master) closeIfOver(g *offered) {
	if g.how != allocator.Unfinished || g.live > 0 || g.waits > 0 || g.pending() > 0 {
		return
	}
	switch {
	case g.dying:
		g.how = allocator.Killed
	case g.bad != allocator.Unfinished:
		g.how = g.bad
	default:
		g.how = allocator.Finished
	}
	m.follow(g)
}

func (m *master) follow(g *offered) {
	key := jobKey{g.spec.Framework, g.spec.Name}
	next := m.after[key]
	delete(m.after, key)
	for _, g := range next {
		if g.behind && !m.comesAfter(g) {
			m.revive(g)
		}
	}
}

// comesAfter reports whether a framework may not start a group yet, or never: that is decided with the next
// actions.
func (m *master) comesAfter(g *offered) bool {
	g.behind = false
	for _, name := range slices.Concat(g.spec.After, g.spec.AfterEnd) {
		switch how, _ := m.Outcome(g.spec.Framework, name); {
		case how == allocator.Unfinished:
			key := jobKey{g.spec.Framework, name}
			m.after[key] = append(m.after[key], g)
		case how == allocator.Finished || slices.Contains(g.spec.AfterEnd, name):
			continue
		default:
			m.failed = append(m.failed, g)
		}
		g.behind = true
		return true
	}
	return false
}

// abandon ends the groups that come after one which did not end as it had to, and those after them.
func (m *master) abandon(out []allocator.Action) []allocator.Action {
	for len(m.failed) > 0 {
		g := m.failed[0]
		m.failed = m.failed[1:]
		if !g.behind {
			continue // it was killed since
		}
		g.behind, g.fresh, g.how = false, g.spec.Instances, allocator.Failed
		out = append(out, allocator.Abandon{
			Framework: g.spec.Framework, Group: g.spec.Name, Message: fmt.Sprintf("what %s comes after did not finish", g.spec.Name),
		})
		m.follow(g)
	}
	return out
}
