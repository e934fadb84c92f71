package drf

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// exact is the weighted share as math/big sees it.
func exact(s Share) *big.Rat {
	if s.Num == 0 {
		return new(big.Rat)
	}
	r := new(big.Rat).SetFrac(new(big.Int).SetUint64(s.Num), new(big.Int).SetUint64(s.Den))
	if s.Weight != (Weight{}) {
		r.Quo(r, big.NewRat(int64(s.Weight.Amount()), int64(Unit)))
	}
	return r
}

func weight(tb rapid.TB, thousandths Amount) Weight {
	tb.Helper()
	w, err := NewWeight(thousandths)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func TestShareCompare(t *testing.T) {
	const max = math.MaxUint64
	half, tenth, heaviest, lightest := weight(t, 500), weight(t, 100), weight(t, MaxWeight), weight(t, 1)
	for _, c := range []struct {
		name string
		s, t Share
		want int
	}{
		{"nothing is nothing", Share{}, Share{0, 7, One}, 0},
		{"nothing is less than anything", Share{0, 1, lightest}, Share{1, max, heaviest}, -1},
		{"2/9 of the memory is 4/18", Share{2, 9, One}, Share{4, 18, One}, 0},
		{"1/3 is more than 2/9", Share{3, 9, One}, Share{4, 18, One}, 1},
		{"0.15/3 is 0.10/2, which floats deny", Share{15, 100, weight(t, 3000)}, Share{10, 100, weight(t, 2000)}, 0},
		{"no weight is weight one", Share{1, 3, Weight{}}, Share{1, 3, One}, 0},
		{"a tenth of the weight is ten times the share", Share{1, 100, tenth}, Share{9, 100, One}, 1},
		{"weight one half", Share{1, 4, half}, Share{1, 2, One}, 0},
		{"neighbours at the end of the range", Share{max - 1, max, One}, Share{max - 2, max - 1, One}, 1},
		{"the widest products", Share{max, 1, lightest}, Share{max, 1, heaviest}, 1},
		{"the widest products, equal", Share{max, max, lightest}, Share{max - 1, max - 1, lightest}, 0},
	} {
		if got := c.s.Compare(c.t); got != c.want {
			t.Errorf("%s: Compare(%v, %v) = %d; want %d", c.name, c.s, c.t, got, c.want)
		}
		if got := c.t.Compare(c.s); got != -c.want {
			t.Errorf("%s: the other way round = %d; want %d", c.name, got, -c.want)
		}
		if got := exact(c.s).Cmp(exact(c.t)); got != c.want {
			t.Errorf("%s: math/big says %d; the test expects %d", c.name, got, c.want)
		}
	}
}

// shares draws shares over the whole range of uint64, and near misses: two
// fractions that differ by one part in 2^64 are where a float goes wrong.
func shares() *rapid.Generator[Share] {
	return rapid.Custom(func(t *rapid.T) Share {
		s := Share{Num: rapid.Uint64().Draw(t, "num"), Den: rapid.Uint64Min(1).Draw(t, "den")}
		if rapid.Bool().Draw(t, "weighted") {
			s.Weight = weight(t, Amount(rapid.Int64Range(1, int64(MaxWeight)).Draw(t, "weight")))
		}
		return s
	})
}

func neighbour(t *rapid.T, s Share) Share {
	n := s
	if n.Num < math.MaxUint64 && n.Den < math.MaxUint64 && n.Num > 0 && n.Den > 1 {
		n.Num += rapid.SampledFrom([]uint64{math.MaxUint64, 0, 1}).Draw(t, "dnum")
		n.Den += rapid.SampledFrom([]uint64{math.MaxUint64, 0, 1}).Draw(t, "dden")
	}
	return n
}

func TestShareCompareAgreesWithMathBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := shares().Draw(t, "a"), shares().Draw(t, "b")
		for _, other := range []Share{b, neighbour(t, a)} {
			if got, want := a.Compare(other), exact(a).Cmp(exact(other)); got != want {
				t.Fatalf("Compare(%+v, %+v) = %d; math/big says %d", a, other, got, want)
			}
		}
	})
}

func TestShareFractionIsInLowestTerms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := shares().Draw(t, "s")
		s.Weight = Weight{}
		num, den := s.Fraction()
		want := exact(s)
		if want.Num().Cmp(new(big.Int).SetUint64(num)) != 0 || want.Denom().Cmp(new(big.Int).SetUint64(den)) != 0 {
			t.Fatalf("Fraction of %d/%d = %d/%d; want %v", s.Num, s.Den, num, den, want)
		}
		if got := s.String(); got != want.RatString() {
			t.Fatalf("%d/%d prints as %q; want %q", s.Num, s.Den, got, want.RatString())
		}
		if f, _ := want.Float64(); math.Abs(s.Float()-f) > 1e-12*f {
			t.Fatalf("Float of %v = %v; want %v", want, s.Float(), f)
		}
	})
}

func TestShareOfNothing(t *testing.T) {
	for _, s := range []Share{{}, {0, 5, One}} {
		if num, den := s.Fraction(); num != 0 || den != 1 || s.String() != "0" || s.Float() != 0 {
			t.Errorf("%+v is %d/%d, prints %q, floats %v; want 0/1, 0, 0", s, num, den, s, s.Float())
		}
	}
}

func TestNewWeight(t *testing.T) {
	for _, a := range []Amount{1, 100, 1000, 1500, 3000, 999_999_999, MaxWeight} {
		if got := weight(t, a).Amount(); got != a {
			t.Errorf("NewWeight(%d).Amount() = %d", a, got)
		}
	}
	if weight(t, 1000) != One {
		t.Error("1000 thousandths are not One")
	}
	for _, a := range []Amount{0, -1, MaxWeight + 1, math.MaxInt64, math.MinInt64} {
		if w, err := NewWeight(a); !errors.Is(err, ErrWeight) {
			t.Errorf("NewWeight(%d) = %v, %v; want an ErrWeight", a, w, err)
		}
	}
}

func TestMul3AgreesWithMathBig(t *testing.T) {
	// Evenly spread numbers carry every other time; rapid prefers small ones.
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		a, b, c := random.Uint64(), random.Uint64(), random.Uint64()
		want := new(big.Int).SetUint64(a)
		want.Mul(want, new(big.Int).SetUint64(b)).Mul(want, new(big.Int).SetUint64(c))
		got := new(big.Int)
		for _, word := range mul3(a, b, c) {
			got.Lsh(got, 64).Add(got, new(big.Int).SetUint64(word))
		}
		if got.Cmp(want) != 0 {
			t.Fatalf("mul3(%d, %d, %d) = %v; want %v", a, b, c, got, want)
		}
	}
}
