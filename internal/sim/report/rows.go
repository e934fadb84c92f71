package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"fairlead/internal/sim"
)

// FrameworkRow is one framework in one run.
type FrameworkRow struct {
	Label  string // of the run
	Result sim.FrameworkResult
}

// ByFramework are the frameworks by name and role, each with its runs one after the other.
func ByFramework(c *Comparison) []FrameworkRow {
	var out []FrameworkRow
	for _, r := range c.Runs {
		for _, f := range r.Result.Frameworks {
			out = append(out, FrameworkRow{r.Label, f})
		}
	}
	slices.SortStableFunc(out, func(a, b FrameworkRow) int {
		return cmp.Or(cmp.Compare(a.Result.Name, b.Result.Name), cmp.Compare(a.Result.Role, b.Result.Role))
	})
	return out
}

// SizeRow is the jobs of one size in one run.
type SizeRow struct {
	Label string // of the run
	Bin   sim.SizeBin
}

// Times are those of waits, and of completions.
func (r SizeRow) Times() []sim.Spread { return []sim.Spread{r.Bin.Wait, r.Bin.Completion} }

// BySize are the sizes of jobs, smallest first, each with its runs one after the other.
func BySize(c *Comparison) []SizeRow {
	var out []SizeRow
	for _, r := range c.Runs {
		for _, b := range r.Result.SizeBins {
			out = append(out, SizeRow{r.Label, b})
		}
	}
	least := func(r SizeRow) (n int) {
		fmt.Sscan(r.Bin.Instances, &n) //nolint:errcheck // begins with a number
		return n
	}
	slices.SortStableFunc(out, func(a, b SizeRow) int { return cmp.Compare(least(a), least(b)) })
	return out
}

// Signed prints a difference: +1.0s, -1.0s, or = if there is none to be seen.
func (k Kind) Signed(x float64) string {
	s := k.Format(math.Abs(x))
	switch {
	case s == k.Format(0):
		return "="
	case x < 0:
		return "-" + s
	}
	return "+" + s
}

// Format prints a figure for people.
func (k Kind) Format(x float64) string {
	switch k {
	case Count:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case Seconds:
		return long(x)
	case Part:
		return fmt.Sprintf("%.1f%%", 100*x)
	case Index:
		return fmt.Sprintf("%.4f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// long is a time in seconds, and in hours or days where those would be too many to read.
func long(x float64) string {
	switch {
	case x < 10_000:
		return fmt.Sprintf("%.1fs", x)
	case x < 2*86_400:
		return fmt.Sprintf("%.2fh", x/3_600)
	}
	return fmt.Sprintf("%.2fd", x/86_400)
}
