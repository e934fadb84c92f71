package drf

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// tasksOf is how many tasks of a demand a fair share holds.
func tasksOf(v, task Vector) float64 {
	n := math.Inf(1)
	for k := range task {
		if task[k] > 0 {
			n = min(n, float64(v[k])/float64(task[k]))
		}
	}
	return n
}

// many is a demand for far more tasks than fit.
func many(task Vector) Vector { return task.Times(1000) }

func units(amounts ...float64) Vector {
	var v Vector
	for k, a := range amounts {
		v[k] = Amount(a * float64(Unit))
	}
	return v
}

// TestFairSharesOfThePapers holds the fluid fair shares against those printed
// in the papers, or computed from them; the cases are those of the reference.
func TestFairSharesOfThePapers(t *testing.T) {
	for _, c := range []struct {
		name    string
		total   Vector
		tasks   []Vector
		weights []Amount
		want    []float64 // tasks
	}{
		{"G02: NSDI 2011, section 4.1, continuous", units(9, 18), []Vector{units(1, 4), units(3, 1)}, nil, []float64{3, 2}},
		{"G07: section 5.1, Theorem 2", units(21, 21), []Vector{units(3, 2), units(4, 1)}, nil, []float64{3.5, 21. / 8}},
		{"G08: Theorem 3", units(77, 77), []Vector{units(4, 2), units(1, 1)}, nil, []float64{9.625, 38.5}},
		{"G09: Theorem 4", units(100, 100), []Vector{units(16, 1), units(1, 2)}, nil, []float64{25. / 6, 100. / 3}},
		{"G09: user 1 lies", units(100, 100), []Vector{units(16, 8), units(1, 2)}, nil, []float64{25. / 6, 100. / 3}},
		{"G10: Theorem 5", units(100, 100), []Vector{units(4, 1), units(1, 16), units(16, 1)}, nil, []float64{400. / 33, 100. / 33, 100. / 33}},
		{"G10: user 3 leaves", units(100, 100), []Vector{units(4, 1), units(1, 16)}, nil, []float64{20, 5}},
		{"G11: Theorem 6", units(12, 12), []Vector{units(2, 1), units(1, 2)}, nil, []float64{4, 4}},
		{"G11: four times as much of the second", units(12, 48), []Vector{units(2, 1), units(1, 2)}, nil, []float64{3, 6}},
		{"G13: one saturates first", units(1, 1), []Vector{units(1, 0), units(1, 0.5), units(0, 1)}, nil, []float64{0.5, 0.5, 0.75}},
		{"G14: demands of nothing", units(12, 12), []Vector{units(0, 1), units(2, 1), units(1, 0)}, nil, []float64{9, 3, 6}},
		{"G14: the third leaves", units(12, 12), []Vector{units(0, 1), units(2, 1)}, nil, []float64{8, 4}},
		{"G15: dovetailing", units(100, 100), []Vector{units(3, 2), units(2, 3)}, nil, []float64{20, 20}},
		{"G18: weight 2 for A", units(9, 18), []Vector{units(1, 4), units(3, 1)}, []Amount{2000, 1000}, []float64{54. / 13, 18. / 13}},
		{"G20: weight 2 for B", units(9, 18), []Vector{units(1, 4), units(3, 1)}, []Amount{1000, 2000}, []float64{9. / 5, 12. / 5}},
		{"G23: Figure 8, pooled", units(192, 672), []Vector{units(1, 10), units(1, 1)}, nil, []float64{20. / 27 * 67.2, 20. / 27 * 192}},
		{"G24: the second phase", units(192, 672), []Vector{units(2, 4), units(1, 3)}, nil, []float64{48, 96}},
		{"G25: the third phase", units(192, 672), []Vector{units(1, 7), units(1, 4)}, nil, []float64{48, 84}},
		{"G27: section 7.2", units(384, 288), []Vector{units(1, .5), units(1, .5), units(1, .5), units(1, .5), units(2, 2), units(2, 2), units(2, 2), units(2, 2)},
			nil, []float64{384. / 7, 384. / 7, 384. / 7, 384. / 7, 144. / 7, 144. / 7, 144. / 7, 144. / 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var claims []Claim
			for i, task := range c.tasks {
				w := One
				if c.weights != nil {
					w, _ = NewWeight(c.weights[i])
				}
				claims = append(claims, Claim{Demand: many(task), Weight: w})
			}
			for i, v := range FairShares(c.total, c.total, claims) {
				if got := tasksOf(v, c.tasks[i]); math.Abs(got-c.want[i]) > 0.01 {
					t.Errorf("claim %d is entitled to %.4f tasks, want %.4f", i, got, c.want[i])
				}
			}
		})
	}
}

