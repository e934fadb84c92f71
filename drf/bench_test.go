package drf

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// BenchmarkNextCharge is one decision: who is next, and booking its task. It
// must grow with the logarithm of the number of frameworks.
func BenchmarkNextCharge(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprintf("frameworks=%d", n), func(b *testing.B) {
			t := crowd(b, DRF(), n)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				next, ok := t.Next()
				if !ok {
					b.Fatal("nobody is active")
				}
				// Tasks of seven sizes, so that shares differ and the heap works.
				t.Charge(next, Vector{CPUs: Amount(1+i%7) * Unit, Mem: Amount(1+i%5) * Unit})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

// BenchmarkAddFramework fills a role from nothing.
func BenchmarkAddFramework(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("frameworks=%d", n), func(b *testing.B) {
			for b.Loop() {
				crowd(b, DRF(), n)
			}
		})
	}
}

// BenchmarkPolicy is one decision under each policy, in a company of ten roles
// among which n frameworks are spread.
func BenchmarkPolicy(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(policies())) {
		for _, n := range []int{10, 100, 1_000} {
			b.Run(fmt.Sprintf("%s/frameworks=%d", name, n), func(b *testing.B) {
				t := company(b, policies()[name], n)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					next, _ := t.Next()
					t.Charge(next, Vector{CPUs: Amount(1+i%7) * Unit, Mem: Amount(1+i%5) * Unit})
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
			})
		}
	}
}

// company is a tree of ten roles with n active frameworks altogether.
func company(tb testing.TB, policy Policy, n int) *Tree {
	tb.Helper()
	t := NewTreeOf(policy)
	if err := t.SetTotal(Vector{CPUs: 1 << 40 * Unit, Mem: 3 << 40 * Unit}); err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		role, err := t.AddRole(fmt.Sprintf("role-%d", i%10))
		if err != nil {
			tb.Fatal(err)
		}
		f, err := t.AddFramework(role, fmt.Sprintf("framework-%06d", i))
		if err != nil {
			tb.Fatal(err)
		}
		t.SetArrival(f, uint64(i))
		t.Activate(f)
	}
	return t
}

// crowd is a tree of one role with n active frameworks of weights 1 to 3.
func crowd(tb testing.TB, policy Policy, n int) *Tree {
	tb.Helper()
	t := NewTreeOf(policy)
	if err := t.SetTotal(Vector{CPUs: 1_000_000 * Unit, Mem: 4_000_000 * Unit}); err != nil {
		tb.Fatal(err)
	}
	role, err := t.AddRole("*")
	if err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		f, err := t.AddFramework(role, fmt.Sprintf("framework-%06d", i))
		if err != nil {
			tb.Fatal(err)
		}
		if err := t.SetWeight(f, Amount(1+i%3)*Unit); err != nil {
			tb.Fatal(err)
		}
		t.Activate(f)
	}
	return t
}

// BenchmarkFairShares divides a cluster among frameworks of different demands, in
// one role or spread over ten.
func BenchmarkFairShares(b *testing.B) {
	for _, roles := range []int{1, 10} {
		for _, n := range []int{10, 100, 1_000} {
			b.Run(fmt.Sprintf("roles=%d/frameworks=%d", roles, n), func(b *testing.B) {
				var claims []Claim
				for range roles {
					claims = append(claims, Claim{Parent: -1})
				}
				for i := range n {
					tasks := int64(1 + i*7919%1000)
					task := Vector{CPUs: Amount(1+i%7) * Unit, Mem: Amount(1+i%5) * Unit}
					claims = append(claims, Claim{Parent: i % roles, Demand: task.Times(tasks)})
				}
				total := Vector{CPUs: Amount(n) * 500 * Unit, Mem: Amount(n) * 400 * Unit}
				b.ReportAllocs()
				for b.Loop() {
					FairShares(total, claims)
				}
			})
		}
	}
}
