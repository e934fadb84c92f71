package drf

import "math/big"

// fixed is a number in whole units of 2^-192; the zero value is 0. Products and
// quotients are rounded down. Values do not change.
type fixed struct{ n *big.Int }

const fixedPlaces = 192

// fixedRatio is a × b / (c × d).
func fixedRatio(a, b, c, d uint64) fixed {
	num := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
	den := new(big.Int).Mul(new(big.Int).SetUint64(c), new(big.Int).SetUint64(d))
	return fixed{num.Quo(num.Lsh(num, fixedPlaces), den)}
}

// fixedPower is 2^-n.
func fixedPower(n uint) fixed { return fixed{new(big.Int).Lsh(big.NewInt(1), fixedPlaces-n)} }

func (x fixed) plus(y fixed) fixed {
	switch {
	case x.n == nil:
		return y
	case y.n == nil:
		return x
	}
	return fixed{new(big.Int).Add(x.n, y.n)}
}

func (x fixed) minus(y fixed) fixed {
	switch {
	case y.n == nil:
		return x
	case x.n == nil:
		return fixed{new(big.Int).Neg(y.n)}
	}
	return fixed{new(big.Int).Sub(x.n, y.n)}
}

func (x fixed) times(y fixed) fixed {
	if x.n == nil || y.n == nil {
		return fixed{}
	}
	p := new(big.Int).Mul(x.n, y.n)
	return fixed{p.Rsh(p, fixedPlaces)}
}

// over is x / y; y must not be 0.
func (x fixed) over(y fixed) fixed {
	if x.n == nil {
		return x
	}
	p := new(big.Int).Lsh(x.n, fixedPlaces)
	return fixed{p.Div(p, y.n)}
}

func (x fixed) compare(y fixed) int {
	switch {
	case x.n == nil:
		return -y.sign()
	case y.n == nil:
		return x.sign()
	}
	return x.n.Cmp(y.n)
}

func (x fixed) sign() int {
	if x.n == nil {
		return 0
	}
	return x.n.Sign()
}

func (x fixed) max(y fixed) fixed {
	if x.compare(y) < 0 {
		return y
	}
	return x
}

func (x fixed) min(y fixed) fixed {
	if x.compare(y) > 0 {
		return y
	}
	return x
}

// floor is the whole part of a number that is not negative and fits.
func (x fixed) floor() uint64 {
	if x.n == nil {
		return 0
	}
	return new(big.Int).Rsh(x.n, fixedPlaces).Uint64()
}
