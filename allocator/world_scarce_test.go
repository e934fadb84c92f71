package allocator

import (
	"fmt"

	"fairlead/drf"
)

// Scarce worlds have a few agents from the start, and roles with quotas, and more is
// asked for than there is: by gangs, by groups that may run for so long and no
// longer, and by groups whose runs stay.

// begin is what a scarce world starts with, fact by fact; nil once that is over.
func (w *world) begin() Fact {
	w.begun++
	switch n := w.begun - 1; {
	case n == 0:
		w.cluster = 2 + w.draw(3)
		return w.scarceAgent(0)
	case n < w.cluster:
		return w.scarceAgent(n)
	case n < w.cluster+3 && !w.unlimited:
		return w.scarceRole([]string{"eng", "eng/dev", "ops"}[n-w.cluster])
	}
	return nil
}

func (w *world) scarceAgent(n int) Fact {
	id, most := fmt.Sprintf("a%d", n), 4
	if w.restless || w.elastic {
		most = 8
	}
	f := AgentSeen{Agent: id, Total: w.some(most, most), Slots: int32(w.draw(3) / 2), Owned: id < "a3"}
	f.Host, f.Attributes = w.place(id)
	return f
}

// some is CPUs and memory, of which there is some, and maybe GPUs.
func (w *world) some(cpus, mem int) []Quantity {
	out := []Quantity{{"cpus", drf.Amount(1+w.draw(2*cpus)) * 500}, {"mem", drf.Amount(1+w.draw(2*mem)) * 64_000}}
	if w.draw(5) == 0 {
		out = append(out, Quantity{"gpus", drf.Amount(1+w.draw(3)) * 500})
	}
	return out
}

func (w *world) scarceRole(role string) Fact {
	f := RoleSet{Role: role, Weight: int64(1+w.draw(3)) * 1000}
	amount := func(most int) []Quantity { return []Quantity{{"cpus", drf.Amount(1+w.draw(most)) * 1000}} }
	most := 4
	if w.restless || w.elastic {
		most = 8
	}
	switch w.draw(most) {
	case 0:
		f.Guarantee = amount(4)
	case 1:
		f.Limit = amount(6)
	}
	return f
}

func (w *world) scarceFact() Fact {
	if f := w.begin(); f != nil {
		return f
	}
	if w.draw(3) == 0 {
		w.now += []int64{1, 100, 300, 5000, 10_000, 60_000}[w.draw(6)]
	}
	if (w.restless || w.elastic) && w.draw(3) == 0 { // runs grow old, and groups wait for long enough
		w.now += 300
		return Tick{}
	}
	if len(w.doomed) > 0 && w.draw(4) == 0 { // what is killed ends some time
		id := w.doomed[0]
		w.doomed = w.doomed[1:]
		return TaskUpdated{Run: id, State: TaskKilled}
	}
	switch w.draw(32) { // rapid draws small numbers more often
	case 0, 1, 2, 3:
		return GroupSubmitted{w.scarceGroup()}
	case 4, 5, 6, 7, 8, 9, 10, 11:
		return w.update()
	case 12, 13:
		w.offers++
		f := OfferAdded{Offer: fmt.Sprintf("o%d", w.offers), Agent: fmt.Sprintf("a%d", 3+w.draw(2)), Resources: w.some(4, 4), Slots: int32(w.draw(2))}
		f.Host, f.Attributes = w.place(f.Agent)
		return f
	case 14:
		return w.scarceAgent(w.draw(5))
	case 15:
		return AgentLost{w.agent()}
	case 16:
		return w.request()
	case 17:
		if !w.unlimited {
			return w.scarceRole([]string{"eng", "eng/dev", "ops"}[w.draw(3)])
		}
	}
	return Tick{}
}

// scarceGroup is a plain one in three of four cases, with much surplus in worlds that may have any.
func (w *world) scarceGroup() Group {
	g := w.group()
	g.After, g.AfterEnd, g.Periodic = nil, nil, false
	g.Role = []string{"*", "eng", "eng/dev", "ops"}[w.draw(4)]
	if w.draw(4) == 0 {
		return g
	}
	g.Constraints, g.Prefer, g.Near, g.Sticky = nil, nil, "", false
	g.Tasks = []Task{{Name: "t0", Resources: w.some(2, 2)}}
	g.MaxRuntimeMillis = []int64{0, 100, 5000, 20_000}[w.draw(4)]
	if !w.keen && !g.PerAgent && w.draw(2) == 0 {
		g.Instances = 1 + int32(w.draw(8))
		g.Surplus = int32(w.draw(int(g.Instances)))
	}
	if w.draw(3) == 0 && !g.PerAgent {
		g.Gang = g.base()
	}
	if w.elastic && !g.PerAgent && w.draw(2) > 0 { // most of it where nobody else waits
		g.Instances = 2 + int32(w.draw(8))
		g.Surplus, g.Gang, g.MaxRuntimeMillis = g.Instances-1, 0, 0
		g.Tasks = []Task{{Name: "t0", Resources: w.some(1, 1)}}
	}
	if w.restless && !g.PerAgent && w.draw(3) > 0 { // many small ones that stay
		g.Instances, g.Surplus, g.Gang = 2+int32(w.draw(8)), 0, int32(w.draw(3))
		g.MaxRuntimeMillis, g.NotPreemptible = 0, false
		g.Tasks = []Task{{Name: "t0", Resources: w.some(1, 1)}}
		g.Role = []string{"eng/dev", "ops"}[w.draw(2)]
	}
	return g
}
