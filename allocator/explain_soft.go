package allocator

import (
	"slices"
	"strings"

	"fairlead/drf"
)

// softRefuses reports whether the soft limits of a group keep it from agents that
// its constraints would allow.
func (s *State) softRefuses(g *group) bool {
	return g.limits != nil && g.limits.soft != nil && s.countAgents(g.limits.allowForGood) > 0
}

// refusal says what about an agent keeps the next instance from it for a while, ""
// if nothing does.
func (g *group) refusal(s *State, a *agent) string {
	if g.daemon != nil && !g.daemon.waitsOn(a) {
		return "has no instance that waits for it"
	}
	if g.limits == nil || g.limits.soft == nil || g.limits.soft.allow(a) {
		return ""
	}
	sf := g.limits.soft
	switch h := sf.home(); {
	case slices.ContainsFunc(sf.avoided, func(v avoided) bool { return v.on && v.agent == a.id }):
		return "failed a run of it lately"
	case h != nil && h.on:
		return "is not " + s.agentText(h.agent) + ", where it ran before"
	}
	return "is not what it prefers"
}

// explainSoft says which agents a group keeps away from for now, and how long.
func (s *State) explainSoft(g *group, e *Explanation) {
	if g.soft == nil {
		return
	}
	left := func(until int64) drf.Amount { return drf.Amount(until - s.now) } // thousandths: seconds
	for _, v := range g.soft.avoided {
		if v.on {
			e.because(ReasonAvoided, "it keeps away from %s, where %s of it failed lately, for another %s s", s.agentText(v.agent), countOf(v.failures, "run"), left(v.until))
		}
	}
	if h := g.soft.home(); h != nil && h.on {
		e.because(ReasonPreference, "instance %d waits for %s, where it ran before, for another %s s", h.instance, s.agentText(h.agent), left(h.until))
		return
	}
	if g.soft.prefers {
		e.because(ReasonPreference, "it waits for an agent that it prefers (%s), for another %s s", g.spec.preference(), left(g.soft.until))
	}
}

// preference is what a group prefers, as a person would write it.
func (g *Group) preference() string {
	var out []string
	for _, c := range g.Prefer {
		out = append(out, c.String())
	}
	if g.Near != "" {
		out = append(out, "near "+g.Near)
	}
	return strings.Join(out, ", ")
}
