package taskgroup

import (
	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
)

// Quota reads the fields guarantee and limit of a role. Amounts of 0 matter in
// a limit: nothing may be held then.
func Quota(o *strictyaml.Object) (guarantee, limit []allocator.Quantity) {
	if v, ok := o.Optional("guarantee"); ok {
		guarantee = QuotaAmounts(v)
	}
	if v, ok := o.Optional("limit"); ok {
		limit = QuotaAmounts(v)
	}
	return guarantee, limit
}

// QuotaAmounts reads a guarantee or a limit. The items of a set may also be named as
// the allocator does, as on the command line, where there is no place for a mapping.
func QuotaAmounts(v strictyaml.Value) []allocator.Quantity {
	var out []allocator.Quantity
	for _, e := range v.Entries(maxKinds) {
		set, ofSet := allocator.SetOf(e.Key.Name)
		switch {
		case e.Key.Name == setsName:
			out = append(out, sets(e.Value, maxItems*maxInstances)...)
		case ofSet && resourcePattern.MatchString(set):
			n, _ := e.Int(0, maxItems*maxInstances)
			out = append(out, allocator.Quantity{Name: e.Key.Name, Amount: drf.Amount(n) * drf.Unit})
		default:
			if a, ok := amount(e); ok {
				out = append(out, allocator.Quantity{Name: e.Key.Name, Amount: a})
			}
		}
	}
	return out
}

// CheckRoles refuses roles whose quotas contradict each other; at tells where
// each of them is written.
func CheckRoles(roles []allocator.RoleSet, at map[string]strictyaml.Value) {
	s, err := allocator.New(allocator.Config{})
	if err != nil {
		return
	}
	for _, r := range allocator.ParentsFirst(roles) {
		if r.Role == "" || r.Weight <= 0 {
			continue // refused already
		}
		if _, err := s.Step(allocator.Event{Fact: r}); err != nil {
			at[r.Role].Failf("%v", err)
		}
	}
}
