package allocator

// learnOOM gives the task of a run that ran out of memory more of it, in what starts
// from now on, if the run had as much as is given now.
func (m *model) learnOOM(r *modelRun, a *Settle) {
	g := r.group
	if r.oom == 0 || g.OnOOM == (OnOOM{}) || !a.Retry || a.Outcome != Failed || r.grown != g.grownBy() {
		return
	}
	task := r.oom - 1
	has := amountsOf(g.Tasks[task].Resources)["mem"] + g.grown[task]
	if wants := min(has*int64(g.OnOOM.Factor)/1000, int64(g.OnOOM.Max)); wants > has {
		g.grown[task] += wants - has
		g.hold = nil // which was for less
	}
}

func (g *modelGroup) grownBy() int64 {
	sum := int64(0)
	for _, more := range g.grown { // commutes: a sum
		sum += more
	}
	return sum
}
