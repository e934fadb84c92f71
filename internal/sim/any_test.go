package sim

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
)

// Whatever changes and goes wrong, the books add up after each step, everything that was submitted is accounted for,
// and a simulation repeats itself.
func TestAnythingThatHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScenario(t)
		s.Seed = rapid.Int64().Draw(t, "seed")
		if rapid.Bool().Draw(t, "two levels") {
			s.Policy = rapid.SampledFrom([]allocator.Policy{allocator.DRF, allocator.HDRF, allocator.Asset, allocator.CPU, allocator.Slots}).Draw(t, "sorter")
			anyOffers(t, s)
		}
		if s.Policy == allocator.Slots || rapid.Bool().Draw(t, "crowded") {
			s.Overcommit = &Overcommit{Slots: rapid.Int64Range(0, 9).Draw(t, "slots"), Mem: drf.Unit, Slowdown: 5 * drf.Unit}
			if s.Mode == WholeAgents {
				s.Overcommit.Slots++ // without any, there is nothing to offer
			}
		}
		anyRepeats(t, s)
		anyChanges(t, s)
		if rapid.Bool().Draw(t, "faults") {
			s.Faults = anyFaults(t)
		}
		s.UntilMillis = rapid.Int64Range(0, 300).Draw(t, "until")
		r, err := Run(context.Background(), s, Options{Check: true})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Run(context.Background(), s, Options{Samples: true})
		if err != nil {
			t.Fatal(err)
		}
		if r.Digest != again.Digest {
			t.Fatalf("digest %s, then %s", r.Digest, again.Digest)
		}
		for _, f := range again.Samples.Frameworks {
			if len(f.Waiting) > 0 && slices.Min(f.Waiting) < 0 {
				t.Fatalf("framework %s: fewer than none wait: %v", f.Name, f.Waiting)
			}
		}
		for _, f := range r.Frameworks {
			if f.Running < 0 || f.Pending < 0 || f.After < 0 || f.Finished < 0 || f.Failed < 0 {
				t.Fatalf("framework %s: %+v", f.Name, f)
			}
		}
	})
}

// anyOffers makes a scenario one of two levels.
func anyOffers(t *rapid.T, s *Scenario) {
	s.Mode = WholeAgents
	s.Offers = Offers{IntervalMillis: rapid.Int64Range(1, 5).Draw(t, "interval"), RefuseMillis: rapid.Int64Range(0, 20).Draw(t, "refuse")}
	for _, name := range []string{"A", "B"} {
		f := Framework{Name: name, Role: "*", Weight: drf.Amount(rapid.Int64Range(1, 3_000).Draw(t, "weight"))}
		if rapid.Bool().Draw(t, "accept") {
			f.Accept = &Accept{
				Instances: rapid.Int64Range(0, 2).Draw(t, "instances"), RefuseMillis: rapid.Int64Range(-1, 9).Draw(t, "refuse"),
				Least: []allocator.Quantity{{Name: "cpus", Amount: drf.Amount(rapid.Int64Range(0, 9_000).Draw(t, "least"))}},
			}
		}
		s.Frameworks = append(s.Frameworks, f)
	}
}

// anyRepeats makes phases, repetitions and arrivals one by one of some groups.
func anyRepeats(t *rapid.T, s *Scenario) {
	for i := range s.Groups {
		g := &s.Groups[i]
		anyRules(t, g, s)
		switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); {
		case g.Spec.After != nil || g.Spec.AfterEnd != nil || g.Spec.GangMin > 0:
		case kind == 0:
			g.repeat = &repeat{times: rapid.SampledFrom([]int{1, 3, math.MaxInt}).Draw(t, "times"), thinkMillis: rapid.Int64Range(0, 5).Draw(t, "think")}
		case kind == 1:
			g.arrival = &draw{kind: rapid.SampledFrom([]string{poisson, "exponential"}).Draw(t, "arrival"), first: 10, count: drf.Unit}
		case kind == 2:
			g.duration = &draw{kind: "uniform", first: 1, second: 20}
		case kind == 3:
			if i > 0 && s.Groups[i-1].repeat == nil && s.Groups[i-1].arrival == nil {
				g.replaces = true
				g.ArrivalMillis = s.Groups[i-1].ArrivalMillis + rapid.Int64Range(1, 20).Draw(t, "phase")
			}
		}
	}
}

