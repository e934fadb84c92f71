package allocator

import (
	"math/big"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// TestFairnessIsMeasuredOnTheGrid asks a second State at each multiple of five seconds how
// fairly everybody is served, and adds that up: the sums of the first State are
// the same, and measuring changes no decision.
func TestFairnessIsMeasuredOnTheGrid(t *testing.T) {
	const every = 5000
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		h.cfg.FairnessMillis = 0
		asked := mustNew(t, h.cfg)
		h.cfg.FairnessMillis = every
		measuring := mustNew(t, h.cfg)
		want, millis := map[queueKey]FairnessSums{}, int64(0)
		for i, e := range h.events {
			for at := (asked.now/every + 1) * every; at <= e.At; at += every {
				asked.advance(at - 1)
				if asked.lastSeq == 0 {
					continue // nothing was submitted yet
				}
				millis += every
				for _, f := range allOf(asked.Fairness()) {
					sums := want[queueKey{f.Role, f.Framework}]
					sums.add(&f.Judgement, every)
					want[queueKey{f.Role, f.Framework}] = sums
				}
			}
			if got := step(t, measuring, e); !reflect.DeepEqual(got, step(t, asked, e)) {
				t.Fatalf("event %d: measuring changed what was decided to %+v", i, got)
			}
		}
		got := measuring.Fairness()
		if got.Millis != millis {
			t.Fatalf("measured %d ms, want %d", got.Millis, millis)
		}
		for _, f := range allOf(got) {
			if f.Sums != want[queueKey{f.Role, f.Framework}] {
				t.Fatalf("%s %s: sums %+v, want %+v", f.Role, f.Framework, f.Sums, want[queueKey{f.Role, f.Framework}])
			}
		}
	})
}

func allOf(f *Fairness) []FairnessOf {
	return append(append([]FairnessOf{}, f.Roles...), f.Frameworks...)
}

// TestEnvyIsThatOfTheDefinition compares every pair of frameworks of one role in
// exact fractions. Envy may be off by a millionth, which it is rounded to.
func TestEnvyIsThatOfTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		s := mustNew(t, h.cfg)
		for _, e := range h.events {
			step(t, s, e)
		}
		all := s.Fairness().Frameworks
		for _, f := range all {
			envy := new(big.Rat)
			own := worthTo(s, &f, &f)
			for _, g := range all {
				if g.Role != f.Role || s.queueIndex[queueKey{f.Role, f.Framework}].waiting == 0 {
					continue
				}
				worth := worthTo(s, &f, &g)
				worth.Mul(worth, big.NewRat(int64(f.Weight), int64(g.Weight)))
				if all := worthOf(s, &f, &f.Demand); worth.Cmp(all) > 0 {
					worth = all
				}
				if worth.Sub(worth, own).Cmp(envy) > 0 {
					envy = worth
				}
			}
			off := new(big.Rat).Sub(envy, big.NewRat(int64(f.Envy), 1e6))
			if off.Abs(off).Cmp(big.NewRat(2, 1e6)) > 0 {
				t.Fatalf("%s of %s: envy %d, want %v", f.Framework, f.Role, f.Envy, envy.FloatString(6))
			}
		}
	})
}

func worthTo(s *State, f, g *FairnessOf) *big.Rat { return worthOf(s, f, &g.Held) }

// worthOf is the dominant share that a framework would have of a bundle in the
// proportion in which it asks for resources.
func worthOf(s *State, f *FairnessOf, bundle *drf.Vector) *big.Rat {
	var part, share *big.Rat
	for k, asks := range f.Demand {
		if asks == 0 || s.total[k] == 0 {
			continue
		}
		if got := big.NewRat(int64(bundle[k]), int64(asks)); part == nil || got.Cmp(part) < 0 {
			part = got
		}
		if of := big.NewRat(int64(asks), int64(s.total[k])); share == nil || of.Cmp(share) > 0 {
			share = of
		}
	}
	if part == nil {
		return new(big.Rat)
	}
	return new(big.Rat).Mul(part, share)
}

// TestFairnessSumsBelongTogether: whatever happens, a framework is short
// of its share by no more than its error says, and the sums are of the same time.
func TestFairnessSumsBelongTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histories(t)
		h.cfg.FairnessMillis = 100
		s := mustNew(t, h.cfg)
		for _, e := range h.events {
			step(t, s, e)
		}
		f := s.Fairness()
		for _, of := range allOf(f) {
			sums := of.Sums
			if beyond := sums.Error - sums.Short; beyond-sums.Short != sums.Share-sums.Fair {
				t.Fatalf("%s: beyond its share by %d, short of it by %d, but %d held and %d fair", of.Framework, beyond, sums.Short, sums.Share, sums.Fair)
			}
			if whole := Ppm(1e6).over(f.Millis); sums.Share > whole || sums.Fair > whole || sums.Envy > whole || sums.BelowMillis > f.Millis {
				t.Fatalf("%s: %+v in %d ms", of.Framework, sums, f.Millis)
			}
		}
	})
}
