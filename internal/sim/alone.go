package sim

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
)

// Alone is how a framework would have done with its part of the cluster for itself.
type Alone struct {
	// Part is its weight among its siblings, times that of its role, and so on: 1/n among n equals.
	Part            float64 `json:"part"`
	Running         int64   `json:"running"`
	Finished        int64   `json:"finished"`
	MeanWaitS       float64 `json:"mean_wait_s"`
	MeanCompletionS float64 `json:"mean_completion_s"`
	// Worse says that sharing did it harm: it finished less, or later by more than 0.1 % on average;
	// without any time, that it runs less.
	Worse bool `json:"worse"`
}

// MeasureAlone runs each framework of a result again, by itself, on its part of the cluster: of as many
// agents as its part makes, and one that has the rest. It says in the result who did worse with others,
// which is what the sharing incentive of DRF promises nobody does, up to what cannot be divided.
func MeasureAlone(ctx context.Context, s *Scenario, opts Options, r *Result) error {
	for _, c := range s.Changes {
		if c.Joins != "" || c.Leaves != "" {
			return fmt.Errorf("%w: scenario %s: its cluster changes, so that nobody has a part of it", allocator.ErrInvalid, s.Name)
		}
	}
	parts, violations := partsOf(s, r), int64(0)
	opts.Placements, opts.Samples, opts.EachGroup, opts.Progress = false, false, nil, nil
	for i := range r.Frameworks {
		f := &r.Frameworks[i]
		part := parts[leaf{f.Name, f.Role}]
		one, err := Run(ctx, s.only(f, part), opts)
		if err != nil {
			return err
		}
		f.Alone = &Alone{Part: rounded(part)}
		for _, a := range one.Frameworks {
			if a.Name == f.Name && a.Role == f.Role {
				f.Alone.compare(f, &a, r.EndS > 0)
			}
		}
		if f.Alone.Worse {
			violations++
		}
	}
	r.Violations = &violations
	return nil
}

func (a *Alone) compare(f, alone *FrameworkResult, timed bool) {
	a.Running, a.Finished = alone.Running, alone.Finished
	a.MeanWaitS, a.MeanCompletionS = alone.MeanWaitS, alone.MeanCompletionS
	a.Worse = f.Finished < alone.Finished || timed && f.MeanCompletionS > 1.001*alone.MeanCompletionS && alone.Finished > 0 ||
		!timed && f.Running < alone.Running
}

// partsOf is the part of each framework that asked for anything.
func partsOf(s *Scenario, r *Result) map[leaf]float64 {
	weights := map[string]float64{} // of roles
	for _, role := range s.Roles {
		weights[role.Name] = role.Weight.Float()
	}
	siblings := map[string]map[string]float64{} // weights by parent, then name
	add := func(parent, name string, weight float64) {
		if siblings[parent] == nil {
			siblings[parent] = map[string]float64{}
		}
		siblings[parent][name] = weight
	}
	for _, f := range r.Frameworks {
		add(f.Role, "framework "+f.Name, f.Weight)
		for role := f.Role; role != ""; role = above(role) {
			weight, ok := weights[role]
			if !ok {
				weight = 1
			}
			add(above(role), role, weight)
		}
	}
	of := func(parent, name string) float64 {
		sum := 0.0
		for _, w := range siblings[parent] { // commutes up to rounding, which is far below what is looked at
			sum += w
		}
		return siblings[parent][name] / sum
	}
	out := map[leaf]float64{}
	for _, f := range r.Frameworks {
		part := of(f.Role, "framework "+f.Name)
		for role := f.Role; role != ""; role = above(role) {
			part *= of(above(role), role)
		}
		out[leaf{f.Name, f.Role}] = part
	}
	return out
}

// above is the role above one, "" at the top.
func above(role string) string { return role[:max(0, strings.LastIndexByte(role, '/'))] }

// only is the scenario with one framework and a part of the cluster.
func (s *Scenario) only(f *FrameworkResult, part float64) *Scenario {
	out := *s
	mine := func(g *Group) bool { return g.Spec.Framework == f.Name && g.Spec.Role == f.Role }
	out.Groups, out.Changes = nil, nil
	out.Roles = nil // what others are promised, or it is limited to, counts no more
	for i := range s.Groups {
		if mine(&s.Groups[i]) {
			out.Groups = append(out.Groups, s.Groups[i])
		}
	}
	for _, c := range s.Changes {
		if c.Kill != nil && c.Kill.Framework == f.Name {
			out.Changes = append(out.Changes, c)
		}
	}
	if s.Arrivals != nil {
		out.Arrivals = func() iter.Seq2[Group, error] { return onlyOf(s.Arrivals(), mine) }
	}
	out.Agents = someOf(s.Agents, part)
	return &out
}

func onlyOf(all iter.Seq2[Group, error], mine func(*Group) bool) iter.Seq2[Group, error] {
	return func(yield func(Group, error) bool) {
		for g, err := range all {
			if (err != nil || mine(&g)) && !yield(g, err) {
				return
			}
		}
	}
}

// someOf is a part of the agents of each kind, whole ones first.
func someOf(agents []Agent, part float64) []Agent {
	kinds := map[string][]Agent{}
	var order []string
	for _, a := range agents {
		name := a.Name
		a.Name = ""
		kind := fmt.Sprint(a)
		a.Name = name
		if kinds[kind] == nil {
			order = append(order, kind)
		}
		kinds[kind] = append(kinds[kind], a)
	}
	var out []Agent
	for _, kind := range order {
		all := kinds[kind]
		have := part * float64(len(all))
		whole := int(math.Floor(have + 1e-9))
		out = append(out, all[:whole]...)
		if rest := have - float64(whole); rest > 1e-6 {
			out = append(out, all[whole].cut(rest))
		}
	}
	return out
}

// cut is a part of one agent. Ports, GPUs, slots and items of sets are whole.
func (a Agent) cut(part float64) Agent {
	resources := make([]allocator.Quantity, 0, len(a.Resources))
	for _, q := range a.Resources {
		q.Amount = drf.Amount(float64(q.Amount)*part + 1e-6)
		if _, set := allocator.SetOf(q.Name); set || q.Name == "gpus" {
			q.Amount -= q.Amount % drf.Unit
		}
		resources = append(resources, q)
	}
	a.Resources, a.Ports, a.part = resources, uint32(float64(a.Ports)*part), int64(part*1000+1e-6)
	return a
}
