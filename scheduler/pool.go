package scheduler

import (
	"fmt"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/drf"
)

// pool is what accepted offers hold, to be dealt out to executors and tasks.
// Mesos keeps resources of one name apart if they differ in reservation, so a
// task that needs both kinds must list both: reserved ones are dealt first.
type pool struct{ entries []mesos.Resource }

func newPool(offers ...[]mesos.Resource) *pool {
	p := &pool{}
	for _, rs := range offers {
		for i := range rs {
			if usable(&rs[i]) {
				p.entries = append(p.entries, rs[i])
			}
		}
	}
	slices.SortStableFunc(p.entries, func(a, b mesos.Resource) int { return reservedFirst(&a) - reservedFirst(&b) })
	return p
}

func reservedFirst(r *mesos.Resource) int {
	if len(r.Reservations) > 0 || r.Role != nil && *r.Role != "*" {
		return 0
	}
	return 1
}

// scalar deals an amount of a resource, from as many entries as it takes.
func (p *pool) scalar(name string, want drf.Amount) ([]mesos.Resource, error) {
	var out []mesos.Resource
	for i := range p.entries {
		e := &p.entries[i]
		if want == 0 {
			break
		}
		if e.Name != name || e.GetType() != mesos.SCALAR {
			continue
		}
		have := amountOf(e.GetScalar().GetValue())
		n := min(have, want)
		if n == 0 {
			continue
		}
		part := *e
		part.Scalar = &mesos.Value_Scalar{Value: n.Float()}
		out = append(out, part)
		e.Scalar = &mesos.Value_Scalar{Value: (have - n).Float()}
		want -= n
	}
	if want > 0 {
		return nil, fmt.Errorf("the offers lack %s of %s", want, name)
	}
	return out, nil
}

// items deals the given items of a set, in as few entries as possible.
func (p *pool) items(set string, want []string) ([]mesos.Resource, error) {
	out, left := distinct(p, want,
		func(e *mesos.Resource, item string) bool {
			return e.Name == set && e.GetType() == mesos.SET && slices.Contains(e.GetSet().GetItem(), item)
		},
		func(e *mesos.Resource, got []string) { e.Set = &mesos.Value_Set{Item: got} })
	if len(left) > 0 {
		return nil, fmt.Errorf("the offers lack the items %q of %s", left, set)
	}
	return out, nil
}

// ports deals the given port numbers, in as few entries as possible.
func (p *pool) ports(want []uint64) ([]mesos.Resource, error) {
	out, left := distinct(p, want,
		func(e *mesos.Resource, port uint64) bool {
			return e.Name == portsName && e.GetType() == mesos.RANGES &&
				slices.ContainsFunc(e.GetRanges().GetRange(), func(r mesos.Value_Range) bool { return r.Begin <= port && port <= r.End })
		},
		func(e *mesos.Resource, got []uint64) {
			var ranges mesos.Ranges
			for _, port := range got {
				ranges = append(ranges, mesos.Value_Range{Begin: port, End: port})
			}
			e.Ranges = &mesos.Value_Ranges{Range: ranges.Sort().Squash()}
		})
	if len(left) > 0 {
		return nil, fmt.Errorf("the offers lack the ports %v", left)
	}
	return out, nil
}

// distinct deals things that are told apart, each from the first entry that has it;
// give makes an entry one of those alone. left is what no entry has.
func distinct[T any](p *pool, want []T, has func(*mesos.Resource, T) bool, give func(*mesos.Resource, []T)) (out []mesos.Resource, left []T) {
	left = slices.Clone(want)
	for _, e := range p.entries {
		var got []T
		left = slices.DeleteFunc(left, func(thing T) bool {
			if !has(&e, thing) {
				return false
			}
			got = append(got, thing)
			return true
		})
		if len(got) > 0 {
			give(&e, got)
			out = append(out, e)
		}
	}
	return out, left
}
