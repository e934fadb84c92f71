package allocator

import (
	"fmt"
	"slices"

	"fairlead/drf"
)

// draw picks one of n possibilities. It is backed by rapid, or by the bytes of
// a fuzzer.
type draw func(n int) int

// world makes up what happens around a State: a small cluster and few names,
// so that things meet.
type world struct {
	draw   draw
	now    int64
	offers int
	// settled worlds have agents whose host and attributes never change.
	settled bool
	// patient worlds let a group wait without keeping room for it.
	patient bool
	// keen worlds keep room for groups that wait, and have no surplus.
	keen bool
	// restless worlds end runs for others.
	restless bool
	// crowded worlds have many frameworks that want the same, under DRF without
	// nested roles: they are served out of one line for each shape.
	crowded bool
	// unlimited worlds have no quotas.
	unlimited bool
	// scarce worlds begin with agents and quotas, and ask for more than there is.
	scarce bool
	// elastic worlds are scarce ones in which many groups have surplus.
	elastic bool
	begun   int        // facts that it began with
	cluster int        // agents that there were then
	groups  []groupKey // those that were submitted
	runs    []Launch   // those that were launched and may not have ended
	doomed  []RunID    // those that are to end
}

// config draws the rules of a run.
func (w *world) config() Config {
	cfg := Config{Placement: Placements()[w.draw(len(Placements()))], History: w.draw(3), Seed: int64(w.draw(3))}
	if w.draw(2) == 0 {
		policies := slices.DeleteFunc(Policies(), Policy.Static)
		cfg.Policy = policies[w.draw(len(policies))]
	}
	if w.crowded {
		cfg.Policy = DRF
	}
	if w.scarce && w.restless {
		cfg.Policy = []Policy{Auto, Auto, DRF, HDRF}[w.draw(4)]
	}
	if cfg.Placement == Tetris && !cfg.Policy.needsBlocked() {
		cfg.FairnessKnob = drf.Amount([]int64{0, 750, 300, -1}[w.draw(4)])
		cfg.Policy = cfg.Policy.orPlain() // the model does not know the knob under HDRF
	}
	if w.draw(2) == 0 {
		cfg.Executor = []Quantity{{"cpus", 100}, {"mem", 32000}}
	}
	if w.draw(4) == 0 {
		cfg.MaxPlacements = 1 + w.draw(3)
	}
	if w.restless && w.draw(3) > 0 {
		cfg.Preemption, cfg.PreemptAfterMillis, cfg.PreemptMinRunMillis = true, int64(1+w.draw(300)), int64(1+w.draw(300))
		cfg.PreemptPerMinute = 1 + w.draw(8)
	}
	if w.patient || w.restless {
		cfg.HalfLifeMillis = []int64{0, 0, 1000, 100_000}[w.draw(4)]
	}
	cfg.ShrinkAfterMillis, cfg.GrowAfterMillis = []int64{0, 1, 100}[w.draw(3)], []int64{0, 1, 100}[w.draw(3)]
	cfg.FairnessMillis = []int64{0, 0, 7, 1000}[w.draw(4)]
	switch {
	case w.patient: // which the model follows
		cfg.ReserveAfterMillis, cfg.AvoidMillis = -1, []int64{-1, 300, 10_000}[w.draw(3)]
		if w.keen {
			cfg.ReserveAfterMillis, cfg.HoldMillis = 1+int64(w.draw(2))*200, []int64{1, 1001, 20_000}[w.draw(3)]
		}
		if w.keen && w.restless && w.draw(3) > 0 { // nothing but preemption holds room
			cfg.ReserveAfterMillis = -1
		}
		if w.keen && w.restless {
			cfg.HoldMillis = 20_000
		}
	case w.draw(2) == 0:
		cfg.ReserveAfterMillis, cfg.HoldMillis = 1+int64(w.draw(2))*200, int64(1+w.draw(2)*1000)
	}
	return cfg
}

