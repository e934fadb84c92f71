package allocator

import (
	"fmt"

	"fairlead/drf"
)

// OnOOM is how a group goes on after one of its tasks ran out of memory: that task
// is given Factor times as much, in all runs that start from then on, up to Max.
// The zero value changes nothing.
type OnOOM struct {
	Factor drf.Amount // in thousandths, more than 1
	Max    drf.Amount // of memory
}

func (o OnOOM) validate() error {
	if o == (OnOOM{}) {
		return nil
	}
	if o.Factor <= drf.Unit || o.Factor > 100*drf.Unit || o.Max <= 0 || o.Max > maxAmount {
		return fmt.Errorf("%w: on_oom: mem x%s up to %s: expected more than 1 and at most 100, and an amount", ErrInvalid, o.Factor, o.Max)
	}
	return nil
}

// noteOOM remembers that a task of a run ran out of memory: the first one counts.
func (r *run) noteOOM(f *TaskUpdated) {
	if f.OutOfMemory && r.oom == 0 && f.State == TaskFailed {
		r.own().oom = f.Task + 1
	}
}

// growMemory gives the task of a run that ran out of memory more of it from now
// on, if the run had as much as the task is given now: what started with less
// tells nothing new. It must come before the instance is in line again.
func (s *State) growMemory(r *run) {
	g := r.group
	if r.oom == 0 || g.spec.OnOOM == (OnOOM{}) || r.grown != g.grownBy() {
		return
	}
	task := int(r.oom - 1)
	has := g.tasks[task][drf.Mem]
	if g.grown != nil {
		has += g.grown[task]
	}
	wants := min(drf.Amount(int64(has)*int64(g.spec.OnOOM.Factor)/int64(drf.Unit)), g.spec.OnOOM.Max)
	if wants <= has {
		return
	}
	grown := make([]drf.Amount, len(g.tasks))
	copy(grown, g.grown)
	grown[task] += wants - has
	inLine := g.at >= 0
	since := g.since
	s.withdraw(g)
	s.setGrown(g, grown)
	if inLine {
		s.compete(g)
		g.since = since
	}
}

// setGrown lets a group ask for more memory than its template says. What its tasks
// give back when they end stays what that says; the rest is overhead of the run.
func (s *State) setGrown(g *group, grown []drf.Amount) {
	own := g.spec.template.needs
	for _, more := range grown {
		own.demand[drf.Mem] += more
		own.hosted[drf.Mem] += more
	}
	g.grown, g.needs = grown, &own
}

// grownBy is how much more memory an instance is given than its group was
// submitted with.
func (g *group) grownBy() drf.Amount {
	sum := drf.Amount(0)
	for _, more := range g.grown {
		sum += more
	}
	return sum
}

// Grown is how much more memory each task of a group is given now than it was
// submitted with, because it ran out of it; nil if none is.
func (s *State) Grown(framework, name string) []drf.Amount {
	if g, ok := s.groups[groupKey{framework, name}]; ok {
		return g.grown
	}
	return nil
}
