package drf

import (
	"math/big"
	"testing"
)

// fluid is progressive filling (Ghodsi et al., appendix A.1), the definition
// of DRF for tasks that can be divided: all weighted dominant shares rise
// together; when a resource is used up, everybody who wants it stops and the
// others go on. It returns the tasks of each user.
func fluid(total Vector, users []user) []*big.Rat {
	left := make([]*big.Rat, len(total))
	for k, a := range total {
		left[k] = big.NewRat(int64(a), 1)
	}
	tasks := make([]*big.Rat, len(users))
	active := make([]bool, len(users))
	for i := range users {
		tasks[i], active[i] = new(big.Rat), true
	}
	for {
		rates, speed := flow(total, users, active)
		step := timeToFirstEmpty(left, speed)
		if step == nil {
			return tasks
		}
		for k := range left {
			left[k].Sub(left[k], mul(speed[k], step))
		}
		for i := range users {
			tasks[i].Add(tasks[i], mul(rates[i], step))
			active[i] = active[i] && !wantsEmpty(users[i].task, left)
		}
	}
}

// flow is how many tasks each active user starts, and how much of each
// resource all use, while the weighted shares rise by one.
func flow(total Vector, users []user, active []bool) (rates, speed []*big.Rat) {
	rates, speed = make([]*big.Rat, len(users)), make([]*big.Rat, len(total))
	for k := range speed {
		speed[k] = new(big.Rat)
	}
	for i, u := range users {
		rates[i] = new(big.Rat)
		if !active[i] {
			continue
		}
		rates[i].Quo(ratio(u.weight, Unit), dominant(u.task, total))
		for k, a := range u.task {
			speed[k].Add(speed[k], times(rates[i], int64(a)))
		}
	}
	return rates, speed
}

func timeToFirstEmpty(left, speed []*big.Rat) *big.Rat {
	var first *big.Rat
	for k := range left {
		if speed[k].Sign() == 0 {
			continue
		}
		if until := new(big.Rat).Quo(left[k], speed[k]); first == nil || until.Cmp(first) < 0 {
			first = until
		}
	}
	return first
}

func wantsEmpty(task Vector, left []*big.Rat) bool {
	for k, a := range task {
		if a > 0 && left[k].Sign() == 0 {
			return true
		}
	}
	return false
}

// The paper's cluster and its users A and B with the given weights.
func paperUsers(a, b Amount) (total Vector, users []user) {
	return Vector{CPUs: 9, Mem: 18}, []user{
		{Vector{CPUs: 1, Mem: 4}, a * Unit},
		{Vector{CPUs: 3, Mem: 1}, b * Unit},
	}
}

// smallAndLarge is the set-up of section 7.2: 48 nodes of <8 CPUs, 6 GB>, four
// users of <1, 0.5> and four of <2, 2>.
func smallAndLarge() (total Vector, users []user) {
	for range 4 {
		users = append(users, user{Vector{CPUs: 1000, Mem: 500}, Unit}, user{Vector{CPUs: 2000, Mem: 2000}, Unit})
	}
	return Vector{CPUs: 48 * 8000, Mem: 48 * 6000}, users
}

// TestWholeTasksStayNearTheFluidAllocation holds whole tasks against the
// divisible allocation of the literature. Section 6.2 (Theorem 7) expects
// shares to differ by at most one largest task.
func TestWholeTasksStayNearTheFluidAllocation(t *testing.T) {
	paper, equal := paperUsers(1, 1)
	_, heavyA := paperUsers(2, 1)
	_, heavyB := paperUsers(1, 2)
	mixed, eight := smallAndLarge()
	for _, c := range []struct {
		name         string
		total        Vector
		users        []user
		first, other *big.Rat // fluid tasks of the first and the second user
	}{
		{"section 4.1: x = 3, y = 2", paper, equal, big.NewRat(3, 1), big.NewRat(2, 1)},
		{"A of weight 2: shares 12/13 and 6/13", paper, heavyA, big.NewRat(54, 13), big.NewRat(18, 13)},
		{"B of weight 2: shares 2/5 and 4/5", paper, heavyB, big.NewRat(9, 5), big.NewRat(12, 5)},
		{"section 7.2: 1/7 each", mixed, eight, big.NewRat(384, 7), big.NewRat(144, 7)},
	} {
		ideal, whole := fluid(c.total, c.users), fill(t, c.total, c.users)
		if ideal[0].Cmp(c.first) != 0 || ideal[1].Cmp(c.other) != 0 {
			t.Errorf("%s: fluid tasks %v and %v; want %v and %v", c.name, ideal[0], ideal[1], c.first, c.other)
		}
		var largestTask Vector
		for _, u := range c.users {
			largestTask = largestTask.Max(u.task)
		}
		for i, u := range c.users {
			gap := mul(dominant(u.task, c.total), sub(big.NewRat(whole.tasks[i], 1), ideal[i]))
			if gap.Abs(gap).Cmp(dominant(largestTask, c.total)) > 0 {
				t.Errorf("%s: user %d runs %d whole tasks, %v divided", c.name, i, whole.tasks[i], ideal[i])
			}
		}
	}
}

// TestSmallAndLargeJobsUseTheWholeCluster is section 7.2 with whole tasks: all
// CPUs are used, and 20/21 of the memory but for the rounding.
func TestSmallAndLargeJobsUseTheWholeCluster(t *testing.T) {
	total, users := smallAndLarge()
	r := fill(t, total, users)
	var used Vector
	for i, u := range users {
		used = used.Add(u.task.Times(r.tasks[i]))
	}
	if used[CPUs] != total[CPUs] {
		t.Errorf("%s of %s CPUs are used", used[CPUs], total[CPUs])
	}
	off := sub(ratio(used[Mem], total[Mem]), big.NewRat(20, 21))
	if off.Abs(off).Cmp(ratio(2000, total[Mem])) > 0 {
		t.Errorf("%s of %s memory is used; want 20/21 within one task", used[Mem], total[Mem])
	}
}
