package allocator

import (
	"cmp"
	"slices"
)

// printFairness says how fairly everybody is served now, and over the time that
// was measured.
func (sc *script) printFairness() {
	sc.s.advance(sc.now)
	f := sc.s.Fairness()
	sc.printf("measured for %d s", f.Millis/1000)
	for _, of := range slices.Concat(f.Roles, f.Frameworks) {
		below := ""
		if of.Below {
			below = ", below"
		}
		sc.printf("%s: holds %.3f, fair is %.3f, error %+.3f, envy %.3f%s", cmp.Or(of.Framework, of.Role),
			of.Share.Float(), of.Fair.Float(), of.Error().Float(), of.Envy.Float(), below)
		if f.Millis > 0 {
			sc.printf("  share-seconds: held %.1f, fair %.1f, error %.1f, short %.1f, envy %.1f, kept %.1f; below for %d s",
				of.Sums.Share.Float(), of.Sums.Fair.Float(), of.Sums.Error.Float(), of.Sums.Short.Float(),
				of.Sums.Envy.Float(), of.Sums.Kept.Float(), of.Sums.BelowMillis/1000)
		}
	}
	for i, idle := range [][]HeldOver{f.Offers, f.Holds} {
		for _, h := range idle {
			sc.printf("%s: %s %.3f, %.1f share-seconds", []string{"in offers", "kept"}[i], h.Name, h.Now.Float(), h.Sum.Float())
		}
	}
}
