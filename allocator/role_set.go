package allocator

import (
	"errors"
	"fmt"
	"slices"

	"fairlead/drf"
)

// FieldError is a refusal of what a fact says in one field.
type FieldError struct {
	Field string
	Err   error
}

// Error is the refusal, which names the field in its own words.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap is the refusal.
func (e *FieldError) Unwrap() error { return e.Err }

func inField(field string, err error) error { return &FieldError{field, err} }

// FieldOf is the field that an error is about, "" if it is about none.
func FieldOf(err error) string {
	var f *FieldError
	if errors.As(err, &f) {
		return f.Field
	}
	return ""
}

// Role is the fact that would set a role as it is now: with weight 1 and no quota
// if it was never set.
func (s *State) Role(role string) RoleSet {
	node, ok := s.tree.Lookup(role)
	switch {
	case !ok || s.tree.IsFramework(node):
		return RoleSet{Role: role, Weight: int64(drf.Unit)}
	case s.quotaAt(node) != nil:
		return s.roleSet(s.quotaAt(node))
	}
	return RoleSet{Role: role, Weight: int64(s.tree.Weight(node).Amount())}
}

// Framework is the fact that would set a framework of a role as it is now. An
// empty role is the one that its groups get when they name none.
func (s *State) Framework(framework, role string) FrameworkSet {
	role = s.resolveRole(framework, role)
	f := FrameworkSet{Framework: framework, Role: role, Weight: int64(drf.Unit)}
	if q, ok := s.queueIndex[queueKey{role, framework}]; ok {
		f.Weight = int64(s.tree.Weight(q.node).Amount())
	}
	return f
}

// RolesOf are the roles that a framework is in, by name.
func (s *State) RolesOf(framework string) []string {
	var out []string
	for _, q := range s.frameworksByName() {
		if q.name == framework {
			out = append(out, q.role)
		}
	}
	return out
}

// Guaranteeable reports whether what roles are promised would be there if one of
// them was set like this: the guarantees of the roles at the top are no more
// than what the agents hold together. Like Satisfiable it knows nothing, and
// refuses nothing, while some agent has not said what it holds.
func (s *State) Guaranteeable(f RoleSet) error {
	if !s.knowsAgents() || parentRole(f.Role) != "" {
		return nil // what is below fits in what is above
	}
	sum, err := s.knownAmounts(f.Guarantee)
	if err != nil {
		return inField("guarantee", fmt.Errorf("%w: role %q: guarantee: %w", ErrUnsatisfiable, f.Role, err))
	}
	for _, q := range s.quotas {
		if q.role != f.Role && parentRole(q.role) == "" {
			sum = sum.Add(q.guarantee)
		}
	}
	for _, g := range f.Guarantee {
		k, _ := s.kinds.Lookup(g.Name)
		if g.Amount > 0 && sum[k] > s.total[k] {
			return inField("guarantee", fmt.Errorf("%w: role %q: a guarantee of %s %s: all guarantees together would be %s, and the cluster has %s",
				ErrUnsatisfiable, f.Role, g.Amount, g.Name, sum[k], s.total[k]))
		}
	}
	return nil
}

// knownAmounts is a vector of amounts whose names must be known.
func (s *State) knownAmounts(qs []Quantity) (drf.Vector, error) {
	if i := slices.IndexFunc(qs, func(q Quantity) bool { _, ok := s.kinds.Lookup(q.Name); return !ok && q.Amount > 0 }); i >= 0 {
		return drf.Vector{}, fmt.Errorf("no agent has any %s", qs[i].Name)
	}
	var v drf.Vector
	for _, q := range qs {
		if k, ok := s.kinds.Lookup(q.Name); ok {
			v[k] += q.Amount
		}
	}
	return v, nil
}
