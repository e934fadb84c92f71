package allocator

import (
	"fmt"

	"fairlead/drf"
)

func (s *State) applyRoleSet(f RoleSet) error {
	if err := validRole(f.Role); err != nil {
		return err
	}
	if _, err := drf.NewWeight(drf.Amount(f.Weight)); err != nil {
		return inField("weight", fmt.Errorf("%w: role %q: %w", ErrInvalid, f.Role, err))
	}
	if err := s.admitQuota(f); err != nil {
		return err
	}
	node, err := s.addRole(f.Role)
	if err != nil {
		return err
	}
	if err := s.applyQuota(f, node); err != nil {
		return err
	}
	s.link.wantRevive = true // what was of no use may be now
	s.ranks++
	return s.tree.SetWeight(node, drf.Amount(f.Weight))
}

// addRole returns the node of a role. The first one below another one makes
// HDRF the policy, unless one was asked for.
func (s *State) addRole(path string) (drf.Node, error) {
	node, err := s.tree.AddRole(path)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	s.choosePolicy()
	return node, nil
}

func (s *State) applyFrameworkSet(f FrameworkSet) error {
	role := f.Role
	if role == "" {
		role = "*"
	}
	if err := validRole(role); err != nil {
		return err
	}
	if f.Framework == "" {
		return fmt.Errorf("%w: a framework needs a name", ErrInvalid)
	}
	if _, err := drf.NewWeight(drf.Amount(f.Weight)); err != nil {
		return inField("weight", fmt.Errorf("%w: framework %q: %w", ErrInvalid, f.Framework, err))
	}
	q, err := s.queueOf(role, f.Framework)
	if err != nil {
		return err
	}
	s.roleOf[f.Framework] = role
	s.ranks++
	return s.tree.SetWeight(q.node, drf.Amount(f.Weight))
}
