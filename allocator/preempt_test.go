package allocator

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// TestPreemptionEnds draws frameworks in nested roles, with weights and
// guarantees, that want more than there is, and lets them come one after the
// other. The potential of docs/fairness.md, what roles lack to their guarantees
// and then what frameworks lack to their fair shares, goes down with each
// preemption and is never raised by what follows, so that preemptions end; and
// nobody is taken below the fair share, no role below its guarantee.
func TestPreemptionEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &contest{t: t, s: mustNew(t, Config{
			Preemption: true, PreemptAfterMillis: 1, PreemptMinRunMillis: 1, PreemptPerMinute: 1000, ReserveAfterMillis: -1,
			Policy: []Policy{DRF, HDRF}[rapid.IntRange(0, 1).Draw(t, "policy")],
		})}
		for i := range rapid.IntRange(1, 3).Draw(t, "agents") {
			c.fact(AgentSeen{Agent: fmt.Sprint("a", i), Host: fmt.Sprint("a", i), Owned: true, Total: []Quantity{
				{"cpus", c.amount("cpus of an agent", 12)}, {"mem", c.amount("mem of an agent", 12)}}})
		}
		for _, role := range []string{"eng", "eng/dev", "ops"} {
			c.fact(RoleSet{Role: role, Weight: int64(c.amount("weight", 3))})
		}
		for _, role := range []string{"ops", "eng"} {
			if rapid.Bool().Draw(t, "guarantee") {
				c.fact(RoleSet{Role: role, Weight: 1000, Guarantee: []Quantity{
					{rapid.SampledFrom([]string{"cpus", "mem"}).Draw(t, "of"), c.amount("guarantee", 6)}}})
			}
		}
		for i := range rapid.IntRange(2, 5).Draw(t, "frameworks") {
			c.fact(GroupSubmitted{Group{Framework: fmt.Sprint("f", i), Name: "g", Digest: "1", Instances: int32(c.amount("instances", 8) / 1000),
				Role: rapid.SampledFrom([]string{"eng", "eng/dev", "ops", "*"}).Draw(t, "role"), Gang: int32(rapid.IntRange(0, 1).Draw(t, "gang")),
				Tasks: []Task{{Name: "t", Resources: []Quantity{{"cpus", c.amount("cpus", 3)}, {"mem", c.amount("mem", 3)}}}}}})
			c.settleDown()
		}
	})
}

// contest is a State whose runs never end but by preemption.
type contest struct {
	t   *rapid.T
	s   *State
	now int64
}

func (c *contest) amount(name string, most int64) drf.Amount {
	return drf.Amount(rapid.Int64Range(1, most).Draw(c.t, name)) * drf.Unit
}

func (c *contest) fact(f Fact) {
	if _, err := c.s.Step(Event{At: c.now, Fact: f}); err != nil {
		c.t.Fatalf("%#v: %v", f, err)
	}
}

// potential is what docs/fairness.md calls so: of two, the first counts more.
type potential struct {
	promised drf.Amount // that roles lack to their guarantees
	fair     uint64     // that frameworks lack to their fair shares, in units of 2^-32
}

func (p potential) below(q potential) bool {
	return p.promised < q.promised || p.promised == q.promised && p.fair < q.fair
}

func (c *contest) potential() (p potential) {
	c.s.syncTotal()
	fair := c.s.entitled()
	for _, q := range c.s.queues {
		if q != nil {
			want, have := c.s.dominance(fair[q.node]), c.s.dominance(c.s.tree.Allocated(q.node))
			p.fair += max(want, have) - have
		}
	}
	for _, at := range c.s.quotas {
		for _, a := range lack(at.guarantee, c.s.tree.Allocated(at.node)) {
			p.promised += a
		}
	}
	return p
}

// settleDown goes on until nothing is preempted for a while.
func (c *contest) settleDown() {
	const many = 200
	for round, quiet := 0, 0; quiet < 3; round++ {
		if round > many {
			c.t.Fatalf("preemptions do not end")
		}
		c.now += 60_000
		actions := step(c.t, c.s, Event{At: c.now, Fact: Tick{}})
		before, some := c.potential(), false
		for _, a := range actions {
			if a, ok := a.(Preempt); ok {
				c.spares(a) // as things stand, before any of them has ended
			}
		}
		for _, a := range actions {
			if a, ok := a.(Preempt); ok {
				some = true
				for task := range c.s.runOf(a.Run).states() {
					c.fact(TaskUpdated{Run: a.Run, Task: int32(task), State: TaskKilled})
				}
			}
		}
		if quiet++; !some {
			continue
		}
		quiet = 0
		step(c.t, c.s, Event{At: c.now, Fact: Tick{}})
		if after := c.potential(); !after.below(before) {
			c.t.Fatalf("a preemption took the potential from %v to %v", before, after)
		}
	}
}

// spares requires that a victim's framework holds its fair share without what
// is being ended of it.
func (c *contest) spares(a Preempt) {
	q := c.s.runOf(a.Run).group.queue
	left := c.s.tree.Allocated(q.node)
	for r := range c.s.runs.all() {
		if r.preempted && r.group.queue == q {
			left, _ = left.Sub(r.holds())
		}
	}
	if fair := c.s.entitled()[q.node]; c.s.dominance(left) < c.s.dominance(fair) {
		c.t.Fatalf("%s is left with %s, fair are %s: %s", q.name, c.s.kinds.Format(left), c.s.kinds.Format(fair), a.Message)
	}
}
