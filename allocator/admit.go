package allocator

import (
	"fmt"

	"fairlead/drf"
)

// Admit reports whether a submission of all these groups at once would be
// accepted; the State is unchanged. The error is that of the first group that
// would be refused.
func (s *State) Admit(groups []Group) error {
	together := make(map[groupKey]*Group, len(groups))
	for i := range groups {
		g := &groups[i]
		key := groupKey{g.Framework, g.Name}
		if other, ok := together[key]; ok && other.Digest != g.Digest {
			return fmt.Errorf("%w: %s/%s is submitted twice", ErrConflict, g.Framework, g.Name)
		}
		together[key] = g
	}
	fresh := map[string]bool{}
	for i := range groups {
		if err := s.admit(&groups[i], fresh); err != nil {
			return err
		}
		if err := s.admitOrder(&groups[i], together); err != nil {
			return err
		}
	}
	return nil
}

// admit checks one group; fresh collects resource names that would be new.
func (s *State) admit(g *Group, fresh map[string]bool) error {
	if err := g.validate(); err != nil {
		return err
	}
	if known, err := s.admitName(g); known || err != nil {
		return err
	}
	return s.admitNames(g, fresh)
}

// admitName checks who a group is, and reports whether it is there already.
func (s *State) admitName(g *Group) (known bool, err error) {
	if old, ok := s.groups[groupKey{g.Framework, g.Name}]; ok {
		if old.spec.Digest == g.Digest {
			return true, nil
		}
		return false, fmt.Errorf("%w: %s/%s", ErrConflict, g.Framework, g.Name)
	}
	role := s.resolveRole(g.Framework, g.Role)
	if _, ok := s.queueIndex[queueKey{role, g.Framework}]; ok {
		return false, nil // it was admitted before
	}
	if err := validRole(role); err != nil {
		return false, err
	}
	if err := s.tree.Admits(role, g.Framework); err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return false, nil
}

func (s *State) admitNames(g *Group, fresh map[string]bool) error {
	for _, t := range g.Tasks {
		for _, q := range t.Resources {
			if _, ok := s.kinds.Lookup(q.Name); !ok {
				fresh[q.Name] = true
			}
			if s.kinds.Len()+len(fresh) > drf.MaxKinds {
				return fmt.Errorf("%w: task %q: resource %q: a cluster can use at most %d resource names",
					ErrInvalid, t.Name, q.Name, drf.MaxKinds)
			}
		}
	}
	return nil
}

// Group returns one task group, and false if there is none of that name.
func (s *State) Group(framework, name string) (GroupView, bool) {
	g, ok := s.groups[groupKey{framework, name}]
	if !ok {
		return GroupView{}, false
	}
	return s.viewGroup(g), true
}

// Pending is how many instances of a task group wait for room: 0 if there is none
// of that name.
func (s *State) Pending(framework, name string) int64 {
	if g, ok := s.groups[groupKey{framework, name}]; ok && g.at >= 0 {
		return int64(g.pending())
	}
	return 0
}

// Outcome tells how a task group ended, and why: Unfinished while it has not,
// or if there is none of that name.
func (s *State) Outcome(framework, name string) (Outcome, string) {
	g, ok := s.groups[groupKey{framework, name}]
	if !ok {
		return Unfinished, ""
	}
	return g.outcome, g.message
}
