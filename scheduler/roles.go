package scheduler

import (
	"context"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
)

// RoleChange is what is to change of a role; nil leaves as it is.
type RoleChange struct {
	Role             string
	Weight           *drf.Amount
	Guarantee, Limit *[]allocator.Quantity
	// AllowUnsatisfiable accepts guarantees that the cluster can't keep.
	AllowUnsatisfiable bool
}

// FrameworkChange is what is to change of a framework. An empty role stands for
// every role that it is in.
type FrameworkChange struct {
	Framework, Role string
	Weight          *drf.Amount
}

// SetRole changes the weight and the quota of a role, from the next decision on.
// It returns once that is durable. Errors wrap allocator.ErrInvalid or, unless
// that is allowed, allocator.ErrUnsatisfiable; nothing is changed then.
func (s *Scheduler) SetRole(ctx context.Context, c RoleChange) error {
	return s.ask(ctx, func(b *batch) error {
		before := s.state.Role(c.Role)
		after := before
		if c.Weight != nil {
			after.Weight = int64(*c.Weight)
		}
		if c.Guarantee != nil {
			after.Guarantee = *c.Guarantee
		}
		if c.Limit != nil {
			after.Limit = *c.Limit
		}
		if c.Guarantee != nil && !c.AllowUnsatisfiable {
			if err := s.state.Guaranteeable(after); err != nil {
				return err
			}
		}
		if err := s.fact(b, after); err != nil {
			return err
		}
		b.event(Event{Type: "role.set", Message: c.Role})
		return nil
	})
}

// SetFramework changes the weight of a framework in a role, which becomes that of
// its groups that name none; without a role, in every role that it is in. Groups
// that were submitted stay where they are. It returns the role of groups that name
// none.
func (s *Scheduler) SetFramework(ctx context.Context, c FrameworkChange) (role string, err error) {
	err = s.ask(ctx, func(b *batch) error {
		role = s.state.Framework(c.Framework, c.Role).Role
		roles := []string{role} // the last one is that of groups that name none
		if c.Role == "" {
			roles = append(slices.DeleteFunc(s.state.RolesOf(c.Framework), func(r string) bool { return r == role }), role)
		}
		for _, r := range roles {
			f := s.state.Framework(c.Framework, r)
			if c.Weight != nil {
				f.Weight = int64(*c.Weight)
			}
			if err := s.fact(b, f); err != nil {
				return err
			}
			b.event(Event{Type: "framework.set", Framework: c.Framework, Message: "in role " + f.Role})
		}
		return nil
	})
	return role, err
}
