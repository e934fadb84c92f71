package drf

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKindsInternsInOrderOfFirstSight(t *testing.T) {
	k := NewKinds()
	for i, name := range []string{"cpus", "mem", "disk", "gpus", "ports"} {
		if got, ok := k.Lookup(name); !ok || got != Kind(i) || k.Name(got) != name {
			t.Errorf("Lookup(%q) = %d, %v; want %d", name, got, ok, i)
		}
	}
	if _, ok := k.Lookup("fpga"); ok {
		t.Error("Lookup knows fpga before it was interned")
	}
	for range 2 { // the second time changes nothing
		if got, err := k.Intern("fpga"); err != nil || got != firstCustom || k.Len() != 6 {
			t.Fatalf("Intern(fpga) = %d, %v, %d names; want %d, 6 names", got, err, k.Len(), firstCustom)
		}
	}
}

func TestKindsRefusesMoreNamesThanAVectorHolds(t *testing.T) {
	k := NewKinds()
	for _, name := range []string{"x", "y", "z"} {
		if _, err := k.Intern(name); err != nil {
			t.Fatal(err)
		}
	}
	_, err := k.Intern("one-too-many")
	if err == nil || !strings.Contains(err.Error(), "one-too-many") || !strings.Contains(err.Error(), "x, y, z") {
		t.Errorf("Intern of a ninth name: %v; want an error that names it and the eight", err)
	}
	if k.Len() != MaxKinds {
		t.Errorf("%d names after the refusal; want %d", k.Len(), MaxKinds)
	}
}

func TestVectorArithmetic(t *testing.T) {
	v, w := Vector{CPUs: 3, Mem: 10, 7: 1}, Vector{CPUs: 1, Mem: 10, Ports: 2}
	sum := Vector{CPUs: 4, Mem: 20, Ports: 2, 7: 1}
	if got := v.Add(w); got != sum {
		t.Errorf("Add = %v; want %v", got, sum)
	}
	if got, ok := sum.Sub(w); !ok || got != v {
		t.Errorf("Sub = %v, %v; want %v", got, ok, v)
	}
	if got, ok := v.Sub(w); ok || got != v {
		t.Errorf("Sub of more than there is = %v, %v; want it refused and %v unchanged", got, ok, v)
	}
	if got, want := v.Times(3), (Vector{CPUs: 9, Mem: 30, 7: 3}); got != want {
		t.Errorf("Times(3) = %v; want %v", got, want)
	}
	if got, want := v.Max(w), (Vector{CPUs: 3, Mem: 10, Ports: 2, 7: 1}); got != want {
		t.Errorf("Max = %v; want %v", got, want)
	}
}

func TestVectorComparisons(t *testing.T) {
	small, big := Vector{CPUs: 1}, Vector{CPUs: 1, Mem: 1}
	if !small.FitsIn(big) || big.FitsIn(small) || !big.FitsIn(big) {
		t.Error("FitsIn must hold exactly when no amount is larger")
	}
	if !(Vector{}).IsZero() || small.IsZero() {
		t.Error("IsZero must hold for the zero vector only")
	}
	if !(Vector{Mem: 1, Disk: -1}).Negative() || big.Negative() || (Vector{}).Negative() {
		t.Error("Negative must hold exactly when an amount is below zero")
	}
}

// TestVectorInPlace holds Gain, Lose and Holds against Add, Sub and one comparison a resource.
func TestVectorInPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(0, 3)
		var v, w Vector
		fits := true
		for k := range v {
			v[k], w[k] = Amount(amount.Draw(t, "v")), Amount(amount.Draw(t, "w"))
			fits = fits && w[k] <= v[k]
		}
		sum := v
		if sum.Gain(&w); sum != v.Add(w) {
			t.Errorf("%v gains %v: %v", v, w, sum)
		}
		want, ok := v.Sub(w)
		left := v
		if lost := left.Lose(&w); lost != fits || ok != fits || v.Holds(&w) != fits || left != want {
			t.Errorf("%v loses %v: %v, %t; Sub says %v, %t", v, w, left, lost, want, ok)
		}
	})
}

func TestKindsFormat(t *testing.T) {
	k := NewKinds()
	if _, err := k.Intern("fpga"); err != nil {
		t.Fatal(err)
	}
	v := Vector{Mem: 512 * Unit, CPUs: 100, firstCustom: Unit}
	if got, want := k.Format(v), "cpus=0.1 mem=512 fpga=1"; got != want {
		t.Errorf("Format = %q; want %q", got, want)
	}
	if got := k.Format(Vector{}); got != "nothing" {
		t.Errorf("Format of the zero vector = %q; want %q", got, "nothing")
	}
}
