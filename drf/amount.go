package drf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Amount is a quantity of one resource in thousandths of its unit: 1500 is
// 1.5 CPUs or 1.5 MiB. It is Mesos' own fixed point (src/common/values.cpp),
// so sums never drift.
type Amount int64

// Unit is one whole unit of a resource.
const Unit Amount = 1000

// MaxAmount bounds every amount that is read (about 9 × 10^12 units). A thousand
// of them can be added without overflow; whoever adds up more, such as the
// allocator, has a lower bound of its own.
const MaxAmount Amount = 1 << 53

// ErrAmount is wrapped by every error of ParseAmount.
var ErrAmount = errors.New("not an amount")

// ParseAmount reads a non-negative decimal with at most three places, such as
// "0.1" or "4096". More places are an error and never rounded.
func ParseAmount(s string) (Amount, error) {
	whole, frac, dotted := strings.Cut(s, ".")
	if dotted && (frac == "" || len(frac) > 3) {
		return 0, fmt.Errorf("%w: %q: expected at most three decimal places", ErrAmount, s)
	}
	frac += "000"[len(frac):]
	units, err := parseDigits(whole)
	if err != nil {
		return 0, fmt.Errorf("%w: %q: expected a non-negative decimal", ErrAmount, s)
	}
	milli, err := parseDigits(frac)
	if err != nil {
		return 0, fmt.Errorf("%w: %q: expected a non-negative decimal", ErrAmount, s)
	}
	if units > uint64(MaxAmount/Unit)-1 {
		return 0, fmt.Errorf("%w: %q: larger than %s", ErrAmount, s, MaxAmount)
	}
	return Amount(units)*Unit + Amount(milli), nil
}

// parseDigits accepts plain digits only; strconv alone would let "+1" pass.
func parseDigits(s string) (uint64, error) {
	if s == "" || s[0] == '+' || s[0] == '-' {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(s, 10, 64)
}

// String prints the amount as a decimal without trailing zeros: "1.5".
func (a Amount) String() string {
	sign, size := "", uint64(a)
	if a < 0 {
		sign, size = "-", -size // right for the least int64 too
	}
	s := sign + strconv.FormatUint(size/uint64(Unit), 10)
	if m := size % uint64(Unit); m != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%03d", m), "0")
	}
	return s
}

// Float is the amount in units, for printing and encoding only.
func (a Amount) Float() float64 { return float64(a) / float64(Unit) }
