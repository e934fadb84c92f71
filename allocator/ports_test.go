package allocator

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fairlead/drf"
)

// TestPortSetAgreesWithAMap draws sets of few, near ports, so that ranges
// touch, overlap, split and vanish.
func TestPortSetAgreesWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		port := rapid.Uint64Range(1, 12)
		var ranges []PortRange
		want := map[uint64]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "ranges") {
			r := PortRange{port.Draw(t, "begin"), port.Draw(t, "end")}
			ranges = append(ranges, r)
			addPorts(want, []PortRange{r})
		}
		set := newPortSet(ranges)
		for range rapid.IntRange(0, 6).Draw(t, "changes") {
			ports := rapid.SliceOfN(port, 0, 3).Draw(t, "ports")
			if rapid.Bool().Draw(t, "add") {
				set = set.with(ports...)
				for _, p := range ports {
					want[p] = true
				}
			} else {
				set = set.without(ports...)
				for _, p := range ports {
					delete(want, p)
				}
			}
			mustHold(t, set, slices.Sorted(maps.Keys(want)))
		}
	})
}

func mustHold(t *rapid.T, set portSet, want []uint64) {
	t.Helper()
	if got := set.lowest(100); !slices.Equal(got, want) {
		t.Fatalf("%v lists %v; want %v", set, got, want)
	}
	if got := set.count(); got != drf.Amount(len(want))*drf.Unit {
		t.Fatalf("%v counts %s; want %d", set, got, len(want))
	}
	if got := set.holding([]uint64{1, 5, 9}); len(got) != len(slices.DeleteFunc([]uint64{1, 5, 9},
		func(p uint64) bool { return !slices.Contains(want, p) })) {
		t.Fatalf("%v holds %v of 1, 5, 9; want those of %v", set, got, want)
	}
	for i, r := range set {
		if r.End < r.Begin || i > 0 && r.Begin <= set[i-1].End+1 {
			t.Fatalf("%v: range %d is empty, or touches the one before", set, i)
		}
	}
}

func TestPortSetLeavesOutWhatIsNoRange(t *testing.T) {
	set := newPortSet([]PortRange{{5, 4}, {65000, 70000}, {7, 7}})
	if len(set) != 1 || set[0] != (PortRange{7, 7}) {
		t.Fatalf("%v; want 7-7 only", set)
	}
}
