package drf

import (
	"testing"
)

// TestEquilibrium is the paper's examples of CEEI (Ghodsi et al., NSDI 2011,
// sections 5.2 and 6): tasks that each user has, in thousandths, and one more or
// less for rounding.
func TestEquilibrium(t *testing.T) {
	many := int64(10_000)
	for _, c := range []struct {
		name  string
		total Vector
		tasks []Vector
		want  []int64
	}{
		{"G04: 45/11 and 18/11 tasks, all of both resources", units(9, 18), []Vector{units(1, 4), units(3, 1)}, []int64{4090, 1636}},
		{"G09, Theorem 4: honest", units(100, 100), []Vector{units(16, 1), units(1, 2)}, []int64{3225, 48387}},
		{"G09, Theorem 4: user 1 asks for <16, 8>, and gains", units(100, 100), []Vector{units(16, 8), units(1, 2)}, []int64{4166, 33333}},
		{"G10, Theorem 5", units(100, 100), []Vector{units(4, 1), units(1, 16), units(16, 1)}, []int64{11283, 5351, 3094}},
		{"G10, Theorem 5: user 3 leaves, and user 2 loses", units(100, 100), []Vector{units(4, 1), units(1, 16)}, []int64{23809, 4761}},
		{"G12: one needs the first resource, nine the second", units(9, 9),
			[]Vector{units(1), units(0, 1), units(0, 1), units(0, 1)}, []int64{9000, 3000, 3000, 3000}},
	} {
		var claims []Claim
		for _, task := range c.tasks {
			claims = append(claims, Claim{Parent: -1, Demand: task.Times(many)})
		}
		for i, got := range Equilibrium(c.total, claims) {
			k := CPUs
			if c.tasks[i][k] == 0 {
				k = Mem
			}
			tasks := int64(got[k] * Unit / c.tasks[i][k])
			if off := tasks - c.want[i]; off < -1 || off > 1 {
				t.Errorf("%s: user %d has %d thousandths of a task, want %d", c.name, i+1, tasks, c.want[i])
			}
		}
	}
}