// fact draws the next fact; Ticks are between them. Time goes on now and then.
func (w *world) fact() Fact {
	if w.scarce {
		return w.scarceFact()
	}
	if w.draw(4) == 0 {
		w.now += []int64{1, 100, 300, 5000, 10_000, 300_000}[w.draw(6)]
	}
	switch w.draw(24) {
	case 0, 1:
		return w.agentSeen()
	case 2:
		return AgentLost{w.agent()}
	case 3, 4:
		return w.offer()
	case 5:
		return OfferRescinded{fmt.Sprintf("o%d", w.draw(w.offers+1))}
	case 6, 7, 8, 9:
		return GroupSubmitted{w.group()}
	case 10, 11, 12, 13, 14, 15, 16:
		return w.update()
	case 17:
		return w.request()
	}
	return Tick{}
}

func (w *world) request() Fact {
	g := w.known()
	weight := []int64{500, 1000, 1000, 2000, 3000, 0}[w.draw(6)]
	switch w.draw(12) {
	case 10, 11:
		return ScheduleDue{g.framework, g.name, w.now - []int64{0, 0, 100, 300_000}[w.draw(4)], []int64{0, w.now + 100, w.now + 5000}[w.draw(3)]}
	case 8, 9:
		return GroupRerun{g.framework, g.name, w.draw(2) == 0}
	case 0:
		return Connected{}
	case 1:
		return Disconnected{}
	case 2:
		return w.roleSet(weight)
	case 3:
		return FrameworkSet{w.framework(), w.role(), weight}
	case 4:
		return GroupKilled{g.framework, g.name}
	case 5, 6:
		return InstanceKilled{g.framework, g.name, int32(w.draw(4))}
	}
	return GroupForgotten{g.framework, g.name}
}

// roleSet draws quotas for every third role; some of them are refused.
func (w *world) roleSet(weight int64) Fact {
	f := RoleSet{Role: w.role(), Weight: weight}
	if w.unlimited {
		return f
	}
	if w.draw(3) == 0 {
		f.Guarantee = []Quantity{{"cpus", drf.Amount(w.draw(4)) * 1000}}
	}
	if w.draw(3) == 0 {
		f.Limit = []Quantity{{[]string{"cpus", "mem"}[w.draw(2)], drf.Amount(w.draw(8)) * 1000 << (w.draw(2) * 6)}}
	}
	return f
}

// known is a group that was submitted, or one that never was.
func (w *world) known() groupKey {
	if at := w.draw(len(w.groups) + 1); at < len(w.groups) {
		return w.groups[at]
	}
	return groupKey{w.framework(), fmt.Sprintf("g%d", w.draw(len(w.groups)+2))}
}

func (w *world) agent() string { return fmt.Sprintf("a%d", w.draw(5)) }
func (w *world) framework() string {
	if w.crowded {
		return string(rune('A' + w.draw(9)))
	}
	return string(rune('A' + w.draw(3)))
}

func (w *world) role() string {
	if w.crowded {
		return []string{"*", "ops"}[w.draw(2)]
	}
	return []string{"*", "eng", "eng/dev", "ops"}[w.draw(4)]
}

// resources draws amounts; halves and thirds of CPUs make shares with ties and
// shares without.
func (w *world) resources(scale int) []Quantity {
	out := []Quantity{{"cpus", drf.Amount(w.draw(5)*scale) * 500}, {"mem", drf.Amount(w.draw(4)*scale) * 64_000}}
	if w.draw(4) == 0 {
		out = append(out, Quantity{[]string{"gpus", "disk", "fpga"}[w.draw(3)], drf.Amount(1+w.draw(2)) * drf.Unit})
	}
	if w.draw(4) == 0 { // parts of GPUs
		out = append(out, Quantity{"gpus", drf.Amount(1+w.draw(5)) * 300 * drf.Amount(scale)})
	}
	return out
}

func (w *world) ports() []PortRange {
	if w.draw(2) == 0 {
		return nil
	}
	begin := uint64(31000 + w.draw(6))
	return []PortRange{{begin, begin + uint64(w.draw(4))}, {31020, 31020 + uint64(w.draw(2))}}
}

