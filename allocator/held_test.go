package allocator

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// TestHeldRoomIsKept looks at each Tick of random histories: what is kept on an agent
// for a group is kept after it as well, as long as the hold is there, but for what
// backfill lets in, which is over before the hold can be complete.
func TestHeldRoomIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, world{restless: true, unlimited: rapid.Bool().Draw(t, "unlimited")})
		s := mustNew(t, h.cfg)
		for i, e := range h.events {
			if _, tick := e.Fact.(Tick); !tick {
				step(t, s, e)
				continue
			}
			s.advance(e.At)
			before := keptNow(s)
			actions := step(t, s, e)
			lent := map[string]drf.Vector{}
			for _, d := range launches(actions) {
				g := s.groups[groupKey{d.Framework, d.Group}]
				a := &s.agents[s.agentIndex[d.Agent]]
				if limit := g.spec.MaxRuntimeMillis; a.hold != nil && limit > 0 && s.now+limit <= a.hold.completeBy {
					lent[d.Agent] = lent[d.Agent].Add(d.Charge)
				}
			}
			for key, was := range before { // commutes: any one error will do
				now, ok := keptNow(s)[key]
				if !ok || released(actions, key.groupKey) {
					continue
				}
				wanted := s.agents[s.agentIndex[key.agent]].wanted // less, if its executor needs no room any more
				for k, had := range was {
					if min(had, wanted[k]) > now[k]+lent[key.agent][k] {
						t.Fatalf("event %d: on %s %s was kept for %s/%s, and %s is", i, key.agent, s.kinds.Format(was), key.framework, key.name, s.kinds.Format(now))
					}
				}
			}
		}
	})
}

// released reports whether a hold ended in this Tick; it may have begun anew.
func released(actions []Action, key groupKey) bool {
	return slices.ContainsFunc(actions, func(a Action) bool {
		d, ok := a.(Release)
		return ok && d.Framework == key.framework && d.Group == key.name
	})
}

type keptFor struct {
	groupKey
	agent     string
	instances int32
}

// keptNow is what is kept on each agent that is held and ours alone: what was offered
// goes back with the rest of an offer, and comes again.
func keptNow(s *State) map[keptFor]drf.Vector {
	s.catchUp()
	out := map[keptFor]drf.Vector{}
	for i := range s.agents {
		if a := &s.agents[i]; a.hold != nil && a.owned {
			g := a.hold.group
			out[keptFor{groupKey{g.spec.Framework, g.spec.Name}, a.id, a.wantedFor}] = a.kept
		}
	}
	return out
}
