package drf

// role is a role and how fast what it holds grows.
type role struct {
	parent *role
	weight fixed
	below  []*role
	peers  peers // the frameworks right below it
	held   portions
	share  fixed // dominant, of what is not used up
	level  fixed // the share, weighted

	rises    bool     // something below it does
	least    fixed    // level of the children that rise
	together bool     // its frameworks are among them
	flats    bool     // they rise without a change of their level
	rate     portions // of held; the unit of time is its own until flow is known
	rise     fixed    // of the share
	speed    fixed    // of its own time in that of the role above; 0 if it waits
	flow     fixed    // of its own time

	quota
}

// fill lets everybody rise until nobody can.
func (f *filling) fill() {
	f.bar()
	f.regroup()
	for f.measure() {
		f.advance(f.untilChange())
		if f.bar() {
			f.regroup()
		}
	}
}

func (f *filling) regroup() {
	for _, r := range f.roles {
		r.peers.regroup(f.slack, f.canRise)
	}
}

// measure computes how fast everything rises, and reports whether anything does.
func (f *filling) measure() bool {
	for i := len(f.roles) - 1; i >= 0; i-- {
		f.measureRole(f.roles[i])
	}
	root := f.roles[0]
	root.flow = f.one
	for _, r := range f.roles[1:] {
		r.flow = r.speed.times(r.parent.flow)
	}
	return root.rises
}

func (f *filling) measureRole(r *role) {
	r.share, r.rise, r.rate = fixed{}, fixed{}, portions{}
	for _, k := range f.kinds {
		if !f.used[k] {
			r.share = r.share.max(r.held[k])
		}
	}
	r.level = r.share.over(r.weight)
	f.choose(r)
	for _, k := range f.kinds {
		if r.together {
			r.rate[k] = r.peers.rate[k]
		}
		for _, c := range r.below {
			r.rate[k] = r.rate[k].plus(c.rate[k].times(c.speed))
		}
		if !f.used[k] && r.held[k].plus(f.slack).compare(r.share) >= 0 {
			r.rise = r.rise.max(r.rate[k])
		}
	}
}

// choose finds the children of a role that rise, those of least level, and their
// speeds while that level, or else those whose level stays, rises by one.
func (f *filling) choose(r *role) {
	r.rises, r.together, r.flats, r.least = false, r.peers.active > 0, false, fixed{}
	if r.together {
		r.rises, r.least = true, r.peers.level
	}
	for _, c := range r.below {
		if c.rises && (!r.rises || c.level.compare(r.least) < 0) {
			r.rises, r.least = true, c.level
		}
	}
	top := r.least.plus(f.slack)
	for _, c := range r.below {
		r.flats = r.flats || c.rises && c.rise.sign() == 0 && c.level.compare(top) <= 0
	}
	r.together = r.together && !r.flats && r.peers.level.compare(top) <= 0
	for _, c := range r.below {
		c.speed = fixed{}
		switch {
		case !c.rises || c.level.compare(top) > 0:
		case !r.flats:
			c.speed = c.weight.over(c.rise)
		case c.rise.sign() == 0:
			c.speed = c.weight
		}
	}
}

// untilChange is how long it takes until the rates are others.
func (f *filling) untilChange() fixed {
	t := soonest{slack: f.slack}
	for _, r := range f.roles {
		if r.flow.sign() == 0 {
			continue
		}
		if r.together {
			t.gap(r.peers.next().minus(r.peers.level), r.flow)
		}
		if !r.flats {
			f.untilJoined(r, &t)
		}
		for _, k := range f.kinds {
			if gap := r.share.minus(r.held[k]); !f.used[k] && gap.compare(f.slack) > 0 {
				t.gap(gap, r.rate[k].minus(r.rise).times(r.flow)) // when k is dominant
			}
		}
	}
	for _, k := range f.kinds {
		if !f.used[k] {
			t.gap(f.one.minus(f.roles[0].held[k]), f.roles[0].rate[k])
		}
	}
	f.untilBarred(&t)
	return t.at
}

// untilJoined is when the children of a role that rise come to where others wait
// for them.
func (f *filling) untilJoined(r *role, t *soonest) {
	if r.peers.active > 0 && !r.together {
		t.gap(r.peers.level.minus(r.least), r.flow)
	}
	for _, c := range r.below {
		if c.rises && c.speed.sign() == 0 {
			t.gap(c.level.minus(r.least), r.flow)
		}
	}
}

// soonest is the least of some times.
type soonest struct {
	slack fixed // what is as near has come already
	at    fixed
	some  bool
}

// gap is a time after which something at a rate has gone so far.
func (t *soonest) gap(far, rate fixed) {
	if rate.sign() <= 0 || far.compare(t.slack) <= 0 {
		return
	}
	if at := far.over(rate); !t.some || at.compare(t.at) < 0 {
		t.at, t.some = at, true
	}
}

// advance lets time go by.
func (f *filling) advance(time fixed) {
	for _, r := range f.roles {
		if r.flow.sign() == 0 {
			continue
		}
		own := r.flow.times(time)
		for _, k := range f.kinds {
			r.held[k] = r.held[k].plus(r.rate[k].times(own))
		}
		if r.together {
			r.peers.level = r.peers.level.plus(own)
			r.peers.pass(f.slack)
		}
	}
}
