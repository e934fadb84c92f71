package drf

import (
	"errors"
	"math"
	"math/big"
	"testing"
)

func TestParseAmount(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Amount
		out  string // what the amount prints as
	}{
		{"0", 0, "0"},
		{"1", 1000, "1"},
		{"0.1", 100, "0.1"},
		{"0.100", 100, "0.1"},
		{"1.005", 1005, "1.005"},
		{"007", 7000, "7"},
		{"4096", 4096000, "4096"},
		{"9007199254739.999", 9007199254739999, "9007199254739.999"},
	} {
		got, err := ParseAmount(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseAmount(%q) = %d, %v; want %d thousandths", c.in, got, err, c.want)
		}
		if got.String() != c.out {
			t.Errorf("ParseAmount(%q) prints as %q; want %q", c.in, got, c.out)
		}
	}
}

func TestParseAmountRefuses(t *testing.T) {
	for _, in := range []string{
		"", ".", ".5", "5.", "-1", "+1", "1.+1", "1.-1", "1.0001", "1e3", "0x10", "1_000", "1,5", " 1", "1 ",
		"NaN", "Inf", "9007199254740", "9007199254740.993", "18446744073709551616", "99999999999999999999999",
	} {
		got, err := ParseAmount(in)
		if !errors.Is(err, ErrAmount) || got != 0 {
			t.Errorf("ParseAmount(%q) = %d, %v; want an ErrAmount", in, got, err)
		}
	}
}

func TestAmountStringOfExtremes(t *testing.T) {
	for a, want := range map[Amount]string{
		-1:            "-0.001",
		-1500:         "-1.5",
		math.MaxInt64: "9223372036854775.807",
		math.MinInt64: "-9223372036854775.808",
	} {
		if got := a.String(); got != want {
			t.Errorf("Amount(%d).String() = %q; want %q", int64(a), got, want)
		}
	}
}

func TestAmountFloat(t *testing.T) {
	if got := Amount(1512).Float(); got != 1.512 {
		t.Errorf("Float of 1512 thousandths = %v; want 1.512", got)
	}
}

// FuzzParseAmount holds the parser against math/big: what it accepts it reads
// exactly, and every amount it returns prints as text that it reads back.
func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"0", "1.5", "0.001", "4096", "9007199254739.999", "1.0001", "-1", "+1", "1e3", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAmount(s)
		if err != nil {
			if !errors.Is(err, ErrAmount) {
				t.Fatalf("ParseAmount(%q): %v is not an ErrAmount", s, err)
			}
			return
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok || exact.Cmp(big.NewRat(int64(a), int64(Unit))) != 0 {
			t.Fatalf("ParseAmount(%q) = %d thousandths; math/big reads %v", s, a, exact)
		}
		if a < 0 || a >= MaxAmount {
			t.Fatalf("ParseAmount(%q) = %d: out of bounds", s, a)
		}
		if back, err := ParseAmount(a.String()); err != nil || back != a {
			t.Fatalf("%q prints as %q, which reads as %d, %v", s, a, back, err)
		}
	})
}
