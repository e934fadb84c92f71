package scheduler

import (
	"math"
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

// quantities adds up the usable scalars by name, in the order of their first
// appearance, and collects the ports. Reserved or not makes no difference:
// what is offered to us is ours to use.
func quantities(rs []mesos.Resource) (qs []allocator.Quantity, ports []allocator.PortRange) {
	at := map[string]int{}
	for i := range rs {
		r := &rs[i]
		switch {
		case !usable(r):
		case r.GetType() == mesos.RANGES && r.Name == portsName:
			for _, p := range r.GetRanges().GetRange() {
				ports = append(ports, allocator.PortRange{Begin: p.Begin, End: p.End})
			}
		case r.GetType() == mesos.SCALAR && r.Name != portsName:
			k, ok := at[r.Name]
			if !ok {
				k = len(qs)
				at[r.Name] = k
				qs = append(qs, allocator.Quantity{Name: r.Name})
			}
			qs[k].Amount += amountOf(r.GetScalar().GetValue())
		}
	}
	return qs, ports
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
