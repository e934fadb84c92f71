package trace

import (
	"errors"
	"strconv"
	"strings"

	"fairlead/drf"
)

var (
	errDecimal = errors.New("not a number")
	errRange   = errors.New("out of range")
)

// maxScaled bounds what scaled returns, as drf does amounts.
const maxScaled = int64(drf.MaxAmount)

// rounding says what becomes of digits that are not kept.
type rounding bool

const (
	nearest rounding = false // halves away from zero
	up      rounding = true  // away from zero
)

// scaled reads a decimal such as 116.38, -1 or 5e-3 as a whole number of units of 10^-places. It
// works on the digits, so that nothing but the digits beyond the last place is ever rounded.
func scaled(s string, places int, how rounding) (int64, error) {
	if n, ok := small(s, places); ok {
		return n, nil
	}
	const longest, largestExponent = 100, 40
	mantissa, negative := strings.CutPrefix(s, "-")
	exponent := 0
	if e := strings.IndexAny(mantissa, "eE"); e >= 0 {
		n, err := strconv.Atoi(mantissa[e+1:])
		if err != nil {
			return 0, errDecimal
		}
		mantissa, exponent = mantissa[:e], n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if whole == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errDecimal
	}
	if len(s) > longest || max(exponent, -exponent) > largestExponent {
		return 0, errRange
	}
	kept, rest := cut(digits, len(whole)+exponent+places)
	n, err := strconv.ParseInt(kept, 10, 64)
	if err != nil || n >= maxScaled {
		return 0, errRange
	}
	if how == up && strings.Trim(rest, "0") != "" || how == nearest && rest != "" && rest[0] >= '5' {
		n++
	}
	if negative {
		n = -n
	}
	return n, nil
}

// small is scaled for whole numbers of up to nine digits, which most columns of a log are.
func small(s string, places int) (n int64, ok bool) {
	digits, negative := strings.CutPrefix(s, "-")
	if digits == "" || len(digits) > 9 || places > 9 {
		return 0, false // it may be too large to be worked out so
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	for range places {
		n *= 10
	}
	if negative {
		n = -n
	}
	return n, n < maxScaled && n > -maxScaled
}

// cut divides digits after the first n of them, as if there were zeros on both sides.
func cut(digits string, n int) (kept, rest string) {
	if n <= 0 {
		return "0", strings.Repeat("0", -n) + digits
	}
	if n > len(digits) {
		return digits + strings.Repeat("0", n-len(digits)), ""
	}
	return digits[:n], digits[n:]
}

// ceilDiv is a/b, rounded up, for a of at least 0 and b of at least 1.
func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}
