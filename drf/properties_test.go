package drf

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The properties of DRF (Ghodsi et al., NSDI 2011, section 3, proofs in the
// appendix) hold exactly when tasks can be divided at will. Tasks cannot, and
// then most of them hold up to one task: the paper says so in section 6.2, and
// Parkes et al. (EC 2012) for envy. Each test below states what is true of
// whole tasks, with the argument, and checks exactly that.
//
// Common to all arguments: one pool, nothing ends, and Next is passed over for
// good once its task does not fit. Write d(i) for the dominant share of one
// task of i, w(i) for its weight, s(i) for its share. Two facts:
//
//	(F) As long as i fits, a task goes to k only if s(k)/w(k) <= s(i)/w(i). So
//	    if k was last served while i fitted, (s(k)-d(k))/w(k) <= s(i)/w(i).
//	(B) When i no longer fits, there is a resource q of which less than i's
//	    demand is left; all that is given out later holds less than that of q.

// user is one framework with tasks without end.
type user struct {
	task   Vector
	weight Amount
}

// run is what one filling of an empty cluster gave.
type run struct {
	tasks   []int64 // tasks of each user at the end
	order   []int   // who was served, task by task
	blocked [][]int64
}

// atFirstBlock is what everybody held when the first of the given users did
// not fit any more, or at the end if none of them was ever blocked before.
func (r run) atFirstBlock(of func(i int) bool) []int64 {
	least := r.tasks
	for i, held := range r.blocked {
		if of(i) && sum(held) < sum(least) {
			least = held
		}
	}
	return least
}

func sum(tasks []int64) (total int64) {
	for _, n := range tasks {
		total += n
	}
	return total
}

// fill serves Next until nobody's task fits.
func fill(t rapid.TB, total Vector, users []user) run {
	t.Helper()
	tree, nodes := newTree(t)
	if err := tree.SetTotal(total); err != nil {
		t.Fatal(err)
	}
	index := map[Node]int{}
	for i, u := range users {
		n, err := tree.AddFramework(Root, fmt.Sprintf("u%02d", i))
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.SetWeight(n, u.weight); err != nil {
			t.Fatal(err)
		}
		tree.Activate(n)
		index[n], nodes[tree.Name(n)] = i, n
	}
	r := run{tasks: make([]int64, len(users)), blocked: make([][]int64, len(users))}
	for next, ok := tree.Next(); ok; next, ok = tree.Next() {
		i := index[next]
		tree.Charge(next, users[i].task)
		r.tasks[i]++
		r.order = append(r.order, i)
		r.block(tree, nodes, users)
	}
	return r
}

// block takes out everybody whose task does not fit any more, and notes what
// everybody held at that moment.
func (r *run) block(tree *Tree, nodes map[string]Node, users []user) {
	free, _ := tree.Total().Sub(tree.Allocated(Root))
	for i, u := range users {
		if r.blocked[i] == nil && !u.task.FitsIn(free) {
			r.blocked[i] = slices.Clone(r.tasks)
			tree.Deactivate(nodes[fmt.Sprintf("u%02d", i)])
		}
	}
}

// drawUsers draws two to five users whose tasks fit the cluster at least
// twice and want something of each of its resources. Weights are 1 to 4.
func drawUsers(t *rapid.T, total Vector) []user {
	users := make([]user, rapid.IntRange(2, 5).Draw(t, "users"))
	for i := range users {
		users[i].weight = Amount(rapid.Int64Range(1, 4).Draw(t, "weight")) * Unit
		for k, a := range total {
			if a > 0 {
				users[i].task[k] = Amount(rapid.Int64Range(1, int64(a)/2).Draw(t, "demand"))
			}
		}
	}
	return users
}

func drawEqualUsers(t *rapid.T, total Vector) []user {
	users := drawUsers(t, total)
	for i := range users {
		users[i].weight = Unit
	}
	return users
}

// drawTotal draws a cluster of two or three resources.
func drawTotal(t *rapid.T) Vector {
	var total Vector
	for k := range rapid.IntRange(2, 3).Draw(t, "resources") {
		total[k] = Amount(rapid.Int64Range(20, 400).Draw(t, "total"))
	}
	return total
}

// ratio is a/b as an exact fraction.
func ratio[N Amount | int64](a, b N) *big.Rat { return big.NewRat(int64(a), int64(b)) }

// dominant is d(i): the dominant share of one task.
func dominant(task, total Vector) *big.Rat {
	most := new(big.Rat)
	for k, a := range task {
		if total[k] > 0 && ratio(a, total[k]).Cmp(most) > 0 {
			most = ratio(a, total[k])
		}
	}
	return most
}

func times(r *big.Rat, n int64) *big.Rat { return new(big.Rat).Mul(r, big.NewRat(n, 1)) }
func add(a, b *big.Rat) *big.Rat         { return new(big.Rat).Add(a, b) }
func sub(a, b *big.Rat) *big.Rat         { return new(big.Rat).Sub(a, b) }
func mul(a, b *big.Rat) *big.Rat         { return new(big.Rat).Mul(a, b) }

// worth is how many of the tasks `own` one bundle `other` is worth, as a
// fraction; whole bundles are worth floor(bundles × worth) whole tasks.
func worth(other, own Vector) *big.Rat {
	var least *big.Rat
	for k, a := range own {
		if a == 0 {
			continue
		}
		if r := ratio(other[k], a); least == nil || r.Cmp(least) < 0 {
			least = r
		}
	}
	return least
}

func floor(r *big.Rat) int64 {
	return new(big.Int).Quo(r.Num(), r.Denom()).Int64() // r is not negative
}

// Sharing incentive (section 3, Theorem 10): nobody is worse off than with a
// slice of the cluster of its own, w(i)/W of each resource.
//
// Whole tasks: nobody is short of its slice by as much as the average task.
// When i stops fitting, everybody else has by (F) at most
// s(i)·w(k)/w(i) + d(k) of any resource, and some resource cannot take another
// d(i): s(i)·W/w(i) + (sum of all d) > 1.
func TestSharingIncentive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := drawTotal(t)
		users := drawUsers(t, total)
		r := fill(t, total, users)
		var weights Amount
		slack := new(big.Rat)
		for _, u := range users {
			weights += u.weight
			slack.Add(slack, dominant(u.task, total))
		}
		for i, u := range users {
			share := times(dominant(u.task, total), r.tasks[i])
			slice := mul(ratio(u.weight, weights), sub(big.NewRat(1, 1), slack))
			if share.Cmp(slice) <= 0 {
				t.Fatalf("user %d of %v in %v has a share of %v; its slice less one average task is %v",
					i, users, total, share, slice)
			}
		}
	})
}

