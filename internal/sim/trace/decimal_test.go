package trace

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		in     string
		places int
		how    rounding
		want   int64
	}{
		{"0", 3, nearest, 0}, {"12", 3, nearest, 12_000}, {"-1", 0, nearest, -1}, {"1.", 1, nearest, 10},
		{"116.38162544169612", 3, nearest, 116_382}, {"475.00000000000006", 3, nearest, 475_000},
		{"475.00000000000006", 3, up, 475_001}, {"0.0005", 3, nearest, 1}, {"0.00049999", 3, nearest, 0},
		{"0.00000001", 3, up, 1}, {"-0.0005", 3, nearest, -1}, {"0.005404705821447985", 8, up, 540_471},
		{"5.4e-05", 8, up, 5_400}, {"1e3", 0, nearest, 1_000}, {"12.5E+1", 0, nearest, 125}, {"1e-40", 3, nearest, 0},
		{"0000000000000000000000000000001", 0, nearest, 1}, {"9007199254740991", 0, nearest, 1<<53 - 1},
	} {
		if got, err := scaled(c.in, c.places, c.how); err != nil || got != c.want {
			t.Errorf("scaled(%q, %d, %v) = %d, %v; want %d", c.in, c.places, c.how, got, err, c.want)
		}
	}
	for in, want := range map[string]error{
		"": errDecimal, ".5": errDecimal, "-": errDecimal, "+1": errDecimal, "1e": errDecimal, "NaN": errDecimal, "Inf": errDecimal,
		"0x10": errDecimal, "1_000": errDecimal, "1.2.3": errDecimal, " 1": errDecimal, "--1": errDecimal, "1e1.5": errDecimal,
		"9007199254740992": errRange, "1e41": errRange, "1e-41": errRange, "1" + strings.Repeat("0", 100): errRange, "1e30": errRange,
	} {
		if got, err := scaled(in, 0, nearest); !errors.Is(err, want) {
			t.Errorf("scaled(%q) = %d, %v; want %v", in, got, err, want)
		}
	}
}

// What is read is what math/big reads, but for less than one unit, and rounded to the right side.
func FuzzScaled(f *testing.F) {
	for _, seed := range []string{"0", "-1.5", "116.38162544169612", "5.4e-05", "1e3", "9007199254740991", "1e", "."} {
		f.Add(seed, uint8(3), true)
	}
	f.Fuzz(func(t *testing.T, s string, places uint8, upwards bool) {
		n := int(places % 10)
		got, err := scaled(s, n, rounding(upwards))
		if err != nil {
			if !errors.Is(err, errDecimal) && !errors.Is(err, errRange) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q is read as %d, but math/big refuses it", s, got)
		}
		exact.Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)))
		off := exact.Sub(new(big.Rat).SetInt64(got), exact) // got - exact
		if strings.HasPrefix(s, "-") {
			off.Neg(off)
		}
		limit := big.NewRat(1, 2)
		if upwards {
			limit = big.NewRat(1, 1)
		}
		if new(big.Rat).Abs(off).Cmp(limit) > 0 || upwards && (off.Sign() < 0 || off.Cmp(limit) == 0) {
			t.Fatalf("%q in units of 10^-%d is read as %d: off by %v", s, n, got, off)
		}
	})
}

func TestNaturalOrder(t *testing.T) {
	rising := []string{"", "a", "j1", "j01", "j2", "j10", "j10-t9", "j10-t10", "j11-t1", "ja", "openb-pod-0009", "openb-pod-0010"}
	for i, a := range rising {
		for k, b := range rising {
			want := 0
			if i != k {
				want = map[bool]int{true: -1, false: 1}[i < k]
			}
			if got := compareNatural(a, b); got != want {
				t.Errorf("compareNatural(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func jobLine(n int) string {
	user := n % 7
	if n == 1 {
		return fmt.Sprintf("; MaxNodes: 4\n1 0 0 10 1 -1 -1 -1 -1 -1 1 %d 1 -1 -1 -1 -1 -1\n", user)
	}
	run := 10
	if n%10 == 0 {
		run = -7 // impossible
	}
	return fmt.Sprintf("%d %d 0 %d 2 -1 -1 -1 -1 -1 1 %d 1 -1 -1 -1 -1 -1\n", n, n, run, user)
}
