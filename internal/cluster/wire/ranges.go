package wire

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Ranges is a set of integers as sorted, disjoint intervals with gaps between
// them; both ends are inside. The zero value is empty. Methods do not change
// the receiver.
type Ranges []mesos.Value_Range

// NewRanges sorts intervals and merges those that overlap or touch. Intervals
// whose begin is above their end are empty.
func NewRanges(intervals ...mesos.Value_Range) Ranges {
	sorted := slices.Clone(intervals)
	slices.SortFunc(sorted, func(a, b mesos.Value_Range) int { return cmp.Compare(a.Begin, b.Begin) })
	var merged Ranges
	for _, r := range sorted {
		if r.Begin > r.End {
			continue
		}
		// r.Begin-1 cannot wrap: r starts above the last interval's begin.
		if last := len(merged) - 1; last >= 0 && (r.Begin <= merged[last].End || r.Begin-1 == merged[last].End) {
			merged[last].End = max(merged[last].End, r.End)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// Plus is the union.
func (a Ranges) Plus(b Ranges) Ranges { return NewRanges(slices.Concat(a, b)...) }

// Minus is the difference.
func (a Ranges) Minus(b Ranges) Ranges {
	left := slices.Clone(a)
	for _, cut := range b {
		var next Ranges
		for _, r := range left {
			if cut.End < r.Begin || r.End < cut.Begin {
				next = append(next, r)
				continue
			}
			if r.Begin < cut.Begin {
				next = append(next, mesos.Value_Range{Begin: r.Begin, End: cut.Begin - 1})
			}
			if cut.End < r.End {
				next = append(next, mesos.Value_Range{Begin: cut.End + 1, End: r.End})
			}
		}
		left = next
	}
	return left
}

// Contains reports whether every integer of b is in a.
func (a Ranges) Contains(b Ranges) bool { return len(b.Minus(a)) == 0 }

// Overlaps reports whether a and b have an integer in common.
func (a Ranges) Overlaps(b Ranges) bool {
	for _, r := range b {
		for _, s := range a {
			if r.Begin <= s.End && s.Begin <= r.End {
				return true
			}
		}
	}
	return false
}

// String prints intervals as they stand: "[1-10, 20-29]".
func (a Ranges) String() string {
	parts := make([]string, len(a))
	for i, r := range a {
		parts[i] = fmt.Sprintf("%d-%d", r.Begin, r.End)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