// sets are of few, equal items, so that agents and offers share some.
func (w *world) sets() []Set {
	var out []Set
	for range w.draw(4) / 2 {
		set := Set{Name: []string{"zones", "keys"}[w.draw(2)]}
		for range 1 + w.draw(3) {
			set.Items = append(set.Items, []string{"a", "b", "c", "d"}[w.draw(4)])
		}
		out = append(out, set)
	}
	return out
}

// agentSeen is of two kinds of agents: a0 to a2 are ours alone.
func (w *world) agentSeen() Fact {
	id := w.agent()
	f := AgentSeen{Agent: id, Total: w.resources(4), Ports: w.ports(), Sets: w.sets(), Slots: int32(w.draw(3)), Owned: id < "a3"}
	f.Host, f.Attributes = w.place(id)
	return f
}

// place draws the host and the attributes of an agent. Agents share hosts and
// racks, and some have no rack.
func (w *world) place(agent string) (string, []Attribute) {
	host, rack, size := agent, w.draw(4), w.draw(2)
	if w.settled {
		rack, size = int(agent[1]-'0'), int(agent[1]-'0')%2
	}
	if agent == "a1" {
		host = "a0"
	}
	attributes := []Attribute{{"size", []string{"7", "7.50"}[size]}}
	if rack < 3 {
		attributes = append(attributes, Attribute{"rack", fmt.Sprintf("r%d", rack)})
	}
	return "host-" + host, attributes
}

func (w *world) offer() Fact {
	w.offers++
	f := OfferAdded{Offer: fmt.Sprintf("o%d", w.offers), Agent: fmt.Sprintf("a%d", 3+w.draw(3)),
		Resources: w.resources(4), Ports: w.ports(), Sets: w.sets(), Slots: int32(w.draw(2))}
	f.Host, f.Attributes = w.place(f.Agent)
	return f
}

// constraints draws none for every second group.
func (w *world) constraints() []Constraint {
	var out []Constraint
	for range w.draw(2) * (1 + w.draw(3)/2) {
		out = append(out, []Constraint{
			{"hostname", Unique, ""}, {"rack", Unique, ""},
			{"hostname", MaxPer, "2"}, {"rack", MaxPer, "2"},
			{"@hostname", GroupBy, ""}, {"rack", GroupBy, ""}, {"rack", GroupBy, "3"},
			{"hostname", Cluster, ""}, {"rack", Cluster, ""}, {"rack", Cluster, "r1"},
			{"hostname", Like, "host-a[0-3]"}, {"rack", Like, "r0|r1"}, {"rack", Unlike, "r[12]"}, {"hostname", Unlike, "host"},
			{"rack", Is, "r2"}, {"size", Is, "7.5"},
		}[w.draw(16)])
	}
	return out
}

