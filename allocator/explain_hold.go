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
		sum += g.timesOn(s.roomFor(g, a), int64(a.slots-a.carried), g.spec.most())
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
			e.because(ReasonHeld, "it would fit where room is kept for %s/%s for %s: %s%s",
				h.group.spec.Framework, h.group.spec.Name, s.still(h.until), s.holdText(h), s.backfillText(g, h))
		}
	}
}

// backfillText says why a group may not use what is kept for another one until that
// is complete.
func (s *State) backfillText(g *group, h *hold) string {
	limit := g.spec.MaxRuntimeMillis
	switch left := h.completeBy - s.now; {
	case h.completeBy == 0 && limit > 0:
		return "; when that will be complete is not known, so that no max_runtime is short enough"
	case left <= 0:
		return ""
	case g.together() > 1:
		return "; what starts together may not use it meanwhile"
	case limit == 0:
		return fmt.Sprintf("; that is complete in %s at the latest, and what has a max_runtime of no more may use it until then: this group has none", howLong(left))
	case limit > left:
		return fmt.Sprintf("; that is complete in %s at the latest, and what has a max_runtime of no more may use it until then: this group has %s", howLong(left), howLong(limit))
	}
	return ""
}

// wouldFit reports whether a group would fit on an agent if nothing was kept
// there for another one.
func (s *State) wouldFit(g *group, a *agent) bool {
	slots := int64(a.slots - a.carried)
	return g.allowedOn(a) && g.timesOn(s.room(a), slots, 1) > 0 && g.timesOn(s.roomFor(g, a), slots, 1) == 0
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
		parts = append(parts, fmt.Sprintf("%s has %s of %s", a.text(), s.kinds.Format(left), s.kinds.Format(a.wanted)))
	}
	const most = 5
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	return strings.Join(parts, ", ")
}

// still is how long it is until a time.
func (s *State) still(until int64) string {
	return howLong(max(until-s.now, 0)) + " more"
}

// howLong prints milliseconds for people: "2.5 s", "3 min 20 s", "4 h 5 min".
func howLong(millis int64) string {
	const minute, hour = 60_000, 3_600_000
	switch {
	case millis < minute:
		return fmt.Sprintf("%d.%d s", millis/1000, millis%1000/100)
	case millis < hour:
		return fmt.Sprintf("%d min %d s", millis/minute, millis%minute/1000)
	}
	return fmt.Sprintf("%d h %d min", millis/hour, millis%hour/minute)
}
