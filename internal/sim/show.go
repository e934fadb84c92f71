package sim

import (
	"slices"
	"strconv"

	"fairlead/drf"
)

// capacity books what the cluster has from now on.
func (st *stats) capacity(total drf.Vector) {
	for k := range total {
		if total[k] > 0 && !slices.Contains(st.kinds, drf.Kind(k)) {
			st.kinds = append(st.kinds, drf.Kind(k))
		}
	}
	st.total, st.moved = total, 1<<drf.MaxKinds-1
	for _, l := range st.leaves {
		st.touch(l)
		l.moved = true
	}
}

// touch notes that a framework is to be shown as it is now, once time goes on.
func (st *stats) touch(l *leafStats) {
	if !l.moved && !l.lined {
		st.changed = append(st.changed, l)
	}
}

// charged books that a framework holds more of some resources, or less.
func (st *stats) charged(l *leafStats, by *drf.Vector) {
	for _, k := range st.kinds {
		if by[k] > 0 {
			st.moved |= 1 << k
		}
	}
	st.touch(l)
	l.moved = true
}

// wants books that more instances are in line, or less.
func (st *stats) wants(l *leafStats, more int64) {
	st.waiting += more
	l.waiting += more
	st.touch(l)
	l.lined = true
}

// show brings what is known of the present time up to date.
func (st *stats) show() {
	for _, l := range st.changed {
		if l.lined {
			l.line.set(st.now, float64(l.waiting))
		}
		if l.moved {
			st.hold(l)
		}
		l.moved, l.lined = false, false
	}
	st.changed = st.changed[:0]
	if st.moved == 0 {
		return
	}
	st.fullest = 0
	for _, k := range st.kinds {
		if st.moved>>k&1 == 1 {
			st.inUse[k].set(st.now, ratio(float64(st.used[k]), float64(st.total[k])))
		}
		st.fullest = max(st.fullest, st.inUse[k].value)
	}
	st.moved = 0
}

// hold books the share that a framework holds from now on.
func (st *stats) hold(l *leafStats) {
	l.shareMillis += float64(l.share.value * float64(st.now-l.heldSince))
	l.heldSince = st.now
	l.share.set(st.now, dominance(&l.held, &st.total))
}

// pass books that nothing more happens before then.
func (st *stats) pass(then int64) {
	st.show()
	for _, k := range st.kinds {
		// The conversion forbids fusing the two operations, whose rounding differs by machine.
		st.usedMillis[k] += float64(float64(st.used[k]) * float64(then-st.now))
		st.totalMillis[k] += float64(float64(st.total[k]) * float64(then-st.now))
	}
	if st.waiting > 0 && then > st.now {
		st.idleMillis += float64((1 - st.fullest) * float64(then-st.now))
		st.waitingMillis += float64(then - st.now)
	}
	st.timeline.pass(then)
	st.now = then
	st.clock = strconv.AppendInt(st.clock[:0], then, 10)
}

// dominance is the dominant share of a vector, not weighted.
func dominance(held, total *drf.Vector) float64 {
	most := 0.0
	for k, a := range held {
		if a > 0 && total[k] > 0 {
			most = max(most, float64(a)/float64(total[k]))
		}
	}
	return most
}