func (w *world) group() Group {
	key := groupKey{w.framework(), fmt.Sprintf("g%d", len(w.groups))}
	if w.draw(8) == 0 {
		key = w.known()
	}
	after := w.known()
	w.groups = append(w.groups, key)
	g := Group{
		Framework: key.framework, Name: key.name, Digest: "1", Instances: int32(1 + w.draw(4)),
		Priority: int32(w.draw(2)), Restart: Restart{Policy: RestartPolicy(w.draw(3)), Max: int32(w.draw(3)),
			BackoffMillis: int64(w.draw(3) / 2 * 100)},
		Constraints: w.constraints(), NotPreemptible: w.draw(6) == 0,
		MaxRuntimeMillis: []int64{0, 0, 0, 100, 5000}[w.draw(5)],
	}
	w.wish(&g)
	if w.draw(6) == 0 {
		g.Role = w.role()
	}
	if w.draw(3) == 0 {
		g.OnOOM = OnOOM{1500, 256 * drf.Unit}
	}
	if w.draw(5) == 0 {
		g.Periodic, g.Overlap, g.CatchUp = true, Overlap(w.draw(3)), CatchUp(w.draw(3))
	}
	if !w.keen && w.draw(4) == 0 {
		g.Surplus = int32(w.draw(int(g.Instances)))
	}
	if w.draw(5) == 0 {
		w.daemon(&g)
	}
	if !g.PerAgent && w.draw(4) == 0 {
		// Where several rules count, whether a gang fits can depend on which agent
		// is best for its first instance; that search is not exhaustive.
		g.Gang = int32(w.draw(int(g.base()) + 1))
		g.Constraints = slices.DeleteFunc(g.Constraints, func(c Constraint) bool { return c.Operator == GroupBy })
		g.Constraints = g.Constraints[:min(len(g.Constraints), 1)]
	}
	switch {
	case after.framework != key.framework:
	case w.draw(3) == 0:
		g.AfterEnd = []string{after.name}
	case w.draw(2) == 0:
		g.After = []string{after.name}
	}
	for i := range 1 + w.draw(3)/2*w.draw(3) {
		t := Task{Name: fmt.Sprintf("t%d", i), Resources: w.resources(1), Sidecar: i > 0 && w.draw(2) == 0}
		if w.draw(4) == 0 {
			t.Resources = append(t.Resources, Quantity{"ports", drf.Amount(w.draw(3)) * drf.Unit})
		}
		if w.draw(5) == 0 {
			t.Resources = append(t.Resources, Quantity{SetName([]string{"zones", "keys"}[w.draw(2)]), drf.Amount(w.draw(3)) * drf.Unit})
		}
		g.Tasks = append(g.Tasks, t)
	}
	if w.crowded {
		g.Role, g.Gang, g.Constraints = "", 0, nil
		if w.draw(4) > 0 {
			g.Prefer, g.Near, g.Sticky = nil, "", false
		}
		g.Tasks = []Task{{Name: "t0", Resources: []Quantity{{"cpus", drf.Amount(1+w.draw(2)) * 500}}}}
	}
	return g
}

// daemon makes a group run on each agent.
func (w *world) daemon(g *Group) {
	g.PerAgent, g.Instances, g.Surplus, g.Periodic, g.OnOOM = true, 0, 0, false, OnOOM{}
	g.Prefer, g.Near, g.Sticky = nil, "", false
	g.Constraints = slices.DeleteFunc(g.Constraints, func(c Constraint) bool {
		r, _ := newRule(c)
		return r.tally != nil
	})
}

// wish draws what a group would like for a while.
func (w *world) wish(g *Group) {
	g.Sticky, g.PreferWaitMillis = w.draw(6) == 0, []int64{0, 1, 300}[w.draw(3)]
	if w.draw(5) == 0 {
		g.Prefer = []Constraint{[]Constraint{{"rack", Like, "r[01]"}, {"hostname", Unlike, "host-a[03]"}}[w.draw(2)]}
	}
	if other := w.known(); w.draw(5) == 0 && other.framework == g.Framework && other.name != g.Name {
		g.Near = other.name
	}
}

func (w *world) update() Fact {
	if len(w.runs) == 0 {
		return Tick{}
	}
	at := w.draw(len(w.runs))
	f := TaskUpdated{Run: w.runs[at].Run, Task: int32(w.draw(4) / 3), State: TaskState(w.draw(int(TaskLost) + 1))}
	f.OutOfMemory = w.draw(3) == 0
	if f.Task == 0 && f.State.Final() && w.draw(2) == 0 {
		w.runs = slices.Delete(w.runs, at, at+1) // some are told more of after their end
	}
	return f
}

// saw remembers what a Tick launched.
func (w *world) saw(actions []Action) {
	for _, a := range actions {
		switch a := a.(type) {
		case *Accept:
			w.runs = append(w.runs, a.Launches...)
		case Preempt:
			w.doomed = append(w.doomed, a.Run)
		case Kill:
			if a.Cause == KillSurplus {
				w.doomed = append(w.doomed, a.Run)
			}
		}
	}
}
