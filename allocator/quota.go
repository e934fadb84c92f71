package allocator

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/drf"
)

// quota is what a role is promised and how much it may hold at most, in the
// words of Mesos. It counts what the role and everything below it holds, the
// executors included.
type quota struct {
	role      string
	node      drf.Node
	guarantee drf.Vector
	limit     drf.Vector // unlimited where nothing was said
	above     []*quota   // of the roles above, the nearest first
	owed      drf.Vector // what the quotas right below it lack; see unmet
}

// unlimited is a limit that nothing reaches.
const unlimited = drf.Amount(1) << 62

// applyQuota sets or removes the quota of a role.
func (s *State) applyQuota(f RoleSet, node drf.Node) error {
	if len(f.Guarantee) == 0 && len(f.Limit) == 0 {
		s.quotas = slices.DeleteFunc(s.quotas, func(q *quota) bool { return q.node == node })
	} else {
		fresh, err := s.newQuota(f)
		if err != nil {
			return err
		}
		fresh.node = node
		if k := slices.IndexFunc(s.quotas, func(q *quota) bool { return q.node == node }); k >= 0 {
			s.quotas[k] = fresh
		} else {
			s.quotas = append(s.quotas, fresh)
		}
	}
	slices.SortFunc(s.quotas, func(a, b *quota) int { return cmp.Compare(a.role, b.role) })
	for _, q := range s.quotas {
		q.above = s.quotasAbove(s.tree.Parent(q.node))
	}
	for _, q := range s.queues {
		if q != nil {
			q.quotas = s.quotasAbove(s.tree.Parent(q.node))
		}
	}
	return nil
}

// ParentsFirst sorts roles so that each comes after those above it, which is the
// order in which quotas can be set.
func ParentsFirst(roles []RoleSet) []RoleSet {
	sorted := slices.Clone(roles)
	slices.SortStableFunc(sorted, func(a, b RoleSet) int { return cmp.Compare(a.Role, b.Role) })
	return sorted
}

// quotasAbove lists the quotas of a role and of those above it.
func (s *State) quotasAbove(role drf.Node) []*quota {
	var out []*quota
	for ; role != drf.Root; role = s.tree.Parent(role) {
		for _, q := range s.quotas {
			if q.node == role {
				out = append(out, q)
			}
		}
	}
	return out
}

func (s *State) newQuota(f RoleSet) (*quota, error) {
	q := &quota{role: f.Role}
	var err error
	if q.guarantee, err = s.vector(f.Guarantee); err != nil {
		return nil, err
	}
	for k := range q.limit {
		q.limit[k] = unlimited
	}
	for _, l := range f.Limit {
		k, err := s.kinds.Intern(l.Name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		q.limit[k] = l.Amount
	}
	return q, nil
}

// admitQuota refuses a quota that contradicts itself or its neighbours in the
// tree, as a Mesos master does (src/master/quota_handler.cpp): a limit is no
// less than the guarantee and no more than the limit of the role above, and the
// guarantees of a role's children fit in its own.
func (s *State) admitQuota(f RoleSet) error {
	if err := validQuantities(f.Guarantee); err != nil {
		return inField("guarantee", fmt.Errorf("role %q: guarantee: %w", f.Role, err))
	}
	if err := validQuantities(f.Limit); err != nil {
		return inField("limit", fmt.Errorf("role %q: limit: %w", f.Role, err))
	}
	if err := s.admitKinds(slices.Concat(f.Guarantee, f.Limit)); err != nil {
		return fmt.Errorf("role %q: %w", f.Role, err)
	}
	for _, l := range f.Limit {
		if g := amountIn(f.Guarantee, l.Name); l.Amount < g {
			return inField("limit", fmt.Errorf("%w: role %q: limit of %s %s is below the guarantee of %s", ErrInvalid, f.Role, l.Amount, l.Name, g))
		}
	}
	all := map[string]RoleSet{f.Role: f}
	for _, q := range s.quotas {
		if q.role != f.Role {
			all[q.role] = s.roleSet(q)
		}
	}
	return admitNested(all, f.Role)
}

// admitNested checks a role against those above and below it.
func admitNested(all map[string]RoleSet, role string) error {
	var names []string
	for name := range all { // commutes: sorted below
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for above := parentRole(name); above != ""; above = parentRole(above) {
			for _, l := range all[name].Limit {
				if most, ok := findQuantity(all[above].Limit, l.Name); ok && l.Amount > most {
					return inField("limit", fmt.Errorf("%w: role %q: limit of %s %s is above the %s of role %q", ErrInvalid, name, l.Amount, l.Name, most, above))
				}
			}
		}
	}
	if err := admitBelow(all, role); err != nil || parentRole(role) == "" {
		return err
	}
	return admitBelow(all, parentRole(role))
}

// admitBelow checks the children of a role against it.
func admitBelow(all map[string]RoleSet, role string) error {
	sums := map[string]drf.Amount{}
	var names []string
	for child, f := range all { // commutes: sums, and names are sorted below
		if parentRole(child) != role {
			continue
		}
		for _, g := range f.Guarantee {
			if _, ok := sums[g.Name]; !ok {
				names = append(names, g.Name)
			}
			sums[g.Name] += g.Amount
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if own := amountIn(all[role].Guarantee, name); sums[name] > own {
			return inField("guarantee", fmt.Errorf("%w: role %q guarantees %s %s, and the roles below it %s together", ErrInvalid, role, own, name, sums[name]))
		}
	}
	return nil
}

// parentRole is the role above, "" for one at the top.
func parentRole(role string) string {
	for k := len(role) - 1; k >= 0; k-- {
		if role[k] == '/' {
			return role[:k]
		}
	}
	return ""
}

func amountIn(qs []Quantity, name string) drf.Amount {
	a, _ := findQuantity(qs, name)
	return a
}

func findQuantity(qs []Quantity, name string) (drf.Amount, bool) {
	for _, q := range qs {
		if q.Name == name {
			return q.Amount, true
		}
	}
	return 0, false
}

// roleSet is the fact that would set a quota again.
func (s *State) roleSet(q *quota) RoleSet {
	return RoleSet{q.role, int64(s.tree.Weight(q.node).Amount()), s.quantities(q.guarantee), s.limited(q.limit)}
}

// limited lists the limits that there are.
func (s *State) limited(limit drf.Vector) []Quantity {
	var out []Quantity
	for k := range s.kinds.Len() {
		if limit[k] != unlimited {
			out = append(out, Quantity{s.kinds.Name(drf.Kind(k)), limit[k]})
		}
	}
	return out
}

// admitKinds refuses names of resources for which there is no room.
func (s *State) admitKinds(qs []Quantity) error {
	fresh := map[string]bool{}
	for _, q := range qs {
		if _, ok := s.kinds.Lookup(q.Name); !ok {
			fresh[q.Name] = true
		}
		if s.kinds.Len()+len(fresh) > drf.MaxKinds {
			return fmt.Errorf("%w: resource %q: a cluster can use at most %d resource names", ErrInvalid, q.Name, drf.MaxKinds)
		}
	}
	return nil
}
