package allocator

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// TestPreemptionKeepsItsPromises draws groups of all kinds that want more than there is
// of a few agents, and looks at each preemption: who is never a victim, how many there
// are in a minute, that nobody is taken below the fair share, that all that ends is
// needed, and that it is enough.
func TestPreemptionKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{draw: func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }, restless: true}
		s := mustNew(t, Config{Preemption: true, Policy: []Policy{DRF, HDRF}[w.draw(2)], PreemptAfterMillis: 1,
			PreemptMinRunMillis: 50, PreemptPerMinute: 5, ReserveAfterMillis: int64(w.draw(2)*200) - 1})
		for i := range 1 + w.draw(3) {
			step(t, s, Event{Fact: AgentSeen{Agent: fmt.Sprint("a", i), Host: fmt.Sprint("h", i), Owned: true, Slots: int32(w.draw(2)),
				Total: []Quantity{{"cpus", drf.Amount(2+w.draw(4)) * drf.Unit}, {"mem", 1024 * drf.Unit}, {"gpus", 2 * drf.Unit}}}})
		}
		for range rapid.IntRange(20, 80).Draw(t, "events") {
			e := Event{At: w.now, Fact: Tick{}}
			switch w.draw(8) {
			case 0, 1, 2:
				g := w.group()
				g.After, g.AfterEnd, g.Periodic = nil, nil, false
				e.Fact = GroupSubmitted{g}
			case 3:
				e.Fact = w.roleSet(1000)
			case 4:
				e.Fact = w.update()
			default:
				w.now += []int64{1, 100, 10_000, 60_000}[w.draw(4)]
				e.At = w.now
			}
			actions := step(t, s, e)
			w.saw(actions)
			promisesOf(t, s, actions)
		}
	})
}

func promisesOf(t *rapid.T, s *State, actions []Action) {
	var victims []*run
	var of *group
	for _, a := range actions {
		if d, ok := a.(Preempt); ok {
			of, victims = s.groups[groupKey{d.Framework, d.Group}], append(victims, s.runOf(d.Run))
		}
	}
	if of != nil {
		keepsPromises(t, s, of, victims)
	}
}

func keepsPromises(t *rapid.T, s *State, g *group, victims []*run) {
	if n := len(s.preemptedLately()); n > s.cfg.PreemptPerMinute {
		t.Fatalf("%d runs were preempted within a minute", n)
	}
	for _, r := range victims {
		switch {
		case r.group.spec.NotPreemptible || r.group.queue == g.queue:
			t.Fatalf("a run of %s/%s is ended for %s", r.group.spec.Framework, r.group.spec.Name, g.spec.Name)
		case r.started+s.cfg.PreemptMinRunMillis > s.now:
			t.Fatalf("a run is ended that began %d ms ago", s.now-r.started)
		case s.agents[r.agent].hold == nil || s.agents[r.agent].hold.group != g:
			t.Fatalf("the room of a run that is ended on %s is not held for %s", s.agents[r.agent].id, g.spec.Name)
		}
		if left, fair := keptBy(s, r.group.queue), s.entitled()[r.group.queue.node]; len(s.elastics) == 0 && s.dominance(left) < s.dominance(fair) {
			t.Fatalf("%s is left with %s, fair are %s", r.group.queue.name, s.kinds.Format(left), s.kinds.Format(fair))
		}
	}
	if g.together() > 1 || len(g.gpus) > 0 {
		return // one instance after the other was found room for, on devices maybe
	}
	i := victims[0].agent
	if !fitsWithout(s, g, i, nil) {
		t.Fatalf("%s does not fit on %s when all has ended that is to end", g.spec.Name, s.agents[i].id)
	}
	for _, r := range victims {
		if fitsWithout(s, g, i, r) {
			t.Fatalf("%s fits on %s also while run %s goes on", g.spec.Name, s.agents[i].id, r.id)
		}
	}
}

// keptBy is what a framework holds beside what is being ended.
func keptBy(s *State, q *queue) drf.Vector {
	left := s.tree.Allocated(q.node)
	for r := range s.runs.all() {
		if r.killAt != never && r.group.queue == q {
			left, _ = left.Sub(r.holds())
		}
	}
	return left
}

// fitsWithout reports whether an instance fits on an agent once everything has ended
// there that is being ended, but for one run.
func fitsWithout(s *State, g *group, i int32, but *run) bool {
	a := &s.agents[i]
	used, slots := a.used, int64(a.slots-a.carried)
	for r := range s.runs.all() {
		if r.agent == i && r.killAt != never && r != but {
			used, _ = used.Sub(r.holds())
			slots += r.slots()
		}
	}
	free, ok := a.total.Sub(used)
	return ok && g.timesOn(free, slots, 1) == 1
}