// Where all tasks have the same size there is nothing to round but the slice
// itself, and the sharing incentive holds exactly: everybody runs at least
// the whole tasks that fit in 1/n of the cluster.
func TestSharingIncentiveOfEqualTasksIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := drawTotal(t)
		users := drawEqualUsers(t, total)
		for i := range users {
			users[i].task = users[0].task
		}
		r := fill(t, total, users)
		alone := floor(new(big.Rat).Inv(times(dominant(users[0].task, total), int64(len(users)))))
		if slices.Min(r.tasks) < alone {
			t.Fatalf("tasks %v; a slice of the cluster alone runs %d", r.tasks, alone)
		}
	})
}

// Strategy-proofness (section 3, Theorem 12): asking for something else than
// one's tasks need does not help.
//
// Whole tasks: a lie can win the rounding, and no more. Somebody who asks for
// half the cluster at a time gets half of it in one step, so the last bundle
// asked for does not count; up to the moment when the first other user is
// blocked, all bundles before the last are worth at most what honesty gives.
// (Were they worth a task more, all others would by (F) hold at least what
// they hold when the honest i is blocked, and there it does not fit.)
// After that moment a resource is nearly out: by (B) all that is still to be
// had is worth less than one task of the other users, counted in own tasks.
func TestStrategyProofness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := drawTotal(t)
		users := drawUsers(t, total)
		honest := fill(t, total, users).tasks[0]
		liars := slices.Clone(users)
		liars[0].task = drawUsers(t, total)[0].task
		lie := fill(t, total, liars)

		each := worth(liars[0].task, users[0].task) // own tasks in one bundle
		before := lie.atFirstBlock(func(i int) bool { return i != 0 })[0]
		if before > 0 && floor(times(each, before-1)) > honest {
			t.Fatalf("asking for %v instead of %v gives %d bundles, worth more than %d tasks even without the last",
				liars[0].task, users[0].task, before, honest)
		}
		most := add(add(big.NewRat(honest+1, 1), each), largest(users, 0))
		if times(each, lie.tasks[0]).Cmp(most) >= 0 {
			t.Fatalf("asking for %v instead of %v gives %d bundles, each worth %v; honest are %d tasks, and the rounding is %v",
				liars[0].task, users[0].task, lie.tasks[0], each, honest, most)
		}
	})
}

// largest is the largest demand of the others, counted in tasks of user i.
func largest(users []user, i int) *big.Rat {
	most := new(big.Rat)
	for k, u := range users {
		for q, own := range users[i].task {
			if k != i && own > 0 && ratio(u.task[q], own).Cmp(most) > 0 {
				most = ratio(u.task[q], own)
			}
		}
	}
	return most
}

