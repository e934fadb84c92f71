package sim

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A quantile is a value that came while there are few, and otherwise within 1/128 of the one that it
// stands for. Count, mean and maximum are always exact.
func TestSpreadAgreesWithSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 2, exactUpTo - 1, exactUpTo, exactUpTo + 1, 4 * exactUpTo}).Draw(t, "n")
		top := rapid.SampledFrom([]int64{0, 1, 200, 1e6, longestMillis}).Draw(t, "top")
		seed := rapid.Uint64().Draw(t, "seed")
		var s spread
		var all []int64
		sum := 0.0
		for range n {
			seed = seed*6364136223846793005 + 1442695040888963407
			v := int64(seed>>1) % (top + 1)
			s.add(v)
			all = append(all, v)
			sum += float64(v)
		}
		slices.Sort(all)
		for _, q := range []int64{1, 50, 95, 99, 100} {
			want := all[(int64(n)*q+99)/100-1]
			got := s.quantile(q, 100)
			if off := math.Abs(float64(got - want)); n <= exactUpTo && off != 0 || off*128 > float64(want) {
				t.Fatalf("%d values up to %d: quantile %d is %d, want %d", n, top, q, got, want)
			}
		}
		f := s.figures()
		if f.Count != int64(n) || f.Max != seconds(all[n-1]) || math.Abs(f.Mean-sum/float64(n)/1000) > 1e-4*(1+f.Mean) {
			t.Fatalf("got %+v of %d values with the sum %g", f, n, sum)
		}
	})
}

// Spreads that are put together are what one is that all values were added to.
func TestSpreadsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var whole, sum spread
		for range rapid.IntRange(1, 4).Draw(t, "parts") {
			var part spread
			for i := range rapid.SampledFrom([]int{0, 1, exactUpTo / 2, exactUpTo, exactUpTo + 1}).Draw(t, "n") {
				v := int64(i*i) % 7919
				whole.add(v)
				part.add(v)
			}
			sum.addAll(&part)
		}
		if got, want := sum.figures(), whole.figures(); got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func TestBinsFollowOneAnother(t *testing.T) {
	last := -1
	for v := int64(0); v < 1<<20; v++ {
		at := binOf(v)
		if at != last && at != last+1 {
			t.Fatalf("value %d is in bin %d, the one before it in %d", v, at, last)
		}
		if least := leastOf(at); at != last && least != v {
			t.Fatalf("bin %d begins with %d, but says %d", at, v, least)
		}
		last = at
	}
	if size := binOf(longestMillis); size > 8_000 {
		t.Errorf("the longest time makes %d bins", size)
	}
}
