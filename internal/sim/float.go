package sim

import (
	"math"
	"math/rand/v2"
)

// The functions of this file give the same bits on every machine, so that what is drawn, and with it
// the digest of a simulation, is the same. The functions of package math do not: some processors have
// an implementation of their own, and where there is an instruction that multiplies and adds with one
// rounding the compiler may use it. Here everything is made of operations that IEEE 754 rounds
// exactly, and a product that is added to something is converted to float64 first, which the language
// says must round it.

// ln is the natural logarithm of a finite x > 0, but for an error of at most 1e-15 or, if that is more,
// 1e-15 of it.
func ln(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	// ln m = 2 (s + s³/3 + s⁵/5 + ...) with |s| < 0.172.
	s := (m - 1) / (m + 1)
	square := float64(s * s)
	sum := 0.0
	for k := 25; k >= 1; k -= 2 {
		sum = float64(sum*square) + 1/float64(k)
	}
	return float64(2*s*sum) + float64(float64(e)*math.Ln2)
}

// exp is e to the power of x, but for a part of at most (1+|x|) * 1e-15 of it; x is held between -700
// and 700.
func exp(x float64) float64 {
	x = min(max(x, -700), 700)
	k := math.Floor(x/math.Ln2 + 0.5)
	r := x - float64(k*math.Ln2)
	sum := 1.0
	for n := 18; n >= 1; n-- {
		sum = 1 + float64(r*sum)/float64(n)
	}
	return math.Ldexp(sum, int(k))
}

// unit is uniform on (0, 1].
func unit(from *rand.PCG) float64 {
	const most = 1 << 53
	return float64(from.Uint64()>>11+1) / most
}

// exponential has the mean 1.
func exponential(from *rand.PCG) float64 { return -ln(unit(from)) }

// normal has the mean 0 and the variance 1: Marsaglia's polar method, of which one of the two numbers
// is not used.
func normal(from *rand.PCG) float64 {
	for {
		u, v := float64(2*unit(from))-1, float64(2*unit(from))-1
		if s := float64(u*u) + float64(v*v); s > 0 && s < 1 {
			return u * math.Sqrt(-2*ln(s)/s)
		}
	}
}

// whole is x to the nearest whole number of milliseconds, at most longestMillis.
func whole(x float64) int64 {
	if x >= longestMillis {
		return longestMillis
	}
	return int64(math.Floor(float64(x) + 0.5))
}
