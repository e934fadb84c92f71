package allocator

import (
	"fmt"
	"slices"
	"strings"

	"fairlead/drf"
)

// roomsFor counts the instances of a group for which there is room now, each
// agent on its own: constraints may allow fewer.
func (s *State) roomsFor(g *group) int64 {
	var sum int64
	for i := range s.agents {
		a := &s.agents[i]
		if a.seq == 0 || a.lost || !g.allowedOn(a) {
			continue
		}
		sum += timesIn(g.hosted, s.roomFor(g, a), int64(g.spec.Instances))
	}
	return sum
}

// timesIn is how often a demand fits into what is left, at most a number.
func timesIn(demand, left drf.Vector, most int64) int64 {
	for k, need := range demand {
		if need > 0 {
			most = min(most, int64(left[k]/need))
		}
	}
	return most
}

// explainHolds says what is kept for a group, and what is kept from it.
func (s *State) explainHolds(g *group, e *Explanation) {
	if g.hold != nil {
		e.because(ReasonHeld, "room is kept for it for %s, what comes free there too: %s", s.still(g.hold.until), s.holdText(g.hold))
		return
	}
	for _, h := range s.holds {
		if slices.ContainsFunc(h.on, func(on heldOn) bool { return s.wouldFit(g, &s.agents[on.agent]) }) {
			e.because(ReasonHeld, "it would fit where room is kept for %s/%s for %s: %s",
				h.group.spec.Framework, h.group.spec.Name, s.still(h.until), s.holdText(h))
		}
	}
}

// wouldFit reports whether a group would fit on an agent if nothing was kept
// there for another one.
func (s *State) wouldFit(g *group, a *agent) bool {
	return g.allowedOn(a) && g.hosted.FitsIn(s.room(a)) && !g.hosted.FitsIn(s.roomFor(g, a))
}

// holdText says of each agent of a hold how much of it is free yet.
func (s *State) holdText(h *hold) string {
	var parts []string
	for _, on := range h.on {
		a := &s.agents[on.agent]
		left := s.room(a)
		for k := range left {
			left[k] = min(left[k], a.wanted[k])
		}
		parts = append(parts, fmt.Sprintf("%s has %s of %s", a.id, s.kinds.Format(left), s.kinds.Format(a.wanted)))
	}
	const most = 5
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	return strings.Join(parts, ", ")
}

// still is how long it is until a time.
func (s *State) still(until int64) string {
	return fmt.Sprintf("%.1f s more", float64(max(until-s.now, 0))/1000)
}

// explainPreemption says what would be ended to make room for a group, also
// while preemption is off.
func (s *State) explainPreemption(g *group, e *Explanation) {
	if !s.policy.fair() || g.bucket == nil || g.hold != nil || g.bucket.shape.full < 0 {
		return
	}
	p := s.planPreemption(g, s.entitled())
	if p == nil {
		return
	}
	var runs []string
	for _, r := range p.victims {
		runs = append(runs, fmt.Sprintf("%s/%s/%d on %s", r.group.spec.Framework, r.group.spec.Name, r.instance, s.agents[r.agent].id))
	}
	verb := "would end"
	if s.cfg.Preemption {
		verb = "can end"
	}
	e.because(ReasonPreemption, "its framework is below its fair share: preemption %s %s for it", verb, strings.Join(runs, ", "))
}
