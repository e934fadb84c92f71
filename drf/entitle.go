package drf

import "slices"

// Claim is what one of several nodes asks for: what it holds and what it waits
// for, together.
type Claim struct {
	Demand Vector
	Weight Weight
	// Floor is what it is promised whatever its fair share is, Cap what it may
	// have at most: of a resource that is not in it nothing is promised, or there
	// is no cap.
	Floor, Cap map[Kind]Amount
}

// FairShares is what each claim is entitled to of a capacity under weighted DRF
// (NSDI 2011, section 4.1 and Algorithm 1 made continuous; the water filling of
// section 6): all weighted dominant shares, relative to the total, rise
// together; a claim stops when it has all it asks for or reaches its cap, and
// all that need a resource stop when none of it is left. Tasks are divisible
// here, and each claim gets its resources in the proportion of its demand. A
// floor is granted first; nothing else is promised if floors exceed the
// capacity.
//
// Shares are computed in whole units of 2^-32 and rounded down, so that the
// result is the same on every machine and lies below the exact one by less than
// one part in a million of the total. O(claims), times about three hundred.
func FairShares(total, capacity Vector, claims []Claim) []Vector {
	f := &filling{total: total, capacity: capacity}
	for _, c := range claims {
		f.add(c)
	}
	for f.rising() {
		f.level = f.highest()
		f.freeze()
	}
	out := make([]Vector, len(claims))
	for i := range f.claims {
		out[i] = f.claims[i].at(f.level)
	}
	return out
}

// filling is a water filling. A level is a weighted dominant share.
type filling struct {
	total, capacity Vector
	claims          []rising
	level           uint64
}

type rising struct {
	demand     Vector
	full       uint64 // the level at which it has all it asks for
	floor, cap uint64 // levels below and above which it does not go
	stopped    bool
}

const (
	levelBits = 32
	// muchMore bounds a demand by a multiple of the total, in its proportions: a
	// claim can't be given more than all there is.
	muchMore = 16
)

func (f *filling) add(c Claim) {
	r := rising{demand: c.Demand}
	share, kind := dominantShare(c.Demand, f.total)
	if whole := f.total[kind] * muchMore; share > 0 && c.Demand[kind] > whole {
		for k, d := range c.Demand {
			r.demand[k] = Amount(part(uint64(d), uint64(whole), uint64(c.Demand[kind])))
		}
		share, _ = dominantShare(r.demand, f.total)
	}
	r.full = part(share, uint64(c.Weight.den), uint64(c.Weight.num))
	r.floor, r.cap = r.within(c.Floor, 0), r.within(c.Cap, r.full)
	r.floor = min(r.floor, r.cap)
	r.stopped = r.full == 0
	f.claims = append(f.claims, r)
}

// dominantShare is a vector's dominant share of a total in units of 2^-32. What the
// total has none of does not count.
func dominantShare(v, total Vector) (share uint64, kind Kind) {
	for k, a := range v {
		if a > 0 && total[k] > 0 {
			if s := part(uint64(min(a, total[k]*muchMore*2)), 1<<levelBits, uint64(total[k])); s > share {
				share, kind = s, Kind(k)
			}
		}
	}
	return share, kind
}

// within is the highest level at which a claim stays within some amounts.
func (r *rising) within(amounts map[Kind]Amount, none uint64) uint64 {
	level, some := r.full, false
	for k, a := range amounts { // commutes: a minimum
		if d := r.demand[k]; d > 0 {
			some = true
			if a < d {
				level = min(level, part(r.full, uint64(a), uint64(d)))
			}
		}
	}
	if !some {
		return none
	}
	return level
}

// at is what a claim has at a level.
func (r *rising) at(level uint64) Vector {
	if !r.stopped {
		level = min(max(level, r.floor), r.cap)
	} else {
		level = r.cap
	}
	if level >= r.full {
		return r.demand
	}
	var v Vector
	for k, d := range r.demand {
		v[k] = Amount(part(uint64(d), level, r.full))
	}
	return v
}

func (f *filling) rising() bool {
	return slices.ContainsFunc(f.claims, func(r rising) bool { return !r.stopped })
}

// fits finds the resources of which more is used at a level than there is, as
// far as claims that still rise need them: what others were promised stays so.
func (f *filling) fits(level uint64) (exceeded [MaxKinds]bool, ok bool) {
	var used, wanted Vector
	for i := range f.claims {
		r := &f.claims[i]
		used = used.Add(r.at(level))
		if !r.stopped {
			wanted = wanted.Max(r.demand)
		}
	}
	ok = true
	for k := range used {
		if used[k] > f.capacity[k] && wanted[k] > 0 {
			exceeded[k], ok = true, false
		}
	}
	return exceeded, ok
}

// highest is the highest level that fits, or that anybody rises to.
func (f *filling) highest() uint64 {
	low, high := f.level, f.level
	for i := range f.claims {
		if !f.claims[i].stopped {
			high = max(high, f.claims[i].cap)
		}
	}
	if _, ok := f.fits(high); ok {
		return high
	}
	for high-low > 1 { // low fits, or nothing does; high does not
		mid := low + (high-low)/2
		if _, ok := f.fits(mid); ok {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// freeze stops the claims that have reached their cap at the level, and those
// that need what is used up there.
func (f *filling) freeze() {
	exceeded, ok := f.fits(f.level + 1)
	for i := range f.claims {
		r := &f.claims[i]
		done := r.stopped || r.cap <= f.level
		for k, d := range r.demand {
			done = done || !ok && exceeded[k] && d > 0
		}
		if done && !r.stopped {
			r.cap, r.stopped = min(max(f.level, r.floor), r.cap), true
		}
	}
}
