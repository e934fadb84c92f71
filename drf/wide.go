package drf

import "math/bits"

// wide is a whole number of up to 640 bits, the least significant word first:
// enough for the product of eight totals, an amount and two weights.
type wide [10]uint64

func (x wide) add(y wide) wide {
	var carry uint64
	for i := range x {
		x[i], carry = bits.Add64(x[i], y[i], carry)
	}
	return x
}

func (x wide) times(f uint64) wide {
	var carry uint64
	for i, word := range x {
		hi, lo := bits.Mul64(word, f)
		sum, c := bits.Add64(lo, carry, 0)
		x[i], carry = sum, hi+c
	}
	return x
}

// over is x / d, which must leave nothing.
func (x wide) over(d uint64) wide {
	var rest uint64
	for i := len(x) - 1; i >= 0; i-- {
		x[i], rest = bits.Div64(rest, x[i], d)
	}
	return x
}

// mod is what x / d leaves.
func (x wide) mod(d uint64) (rest uint64) {
	for i := len(x) - 1; i >= 0; i-- {
		_, rest = bits.Div64(rest, x[i], d)
	}
	return rest
}

func (x wide) compare(y wide) int {
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] != y[i] {
			return cmp64(x[i], y[i])
		}
	}
	return 0
}
