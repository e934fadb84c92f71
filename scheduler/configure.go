package scheduler

import (
	"encoding/json"
	"fmt"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/journal"
)

// configuration is what a scheduler was started with, as the journal remembers it.
type configuration struct {
	Roles      []allocator.RoleSet
	Frameworks []allocator.FrameworkSet
}

// metaConfiguration is the journal's key of the configuration that was booked last.
const metaConfiguration = "configuration"

// lastConfiguration is that of the scheduler's last start, empty before the first one.
func lastConfiguration(j *journal.Journal) (c configuration, err error) {
	data, ok, err := j.Meta(metaConfiguration)
	if err != nil || !ok {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("the configuration in the journal: %w", err)
	}
	return c, nil
}

func (c configuration) save(j *journal.Journal) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return j.SetMeta(metaConfiguration, data)
}

// says reports whether a role was configured just so.
func (c configuration) says(r allocator.RoleSet) bool {
	return slices.ContainsFunc(c.Roles, func(o allocator.RoleSet) bool {
		return o.Role == r.Role && o.Weight == r.Weight && sameAmounts(o.Guarantee, r.Guarantee) && sameAmounts(o.Limit, r.Limit)
	})
}

// configure books what the configuration says of roles and frameworks that it did not
// say when it was read before: what was changed since then, by whoever runs the
// scheduler, stays as it is otherwise. Roles that are in the journal and not in the
// configuration any more stay as they are, too, and may contradict it.
func (s *Scheduler) configure(b *batch) error {
	before, err := lastConfiguration(s.cfg.Journal)
	if err != nil {
		return err
	}
	v := s.state.View()
	var roles []allocator.RoleSet
	for _, r := range allocator.ParentsFirst(s.cfg.Roles) {
		if !before.says(r) && !hasRole(v, r) {
			roles = append(roles, r)
		}
	}
	if err := s.setRoles(b, roles); err != nil {
		return err
	}
	for _, f := range s.cfg.Frameworks {
		if !slices.Contains(before.Frameworks, f) && !hasFramework(v, f) {
			s.book(b, f)
		}
	}
	b.after = append(b.after, func() {
		if err := (configuration{s.cfg.Roles, s.cfg.Frameworks}).save(s.cfg.Journal); err != nil {
			b.fatal = err
		}
	})
	return nil
}

// setRoles books roles in an order in which each is accepted: a guarantee that
// grows needs that of the role above first, one that shrinks those below it.
func (s *Scheduler) setRoles(b *batch, roles []allocator.RoleSet) error {
	for len(roles) > 0 {
		var refused []allocator.RoleSet
		var why error
		for _, r := range roles {
			if err := s.fact(b, r); err != nil {
				refused, why = append(refused, r), err
			}
		}
		if len(refused) == len(roles) {
			return fmt.Errorf("the configured roles: %w", why)
		}
		roles = refused
	}
	return nil
}

func hasRole(v *allocator.View, want allocator.RoleSet) bool {
	for _, r := range v.Roles {
		if r.Role == want.Role {
			return r.Weight == drf.Amount(want.Weight) && sameAmounts(v.Quantities(r.Guarantee), want.Guarantee) && sameAmounts(r.Limit, want.Limit)
		}
	}
	return false
}

// sameAmounts compares without regard to order.
func sameAmounts(a, b []allocator.Quantity) bool {
	amounts := map[allocator.Quantity]int{}
	for _, q := range a {
		amounts[q]++
	}
	for _, q := range b {
		amounts[q]--
	}
	for _, n := range amounts {
		if n != 0 {
			return false
		}
	}
	return true
}

func hasFramework(v *allocator.View, want allocator.FrameworkSet) bool {
	for _, f := range v.Frameworks {
		if f.Framework == want.Framework && f.Role == want.Role {
			return f.Weight == drf.Amount(want.Weight)
		}
	}
	return false
}
