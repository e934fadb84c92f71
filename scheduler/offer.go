package scheduler

import (
	"math"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/allocator"
	"fairlead/drf"
)

// amountOf is the border between Mesos' doubles and exact amounts. It rounds
// as Mesos does (src/common/values.cpp): to thousandths, half away from zero.
// What is no amount (negative, infinite, not a number, absurdly large) is none.
func amountOf(v float64) drf.Amount {
	milli := math.Round(v * float64(drf.Unit))
	if !(milli > 0) || milli > float64(drf.MaxAmount) {
		return 0
	}
	return drf.Amount(milli)
}

// usable reports whether tasks of ours may be given a resource that is offered
// to us. Volumes and whole disks, shared and revocable resources are for those
// who asked for them, which task groups cannot.
func usable(r *mesos.Resource) bool {
	return r.Revocable == nil && r.Shared == nil && r.Disk == nil
}

// heldOffer is what launches need of an offer.
type heldOffer struct {
	resources []mesos.Resource
	host      string // of its agent
}

// held is what of the resources of an offer, or of an agent, task groups can use.
type held struct {
	scalars []allocator.Quantity
	ports   []allocator.PortRange
	sets    []allocator.Set
}

// holdings adds up the usable scalars and sets by name, in the order of their first
// appearance, and collects the ports. Reserved or not makes no difference:
// what is offered to us is ours to use.
func holdings(rs []mesos.Resource) (h held) {
	for i := range rs {
		r := &rs[i]
		switch {
		case !usable(r):
		case r.GetType() == mesos.RANGES && r.Name == portsName:
			for _, p := range r.GetRanges().GetRange() {
				h.ports = append(h.ports, allocator.PortRange{Begin: p.Begin, End: p.End})
			}
		case r.GetType() == mesos.SCALAR && r.Name != portsName:
			k := slices.IndexFunc(h.scalars, func(q allocator.Quantity) bool { return q.Name == r.Name })
			if k < 0 {
				k, h.scalars = len(h.scalars), append(h.scalars, allocator.Quantity{Name: r.Name})
			}
			h.scalars[k].Amount += amountOf(r.GetScalar().GetValue())
		case r.GetType() == mesos.SET:
			k := slices.IndexFunc(h.sets, func(s allocator.Set) bool { return s.Name == r.Name })
			if k < 0 {
				k, h.sets = len(h.sets), append(h.sets, allocator.Set{Name: r.Name})
			}
			h.sets[k].Items = append(h.sets[k].Items, r.GetSet().GetItem()...)
		}
	}
	return h
}

const portsName = "ports"

// attributes turns an agent's attributes into text, as Mesos prints them.
func attributes(as []mesos.Attribute) []allocator.Attribute {
	var out []allocator.Attribute
	for i := range as {
		out = append(out, allocator.Attribute{Name: as[i].Name, Value: attributeText(&as[i])})
	}
	return out
}

func attributeText(a *mesos.Attribute) string {
	switch a.Type {
	case mesos.SCALAR:
		return strconv.FormatFloat(a.GetScalar().GetValue(), 'f', -1, 64)
	case mesos.RANGES:
		var parts []string
		for _, r := range a.GetRanges().GetRange() {
			parts = append(parts, strconv.FormatUint(r.Begin, 10)+"-"+strconv.FormatUint(r.End, 10))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return a.GetText().GetValue()
}
