package master

import (
	"math"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// filterKey: a refusal concerns one role and one agent.
type filterKey struct{ role, agent string }

// filter suppresses an offer of refused resources, or of a subset of them,
// until it expires; more resources on the same agent break through.
type filter struct {
	refused wire.Resources // unallocated
	expires time.Time
}

const (
	defaultRefusal = 5 * time.Second
	longestRefusal = 365 * 24 * time.Hour
)

// refusal is how long a call's filters last: absent, negative or senseless
// values mean 5 s, 0 means no filter, more than a year a year.
func refusal(filters *mesos.Filters) time.Duration {
	if filters == nil || filters.RefuseSeconds == nil {
		return defaultRefusal
	}
	seconds := *filters.RefuseSeconds
	if math.IsInf(seconds, 1) || seconds > longestRefusal.Seconds() {
		return longestRefusal
	}
	d, ok := wire.Seconds(seconds)
	if !ok || d < 0 {
		return defaultRefusal
	}
	return d
}

// refuse sets a filter for resources a framework did not take.
func (f *framework) refuse(role string, a *agent, rs wire.Resources, lasts time.Duration) {
	if lasts == 0 || len(rs) == 0 {
		return
	}
	key := filterKey{role, a.id}
	f.filters[key] = append(f.filters[key], filter{rs.Unallocate(), time.Now().Add(lasts)})
}

// refuses reports whether an offer would be one the framework refused, and
// forgets what has expired.
func (f *framework) refuses(role string, a *agent, rs wire.Resources, now time.Time) bool {
	key := filterKey{role, a.id}
	refused := false
	var live []filter
	for _, filter := range f.filters[key] {
		if !filter.expires.After(now) {
			continue
		}
		live = append(live, filter)
		refused = refused || filter.refused.Contains(rs...)
	}
	if len(live) == 0 {
		delete(f.filters, key)
	} else {
		f.filters[key] = live
	}
	return refused
}

// revive drops the filters of a role.
func (f *framework) revive(role string) {
	for key := range f.filters {
		if key.role == role {
			delete(f.filters, key)
		}
	}
}
