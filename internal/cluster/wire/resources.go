package wire

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Resources is a collection in which each identity has at most one entry and
// no entry is empty. Entries are in the post-refinement form. Methods do not
// change the receiver or what its entries point to.
type Resources []mesos.Resource

// NewResources upgrades and adds up resources.
func NewResources(rs ...mesos.Resource) Resources { return Resources(nil).Plus(rs...) }

// Plus adds resources; new identities come last, in the order given.
func (a Resources) Plus(rs ...mesos.Resource) Resources {
	sum := slices.Clone(a)
	for _, r := range rs {
		r = Upgrade(r)
		if isEmpty(r) {
			continue
		}
		if i := sum.find(Identity(r)); i >= 0 && r.Disk.GetPersistence() == nil {
			sum[i] = add(sum[i], r)
		} else if i < 0 {
			sum = append(sum, normal(r))
		}
	}
	return sum
}

// normal sorts and merges ranges.
func normal(r mesos.Resource) mesos.Resource {
	if kindOf(r) == mesos.RANGES {
		r.Ranges = &mesos.Value_Ranges{Range: rangesOf(r)}
	}
	return r
}

// Minus takes away what of rs there is.
func (a Resources) Minus(rs ...mesos.Resource) Resources {
	rest := slices.Clone(a)
	for _, r := range rs {
		r = Upgrade(r)
		i := rest.find(Identity(r))
		if i < 0 {
			continue
		}
		if rest[i] = subtract(rest[i], r); isEmpty(rest[i]) {
			rest = slices.Delete(rest, i, i+1)
		}
	}
	return rest
}

// Contains reports whether a holds all of rs at once. Entries of different
// identity never stand in for one another: reserved and unreserved cpus are
// two things.
func (a Resources) Contains(rs ...mesos.Resource) bool {
	rest := a
	for _, r := range rs {
		r = Upgrade(r)
		if isEmpty(r) {
			continue
		}
		i := rest.find(Identity(r))
		if i < 0 || !isEmpty(subtract(r, rest[i])) {
			return false
		}
		rest = rest.Minus(r)
	}
	return true
}

func (a Resources) find(identity string) int {
	return slices.IndexFunc(a, func(r mesos.Resource) bool { return Identity(r) == identity })
}

// Filter returns the entries that keep accepts.
func (a Resources) Filter(keep func(mesos.Resource) bool) Resources {
	var kept Resources
	for _, r := range a {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// Allocate marks every entry as offered to or used by a role.
func (a Resources) Allocate(role string) Resources {
	out := slices.Clone(a)
	for i := range out {
		out[i].AllocationInfo = &mesos.Resource_AllocationInfo{Role: &role}
	}
	return out
}

// Unallocate removes the marks of Allocate, adding up what they kept apart.
func (a Resources) Unallocate() Resources {
	bare := slices.Clone(a)
	for i := range bare {
		bare[i].AllocationInfo = nil
	}
	return NewResources(bare...)
}

// Sum is the amount of a scalar in thousandths over all entries of the name;
// given is false if there is no such entry.
func (a Resources) Sum(name string) (thousandths int64, given bool) {
	for _, r := range a {
		if r.Name == name && kindOf(r) == mesos.SCALAR {
			thousandths += Fixed(r.Scalar.GetValue())
			given = true
		}
	}
	return thousandths, given
}

// PortCount is how many integers the entries named ports hold.
func (a Resources) PortCount() uint64 {
	var count uint64
	for _, r := range a {
		if r.Name == "ports" {
			for _, interval := range rangesOf(r) {
				count += interval.End - interval.Begin + 1
			}
		}
	}
	return count
}

// Overlaps reports whether ranges or sets of one name share an element. Such
// resources cannot be added without losing one claim.
func (a Resources) Overlaps(b Resources) bool {
	for _, r := range a {
		for _, s := range b {
			if r.Name == s.Name && kindOf(r) == kindOf(s) && overlap(r, s) {
				return true
			}
		}
	}
	return false
}

func overlap(r, s mesos.Resource) bool {
	switch kindOf(r) {
	case mesos.RANGES:
		return rangesOf(r).Overlaps(rangesOf(s))
	case mesos.SET:
		return slices.ContainsFunc(r.Set.GetItem(), func(item string) bool {
			return slices.Contains(s.Set.GetItem(), item)
		})
	}
	return false
}
