package trace

import (
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
)

// Job is one job of a trace.
type Job struct {
	// Line is where it stands in its file.
	Line int
	// ID is what the names of its groups begin with.
	ID string
	// Framework is who it belongs to, Role "" for *.
	Framework, Role string
	// ArrivalMillis is from the beginning of the trace.
	ArrivalMillis int64
	// Groups has at least one.
	Groups []Group

	// owner is who the trace says submitted it; jobs of one owner go to one tenant.
	owner string
	// named is true if ID is unique already.
	named bool
}

// Group is a number of equal instances of a job.
type Group struct {
	Name string
	// After is the name of a group that must have finished first, or "".
	After     string
	Instances int64
	// DurationMillis is how long each instance runs, 0 if it never ends.
	DurationMillis int64
	// Gang says that the instances start all together or not at all.
	Gang bool
	// Resources are those of one instance, each more than 0.
	Resources []allocator.Quantity
	// Wants are attributes that the machine must have.
	Wants []Want
}

// Want is an attribute whose value must be one of some.
type Want struct {
	Attribute string
	Values    []string
}

func (w Want) metBy(attributes []allocator.Attribute) bool {
	return slices.ContainsFunc(attributes, func(a allocator.Attribute) bool {
		return a.Name == w.Attribute && slices.Contains(w.Values, a.Value)
	})
}

// single is a job of one group.
func (j Job) single(g Group) Job {
	g.Name = j.ID
	j.Groups = []Group{g}
	return j
}

// quantities leaves out what is not asked for.
func quantities(all ...allocator.Quantity) []allocator.Quantity {
	out := make([]allocator.Quantity, 0, len(all))
	for _, q := range all {
		if q.Amount > 0 {
			out = append(out, q)
		}
	}
	return out
}

func cpus(a drf.Amount) allocator.Quantity { return allocator.Quantity{Name: "cpus", Amount: a} }
func mem(a drf.Amount) allocator.Quantity  { return allocator.Quantity{Name: "mem", Amount: a} }
func gpus(a drf.Amount) allocator.Quantity { return allocator.Quantity{Name: "gpus", Amount: a} }
func disk(a drf.Amount) allocator.Quantity { return allocator.Quantity{Name: "disk", Amount: a} }

// split is how a parallel job is run: by as few instances as the machines allow.
type split struct {
	instances int64
	each      []allocator.Quantity
	wants     []Want
}

// rigid is a job of equal processors: one instance if a machine can hold it, else one a processor.
func (c *cluster) rigid(processors int64, each []allocator.Quantity) split {
	all := make([]allocator.Quantity, len(each))
	for i, q := range each {
		if processors > int64(drf.MaxAmount/q.Amount) {
			return split{instances: processors, each: each}
		}
		all[i] = allocator.Quantity{Name: q.Name, Amount: q.Amount * drf.Amount(processors)}
	}
	if c.holds(all) {
		return split{instances: 1, each: all}
	}
	return split{instances: processors, each: each}
}
