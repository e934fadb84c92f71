package allocator

import (
	"fmt"
	"slices"
	"strings"
)

// summarize says in one sentence where a group stands: what it waits for first,
// and who holds what its framework is entitled to.
func (s *State) summarize(g *group, e *Explanation) {
	name := e.Framework + "/" + e.Group
	switch {
	case g.isIdle():
		e.Summary = name + " waits for its time" + s.nextText(g) + "; it has not run yet"
	case g.over() && g.scheduled():
		e.Summary = fmt.Sprintf("%s waits for its time%s; the last occurrence has ended as %s%s", name, s.nextText(g), g.outcome, g.reason())
	case g.over():
		e.Summary = fmt.Sprintf("%s has ended: %s", name, e.State)
		if g.message != "" {
			e.Summary += ", " + g.message
		}
	case g.dying:
		e.Summary = fmt.Sprintf("%s is being killed; %d of its instances still run", name, e.Running)
	case e.Pending == 0 && g.daemon != nil:
		e.Summary = name + " " + s.daemonText(g)
	case e.Pending == 0 && g.idleSurplus() > 0:
		e.Summary = name + " runs, " + s.surplusText(g)
	case e.Pending == 0:
		e.Summary = fmt.Sprintf("%s runs, with all that is left of its %d instances", name, e.Instances)
		if e.Running == e.Instances {
			e.Summary = fmt.Sprintf("%s runs, with all of its instances: %d", name, e.Instances)
		}
	default:
		e.Summary = name + " " + s.waitsFor(g, e)
		if part := e.Entitled.clause(e.Framework); part != "" && e.aboutShares() {
			e.Summary += "; " + part
		}
	}
}

// aboutShares reports whether others that hold less would help.
func (e *Explanation) aboutShares() bool {
	if e.Impossible || len(e.Reasons) == 0 {
		return false
	}
	switch e.first().Code {
	case ReasonNoRoom, ReasonGang, ReasonHeld, ReasonOrder:
		return true
	case ReasonConstraint:
		return e.Nearest != nil && len(e.Nearest.Lacking) > 0
	}
	return false
}

// waitsFor is the first thing that a group waits for.
func (s *State) waitsFor(g *group, e *Explanation) string {
	switch r := e.first(); r.Code {
	case "":
		return "starts with the next decision"
	case ReasonDependency:
		return "waits for others: " + r.Message
	case ReasonBackoff:
		return "waits until it may run again: " + r.Message
	case ReasonNoAgents:
		return "waits for a cluster: " + r.Message
	case ReasonTooLarge:
		if !e.Impossible { // not every agent has said what it holds
			return "waits for a larger agent than those known: " + r.Message
		}
		return "can't start on this cluster: " + r.Message
	case ReasonLimit:
		if e.Impossible {
			return "can't start while there is such a limit: " + r.Message
		}
		return "waits under a limit: " + r.Message
	case ReasonGuarantee:
		return "waits because of guarantees: " + r.Message
	case ReasonConstraint, ReasonNoRoom, ReasonGang:
		return s.waitsForRoom(g, e, r)
	case ReasonNoOffer:
		return "waits for an offer: " + r.Message
	case ReasonPreference:
		if waits, ok := strings.CutPrefix(r.Message, "it "); ok {
			return waits
		}
		return "waits for what it prefers: " + r.Message
	case ReasonHeld:
		return "waits for room that is held: " + r.Message
	default:
		return "waits for its turn: " + r.Message
	}
}

// first is the reason that outweighs the others: what could never be, then a
// limit, which more room would not help, then a preference, which ends by itself,
// then a guarantee where an offer would not help, then what is listed first.
func (e *Explanation) first() Reason {
	if len(e.Reasons) == 0 {
		return Reason{}
	}
	outweigh := []ReasonCode{ReasonDependency, ReasonNoAgents, ReasonTooLarge, ReasonLimit, ReasonPreference}
	if e.Reasons[0].Code == ReasonNoOffer {
		outweigh = append(outweigh, ReasonGuarantee)
	}
	for _, code := range outweigh {
		for _, r := range e.Reasons {
			if r.Code == code {
				return r
			}
		}
	}
	return e.Reasons[0]
}

// leadWithFirst puts the reason that outweighs the others before them.
func (e *Explanation) leadWithFirst() {
	first := e.first()
	if i := slices.Index(e.Reasons, first); i > 0 {
		e.Reasons = slices.Insert(slices.Delete(e.Reasons, i, i+1), 0, first)
	}
}

// waitsForRoom names the room, and the agent that is nearest to having it.
func (s *State) waitsForRoom(g *group, e *Explanation, r Reason) string {
	if e.Impossible {
		return "can't start on this cluster: " + r.Message
	}
	ask := s.kinds.Format(g.demand)
	if n := g.together(); n > 1 {
		ask = fmt.Sprintf("%d times %s together", n, ask)
		switch room := s.roomsFor(g); {
		case room == 0:
			ask += ", of which there is room for none"
		case room < int64(n):
			ask += fmt.Sprintf(", of which there is room for %d", room)
		}
	}
	text := "waits for " + ask
	if e.Nearest != nil {
		text += fmt.Sprintf(" (nearest is %s, which %s)", s.agentText(e.Nearest.Agent), e.Nearest.text())
	}
	for _, other := range e.Reasons {
		if other.Code == ReasonAvoided {
			text += ", and " + strings.TrimPrefix(other.Message, "it ")
		}
	}
	if g.hold != nil {
		text += ", and has room kept for it for " + s.still(g.hold.until)
	}
	return text
}

// text says what is wrong with the agent: "lacks cpus=1 and fails rack UNIQUE".
func (m *Miss) text() string {
	var parts []string
	if len(m.Lacking) > 0 {
		var lacking []string
		for _, q := range m.Lacking {
			lacking = append(lacking, q.Name+"="+q.Amount.String())
		}
		parts = append(parts, "lacks "+strings.Join(lacking, " "))
	}
	if len(m.Fails) > 0 {
		parts = append(parts, "fails "+strings.Join(m.Fails, " and "))
	}
	if m.Refused != "" {
		parts = append(parts, m.Refused)
	}
	return strings.Join(parts, " and ")
}

// impossible reports whether a group could not start even if nothing else ran, on
// the agents that are known.
func (s *State) impossible(g *group) bool {
	_, why := s.never(g, g.queue.quotas)
	return why != "" && s.knowsAgents()
}
