package drf

// quota is what a role is promised and limited to, and what follows from it for
// the frameworks below.
type quota struct {
	limited          bool
	guarantee, limit portions
	owedBelow        portions // what the roles below it are promised and lack
	owed             portions // what it and they do
	falls            portions // the rate at which owed does
	bars
}

// bars are the resources that decide who below a role can rise.
type bars struct {
	closed [MaxKinds]bool // a limit is reached, here or above
	spent  [MaxKinds]bool // it has all that it was promised
	// keeps are those of which it lacks more than the roles below it do: whoever
	// below it takes some takes of what is kept for it. That holds here or above
	// for those covered.
	keeps, covered [MaxKinds]bool
	shut           [MaxKinds]bool // who needs one does not rise
}

// bar finds what holds frameworks back now, and reports whether it is anything
// else than before.
func (f *filling) bar() bool {
	root, before := f.roles[0], f.used
	for _, k := range f.kinds {
		f.used[k] = f.used[k] || f.reached(root.held[k], f.one)
	}
	changed := f.used != before
	f.owe()
	for i, r := range f.roles {
		var b bars
		for _, k := range f.kinds {
			b.spent[k] = f.reached(r.held[k], r.guarantee[k])
			b.keeps[k] = !f.reached(r.held[k].plus(r.owedBelow[k]), r.guarantee[k])
			b.closed[k] = r.limited && f.reached(r.held[k], r.limit[k])
			b.covered[k] = b.keeps[k]
			if i > 0 {
				b.closed[k] = b.closed[k] || r.parent.closed[k]
				b.covered[k] = b.covered[k] || r.parent.covered[k]
			}
			tight := !f.promising && !b.covered[k] && f.reached(root.held[k].plus(root.owed[k]), f.one)
			b.shut[k] = b.closed[k] || tight
		}
		changed = changed || b != r.bars
		r.bars = b
	}
	return changed
}

func (f *filling) reached(held, most fixed) bool { return held.plus(f.slack).compare(most) >= 0 }

// owe computes what is promised and lacking: of a role and those below it the
// larger of its own and the sum of theirs.
func (f *filling) owe() {
	if !f.promises {
		return
	}
	for _, r := range f.roles {
		r.owedBelow = portions{}
	}
	for i := len(f.roles) - 1; i >= 0; i-- {
		r := f.roles[i]
		for _, k := range f.kinds {
			r.owed[k] = r.owedBelow[k].max(r.guarantee[k].minus(r.held[k]))
			if i > 0 {
				r.parent.owedBelow[k] = r.parent.owedBelow[k].plus(r.owed[k])
			}
		}
	}
}

// canRise reports whether there is more for a framework, or while promises are
// kept, whether more is promised to it.
func (f *filling) canRise(l *leaf) bool {
	for k, d := range l.demand {
		if d > 0 && (f.used[k] || l.role.shut[k]) {
			return false
		}
	}
	if !f.promising {
		return true
	}
	for at := l.role; at != nil; at = at.parent {
		if f.promised(at, l.demand) {
			return true
		}
	}
	return false
}

// promised reports whether a role lacks what it was promised of something in a
// demand, and of nothing in it has all.
func (f *filling) promised(r *role, demand Vector) bool {
	some := false
	for _, k := range f.kinds {
		if demand[k] == 0 || r.guarantee[k].sign() == 0 {
			continue
		}
		if r.spent[k] {
			return false
		}
		some = true
	}
	return some
}

// untilBarred is when a limit is reached, a promise is kept, or what is left
// over by promises is used up.
func (f *filling) untilBarred(t *soonest) {
	for i, r := range f.roles {
		if r.flow.sign() == 0 || i == 0 {
			continue
		}
		for _, k := range f.kinds {
			if r.limited && !r.closed[k] {
				t.gap(r.limit[k].minus(r.held[k]), r.rate[k].times(r.flow))
			}
			if !r.spent[k] {
				t.gap(r.guarantee[k].minus(r.held[k]), r.rate[k].times(r.flow))
			}
		}
	}
	if !f.promises || f.promising {
		return
	}
	f.measureOwed(t)
	root := f.roles[0]
	for _, k := range f.kinds {
		if !f.used[k] {
			t.gap(f.one.minus(root.held[k]).minus(root.owed[k]), root.rate[k].minus(root.falls[k]))
		}
	}
}

// measureOwed computes how fast what is owed goes down, and when a role lacks no
// more than those below it do.
func (f *filling) measureOwed(t *soonest) {
	for _, r := range f.roles {
		r.falls = portions{}
	}
	for i := len(f.roles) - 1; i > 0; i-- {
		r := f.roles[i]
		for _, k := range f.kinds {
			if r.keeps[k] {
				rate := r.rate[k].times(r.flow)
				t.gap(r.guarantee[k].minus(r.held[k]).minus(r.owedBelow[k]), rate.minus(r.falls[k]))
				r.falls[k] = rate
			}
			r.parent.falls[k] = r.parent.falls[k].plus(r.falls[k])
		}
	}
}
