package drf

import (
	"errors"
	"fmt"
	"math/bits"
)

// Weight is a positive factor with at most three decimal places, kept as a
// fraction in lowest terms so that integer weights stay small.
type Weight struct{ num, den uint32 }

// One is the default weight.
var One = Weight{1, 1}

// MaxWeight bounds weights, so that comparing shares cannot overflow.
const MaxWeight = 1_000_000 * Unit

// ErrWeight is wrapped by the errors of NewWeight.
var ErrWeight = errors.New("bad weight")

// NewWeight makes a weight from thousandths: 1000 is 1. It must be positive
// and at most MaxWeight.
func NewWeight(a Amount) (Weight, error) {
	if a <= 0 || a > MaxWeight {
		return Weight{}, fmt.Errorf("%w %s: expected a number above 0 and at most %s", ErrWeight, a, MaxWeight)
	}
	g := gcd(uint64(a), uint64(Unit))
	return Weight{uint32(uint64(a) / g), uint32(uint64(Unit) / g)}, nil
}

// Amount is the weight in thousandths.
func (w Weight) Amount() Amount { return Amount(w.num) * Unit / Amount(w.den) }

// Share is an exact dominant share: Num/Den of the cluster, divided by a
// weight. The zero value is no share at all.
type Share struct {
	// Num is what is allocated of the dominant resource, in thousandths.
	Num uint64
	// Den is the total of that resource, in thousandths; 0 only if Num is 0.
	Den uint64
	// Weight divides the fraction; the zero value counts as One.
	Weight Weight
}

// Compare orders weighted shares: negative if s is the smaller one. It is
// exact: two 128-bit products, widened to 192 bits where weights differ.
func (s Share) Compare(t Share) int { return s.compare(&t) }

// compare is Compare without copying.
func (s *Share) compare(t *Share) int {
	if s.Weight == t.Weight && s.Den == t.Den || s.Num == 0 || t.Num == 0 {
		return cmp64(s.Num, t.Num)
	}
	return s.compareWide(t)
}

func (s *Share) compareWide(t *Share) int {
	left := mul3(s.Num, t.Den, uint64(s.Weight.denominator())*uint64(t.Weight.numerator()))
	right := mul3(t.Num, s.Den, uint64(t.Weight.denominator())*uint64(s.Weight.numerator()))
	for i := range left {
		if left[i] != right[i] {
			return cmp64(left[i], right[i])
		}
	}
	return 0
}

// larger reports whether a/b is more than c/d; neither b nor d is 0.
func larger(a, b, c, d uint64) bool {
	left, l := bits.Mul64(a, d)
	right, r := bits.Mul64(c, b)
	return left > right || left == right && l > r
}

// numerator and denominator read the zero Weight as 1.
func (w Weight) numerator() uint32   { return max(w.num, 1) }
func (w Weight) denominator() uint32 { return max(w.den, 1) }

// Fraction is the unweighted dominant share in lowest terms; 0/1 for nothing.
func (s Share) Fraction() (num, den uint64) {
	if s.Num == 0 {
		return 0, 1
	}
	g := gcd(s.Num, s.Den)
	return s.Num / g, s.Den / g
}

// String prints the unweighted share in lowest terms: "2/3", "1" or "0".
func (s Share) String() string {
	num, den := s.Fraction()
	if den == 1 {
		return fmt.Sprint(num)
	}
	return fmt.Sprintf("%d/%d", num, den)
}

// Float is the unweighted share as a number, for printing only.
func (s Share) Float() float64 {
	if s.Num == 0 {
		return 0
	}
	return float64(s.Num) / float64(s.Den)
}

// mul3 is a × b × c as three 64-bit words, the most significant first.
func mul3(a, b, c uint64) [3]uint64 {
	hi, lo := bits.Mul64(a, b)
	h0, l0 := bits.Mul64(lo, c)
	h1, l1 := bits.Mul64(hi, c)
	mid, carry := bits.Add64(h0, l1, 0)
	return [3]uint64{h1 + carry, mid, l0}
}

func cmp64(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