// anyRules lets a group start as a gang, run again, or come after another one.
func anyRules(t *rapid.T, g *Group, s *Scenario) {
	before := s.Groups[:slices.IndexFunc(s.Groups, func(o Group) bool { return o.Spec == g.Spec })]
	if s.Mode != WholeAgents && rapid.IntRange(0, 3).Draw(t, "gang") == 0 {
		g.Spec.GangMin = rapid.Uint32Range(1, min(g.Spec.Instances, 3)).Draw(t, "gang of")
	}
	if rapid.Bool().Draw(t, "restart") {
		g.Spec.Restart = &proto.Restart{Policy: proto.RestartPolicy_ON_FAILURE, Max: 2, BackoffMs: 3}
	}
	if len(before) > 0 && rapid.IntRange(0, 3).Draw(t, "after") == 0 {
		other := &before[rapid.IntRange(0, len(before)-1).Draw(t, "other")]
		if other.repeat == nil && other.arrival == nil && other.Spec.Framework == g.Spec.Framework {
			if g.Spec.After = []string{other.Spec.Name}; rapid.Bool().Draw(t, "whatever its end") {
				g.Spec.After, g.Spec.AfterEnd = nil, g.Spec.After
			}
		}
	}
}

func anyChanges(t *rapid.T, s *Scenario) {
	at := int64(0)
	for range rapid.IntRange(0, 6).Draw(t, "changes") {
		at += rapid.Int64Range(0, 30).Draw(t, "pause")
		c := Change{AtMillis: at}
		agent := s.Agents[rapid.IntRange(0, len(s.Agents)-1).Draw(t, "agent")].Name
		g := s.Groups[rapid.IntRange(0, len(s.Groups)-1).Draw(t, "group")].Spec
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			c.Framework = &Framework{Name: g.Framework, Role: "*", Weight: drf.Amount(rapid.Int64Range(1, 3_000).Draw(t, "weight"))}
		case 1:
			c.Role = &Role{Name: "*", Weight: drf.Amount(rapid.Int64Range(1, 3_000).Draw(t, "weight"))}
		case 2:
			c.Kill = &GroupName{g.Framework, g.Name}
		case 3:
			c.Joins = agent
		case 4:
			c.Leaves = agent
		}
		s.Changes = append(s.Changes, c)
	}
	for i := range s.Agents {
		if rapid.IntRange(0, 3).Draw(t, "late") == 0 {
			s.Agents[i].JoinsMillis = rapid.Int64Range(1, 50).Draw(t, "joins")
		}
	}
}

func anyFaults(t *rapid.T) *Faults {
	part := func(of string) drf.Amount {
		return drf.Amount(rapid.Int64Range(0, 500).Draw(t, fmt.Sprint("part of ", of)))
	}
	return &Faults{
		startDelay: &draw{kind: "uniform", first: 0, second: 3}, Jitter: part("jitter"), Failures: part("failures"),
		Dropped: part("launches"), LostUpdates: part("updates"), LateUpdates: part("late updates"),
		lateBy: &draw{kind: "exponential", first: 5}, ReconcileMillis: 7, Rescinds: part("offers"),
		up: &draw{kind: "exponential", first: 30}, down: &draw{kind: "exponential", first: 5},
	}
}

// What becomes of an instance depends on the seed and its attempt, and on no policy: whoever places the instances, as many
// finish and fail in the end, with all that comes after them.
func TestBothLevelsEndAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScenario(t)
		s.Policy, s.Placement, s.UntilMillis, s.Seed = allocator.DRF, allocator.FirstFit, endless, rapid.Int64().Draw(t, "seed")
		s.Faults = &Faults{
			Failures: drf.Amount(rapid.Int64Range(0, 700).Draw(t, "failures")), Dropped: drf.Amount(rapid.Int64Range(0, 300).Draw(t, "dropped")),
			ReconcileMillis: 7,
		}
		for i := range s.Groups {
			g := &s.Groups[i]
			if anyRules(t, g, s); rapid.Bool().Draw(t, "repeats") && g.Spec.After == nil && g.Spec.AfterEnd == nil {
				g.repeat = &repeat{times: 3, thinkMillis: 2}
			}
			g.Spec.GangMin = 0
		}
		one := ends(t, s)
		s.Mode, s.Offers = WholeAgents, Offers{IntervalMillis: 3, RefuseMillis: 5}
		if two := ends(t, s); !maps.Equal(one, two) {
			t.Fatalf("finished and failed at one level: %v, at two: %v", one, two)
		}
	})
}

// ends counts what finished, failed and is left of each framework.
func ends(t *rapid.T, s *Scenario) map[string][3]int64 {
	r, err := Run(context.Background(), s, Options{Check: true})
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][3]int64)
	for _, f := range r.Frameworks {
		out[f.Name] = [3]int64{f.Finished, f.Failed, f.Running + f.Pending}
	}
	return out
}