// Envy-freeness (section 3, Theorem 11): nobody would rather have what
// somebody else has.
//
// Whole tasks: nobody would rather have it less one task ("EF1", Parkes et
// al.). Exact: what k had when i stopped fitting, less one task, is by (F)
// worth no more than i's own tasks, and what k got later is by (B) worth less
// than one task, so both together are worth less than one task more.
func TestEnvyFreenessUpToOneTask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := drawTotal(t)
		users := drawEqualUsers(t, total)
		r := fill(t, total, users)
		for i, own := range users {
			for k, other := range users {
				if i == k || r.tasks[k] == 0 {
					continue
				}
				envied := floor(times(worth(other.task, own.task), r.tasks[k]-1))
				if envied > r.tasks[i] {
					t.Fatalf("user %d of %v runs %d tasks, and could run %d with what %d has less one task",
						i, users, r.tasks[i], envied, k)
				}
			}
		}
	})
}

// Pareto efficiency (section 3, Theorem 9): nobody can have more without
// somebody having less.
//
// Whole tasks: exact. An allocation in which nobody has less and somebody has
// a task more would contain the present one and that task; so it is enough
// that nobody's task fits in what is left.
func TestParetoEfficiency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := drawTotal(t)
		users := drawUsers(t, total)
		r := fill(t, total, users)
		var used Vector
		for i, u := range users {
			used = used.Add(u.task.Times(r.tasks[i]))
		}
		if !used.FitsIn(total) {
			t.Fatalf("%v is given out of %v", used, total)
		}
		for i, u := range users {
			if used.Add(u.task).FitsIn(total) {
				t.Fatalf("user %d of %v could have a task more: %v of %v is used", i, users, used, total)
			}
		}
	})
}

// maxMinUpToOneTask is what max-min fairness of one resource becomes for whole
// tasks: if k has more than its weight against i, then by less than one task
// of each of the two:
//
//	s(k) - d(k) < s(i)·w(k)/w(i) + d(i)
//
// While i fits, (F) gives it without d(i). Once i does not fit, less than d(i)
// of the resource is left, which is all that k can still get.
func maxMinUpToOneTask(t *rapid.T, total Vector, users []user) {
	t.Helper()
	r := fill(t, total, users)
	for i, poor := range users {
		for k, rich := range users {
			dPoor, dRich := dominant(poor.task, total), dominant(rich.task, total)
			has := times(dRich, r.tasks[k]-1)
			due := add(mul(times(dPoor, r.tasks[i]), ratio(rich.weight, poor.weight)), dPoor)
			if i != k && has.Cmp(due) >= 0 {
				t.Fatalf("users %v of %v run %v tasks: %d is more than one task of each ahead of %d", users, total, r.tasks, k, i)
			}
		}
	}
}

// Single-resource fairness (section 3): with one resource DRF is max-min
// fairness, here up to one task.
func TestSingleResourceFairness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Vector{CPUs: Amount(rapid.Int64Range(20, 400).Draw(t, "total"))}
		maxMinUpToOneTask(t, total, drawUsers(t, total))
	})
}

// Bottleneck fairness (section 3, Theorem 10): if one resource is everybody's
// dominant one, DRF is max-min fairness on it, here up to one task. Whoever is
// blocked on another resource is blocked on the bottleneck too, since no
// other is used as much or wanted as much; so the argument is the same.
func TestBottleneckFairness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Vector{CPUs: 210, Mem: 330}
		users := drawUsers(t, total)
		for i := range users {
			u := &users[i].task
			if u[CPUs]*total[Mem] < u[Mem]*total[CPUs] { // mem dominates: shrink it to the CPUs' share
				u[Mem] = max(1, u[CPUs]*total[Mem]/total[CPUs])
			}
		}
		maxMinUpToOneTask(t, total, users)
	})
}

// Population monotonicity (section 3, Theorem 14, for demands that are nowhere
// zero): when a user leaves, nobody has less than before.
//
// Whole tasks: nobody loses more than one task, up to the moment when the
// first user was blocked in the larger company: by (F) and as for
// strategy-proofness. What was given out after that moment is by (B) worth
// less than the largest task of another user.
func TestPopulationMonotonicity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := drawTotal(t)
		users := drawUsers(t, total)
		with := fill(t, total, users)
		last := len(users) - 1
		without := fill(t, total, users[:last])
		early := with.atFirstBlock(func(int) bool { return true })
		for i := range without.tasks {
			if early[i] > without.tasks[i]+1 {
				t.Fatalf("users %v of %v: %d had %d tasks before anybody was blocked, and ends with %d when the last user is gone",
					users, total, i, early[i], without.tasks[i])
			}
			lost := big.NewRat(with.tasks[i]-without.tasks[i], 1)
			if lost.Cmp(add(big.NewRat(1, 1), largest(users, i))) >= 0 {
				t.Fatalf("users %v of %v: %d loses %v tasks when the last user leaves", users, total, i, lost)
			}
		}
	})
}
