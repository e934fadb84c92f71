package drf

import (
	"testing"

	"pgregory.net/rapid"
)

// TestDecayHalvesInAHalfLife: after 64 steps half of what differs is left, but for
// rounding, and in the end nothing.
func TestDecayHalvesInAHalfLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := func(label string) Amount { return Amount(rapid.Int64Range(0, 1<<50).Draw(t, label)) }
		past, held := Vector{CPUs: amount("past")}, Vector{CPUs: amount("held")}
		gap := held[CPUs] - past[CPUs]
		for range HalfLifeSteps {
			past = Decay(past, held)
		}
		left := held[CPUs] - past[CPUs]
		slack := HalfLifeSteps + max(gap, -gap)>>28
		if off := gap/2 - left; off > slack || off < -slack || left < 0 && gap > 0 || left > 0 && gap < 0 {
			t.Fatalf("a gap of %d became %d", gap, left)
		}
		for range 60 * HalfLifeSteps {
			past = Decay(past, held)
		}
		if past != held {
			t.Fatalf("%v did not come to %v", past, held)
		}
	})
}
