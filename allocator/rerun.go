package allocator

import (
	"cmp"
	"fmt"
	"slices"
)

// applyGroupRerun starts a group again that has ended, and with Below also
// everything that comes after it, which waits for it anew.
func (s *State) applyGroupRerun(f GroupRerun) error {
	g, ok := s.groups[groupKey{f.Framework, f.Name}]
	switch {
	case !ok:
		return fmt.Errorf("%w: task group %s/%s", ErrUnknown, f.Framework, f.Name)
	case !g.startsAnew():
		return fmt.Errorf("%w: task group %s/%s has not ended", ErrInvalid, f.Framework, f.Name)
	}
	again := []*group{g}
	if f.Below {
		again = s.withDescendants(g)
	}
	if err := s.admitRerun(again); err != nil {
		return err
	}
	set := map[*group]bool{}
	for _, g := range again {
		set[g] = true
	}
	for _, g := range again {
		if g.over() {
			g.reruns++
		}
		s.reset(g, s.awaits(g, set))
	}
	for _, g := range again { // all of them are unfinished now
		s.adopt(g)
	}
	s.link.wantRevive = true
	return nil
}

// Rerun names the groups of a framework that GroupRerun would start again, in the
// order in which they were submitted.
func (s *State) Rerun(f GroupRerun) []string {
	g, ok := s.groups[groupKey{f.Framework, f.Name}]
	if !ok || !f.Below {
		return []string{f.Name}
	}
	var names []string
	for _, g := range s.withDescendants(g) {
		names = append(names, g.spec.Name)
	}
	return names
}

// withDescendants lists a group and all that come after it, the earliest first.
func (s *State) withDescendants(g *group) []*group {
	children := map[string][]*group{}
	for key, other := range s.groups { // commutes: sorted below
		if key.framework == g.spec.Framework {
			for _, name := range other.spec.parents() {
				children[name] = append(children[name], other)
			}
		}
	}
	out, seen := []*group{g}, map[*group]bool{g: true}
	for k := 0; k < len(out); k++ {
		for _, child := range children[out[k].spec.Name] {
			if !seen[child] {
				seen[child] = true
				out = append(out, child)
			}
		}
	}
	slices.SortFunc(out, func(a, b *group) int { return cmp.Compare(a.seq, b.seq) })
	return out
}

// startsAnew reports whether a group that is run again starts from the beginning: one
// that waits still has done nothing, and goes on waiting.
func (g *group) startsAnew() bool { return g.over() || g.isIdle() }

// admitRerun refuses what could only go wrong: a group at work would go on with
// what it was given before, and one whose parent failed would fail at once.
func (s *State) admitRerun(again []*group) error {
	for _, g := range again {
		if !g.over() && (len(g.instances) > 0 || g.dying) {
			return fmt.Errorf("%w: task group %s/%s, which comes after it, has not ended", ErrInvalid, g.spec.Framework, g.spec.Name)
		}
		for _, name := range g.spec.parents() {
			parent, ok := s.groups[groupKey{g.spec.Framework, name}]
			if ok && g.startsAnew() && parent.over() && !g.spec.meets(parent, name) && !slices.Contains(again, parent) {
				return fmt.Errorf("%w: task group %s, which %s/%s comes after, ended as %s: run that one again, with all below it",
					ErrInvalid, name, g.spec.Framework, g.spec.Name, parent.outcome)
			}
		}
	}
	return nil
}

// awaits is what a group waits for when some are started again: those of them
// that it comes after, and what it was waiting for. One that starts anew itself
// waits for whatever has not ended as it must, too. One that is gone is no
// hindrance, unless the group was waiting for it.
func (s *State) awaits(g *group, again map[*group]bool) []string {
	var unmet []string
	for _, name := range g.spec.parents() {
		parent, ok := s.groups[groupKey{g.spec.Framework, name}]
		if ok && (again[parent] || g.startsAnew() && !g.spec.meets(parent, name)) || slices.Contains(g.unmet, name) {
			unmet = append(unmet, name)
		}
	}
	return unmet
}

// reset makes a group as it was when it was submitted, but for its history. One
// that has ended is at the end of the line, as a new one is.
func (s *State) reset(g *group, unmet []string) {
	s.withdraw(g)
	s.leaveAll(g)
	if g.unmet = unmet; !g.startsAnew() {
		return
	}
	s.dropElastic(g) // it gets another number
	s.dropDaemon(g)
	if g.periodic != nil {
		g.periodic.idle = false
	}
	s.lastSeq++
	g.seq, g.arrived, g.endedAt = s.lastSeq, s.now, 0
	g.instances, g.again, g.backoff, g.elastic = g.instances[:0], nil, 0, nil
	g.daemon = nil
	g.finished, g.failed, g.killed = 0, 0, 0
	g.holds, g.holdFrom, g.since = 0, 0, 0
	g.dying, g.outcome, g.message = false, Unfinished, ""
	s.unfollow(g)
	g.soft = nil
	s.setLimits(g)
	s.setSoft(g)
}