// TestFloorsAndCaps grants what is promised first, and nothing beyond a cap.
func TestFloorsAndCaps(t *testing.T) {
	total, task := units(8), units(1)
	got := FairShares(total, total, []Claim{
		{Demand: many(task), Weight: One, Floor: map[Kind]Amount{CPUs: 5 * Unit}},
		{Demand: many(task), Weight: One, Cap: map[Kind]Amount{CPUs: Unit}},
		{Demand: many(task), Weight: One},
	})
	for i, want := range []float64{5, 1, 2} {
		if n := tasksOf(got[i], task); math.Abs(n-want) > 0.001 {
			t.Errorf("claim %d is entitled to %.4f tasks, want %v", i, n, want)
		}
	}
}

// TestFairSharesAreFair checks for random claims what water filling promises:
// nobody gets more than is there or than was asked for, who wants more shares a
// resource that is used up, and who gets less than another is held back by it.
func TestFairSharesAreFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Custom(func(t *rapid.T) Amount { return Amount(rapid.Int64Range(0, 50).Draw(t, "amount")) * Unit })
		total := Vector{rapid.Custom(func(t *rapid.T) Amount { return Unit + amount.Draw(t, "more") }).Draw(t, "cpus"), Unit + amount.Draw(t, "mem")}
		var claims []Claim
		for range rapid.IntRange(1, 6).Draw(t, "claims") {
			w, _ := NewWeight(Amount(rapid.Int64Range(1, 4).Draw(t, "weight")) * Unit)
			claims = append(claims, Claim{Demand: Vector{amount.Draw(t, "cpus"), amount.Draw(t, "mem")}, Weight: w})
		}
		got := FairShares(total, total, claims)
		var used Vector
		for i, v := range got {
			used = used.Add(v)
			if !v.FitsIn(claims[i].Demand) {
				t.Fatalf("claim %d is entitled to %v, more than its demand", i, v)
			}
		}
		if !used.FitsIn(total) {
			t.Fatalf("entitled to %v of %v", used, total)
		}
		const near = 0.003 // amounts are whole thousandths, of as little as one unit
		level := func(i int) float64 {
			share := 0.0
			for k := range total[:2] {
				share = max(share, float64(got[i][k])/float64(total[k]))
			}
			return share / claims[i].Weight.Amount().Float()
		}
		for i, v := range got {
			if v == claims[i].Demand {
				continue
			}
			// Some resource that it needs is used up, and nobody who has of it stands higher.
			held := false
			for k := range total[:2] {
				if claims[i].Demand[k] == 0 || float64(used[k]) < float64(total[k])*(1-near)-10 {
					continue
				}
				top := true
				for j := range got {
					top = top && (got[j][k] == 0 || level(j) <= level(i)+near)
				}
				held = held || top
			}
			if !held {
				t.Fatalf("claim %d wants more than %v, and nothing holds it back: %s", i, v, fmt.Sprint(got, used, total))
			}
		}
	})
}

// TestPromisesBeyondTheCapacity promises more than there is of one resource:
// who needs none of it gets a fair share of the rest.
func TestPromisesBeyondTheCapacity(t *testing.T) {
	total := units(4, 8)
	got := FairShares(total, total, []Claim{
		{Demand: many(units(1, 0)), Weight: One, Floor: map[Kind]Amount{CPUs: 3 * Unit}},
		{Demand: many(units(1, 0)), Weight: One, Floor: map[Kind]Amount{CPUs: 3 * Unit}},
		{Demand: many(units(0, 1)), Weight: One},
		{Demand: many(units(1, 1)), Weight: One},
	})
	for i, want := range []Vector{units(3), units(3), units(0, 8), {}} {
		if got[i] != want {
			t.Errorf("claim %d is entitled to %v, want %v", i, got[i], want)
		}
	}
}
